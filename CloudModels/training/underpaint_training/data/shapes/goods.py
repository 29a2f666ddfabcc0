"""Bags and cases, ornaments, a light bulb and a pack of cigarettes."""

from __future__ import annotations

import numpy as np

from .accents import BLACK, GOLD, STEEL, WHITE
from .mesh import (
    Array,
    Family,
    Mesh,
    Rng,
    Solid,
    ball,
    bar,
    cap,
    disc,
    facing,
    lathe,
    loft,
    merge,
    moved,
    pick,
    plank,
    prism,
    rectangle,
    ring,
    rod,
    smooth,
    tilted,
)


def shopping_bag(rng: Rng) -> Solid:
    w, d, h = rng.uniform(0.75, 0.95), rng.uniform(0.3, 0.42), rng.uniform(0.9, 1.1)
    narrow = 0.6

    def outline(depth: float, fold: float) -> Array:
        x, y = w / 2, depth / 2
        n = 8
        line = np.linspace(-1, 1, n)
        side = x - fold * (1 - np.abs(line))
        return np.concatenate(
            [
                np.stack([line * x, 0 * line - y], -1),
                np.stack([side, line * y], -1),
                np.stack([-line * x, 0 * line + y], -1),
                np.stack([-side, -line * y], -1),
            ]
        )

    body = loft(
        [outline(d, 0.0), outline(d, 0.0), outline(d * 0.9, 0.02), outline(d * narrow, 0.06)],
        [0, 0, h * 0.4, h],
        closed=False,
    )
    # Every side and edge by itself: paper is folded sharply.
    flat = body.faces.reshape(-1)
    body = Mesh(body.positions[flat], body.uvs[flat], np.arange(len(flat)).reshape(-1, 3))
    floor = plank((w * 0.99, d * 0.99, 0.01), (0, 0, 0.006), 0.002)
    a = np.linspace(0, np.pi, 24)
    handles = []
    for y in (-d * narrow / 2 - 0.012, d * narrow / 2 + 0.012):
        path = np.stack([0.19 * np.cos(a), np.full(24, y), h - 0.09 + 0.38 * np.sin(a) ** 0.7], -1)
        handles.append(rod(path, 0.016))
    label = None
    if rng.random() < 0.5:
        label = moved(facing(disc(w * 0.17, 0.004)), 0, -d * 0.44 - 0.005, h * 0.4)
        p = label.positions.copy()
        p[:, 1] += (p[:, 2] - h * 0.4) * (d * 0.9 - d * narrow) / 2 / (h * 0.6)
        label = Mesh(p, label.uvs, label.faces)
    color = pick(rng, BLACK, WHITE, (0.4, 0.26, 0.13))
    return Solid(
        merge(body, floor), merge(*handles), color, 0.0, label, pick(rng, GOLD, WHITE, BLACK), front=True
    )


def suitcase(rng: Rng) -> Solid:
    w, d, h = rng.uniform(0.7, 0.82), rng.uniform(0.3, 0.38), rng.uniform(0.95, 1.1)
    z = 0.1
    body = facing(prism(rectangle(w, h, rng.uniform(0.08, 0.14), 8), d, 0.04), 0, d / 2, z + h / 2)
    ribs = []
    for k in np.linspace(-0.34, 0.34, 6):
        ribs.append(plank((0.045, d + 0.035, h * 0.86), (k * w, 0, z + h / 2), 0.015))
    wheels = [
        moved(tilted(disc(0.055, 0.05), np.pi / 2, 1), x, y, 0.055)
        for x in (-w * 0.4 - 0.025, w * 0.4 - 0.025)
        for y in (-d * 0.3, d * 0.3)
    ]
    holders = [
        plank((0.08, 0.08, 0.05), (x, y, 0.1), 0.01) for x in (-w * 0.4, w * 0.4) for y in (-d * 0.3, d * 0.3)
    ]
    high = z + h + rng.uniform(0.2, 0.4)
    poles = [bar((x, d * 0.3, z + h - 0.05), (x, d * 0.3, high), 0.018) for x in (-0.14, 0.14)]
    grip = plank((0.36, 0.055, 0.06), (0, d * 0.3, high), 0.02)
    zip_line = facing(prism(rectangle(w + 0.012, h + 0.012, 0.12, 8), 0.03, 0.005), 0, 0.015, z + h / 2)
    return Solid(
        merge(body, *ribs),
        merge(*wheels, *holders, grip, zip_line),
        BLACK,
        0.0,
        merge(*poles),
        STEEL,
        1.0,
        front=True,
    )


