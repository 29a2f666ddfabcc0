"""Meshes and the tools that model them. Shapes stand on z = 0, are about 1 in size and turn their front to −y."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .accents import Color

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
    """The recolourable main part, and an accent (a cap, a wick) and a detail (clock hands) that keep their colours."""

    main: Mesh
    accent: Mesh | None = None
    accent_color: Color = (0.8, 0.8, 0.8)
    accent_metallic: float = 0.0
    detail: Mesh | None = None
    detail_color: Color = (0.03, 0.03, 0.03)
    detail_metallic: float = 0.0
    # Whether it has a front, at −y, that the camera should see.
    front: bool = False

    def parts(self) -> list[Mesh]:
        return [m for m in (self.main, self.accent, self.detail) if m is not None]


Family = Callable[[Rng], Solid]


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


def arc(
    a: tuple[float, float], b: tuple[float, float], reach: float, count: int = 28, lift: float = 0.0
) -> Array:
    t = np.linspace(0, np.pi, count)
    x = a[0] + (b[0] - a[0]) * (1 - np.cos(t)) / 2 + reach * np.sin(t) ** 0.8
    z = a[1] + (b[1] - a[1]) * (1 - np.cos(t)) / 2 + lift * np.sin(t)
    return np.stack([x, 0 * x, z], -1)


def moved(mesh: Mesh, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Mesh:
    return Mesh(mesh.positions + [x, y, z], mesh.uvs, mesh.faces)


def scaled(mesh: Mesh, x: float, y: float, z: float) -> Mesh:
    return Mesh(mesh.positions * [x, y, z], mesh.uvs, mesh.faces)


def turned(mesh: Mesh, angle: float) -> Mesh:
    """Turned about z."""
    c, s = np.cos(angle), np.sin(angle)
    rotation = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    return Mesh(mesh.positions @ rotation.T, mesh.uvs, mesh.faces)


def tilted(mesh: Mesh, angle: float, axis: int = 0) -> Mesh:
    """Turned about x (axis 0) or y (axis 1), counter-clockwise seen from its positive end."""
    c, s = np.cos(angle), np.sin(angle)
    a, b = (axis + 1) % 3, (axis + 2) % 3
    p = mesh.positions.copy()
    p[:, a], p[:, b] = (
        c * mesh.positions[:, a] - s * mesh.positions[:, b],
        s * mesh.positions[:, a] + c * mesh.positions[:, b],
    )
    return Mesh(p, mesh.uvs, mesh.faces)


def plank(
    size: tuple[float, float, float], centre: tuple[float, float, float], radius: float = 0.012
) -> Mesh:
    """A box with rounded edges around a centre."""
    radius = min(radius, 0.45 * min(size))
    x, y, z = centre
    return moved(rounded_box(size, radius, -size[2] / 2, 8), x, y, z)


def loft(outlines: list[Array], heights: list[float], closed: bool = True) -> Mesh:
    """Outlines [n,2] of equal length, each in its own plane z, joined; every level keeps its own edge normals.

    Consecutive levels share vertices, so a repeated level makes a sharp edge. `closed` adds flat ends.
    """
    rings = [np.concatenate([o, o[:1]]) for o in outlines]
    points = np.stack([np.concatenate([r, np.full((len(r), 1), z)], 1) for r, z in zip(rings, heights)])
    around = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(rings[0], axis=0), axis=1))])
    step = np.linalg.norm(np.diff(points, axis=0), axis=2).mean(1)
    meshes, start = [], 0
    length = np.concatenate([[0], np.cumsum(step)])
    # A level that repeats the one before starts a new patch.
    cuts = [i + 1 for i, s in enumerate(step) if s < 1e-9]
    for end in [*cuts, len(rings)]:
        if end - start > 1:
            meshes.append(grid(points[start:end], around, length[start:end]))
        start = end
    if closed:
        for ring in (points[0], points[-1]):
            centre = np.broadcast_to(ring[:-1].mean(0), ring.shape)
            cap_mesh = grid(np.stack([centre, ring]), around, np.array([0.0, 0.1]))
            meshes.append(Mesh(cap_mesh.positions, cap_mesh.positions[:, :2], cap_mesh.faces))
    return merge(*meshes)


def rectangle(width: float, depth: float, radius: float, corner: int = 6) -> Array:
    """Outline of a rectangle with round corners, [4·corner,2]."""
    a = np.linspace(0, np.pi / 2, corner)
    radius = min(radius, 0.499 * min(width, depth))
    parts = []
    for k, (sx, sy) in enumerate(((1, 1), (-1, 1), (-1, -1), (1, -1))):
        centre = np.array([sx * (width / 2 - radius), sy * (depth / 2 - radius)])
        parts.append(centre + radius * np.stack([np.cos(a + k * np.pi / 2), np.sin(a + k * np.pi / 2)], -1))
    return np.concatenate(parts)


def ellipse(width: float, depth: float, count: int = 48) -> Array:
    a = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return np.stack([width / 2 * np.cos(a), depth / 2 * np.sin(a)], -1)


def prism(outline: Array, thickness: float, bevel: float = 0.01) -> Mesh:
    """An outline that its centre sees whole, drawn out along z from 0, with bevelled edges."""
    centre = outline.mean(0)
    reach = np.linalg.norm(outline - centre, axis=1, keepdims=True)
    inner = centre + (outline - centre) * (1 - np.minimum(bevel / reach, 0.5))
    b = min(bevel, thickness * 0.4)
    return loft(
        [inner, outline, outline, outline, outline, inner],
        [0.0, b, b, thickness - b, thickness - b, thickness],
    )


def rod(path: Array, radii: Array | float, sides: int = 14, ends: bool = True) -> Mesh:
    """A round rod along any path [n,3], with flat ends."""
    path = np.asarray(path, float)
    r = np.broadcast_to(np.asarray(radii, float), (len(path),))
    tangent = np.gradient(path, axis=0)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-12)
    normal = np.cross(tangent[0], np.eye(3)[np.argmin(np.abs(tangent[0]))])
    normals = []
    for t in tangent:
        normal = normal - (normal @ t) * t
        normal = normal / np.linalg.norm(normal)
        normals.append(normal)
    n = np.stack(normals)
    side = np.cross(tangent, n)
    a = np.linspace(0, 2 * np.pi, sides + 1)
    points = path[:, None] + r[:, None, None] * (
        np.cos(a)[None, :, None] * n[:, None] + np.sin(a)[None, :, None] * side[:, None]
    )
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    meshes = [grid(points, a / (2 * np.pi) * 0.3, length)]
    if ends:
        for i in (0, -1):
            centre = np.broadcast_to(path[i], points[i].shape)
            meshes.append(grid(np.stack([centre, points[i]]), a / (2 * np.pi), np.array([0.0, 0.1])))
    return merge(*meshes)


def bar(
    a: tuple[float, float, float], b: tuple[float, float, float], start: float, end: float | None = None
) -> Mesh:
    """A straight rod."""
    t = np.linspace(0, 1, 5)[:, None]
    radii = start + ((start if end is None else end) - start) * t[:, 0]
    return rod(np.asarray(a, float) * (1 - t) + np.asarray(b, float) * t, radii)


def ring(radius: float, thickness: float, squeeze: float = 1.0, segments: int = 64) -> Mesh:
    """A torus about z around the origin; `squeeze` flattens it along z."""
    a = np.linspace(0, 2 * np.pi, 21)
    profile = np.stack([radius + thickness * np.cos(a), thickness * squeeze * np.sin(a)], -1)
    return lathe(profile, segments=segments)


def ball(radius: float, base: float = 0.0) -> Mesh:
    a = np.linspace(-np.pi / 2, np.pi / 2, 28)
    return lathe(np.stack([radius * np.cos(a), base + radius + radius * np.sin(a)], -1))


def disc(radius: float, thickness: float) -> Mesh:
    """A coin about z from z = 0."""
    return lathe(*cap(radius, 0.0, thickness))


def facing(mesh: Mesh, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Mesh:
    """What was modelled from z = 0 upward now points to −y, from the given place."""
    return moved(tilted(mesh, np.pi / 2), x, y, z)


def pick(rng: Rng, *colors: Color) -> Color:
    return colors[rng.integers(len(colors))]
