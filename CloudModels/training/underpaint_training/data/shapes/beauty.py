"""Cosmetics, jewellery and things to wear."""

from __future__ import annotations

import numpy as np

from .accents import BLACK, GOLD, SILVER, WHITE, metallic_of
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
    ellipse,
    facing,
    grid,
    lathe,
    loft,
    merge,
    moved,
    pick,
    plank,
    rectangle,
    ring,
    rod,
    rounded_box,
    scaled,
    smooth,
    tilted,
)


def _bottle_body(rng: Rng, w: float, d: float, h: float, shoulder: float, neck: float) -> Mesh:
    square = rng.random() < 0.5
    corner = rng.uniform(0.04, 0.12)

    def outline(a: float, b: float) -> Array:
        return rectangle(a, b, corner, 12) if square else ellipse(a, b)

    rows = [
        (w - 0.04, d - 0.04, 0.0),
        (w, d, 0.03),
        (w, d, h * 0.5),
        (w, d, h),
        (w * 0.97, d * 0.97, h + shoulder * 0.3),
    ]
    rows += [(w * 0.75, d * 0.75, h + shoulder * 0.75), (neck, neck, h + shoulder)]
    return loft([outline(a, b) for a, b, _ in rows], [z for _, _, z in rows])


def soap_dispenser(rng: Rng) -> Solid:
    w, h = rng.uniform(0.42, 0.52), rng.uniform(0.6, 0.8)
    d, shoulder = w * rng.uniform(0.8, 1.0), rng.uniform(0.06, 0.16)
    body = _bottle_body(rng, w, d, h, shoulder, 0.2)
    z = h + shoulder
    collar = lathe(*cap(0.13, z - 0.01, 0.12))
    stem = bar((0, 0, z + 0.1), (0, 0, z + 0.26), 0.035)
    head = lathe(*cap(0.085, z + 0.24, 0.09))
    t = np.linspace(0, 1, 12)
    nozzle = rod(np.stack([-0.3 * t, 0 * t, z + 0.3 - 0.07 * t**4], -1), 0.035 - 0.008 * t)
    color = pick(rng, BLACK, WHITE, GOLD, SILVER)
    return Solid(body, merge(collar, stem, head, nozzle), color, metallic_of(color))


def perfume_bottle(rng: Rng) -> Solid:
    w, h, d = rng.uniform(0.55, 0.75), rng.uniform(0.5, 0.8), rng.uniform(0.28, 0.36)
    shoulder = rng.uniform(0.05, 0.14)
    body = _bottle_body(rng, w, d, h, shoulder, 0.2)
    z = h + shoulder
    collar = lathe(*cap(0.11, z - 0.01, 0.08))
    color = pick(rng, GOLD, BLACK, SILVER)
    kind = rng.integers(3)
    if kind == 0:
        top = moved(ball(0.17), z=z + 0.06)
    elif kind == 1:
        top = lathe(*cap(0.15, z + 0.07, rng.uniform(0.22, 0.34)))
    else:
        top = rounded_box((0.3, min(d, 0.3), rng.uniform(0.2, 0.3)), 0.025, z + 0.07)
    label = plank((w * 0.5, 0.006, h * 0.34), (0, -d / 2, h * 0.5), 0.002)
    return Solid(
        body, merge(collar, top), color, metallic_of(color), label, pick(rng, WHITE, BLACK, GOLD), front=True
    )


def cream_tube(rng: Rng) -> Solid:
    h, r, lid = rng.uniform(0.85, 1.05), rng.uniform(0.22, 0.27), rng.uniform(0.2, 0.3)
    rows = []
    for t in np.linspace(0, 1, 14):
        s = t**1.4
        rows.append((2 * r * (1 + 0.14 * s), max(2 * r * (1 - s), 0.03), lid + (h - 0.08) * t))
    rows.append((rows[-1][0], 0.03, lid + h))
    body = loft([ellipse(a, b) for a, b, _ in rows], [z for _, _, z in rows])
    color = pick(rng, WHITE, BLACK, GOLD, SILVER)
    label = plank((r * 0.9, 0.01, 0.1), (0, -r * 0.84, lid + h * 0.4), 0.003)
    crown = lathe(*cap(r * 0.93, 0.0, lid + 0.01))
    return Solid(
        body, crown, color, metallic_of(color), tilted(label, 0.0), pick(rng, BLACK, WHITE), front=True
    )


