"""Small furniture."""

from __future__ import annotations

import numpy as np

from .mesh import (
    Family,
    Mesh,
    Rng,
    Solid,
    bar,
    cap,
    lathe,
    loft,
    merge,
    moved,
    pick,
    plank,
    prism,
    rectangle,
    ring,
    smooth,
)


def stool(rng: Rng) -> Solid:
    h, r = rng.uniform(0.85, 1.2), rng.uniform(0.32, 0.42)
    seat = lathe(*cap(r, h, rng.uniform(0.07, 0.11)))
    legs, count = [], int(rng.integers(3, 5))
    spread = r * rng.uniform(0.95, 1.15)
    for k in range(count):
        a = 2 * np.pi * k / count + np.pi / 4
        c, s = np.cos(a), np.sin(a)
        legs.append(bar((r * 0.6 * c, r * 0.6 * s, h + 0.01), (spread * c, spread * s, 0.0), 0.042, 0.03))
    parts = merge(seat, *legs)
    at = h * rng.uniform(0.3, 0.4)
    brace = r * 0.6 + (spread - r * 0.6) * (1 - at / h)
    hoop = moved(ring(brace, 0.022), z=at)
    if rng.random() < 0.4:
        cushion = lathe(
            smooth([(r * 0.9, h + 0.06), (r * 0.99, h + 0.12), (r * 0.85, h + 0.2), (0, h + 0.22)])
        )
        return Solid(
            merge(parts, hoop), cushion, pick(rng, (0.05, 0.05, 0.05), (0.7, 0.66, 0.58), (0.25, 0.12, 0.05))
        )
    return Solid(merge(parts, hoop))


def side_table(rng: Rng) -> Solid:
    h, r = rng.uniform(0.7, 0.9), rng.uniform(0.45, 0.58)
    t = rng.uniform(0.05, 0.08)
    kind = rng.integers(3)
    if kind == 0:
        foot = r * 0.65
        stem = smooth(
            [(foot, 0), (foot * 0.95, 0.03), (0.12, 0.08), (0.05, 0.18), (0.05, h * 0.8), (0.14, h)]
        )
        return Solid(lathe(np.array([[0, 0], [foot, 0]]), stem, *cap(r, h, t), segments=72))
    legs = []
    square = kind == 1
    reach = r * (0.8 if square else 0.72)
    for k in range(4):
        c, s = np.sign(np.cos(k * np.pi / 2 + 0.7)), np.sign(np.sin(k * np.pi / 2 + 0.7))
        x, y = reach * c * (1 if square else 0.75), reach * s * (1 if square else 0.75)
        legs.append(bar((x * 0.9, y * 0.9, h), (x * 1.1, y * 1.1, 0), 0.045, 0.028))
    top = prism(rectangle(2 * r, 2 * r, 0.06), t) if square else lathe(*cap(r, 0, t), segments=72)
    parts = [moved(top, z=h), *legs]
    if square:
        parts.append(plank((1.66 * reach, 1.66 * reach, 0.12), (0, 0, h - 0.05)))
        if rng.random() < 0.6:
            parts.append(plank((1.8 * reach, 1.8 * reach, 0.04), (0, 0, h * 0.28)))
    return Solid(merge(*parts))


