"""Things for the home."""

from __future__ import annotations

import numpy as np

from .accents import BLACK, GOLD, WHITE
from .mesh import (
    Family,
    Mesh,
    Rng,
    Solid,
    bar,
    disc,
    facing,
    grid,
    lathe,
    merge,
    moved,
    pick,
    plank,
    prism,
    rectangle,
    ring,
    rod,
    rounded_box,
    smooth,
    tilted,
    tube,
)


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


def candlestick(rng: Rng) -> Solid:
    h, foot = rng.uniform(0.5, 0.8), rng.uniform(0.26, 0.34)
    knots = [
        (foot, 0),
        (foot * 0.9, 0.05),
        (0.1, 0.13),
        (0.06, h * 0.4),
        (0.13, h * 0.55),
        (0.06, h * 0.7),
        (0.1, h * 0.9),
        (0.17, h),
        (0.17, h + 0.04),
    ]
    body = lathe(np.array([[0, 0], [foot, 0]]), smooth(knots), np.array([[0.17, h + 0.04], [0, h + 0.04]]))
    top = h + rng.uniform(0.5, 0.8)
    stick = lathe(np.array([[0.085, h + 0.02], [0.075, top - 0.03], [0.06, top], [0, top - 0.01]]))
    t = np.linspace(0, 1, 8)
    wick = rod(np.stack([0.02 * t**2, 0 * t, top - 0.02 + 0.1 * t], -1), 0.012, 8)
    color = pick(rng, (0.85, 0.82, 0.72), (0.85, 0.82, 0.72), (0.5, 0.02, 0.03))
    return Solid(body, stick, color, 0.0, wick, BLACK)


def book(rng: Rng) -> Solid:
    w, d, t = rng.uniform(0.7, 0.85), rng.uniform(0.95, 1.15), rng.uniform(0.12, 0.24)
    cover = 0.022
    # Standing shape: width x, thickness y, height z; laid down or propped up at the end.
    boards = [plank((w, cover, d), (0, y, d / 2), 0.006) for y in (-t / 2, t / 2)]
    back = plank((cover * 1.5, t + cover, d), (-w / 2, 0, d / 2), 0.01)
    pages = plank((w - 0.05, t - 0.01, d - 0.05), (-0.01, 0, d / 2), 0.003)
    front = -t / 2 - cover / 2
    title = merge(
        plank((w * 0.6, 0.006, 0.05), (0, front, d * 0.72), 0.001),
        plank((w * 0.42, 0.006, 0.03), (0, front, d * 0.63), 0.001),
        plank((w * 0.3, 0.006, 0.02), (0, front, d * 0.14), 0.001),
    )
    ink = pick(rng, GOLD, WHITE, BLACK)
    parts = [merge(*boards, back), pages, title]
    if rng.random() < 0.45:
        parts = [tilted(m, -0.2) for m in parts]
        low = min(m.positions[:, 2].min() for m in parts)
        parts = [moved(m, z=-low) for m in parts]
    else:
        parts = [moved(tilted(m, -np.pi / 2), 0, -d / 2, t / 2 + cover / 2) for m in parts]
    return Solid(
        parts[0], parts[1], (0.8, 0.76, 0.66), 0.0, parts[2], ink, 1.0 if ink == GOLD else 0.0, front=True
    )