def lipstick(rng: Rng) -> Solid:
    r, h = rng.uniform(0.17, 0.21), rng.uniform(0.42, 0.55)
    base = lathe(*cap(r, 0.0, h))
    band = lathe(*cap(r * 0.84, h - 0.01, rng.uniform(0.2, 0.28)))
    z, top = h + 0.15, h + rng.uniform(0.55, 0.65)
    bullet = lathe(
        np.array([[r * 0.66, z], [r * 0.66, top]]), np.array([[r * 0.66, top], [r * 0.55, top], [0, top]])
    )
    p = bullet.positions.copy()
    # The tip is cut aslant.
    high = p[:, 2] > top - 0.01
    p[high, 2] += (p[high, 0] / r) * 0.16
    color = pick(rng, GOLD, SILVER)
    tint = pick(rng, (0.55, 0.02, 0.05), (0.6, 0.1, 0.2), (0.35, 0.02, 0.04), (0.75, 0.25, 0.25))
    return Solid(base, band, color, 1.0, Mesh(p, bullet.uvs, bullet.faces), tint)


def nail_polish(rng: Rng) -> Solid:
    w, h = rng.uniform(0.44, 0.54), rng.uniform(0.42, 0.55)
    shoulder = rng.uniform(0.08, 0.14)
    body = _bottle_body(rng, w, w * rng.uniform(0.75, 1.0), h, shoulder, 0.2)
    z, tall = h + shoulder, rng.uniform(0.55, 0.75)
    crown = lathe(
        np.array([[0.14, z - 0.01], [0.15, z], [0.11, z + tall - 0.02], [0.09, z + tall], [0, z + tall]])
    )
    color = pick(rng, BLACK, WHITE, GOLD)
    return Solid(body, crown, color, metallic_of(color))


def finger_ring(rng: Rng) -> Solid:
    r, t = rng.uniform(0.42, 0.48), rng.uniform(0.05, 0.075)
    band = tilted(scaled(ring(r, t), 1, 1, rng.uniform(1.0, 1.6)), np.pi / 2)
    band = moved(band, z=r + t)
    z = 2 * (r + t)
    size = rng.uniform(0.13, 0.19)
    crown = lathe(
        np.array([[0.05, z - 0.1], [size * 0.75, z + 0.01], [size * 0.85, z + 0.04], [size * 0.6, z + 0.04]])
    )
    facets = np.array([[0, z - 0.04], [size * 0.9, z + 0.09], [size * 0.62, z + 0.17], [0, z + 0.17]])
    gem = lathe(facets[:2], facets[1:3], facets[2:], segments=8)
    # Eight flat facets: no vertex is shared.
    flat = gem.faces.reshape(-1)
    gem = Mesh(gem.positions[flat], gem.uvs[flat], np.arange(len(flat)).reshape(-1, 3))
    color = pick(rng, (0.75, 0.8, 0.85), (0.02, 0.1, 0.55), (0.5, 0.01, 0.05), (0.01, 0.35, 0.15))
    return Solid(merge(band, crown), gem, color, 0.35)