def christmas_ornament(rng: Rng) -> Solid:
    r = rng.uniform(0.45, 0.5)
    body = ball(r)
    cover = lathe(*cap(0.11, 2 * r - 0.02, 0.1))
    loop = moved(tilted(ring(0.07, 0.014), np.pi / 2), z=2 * r + 0.14)
    color = pick(rng, GOLD, (0.7, 0.7, 0.72))
    band = None
    if rng.random() < 0.5:
        z = np.linspace(-0.12, 0.12, 7)
        bands = [np.stack([np.sqrt(r**2 - (z + s) ** 2) + 0.006, r + z + s], -1) for s in (0.0,)]
        edges = [ring(np.sqrt(r**2 - 0.16**2) + 0.004, 0.016) for _ in range(2)]
        band = merge(lathe(*bands), moved(edges[0], z=r - 0.16), moved(edges[1], z=r + 0.16))
    return Solid(body, merge(cover, loop), color, 1.0, band, pick(rng, WHITE, GOLD))


def light_bulb(rng: Rng) -> Solid:
    r = rng.uniform(0.36, 0.42)
    glass = smooth(
        [(0.17, 0.42), (0.19, 0.5), (r * 0.8, 0.78), (r, 1.02), (r * 0.85, 1.25), (r * 0.45, 1.37), (0, 1.4)]
    )
    z = np.linspace(0.1, 0.42, 60)
    thread = np.stack([0.175 + 0.014 * np.sin(z * 2 * np.pi / 0.075), z], -1)
    screw = lathe(
        np.array([[0, 0], [0.06, 0]]),
        np.array([[0.06, 0], [0.1, 0.05], [0.16, 0.1]]),
        thread,
        np.array([[0.175, 0.42], [0.19, 0.42], [0.18, 0.45]]),
    )
    return Solid(lathe(glass), screw, (0.55, 0.55, 0.57), 1.0)


def cigarette_pack(rng: Rng) -> Solid:
    w, d, h = rng.uniform(0.62, 0.7), rng.uniform(0.24, 0.3), rng.uniform(0.95, 1.05)
    low = h * 0.72
    body = plank((w, d, low), (0, 0, low / 2), 0.012)
    # The lid hangs open from the back edge.
    lid_high = h - low + 0.04
    walls = [
        plank((w, 0.015, lid_high), (0, d / 2, lid_high / 2), 0.004),
        plank((w, 0.015, lid_high), (0, -d / 2, lid_high * 0.5), 0.004),
        plank((w, d, 0.015), (0, 0, lid_high), 0.004),
        *(plank((0.015, d, lid_high), (x, 0, lid_high / 2), 0.004) for x in (-w / 2, w / 2)),
    ]
    lid = moved(merge(*walls), 0, -d / 2, 0)
    lid = moved(tilted(lid, -rng.uniform(1.3, 1.75)), 0, d / 2, low)
    r = 0.042
    sticks, tips = [], []
    n = int(w // (2 * r)) - 1
    pulled = rng.integers(1, n - 1)
    for row, y in enumerate((-d / 2 + 0.07, 0.0, d / 2 - 0.07)):
        for k in range(n):
            x = (k - (n - 1) / 2) * (w - 0.07) / n
            rise = h - 0.03 + (rng.uniform(0.16, 0.26) if row == 0 and k in (pulled, pulled + 1) else 0.0)
            paper = lathe(np.array([[r, low - 0.05], [r, rise - 0.16]]), segments=16)
            tip = lathe(
                np.array([[r, rise - 0.16], [r, rise]]), np.array([[r, rise], [0, rise]]), segments=16
            )
            sticks.append(moved(paper, x, y))
            tips.append(moved(tip, x, y))
    foil = plank((w - 0.04, d - 0.04, 0.1), (0, 0, low), 0.004)
    band = plank((w * 0.7, 0.006, low * 0.3), (0, -d / 2 - 0.001, low * 0.5), 0.001)
    return Solid(
        merge(body, lid),
        merge(*sticks, foil, band),
        (0.84, 0.84, 0.82),
        0.0,
        merge(*tips),
        (0.6, 0.3, 0.09),
        front=True,
    )


FAMILIES: dict[str, Family] = {
    "shopping bag": shopping_bag,
    "suitcase": suitcase,
    "christmas ornament": christmas_ornament,
    "light bulb": light_bulb,
    "cigarette pack": cigarette_pack,
}