def chair(rng: Rng) -> Solid:
    w, d, seat = rng.uniform(0.48, 0.56), rng.uniform(0.46, 0.54), rng.uniform(0.5, 0.58)
    high, lean = seat + rng.uniform(0.5, 0.68), rng.uniform(0.06, 0.14)
    t, x = 0.026, w / 2 - 0.035
    legs = [
        bar((s * x, -d / 2 + 0.04, seat), (s * (x + 0.015), -d / 2 + 0.02, 0), t + 0.006, t - 0.004)
        for s in (-1, 1)
    ]
    for s in (-1, 1):
        legs.append(bar((s * x, d / 2 - 0.04, seat), (s * x, d / 2 + 0.02, 0), t + 0.006, t - 0.004))
        legs.append(bar((s * x, d / 2 - 0.04, seat - 0.02), (s * x, d / 2 - 0.04 + lean, high), t + 0.002, t))
    board = loft(
        [
            rectangle(w - 0.02, d - 0.02, 0.06),
            rectangle(w, d, 0.06),
            rectangle(w, d, 0.06),
            rectangle(w - 0.03, d - 0.03, 0.06),
        ],
        [seat - 0.03, seat - 0.015, seat + 0.02, seat + 0.035],
    )
    rest = []
    back = lambda z: d / 2 - 0.04 + lean * (z - seat) / (high - seat)  # noqa: E731
    if rng.random() < 0.5:
        for z in np.linspace(seat + 0.16, high - 0.06, int(rng.integers(3, 5))):
            rest.append(plank((2 * x, 0.026, 0.075), (0, back(z), z)))
    else:
        rest.append(plank((2 * x + 0.05, 0.04, 0.1), (0, back(high - 0.04), high - 0.02)))
        for k in np.linspace(-0.62, 0.62, 5):
            rest.append(bar((k * x, back(seat), seat), (k * x, back(high), high - 0.04), 0.016))
    rails = [plank((2 * x, 0.025, 0.06), (0, y, seat - 0.06)) for y in (-d / 2 + 0.04, d / 2 - 0.04)]
    rails += [plank((0.025, d - 0.08, 0.06), (s * x, 0, seat - 0.06)) for s in (-1, 1)]
    frame = merge(*legs, board, *rest, *rails)
    cushion = None
    if rng.random() < 0.35:
        cushion = loft(
            [rectangle(w * s, d * s, 0.09) for s in (0.84, 0.9, 0.88, 0.76)],
            [seat + 0.034, seat + 0.055, seat + 0.075, seat + 0.09],
        )
    return Solid(
        frame, cushion, pick(rng, (0.05, 0.05, 0.05), (0.7, 0.66, 0.58), (0.25, 0.12, 0.05)), front=True
    )


def bookcase(rng: Rng) -> Solid:
    w, d, h = rng.uniform(0.65, 0.9), rng.uniform(0.26, 0.34), rng.uniform(1.0, 1.3)
    t, levels = 0.04, int(rng.integers(3, 5))
    parts = [plank((t, d, h), (s * (w - t) / 2, 0, h / 2), 0.006) for s in (-1, 1)]
    heights = np.linspace(0.08, h - t / 2, levels + 1)
    parts += [plank((w - t, d, t), (0, 0, z), 0.006) for z in heights]
    parts.append(plank((w - t, 0.02, h - 0.08), (0, d / 2 - 0.012, h / 2 + 0.03), 0.004))
    books: tuple[list[Mesh], list[Mesh]] = ([], [])
    for low, top in zip(heights[:-1], heights[1:]):
        if rng.random() < 0.25:
            continue
        x = -w / 2 + t + 0.02
        end = w / 2 - t - rng.uniform(0.05, 0.3) * w
        while x < end:
            wide, tall = rng.uniform(0.035, 0.075), (top - low - t) * rng.uniform(0.62, 0.92)
            deep = d * rng.uniform(0.6, 0.75)
            books[int(rng.integers(2))].append(
                plank((wide - 0.006, deep, tall), (x + wide / 2, d * 0.1, low + t / 2 + tall / 2), 0.004)
            )
            x += wide
    some = [merge(*b) if b else None for b in books]
    one, two = (
        pick(rng, (0.5, 0.05, 0.05), (0.06, 0.12, 0.3), (0.05, 0.2, 0.12)),
        pick(rng, (0.75, 0.68, 0.5), (0.1, 0.1, 0.1), (0.6, 0.3, 0.06)),
    )
    return Solid(merge(*parts), some[0], one, 0.0, some[1], two, front=True)


FAMILIES: dict[str, Family] = {
    "stool": stool,
    "side table": side_table,
    "chair": chair,
    "bookcase": bookcase,
}
