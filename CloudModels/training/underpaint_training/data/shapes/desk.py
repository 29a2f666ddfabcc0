"""Things for the desk, the workshop and play."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .accents import BLACK, DULL_STEEL
from .mesh import (
    Family,
    Mesh,
    Rng,
    Solid,
    ball,
    bar,
    disc,
    ellipse,
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
    rounded_box,
    scaled,
    smooth,
    tilted,
    turned,
)


def _lying(mesh: Mesh, height: float) -> Mesh:
    """What was modelled along z lies along x."""
    return moved(tilted(mesh, np.pi / 2, 1), z=height)


def _centred(solid: Solid) -> Solid:
    points = np.concatenate([m.positions for m in solid.parts()])
    middle = (points.min(0) + points.max(0)) / 2
    shift = lambda m: m and moved(m, -middle[0], -middle[1], -points[:, 2].min())  # noqa: E731
    return replace(solid, main=shift(solid.main), accent=shift(solid.accent), detail=shift(solid.detail))


def hammer(rng: Rng) -> Solid:
    length, r = rng.uniform(0.95, 1.15), 0.045
    grip = smooth(
        [
            (0, 0),
            (r * 0.9, 0.0),
            (r * 1.2, 0.06),
            (r * 1.25, length * 0.3),
            (r * 0.75, length * 0.6),
            (r * 0.8, length),
            (0, length),
        ]
    )
    handle = scaled(_lying(lathe(grip), 0.0), 1, 0.75, 1)
    x = length - 0.08
    face = [
        (0, -0.2),
        (0.075, -0.2),
        (0.08, -0.18),
        (0.08, -0.12),
        (0.055, -0.1),
        (0.06, -0.06),
        (0.07, 0.0),
        (0.06, 0.08),
    ]
    head = [moved(tilted(lathe(np.array(face)), -np.pi / 2), x)]
    t = np.linspace(0, 1, 14)
    for s in (-1, 1):
        path = np.stack([x - 0.12 * t**2, 0.05 + 0.26 * t, s * (0.02 + 0.03 * t)], -1)
        head.append(scaled(rod(path, 0.052 - 0.035 * t), 1, 1, 1))
    return _centred(Solid(moved(handle, z=0), merge(*head), DULL_STEEL, 1.0))


def screwdriver(rng: Rng) -> Solid:
    grip, r = rng.uniform(0.42, 0.5), rng.uniform(0.14, 0.17)
    shaft = rng.uniform(0.32, 0.42)
    profile = smooth(
        [
            (0, 0),
            (r * 0.8, 0.01),
            (r, 0.07),
            (r * 0.95, grip * 0.6),
            (r * 0.6, grip * 0.8),
            (r * 0.72, grip * 0.93),
            (r * 0.4, grip),
            (0, grip),
        ]
    )
    handle = lathe(profile, segments=72)
    p = handle.positions
    flute = 1 - 0.1 * np.maximum(0, np.cos(6 * np.arctan2(p[:, 1], p[:, 0]))) * (
        np.abs(p[:, 2] - grip * 0.35) < grip * 0.28
    )
    handle = Mesh(p * np.stack([flute, flute, np.ones_like(flute)], -1), handle.uvs, handle.faces)
    t = np.linspace(0, 1, 8)
    blade = rod(np.stack([0 * t, 0 * t, grip + shaft * t], -1), np.full(8, 0.045))
    tip = loft(
        [ellipse(0.09, 0.09), ellipse(0.14, 0.07), ellipse(0.14, 0.018)],
        [grip + shaft, grip + shaft + 0.04, grip + shaft + 0.14],
    )
    return _centred(Solid(_lying(handle, r), _lying(merge(blade, tip), r), DULL_STEEL, 1.0))


def paintbrush(rng: Rng) -> Solid:
    w, d = rng.uniform(0.3, 0.4), rng.uniform(0.1, 0.13)
    rows = [
        (0.05, 0.04, 0.0),
        (0.09, 0.07, 0.05),
        (0.085, 0.07, 0.25),
        (0.1, 0.075, 0.42),
        (w * 0.9, d * 0.9, 0.58),
        (w * 0.97, d, 0.64),
    ]
    handle = loft([ellipse(a, b) for a, b, _ in rows], [z for _, _, z in rows])
    ferrule = loft([rectangle(w, d + 0.01, 0.03)] * 2, [0.62, 0.8])
    hair = loft(
        [rectangle(w * s, d * q, 0.03) for s, q in ((0.96, 0.9), (1.0, 1.0), (0.96, 0.8), (0.86, 0.25))],
        [0.79, 0.9, 1.1, 1.2],
    )
    lie = lambda m: moved(tilted(turned(m, np.pi / 2), np.pi / 2, 1), z=d / 2)  # noqa: E731
    return _centred(
        Solid(
            lie(handle),
            lie(ferrule),
            DULL_STEEL,
            1.0,
            lie(hair),
            pick(rng, (0.2, 0.11, 0.05), (0.7, 0.6, 0.42), BLACK),
        )
    )


def dumbbell(rng: Rng) -> Solid:
    r, wide, half = rng.uniform(0.24, 0.3), rng.uniform(0.2, 0.28), rng.uniform(0.22, 0.28)
    sides = 6 if rng.random() < 0.6 else 48
    a = np.linspace(0, 2 * np.pi, sides, endpoint=False) + np.pi / sides
    outline = r * np.stack([np.cos(a), np.sin(a)], -1)
    weight = prism(outline, wide, 0.03)
    if sides == 6:
        flat = weight.faces.reshape(-1)
        weight = Mesh(weight.positions[flat], weight.uvs[flat], np.arange(len(flat)).reshape(-1, 3))
    low = r * (np.cos(np.pi / 6) if sides == 6 else 1.0)
    turn = lambda m: _lying(turned(m, np.pi / 3 if sides == 6 else 0.0), low)  # noqa: E731
    ends = [turn(moved(weight, z=z)) for z in (half, -half - wide)]
    grip = lathe(
        smooth([(0.055, -half), (0.065, -half * 0.4), (0.07, 0), (0.065, half * 0.4), (0.055, half)])
    )
    return _centred(Solid(merge(*ends), turn(grip), DULL_STEEL, 1.0))


def dice(rng: Rng) -> Solid:
    size, corner = 0.8, rng.uniform(0.06, 0.14)
    cube = rounded_box((size, size, size), corner)
    layout = {
        1: [(0, 0)],
        2: [(-1, -1), (1, 1)],
        3: [(-1, -1), (0, 0), (1, 1)],
        4: [(-1, -1), (-1, 1), (1, -1), (1, 1)],
        5: [(-1, -1), (-1, 1), (1, -1), (1, 1), (0, 0)],
        6: [(-1, -1), (-1, 0), (-1, 1), (1, -1), (1, 0), (1, 1)],
    }
    spots, h = [], size / 2
    for turn, number in ((0, 1), (1, 2), (2, 6), (3, 5)):
        for x, z in layout[number]:
            spots.append(turned(facing(disc(0.075, 0.004), 0.19 * x, -h, h + 0.19 * z), turn * np.pi / 2))
    spots += [moved(disc(0.075, 0.004), 0.19 * x, 0.19 * y, size) for x, y in layout[3]]
    light = rng.random() < 0.75
    return Solid(cube, merge(*spots), (0.84, 0.84, 0.82) if light else (0.02, 0.02, 0.02))


def chess_pawn(rng: Rng) -> Solid:
    h, r = rng.uniform(0.85, 1.05), rng.uniform(0.32, 0.38)
    body = smooth(
        [
            (r, 0),
            (r * 1.03, 0.07),
            (r * 0.85, 0.14),
            (r * 0.86, 0.19),
            (r * 0.5, 0.3),
            (r * 0.34, h * 0.6),
            (r * 0.36, h * 0.74),
        ]
    )
    collar = smooth([(r * 0.36, h * 0.72), (r * 0.64, h * 0.75), (r * 0.64, h * 0.78), (r * 0.3, h * 0.82)])
    head = ball(r * 0.55, h * 0.78)
    return Solid(merge(lathe(np.array([[0, 0], [r, 0]]), body, collar), head))


def drum(rng: Rng) -> Solid:
    r, h = rng.uniform(0.5, 0.58), rng.uniform(0.5, 0.75)
    shell = lathe(np.array([[0, 0.01], [r, 0.01]]), np.array([[r, 0.01], [r, h]]))
    hoops = merge(*(moved(ring(r + 0.015, 0.035, 1.5), z=z) for z in (0.055, h)))
    lugs = [turned(bar((r + 0.035, 0, 0.06), (r + 0.035, 0, h), 0.018), k * np.pi / 4) for k in range(8)]
    skin = lathe(np.array([[r, h + 0.01], [0, h + 0.015]]))
    sticks = []
    if rng.random() < 0.6:
        for a, y in ((0.4, -0.12), (-0.3, 0.1)):
            stick = lathe(
                smooth([(0, 0), (0.026, 0.01), (0.026, 0.5), (0.018, 0.75), (0.032, 0.82), (0, 0.87)])
            )
            sticks.append(
                moved(turned(_lying(stick, 0.0), a), -0.42 if abs(a) < 0.35 else -0.35, y, h + 0.062)
            )
    return Solid(shell, merge(hoops, *lugs), (0.6, 0.6, 0.62), 1.0, merge(skin, *sticks), (0.78, 0.72, 0.6))


def phone(rng: Rng) -> Solid:
    w, h, d = rng.uniform(0.52, 0.58), rng.uniform(1.05, 1.2), 0.06
    body = facing(prism(rectangle(w, h, 0.085, 8), d, 0.02), 0, d / 2, h / 2)
    screen = facing(prism(rectangle(w - 0.045, h - 0.045, 0.065, 8), 0.006, 0.002), 0, -d / 2 + 0.002, h / 2)
    front = -d / 2 - 0.005
    icons = []
    for row in range(4):
        for column in range(4):
            place = ((column - 1.5) * w * 0.21, front, h * (0.28 + 0.13 * row))
            icons.append(plank((w * 0.14, 0.004, w * 0.14), place, 0.001))
    icons.append(plank((w * 0.34, 0.004, 0.012), (0, front, h * 0.05), 0.001))
    icons.append(plank((w * 0.42, 0.004, 0.07), (0, front, h * 0.85), 0.001))
    lean = rng.uniform(-0.3, -0.15)
    top = (0, h * 0.55 * np.tan(-lean) + d, h * 0.55)
    back = bar((0, top[1] + 0.22, 0.02), top, 0.02)
    place = lambda m: tilted(m, lean)  # noqa: E731
    light = pick(rng, (0.75, 0.78, 0.8), (0.15, 0.4, 0.75), (0.75, 0.45, 0.2))
    return _centred(
        Solid(
            merge(place(body), back),
            place(screen),
            (0.012, 0.013, 0.018),
            0.0,
            place(merge(*icons)),
            light,
            front=True,
        )
    )


def laptop(rng: Rng) -> Solid:
    w, d, t = rng.uniform(1.15, 1.3), rng.uniform(0.78, 0.88), 0.04
    base = prism(rectangle(w, d, 0.06), t, 0.01)
    keys = []
    for row in range(5):
        for column in range(12):
            size = (w * 0.058, d * 0.068, 0.008)
            keys.append(plank(size, ((column - 5.5) * w * 0.072, d * (0.32 - 0.088 * row), t + 0.002), 0.001))
    keys.append(plank((w * 0.3, d * 0.24, 0.003), (0, -d * 0.29, t), 0.001))
    lid = facing(prism(rectangle(w, d, 0.06), 0.03, 0.008), 0, 0.0, d / 2)
    screen = facing(prism(rectangle(w - 0.08, d - 0.08, 0.02), 0.004, 0.001), 0, -0.029, d / 2)
    window = merge(
        plank((w * 0.5, 0.004, d * 0.4), (-w * 0.14, -0.034, d * 0.55), 0.001),
        plank((w * 0.2, 0.004, d * 0.22), (w * 0.3, -0.034, d * 0.66), 0.001),
    )
    open_by = rng.uniform(-0.45, -0.15)
    place = lambda m: moved(tilted(m, open_by), 0, d / 2, t)  # noqa: E731
    light = pick(rng, (0.7, 0.75, 0.8), (0.15, 0.4, 0.75), (0.75, 0.45, 0.2))
    dark = merge(place(screen), *keys)
    return Solid(merge(base, place(lid)), dark, (0.015, 0.016, 0.02), 0.0, place(window), light, front=True)


def traffic_cone(rng: Rng) -> Solid:
    h, r = rng.uniform(0.95, 1.2), rng.uniform(0.32, 0.38)
    base = prism(rectangle(2.5 * r, 2.5 * r, 0.08), 0.07, 0.02)
    slope = lambda z, out=0.0: r + (0.06 - r) * (z - 0.06) / (h - 0.06) + out  # noqa: E731
    cone = lathe(np.array([[slope(0.06), 0.06], [slope(h), h]]), np.array([[slope(h), h], [0, h]]))
    bands = []
    for low, high in ((0.3, 0.48), (0.62, 0.76)):
        bands.append(
            lathe(
                np.array(
                    [
                        [slope(z * h, out), z * h]
                        for z, out in ((low, 0), (low, 0.008), (high, 0.008), (high, 0))
                    ]
                )
            )
        )
    return Solid(merge(base, cone), merge(*bands), (0.85, 0.85, 0.85))


def speaker(rng: Rng) -> Solid:
    w, d, h = rng.uniform(0.55, 0.7), rng.uniform(0.45, 0.6), rng.uniform(0.95, 1.25)
    case = plank((w, d, h), (0, 0, h / 2), 0.02)
    rims, cones = [], []
    low = w * rng.uniform(0.36, 0.42)
    for r, z in ((low, low + 0.12), (low * rng.uniform(0.42, 0.6), h - low * 0.6 - 0.1)):
        rim = lathe(smooth([(r, 0), (r, 0.02), (r * 0.93, 0.035), (r * 0.84, 0.02), (r * 0.8, 0.01)]))
        cone = lathe(
            smooth([(r * 0.8, 0.012), (r * 0.5, 0.006), (r * 0.3, 0.004)]),
            smooth([(r * 0.3, 0.005), (r * 0.2, 0.04), (0, 0.055)]),
        )
        rims.append(facing(rim, 0, -d / 2, z))
        cones.append(facing(cone, 0, -d / 2, z))
    color = pick(rng, (0.13, 0.13, 0.14), (0.6, 0.45, 0.2), (0.55, 0.55, 0.56))
    return Solid(case, merge(*rims), BLACK, 0.0, merge(*cones), color, front=True)


FAMILIES: dict[str, Family] = {
    "hammer": hammer,
    "screwdriver": screwdriver,
    "paintbrush": paintbrush,
    "dumbbell": dumbbell,
    "dice": dice,
    "chess pawn": chess_pawn,
    "drum": drum,
    "phone": phone,
    "laptop": laptop,
    "traffic cone": traffic_cone,
    "speaker": speaker,
}