def picture_frame(rng: Rng) -> Solid:
    w, h = rng.uniform(0.8, 1.1), rng.uniform(0.85, 1.15)
    b, t = rng.uniform(0.07, 0.12), 0.06
    bars = [plank((w, t, b), (0, 0, z), 0.015) for z in (b / 2, h - b / 2)]
    bars += [plank((b, t, h - b * 0.4), (x, 0, h / 2), 0.015) for x in (-w / 2 + b / 2, w / 2 - b / 2)]
    mat = plank((w - b, 0.02, h - b), (0, 0.01, h / 2), 0.003)
    iw, ih = w - 2 * b - rng.uniform(0.14, 0.26), h - 2 * b - rng.uniform(0.14, 0.26)
    x = np.linspace(-iw / 2, iw / 2, 40)
    # The picture: two mountains, a sun beside them.
    side = rng.choice([-1.0, 1.0])
    t = x / iw * side
    high = ih * np.max([0.56 - 1.5 * np.abs(t + 0.17), 0.4 - 1.2 * np.abs(t - 0.24), 0.1 + 0 * t], axis=0)
    rows = np.stack([np.stack([x, 0 * x - 0.005, h / 2 - ih / 2 + f * high], -1) for f in (0.0, 1.0)])
    hills = grid(rows, x, np.array([0.0, 0.3]))
    sun = facing(disc(0.055, 0.005), side * 0.3 * iw, 0.0, h / 2 + ih * 0.32)
    leg = plank((0.08, 0.02, h * 0.75), (0, 0.0, h * 0.375), 0.004)
    leg = moved(tilted(leg, 0.36), 0, h * 0.75 * (0.36 + 0.15) + 0.02, 0.02)
    lean = lambda m: tilted(m, -0.16)  # noqa: E731
    body = merge(*(lean(m) for m in bars), leg)
    color = pick(rng, (0.05, 0.12, 0.3), (0.03, 0.15, 0.06), (0.4, 0.1, 0.03), (0.06, 0.06, 0.07))
    z = -min(0.0, body.positions[:, 2].min())
    return Solid(
        moved(body, z=z),
        moved(lean(mat), z=z),
        WHITE,
        0.0,
        moved(lean(merge(hills, sun)), z=z),
        color,
        front=True,
    )


def _dial(r: float, z: float, front: float, rng: Rng) -> tuple[Mesh, Mesh]:
    """A face and its hands and marks, looking to −y."""
    face = facing(disc(r, 0.008), 0, front, z)
    at = rng.uniform(0, 2 * np.pi)

    def hand(angle: float, length: float, wide: float) -> Mesh:
        return tilted(plank((wide, 0.008, length), (0, 0, length / 2 - 0.03), 0.003), angle, 1)

    marks = [
        tilted(
            plank((0.035 if k % 3 == 0 else 0.018, 0.008, r * 0.15), (0, 0, r * 0.83), 0.003),
            k * np.pi / 6,
            1,
        )
        for k in range(12)
    ]
    pin = facing(disc(0.035, 0.01))
    lines = merge(hand(at, r * 0.52, 0.045), hand(at + rng.uniform(1.2, 5.0), r * 0.76, 0.03), pin, *marks)
    return face, moved(lines, 0, front - 0.014, z)


def clock(rng: Rng) -> Solid:
    r, d = rng.uniform(0.42, 0.5), rng.uniform(0.14, 0.24)
    kind = rng.integers(3)
    z = r + 0.08
    if kind == 0:
        rim = np.array(
            [[r * 0.86, d - 0.02], [r * 0.88, d + 0.03], [r * 0.95, d + 0.035], [r, d], [r, 0], [0, 0]]
        )
        body = facing(lathe(rim), 0, d / 2, z)
        feet = [tilted(plank((0.09, d * 0.8, 0.16), (0, 0, -r - 0.02), 0.01), s * 0.55, 1) for s in (-1, 1)]
        body = merge(body, *(moved(m, z=z) for m in feet))
        body = moved(body, z=-body.positions[:, 2].min())
        z = z - (facing(lathe(rim), 0, 0, z).positions[:, 2].min() - body.positions[: len(rim) * 65, 2].min())
    elif kind == 1:
        case = prism(rectangle(2.2 * r, 2.2 * r, rng.uniform(0.03, 0.2)), d, 0.03)
        z = 1.1 * r
        body = facing(case, 0, d / 2, z)
    else:
        a = np.linspace(0, np.pi, 24)
        arch = np.concatenate(
            [1.12 * r * np.stack([np.cos(a), np.sin(a)], -1), [[-1.12 * r, -1.25 * r], [1.12 * r, -1.25 * r]]]
        )
        z = 1.25 * r + 0.08
        body = merge(
            facing(prism(arch, d, 0.03), 0, d / 2, z), plank((2.6 * r, d + 0.12, 0.1), (0, 0, 0.05), 0.02)
        )
    face, hands = _dial(r * 0.87, z, -d / 2 + (0.02 if kind == 0 else 0.003), rng)
    white = rng.random() < 0.8
    return Solid(
        body, face, WHITE if white else (0.03, 0.03, 0.035), 0.0, hands, BLACK if white else WHITE, front=True
    )