def watch(rng: Rng) -> Solid:
    a = np.linspace(-np.pi, np.pi, 61)
    deep, tall, wide = rng.uniform(0.36, 0.44), rng.uniform(0.42, 0.5), rng.uniform(0.2, 0.26)
    # The strap is a loop in the plane x = 0, open to both sides, with the case at its front.
    outline = []
    for x, grow in (
        (-wide, 0),
        (-wide, 0.025),
        (-wide, 0.025),
        (wide, 0.025),
        (wide, 0.025),
        (wide, 0),
        (wide, 0),
        (-wide, 0),
    ):
        narrow = 1 - 0.22 * (1 - np.cos(a)) / 2
        outline.append(np.stack([x * narrow, -(deep + grow) * np.cos(a), (tall + grow) * np.sin(a)], -1))
    u = np.linspace(0, 2.5, 61)
    strap = merge(
        *(grid(np.stack(outline[i : i + 2]), u, np.array([0.0, 0.3])) for i in range(0, len(outline), 2))
    )
    r = rng.uniform(0.33, 0.4)
    front = -(deep - 0.03)
    case = facing(
        lathe(*cap(r, 0.0, 0.11), np.array([[r * 0.88, 0.11], [r * 0.84, 0.13], [r, 0.09]])), y=front
    )
    crown = moved(tilted(disc(0.04, 0.07), np.pi / 2, 1), r - 0.01, front - 0.05)
    face = facing(disc(r * 0.86, 0.004), y=front - 0.11)
    dark = rng.random() < 0.5
    hand = lambda angle, length, w: tilted(
        plank((w, 0.006, length), (0, 0, length / 2 - 0.02), 0.002), angle, 1
    )  # noqa: E731
    at = rng.uniform(0, 2 * np.pi)
    marks = [
        tilted(plank((0.018, 0.006, 0.06), (0, 0, r * 0.74), 0.002), k * np.pi / 6, 1) for k in range(12)
    ]
    lines = merge(hand(at, r * 0.5, 0.035), hand(at + 2.0, r * 0.7, 0.024), *marks)
    lines = moved(lines, y=front - 0.119)
    metal = pick(rng, SILVER, GOLD)
    z = tall + 0.03
    # Without a third colour the hands take the case's metal, on a dark face.
    face_color = (0.02, 0.025, 0.04) if dark else (0.1, 0.02, 0.02) if metal == GOLD else (0.02, 0.05, 0.12)
    return Solid(
        moved(strap, z=z),
        moved(merge(case, crown, lines), z=z),
        metal,
        1.0,
        moved(face, z=z),
        face_color,
        front=True,
    )


def hat(rng: Rng) -> Solid:
    r, h, brim = rng.uniform(0.36, 0.42), rng.uniform(0.36, 0.48), rng.uniform(0.65, 0.85)
    droop = rng.uniform(-0.02, 0.06)
    rim = smooth(
        [
            (brim, 0.03 + droop),
            (brim + 0.01, 0.05 + droop),
            (brim - 0.05, 0.06 + droop),
            (r * 1.35, 0.045),
            (r * 1.05, 0.06),
        ]
    )
    crown = smooth(
        [(r * 1.05, 0.06), (r, 0.14), (r * 0.94, h * 0.7), (r * 0.82, h * 0.97), (r * 0.6, h), (0, h - 0.06)]
    )
    under = smooth([(brim, 0.03 + droop), (r * 1.35, 0.0), (r, 0.0)])
    top = merge(lathe(rim, crown, under))
    band = lathe(np.array([[r * 1.06, 0.075], [r * 1.025, 0.13], [r * 0.99, 0.19], [r * 0.9, 0.195]]))
    squash = rng.uniform(0.82, 0.92)
    return Solid(
        scaled(top, 1, squash, 1),
        scaled(band, 1.012, squash * 1.012, 1),
        pick(rng, BLACK, (0.15, 0.07, 0.03), (0.5, 0.03, 0.05), WHITE),
    )


FAMILIES: dict[str, Family] = {
    "soap dispenser": soap_dispenser,
    "perfume bottle": perfume_bottle,
    "cream tube": cream_tube,
    "lipstick": lipstick,
    "nail polish": nail_polish,
    "ring": finger_ring,
    "watch": watch,
    "hat": hat,
}
