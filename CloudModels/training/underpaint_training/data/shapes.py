"""Procedural product shapes. Every builder returns a `Solid` whose base stands on z = 0, size about 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

import numpy as np

Array = np.ndarray
Rng = np.random.Generator


@dataclass(frozen=True)
class Mesh:
    """Triangle mesh: positions [n,3], texture coordinates [n,2], faces [m,3]."""

    positions: Array
    uvs: Array
    faces: Array


@dataclass(frozen=True)
class Solid:
    """The recolourable main part and an accent part (a cap, a wick) that keeps its own colour."""

    main: Mesh
    accent: Mesh | None = None
    accent_color: tuple[float, float, float] = (0.8, 0.8, 0.8)
    accent_metallic: float = 0.0


def merge(*meshes: Mesh) -> Mesh:
    offsets = np.cumsum([0] + [len(m.positions) for m in meshes[:-1]])
    return Mesh(
        np.concatenate([m.positions for m in meshes]),
        np.concatenate([m.uvs for m in meshes]),
        np.concatenate([m.faces + o for m, o in zip(meshes, offsets)]),
    )


def grid(points: Array, u: Array, v: Array) -> Mesh:
    """A mesh over a grid of points [rows, columns, 3]."""
    rows, columns = points.shape[:2]
    index = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    faces = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)])
    uvs = np.stack(np.broadcast_arrays(u[None, :], v[:, None]), -1).reshape(-1, 2)
    return Mesh(points.reshape(-1, 3), uvs, faces)


def smooth(knots: list[tuple[float, float]], count: int = 10) -> Array:
    """Catmull-Rom curve through the knots (radius, height), radius clamped at zero."""
    k = np.asarray(knots, float)
    p = np.concatenate([2 * k[:1] - k[1:2], k, 2 * k[-1:] - k[-2:-1]])
    t = np.linspace(0, 1, count, endpoint=False)[:, None]
    parts = []
    for i in range(len(k) - 1):
        p0, p1, p2, p3 = p[i : i + 4]
        parts.append(
            0.5
            * (
                2 * p1
                + (p2 - p0) * t
                + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2
                + (3 * p1 - p0 - 3 * p2 + p3) * t**3
            )
        )
    curve = np.concatenate(parts + [k[-1:]])
    curve[:, 0] = np.maximum(curve[:, 0], 0.0)
    return curve


def lathe(*profiles: Array, segments: int = 64) -> Mesh:
    """Surface of revolution about z. Profiles are joined without shared vertices, so that joints stay sharp."""
    angle = np.linspace(0, 2 * np.pi, segments + 1)
    meshes = []
    for profile in profiles:
        profile = np.asarray(profile, float)
        r, z = profile[:, :1], profile[:, 1:]
        points = np.stack([r * np.cos(angle), r * np.sin(angle), z + 0 * angle], -1)
        length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(profile, axis=0), axis=1))])
        meshes.append(grid(points, angle / (2 * np.pi) * 2, length))
    return merge(*meshes)


def hollow(outer: Array, wall: float, floor: float) -> list[Array]:
    """Closed vessel profiles from an outer curve: bottom, outside, rounded rim, inside, inner bottom."""
    top = outer[-1]
    inner = outer[::-1].copy()
    inner[:, 0] = np.maximum(inner[:, 0] - wall, 0.0)
    inner = inner[inner[:, 1] > outer[0, 1] + floor]
    inner[0, 1] = top[1]
    a = np.linspace(0, np.pi, 8)
    rim = np.stack([top[0] - wall / 2 + wall / 2 * np.cos(a), top[1] + wall / 2 * np.sin(a)], -1)
    bottom = np.array([[0, outer[0, 1]], [outer[0, 0], outer[0, 1]]])
    inside = np.concatenate(
        [rim, inner, [[inner[-1, 0] * 0.6, outer[0, 1] + floor], [0, outer[0, 1] + floor]]]
    )
    return [bottom, np.concatenate([outer, rim[1:2]]), inside]


def tube(path: Array, radii: Array, sides: int = 16, flat: float = 1.0) -> Mesh:
    """A tube along a path in the plane y = 0; `flat` squeezes it within that plane."""
    tangent = np.gradient(path, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    normal = np.stack([-tangent[:, 2], 0 * tangent[:, 0], tangent[:, 0]], -1)
    side = np.array([0.0, 1.0, 0.0])
    a = np.linspace(0, 2 * np.pi, sides + 1)
    offset = np.cos(a)[None, :, None] * normal[:, None] * flat + np.sin(a)[None, :, None] * side
    points = path[:, None] + radii[:, None, None] * offset
    return grid(points, a / (2 * np.pi), np.linspace(0, 1.5, len(path)))


def rounded_box(size: tuple[float, float, float], radius: float, base: float = 0.0, n: int = 12) -> Mesh:
    """Axis-aligned box with rounded edges, its bottom at z = base."""
    half = np.asarray(size) / 2
    line = np.concatenate([np.linspace(-1, -0.9, n // 2), np.linspace(0.9, 1, n // 2)])
    u, v = np.meshgrid(line, line, indexing="ij")
    meshes = []
    for axis in range(3):
        for sign in (-1.0, 1.0):
            p = np.empty(u.shape + (3,))
            p[..., axis], p[..., (axis + 1) % 3], p[..., (axis + 2) % 3] = sign, u * sign, v
            # Spread the outer tenth of the unit cube over the rounding.
            core = np.clip(p, -0.9, 0.9) / 0.9 * (half - radius)
            d = p - np.clip(p, -0.9, 0.9)
            d /= np.maximum(np.linalg.norm(d, axis=-1, keepdims=True), 1e-9)
            q = core + radius * d
            uv = [(axis + 1) % 3, (axis + 2) % 3]
            m = grid(q, line, line)
            meshes.append(Mesh(m.positions, q[..., uv].reshape(-1, 2), m.faces))
    m = merge(*meshes)
    return Mesh(m.positions + [0, 0, half[2] + base], m.uvs, m.faces)


def cap(radius: float, base: float, height: float) -> list[Array]:
    """Closed cylinder with a small bevel."""
    b = min(radius, height) * 0.12
    return [
        np.array([[0, base], [radius, base]]),
        np.array([[radius, base], [radius, base + height - b]]),
        np.array(
            [
                [radius, base + height - b],
                [radius - b * 0.3, base + height - b * 0.3],
                [radius - b, base + height],
            ]
        ),
        np.array([[radius - b, base + height], [0, base + height]]),
    ]


def _arc(
    a: tuple[float, float], b: tuple[float, float], reach: float, count: int = 28, lift: float = 0.0
) -> Array:
    t = np.linspace(0, np.pi, count)
    x = a[0] + (b[0] - a[0]) * (1 - np.cos(t)) / 2 + reach * np.sin(t) ** 0.8
    z = a[1] + (b[1] - a[1]) * (1 - np.cos(t)) / 2 + lift * np.sin(t)
    return np.stack([x, 0 * x, z], -1)


def mug(rng: Rng) -> Solid:
    h, r, taper = rng.uniform(0.75, 1.1), rng.uniform(0.38, 0.48), rng.uniform(-0.06, 0.07)
    belly = rng.uniform(-0.02, 0.05)
    outer = smooth([(r - 0.05, 0), (r - 0.01, 0.05), (r + belly, h * 0.5), (r + taper, h)])
    body = lathe(*hollow(outer, 0.045, 0.06))
    low, high = h * rng.uniform(0.18, 0.28), h * rng.uniform(0.76, 0.86)
    path = _arc((r + belly * 0.5 - 0.02, low), (r + taper - 0.03, high), rng.uniform(0.24, 0.34))
    handle = tube(path, np.full(len(path), rng.uniform(0.05, 0.07)), flat=0.7)
    return Solid(merge(body, handle))


def bowl(rng: Rng) -> Solid:
    h, r, foot = rng.uniform(0.4, 0.62), rng.uniform(0.6, 0.75), rng.uniform(0.22, 0.32)
    outer = smooth([(foot, 0), (foot + 0.03, 0.06), (r * rng.uniform(0.78, 0.88), h * 0.5), (r, h)])
    return Solid(lathe(*hollow(outer, 0.045, 0.09)))


def plate(rng: Rng) -> Solid:
    r, h = rng.uniform(0.75, 0.9), rng.uniform(0.08, 0.15)
    outer = smooth([(r * 0.55, 0), (r * 0.62, 0.015), (r * 0.72, h * 0.6), (r, h)])
    return Solid(lathe(*hollow(outer, 0.035, 0.03), segments=80))


def vase(rng: Rng) -> Solid:
    h, r = rng.uniform(1.1, 1.5), rng.uniform(0.3, 0.48)
    neck, lip, at = rng.uniform(0.1, 0.22), rng.uniform(0.14, 0.28), rng.uniform(0.3, 0.55)
    outer = smooth([(r * 0.6, 0), (r * 0.85, h * at * 0.45), (r, h * at), (neck, h * 0.84), (lip, h)])
    return Solid(lathe(*hollow(outer, 0.03, 0.05)))


def bottle(rng: Rng) -> Solid:
    h, r, neck = rng.uniform(0.85, 1.1), rng.uniform(0.22, 0.32), rng.uniform(0.08, 0.11)
    shoulder, tall = rng.uniform(0.05, 0.22), rng.uniform(0.22, 0.4)
    side = np.array([[r - 0.02, 0], [r, 0.03], [r, h * 0.5], [r, h]])
    top = smooth(
        [(r, h), (r * 0.9, h + shoulder * 0.5), (neck, h + shoulder + 0.05), (neck, h + shoulder + tall)]
    )
    body = lathe(np.array([[0, 0], [r - 0.02, 0]]), side, top)
    color = [(0.75, 0.75, 0.75), (0.06, 0.06, 0.06), (0.8, 0.62, 0.25), (0.75, 0.6, 0.42)][rng.integers(4)]
    crown = lathe(*cap(neck + 0.025, h + shoulder + tall - 0.05, rng.uniform(0.1, 0.2)))
    return Solid(body, crown, color, 1.0 if color[0] - color[2] > 0.4 else 0.0)


def jar(rng: Rng) -> Solid:
    h, r, b = rng.uniform(0.45, 0.85), rng.uniform(0.4, 0.52), 0.06
    a = np.linspace(0, np.pi / 2, 6)
    low = np.stack([r - b + b * np.sin(a), b - b * np.cos(a)], -1)
    high = np.stack([r - b + b * np.cos(a), h - b + b * np.sin(a)], -1)
    body = lathe(np.array([[0, 0], [r - b, 0]]), np.concatenate([low, high]), np.array([[r - b, h], [0, h]]))
    color = [(0.8, 0.8, 0.8), (0.05, 0.05, 0.05), (0.82, 0.64, 0.3), (0.72, 0.52, 0.33)][rng.integers(4)]
    lid = lathe(*cap(r * rng.uniform(0.9, 1.0), h + 0.01, rng.uniform(0.12, 0.25)))
    return Solid(body, lid, color, 1.0 if color[0] - color[2] > 0.45 else 0.0)


def candle(rng: Rng) -> Solid:
    h, r = rng.uniform(0.7, 1.3), rng.uniform(0.22, 0.36)
    b = 0.04
    top = np.array([[r - b, h], [r * 0.6, h - 0.03], [0, h - 0.05]])
    edge = smooth([(r, 0), (r, h * 0.5), (r, h - b), (r - b * 0.3, h - b * 0.3), (r - b, h)], 6)
    body = lathe(np.array([[0, 0], [r, 0]]), edge, top)
    t = np.linspace(0, 1, 10)
    path = np.stack([0.03 * t**2, 0 * t, h - 0.05 + 0.17 * t], -1)
    wick = tube(path, np.full(10, 0.022), 8)
    return Solid(body, wick, (0.03, 0.025, 0.02))


def box(rng: Rng) -> Solid:
    w, d, h = rng.uniform(0.7, 1.1), rng.uniform(0.6, 1.0), rng.uniform(0.4, 0.85)
    lid_height = rng.uniform(0.12, 0.25)
    body = rounded_box((w, d, h), 0.015)
    lid = rounded_box((w + 0.05, d + 0.05, lid_height), 0.02, h - lid_height + 0.04)
    t = rng.uniform(0.11, 0.16)
    ribbon = merge(rounded_box((t, d + 0.07, h + 0.06), 0.01), rounded_box((w + 0.07, t, h + 0.06), 0.01))
    color = [(0.85, 0.85, 0.85), (0.8, 0.62, 0.25), (0.75, 0.08, 0.1), (0.08, 0.08, 0.08)][rng.integers(4)]
    return Solid(merge(body, lid), ribbon, color)


def teapot(rng: Rng) -> Solid:
    h, r = rng.uniform(0.62, 0.85), rng.uniform(0.45, 0.55)
    top = r * rng.uniform(0.45, 0.6)
    outer = smooth(
        [(0, 0), (r * 0.6, 0.0), (r * 0.92, h * 0.25), (r, h * 0.5), (r * 0.85, h * 0.8), (top, h)]
    )
    lid = smooth([(top * 1.02, h), (top * 0.85, h + 0.06), (top * 0.3, h + 0.11), (0.05, h + 0.12)])
    knob = smooth([(0.03, h + 0.1), (0.075, h + 0.17), (0.06, h + 0.22), (0, h + 0.24)])
    t = np.linspace(0, 1, 24)
    lift = rng.uniform(0.8, 1.0)
    x = -(r * 0.85 + 0.42 * t)
    z = h * (0.35 + (lift - 0.35) * (3 * t**2 - 2 * t**3))
    spout = tube(np.stack([x, 0 * t, z], -1), 0.12 - 0.075 * t)
    handle_path = _arc((r * 0.9, h * 0.25), (r * 0.82, h * 0.8), rng.uniform(0.32, 0.42))
    handle = tube(handle_path, np.full(len(handle_path), 0.055), flat=0.8)
    return Solid(merge(lathe(outer, lid, knob), spout, handle))


def lamp(rng: Rng) -> Solid:
    h, r = rng.uniform(1.2, 1.5), rng.uniform(0.4, 0.52)
    shade_h, top = rng.uniform(0.4, 0.55), rng.uniform(0.22, 0.36)
    low = h - shade_h
    outside = np.array([[r, low], [top, h]])
    inside = np.array([[top - 0.015, h], [r - 0.015, low]])
    foot_r = rng.uniform(0.2, 0.28)
    belly = rng.uniform(0.2, 0.55)
    foot = [smooth([(foot_r * 0.7, 0), (foot_r * 1.15, low * belly), (0.1, low * 0.8), (0.04, low + 0.1)])]
    shade = lathe(outside, inside, np.array([[top - 0.015, h], [top, h]]))
    shade_color = [(0.85, 0.83, 0.78), (0.85, 0.78, 0.65), (0.9, 0.9, 0.9)][rng.integers(3)]
    return Solid(lathe(np.array([[0, 0], [foot_r, 0]]), *foot), shade, shade_color)


FAMILIES: dict[str, Callable[[Rng], Solid]] = {
    "mug": mug,
    "bowl": bowl,
    "plate": plate,
    "vase": vase,
    "bottle": bottle,
    "jar": jar,
    "candle": candle,
    "box": box,
    "teapot": teapot,
    "lamp": lamp,
}