def alarm_clock(rng: Rng) -> Solid:
    r, d = rng.uniform(0.4, 0.46), rng.uniform(0.26, 0.34)
    z = r + 0.13
    rim = [
        np.array([[r * 0.86, d - 0.03], [r * 0.88, d + 0.02], [r * 0.96, d + 0.025], [r, d - 0.02]]),
        np.array([[r, d - 0.02], [r, 0.03], [r * 0.9, 0], [0, 0]]),
    ]
    body = [facing(lathe(*rim), 0, d / 2, z)]
    for s in (-1, 1):
        body.append(bar((s * 0.26, 0, z - r * 0.75), (s * 0.36, 0, 0.0), 0.045, 0.03))
        bell = lathe(
            smooth([(0.19, 0), (0.185, 0.06), (0.13, 0.14), (0, 0.17)]), np.array([[0.19, 0], [0, 0.02]])
        )
        place = lambda m, s=s: moved(tilted(moved(m, z=r + 0.05), s * 0.52, 1), z=z)  # noqa: E731
        body += [place(bell), place(bar((0, 0, -0.07), (0, 0, 0.2), 0.022))]
    a = np.linspace(0, np.pi, 16)
    body.append(rod(np.stack([0.2 * np.cos(a), 0 * a, z + r + 0.12 + 0.2 * np.sin(a)], -1), 0.022))
    face, hands = _dial(r * 0.87, z, -d / 2 + 0.025, rng)
    return Solid(merge(*body), face, WHITE, 0.0, hands, BLACK, front=True)


def basket(rng: Rng) -> Solid:
    h, r, low = rng.uniform(0.5, 0.65), rng.uniform(0.52, 0.62), rng.uniform(0.36, 0.44)
    rows, columns = 64, 176
    a, t = np.linspace(0, 2 * np.pi, columns + 1), np.linspace(0, 1, rows)
    strands, layers = 22, 8
    # Woven: each strand goes over and under in turn with every layer.
    layer = np.floor(t * layers * 0.9999)
    bump = (
        np.sin(a[None, :] * strands + np.pi * layer[:, None]) * np.abs(np.sin(np.pi * (t * layers)))[:, None]
    )
    radius = low + (r - low) * t[:, None] ** 0.7 + 0.03 * bump
    points = np.stack([radius * np.cos(a), radius * np.sin(a), h * t[:, None] + 0 * a], -1)
    wall = grid(points, a / np.pi, t * 0.6)
    inside = lathe(np.array([[r - 0.05, h], [low - 0.05, 0.05], [0, 0.05]]), np.array([[0, 0], [low, 0]]))
    rim = moved(ring(r, 0.045), z=h)
    b = np.linspace(0, np.pi, 30)
    lift = rng.uniform(0.45, 0.65)
    grip = rod(np.stack([r * np.cos(b), 0 * b, h + lift * np.sin(b) ** 0.8], -1), 0.038)
    return Solid(merge(wall, inside, rim, grip))


FAMILIES: dict[str, Family] = {
    "candle": candle,
    "box": box,
    "lamp": lamp,
    "candlestick": candlestick,
    "book": book,
    "picture frame": picture_frame,
    "clock": clock,
    "alarm clock": alarm_clock,
    "basket": basket,
}
