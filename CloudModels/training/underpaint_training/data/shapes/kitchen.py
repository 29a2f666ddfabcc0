"""Kitchen ware: pots, tools and a knife."""

from __future__ import annotations

import numpy as np

from .accents import DULL_STEEL
from .mesh import (
    Array,
    Family,
    Mesh,
    Rng,
    Solid,
    ball,
    bar,
    disc,
    facing,
    hollow,
    lathe,
    loft,
    merge,
    moved,
    pick,
    plank,
    prism,
    rectangle,
    rod,
    scaled,
    smooth,
    tilted,
    turned,
)


def kettle(rng: Rng) -> Solid:
    h, r = rng.uniform(0.58, 0.72), rng.uniform(0.5, 0.58)
    top = r * rng.uniform(0.36, 0.46)
    outer = smooth([(r * 0.94, 0), (r, 0.06), (r * 0.98, h * 0.4), (r * 0.72, h * 0.82), (top, h)])
    lid = smooth([(top * 1.05, h), (top * 0.8, h + 0.05), (0, h + 0.07)])
    body = lathe(np.array([[0, 0], [r * 0.94, 0]]), outer, lid)
    spout = bar((-r * 0.75, 0, h * 0.45), (-r - 0.2, 0, h * rng.uniform(0.92, 1.05)), 0.12, 0.06)
    a = np.linspace(0, np.pi, 32)
    lift = rng.uniform(0.42, 0.55)
    path = np.stack([r * 0.72 * np.cos(a), 0 * a, h * 0.74 + (h * 0.26 + lift) * np.sin(a) ** 0.75], -1)
    grip = rod(path, 0.03 + 0.022 * np.sin(a) ** 2)
    knob = lathe(smooth([(0.03, h + 0.06), (0.07, h + 0.11), (0.06, h + 0.16), (0, h + 0.17)]))
    color = pick(rng, (0.03, 0.03, 0.03), (0.3, 0.16, 0.07))
    return Solid(merge(body, spout), merge(grip, knob), color)


def _pan(r: float, h: float, flare: float) -> Mesh:
    outer = smooth([(r * flare, 0), (r * (flare + 0.04), 0.03), (r * 0.97, h * 0.6), (r, h)])
    return lathe(*hollow(outer, 0.03, 0.035), segments=72)


def _grip(r: float, h: float, length: float, rise: float) -> Mesh:
    t = np.linspace(0, 1, 16)
    path = np.stack([r - 0.03 + length * t, 0 * t, h + rise * np.sin(t * np.pi / 2)], -1)
    return scaled(rod(path, 0.035 + 0.02 * np.clip(t * 2 - 0.3, 0, 1)), 1, 1.25, 1)


def frying_pan(rng: Rng) -> Solid:
    r, h = rng.uniform(0.55, 0.65), rng.uniform(0.12, 0.18)
    grip = _grip(r, h * 0.75, rng.uniform(0.65, 0.8), rng.uniform(0.08, 0.18))
    pan = moved(_pan(r, h, rng.uniform(0.74, 0.84)), -0.3)
    return Solid(pan, moved(grip, -0.3), pick(rng, (0.03, 0.03, 0.03), (0.32, 0.17, 0.07)))


def saucepan(rng: Rng) -> Solid:
    r, h = rng.uniform(0.42, 0.5), rng.uniform(0.4, 0.52)
    grip = _grip(r, h * 0.82, rng.uniform(0.55, 0.7), rng.uniform(0.04, 0.12))
    body = lathe(*hollow(smooth([(r - 0.03, 0), (r, 0.04), (r, h * 0.6), (r, h)]), 0.03, 0.04))
    return Solid(moved(body, -0.25), moved(grip, -0.25), pick(rng, (0.03, 0.03, 0.03), (0.32, 0.17, 0.07)))


def cooking_pot(rng: Rng) -> Solid:
    r, h = rng.uniform(0.48, 0.58), rng.uniform(0.45, 0.6)
    body = lathe(np.array([[0, 0], [r - 0.03, 0]]), smooth([(r - 0.03, 0), (r, 0.04), (r, h * 0.6), (r, h)]))
    lid = lathe(
        np.array([[r, h], [r + 0.03, h], [r + 0.03, h + 0.03]]),
        smooth([(r + 0.03, h + 0.03), (r * 0.8, h + 0.09), (r * 0.4, h + 0.13), (0, h + 0.14)]),
    )
    a = np.linspace(0, np.pi, 20)
    path = np.stack([r - 0.02 + 0.15 * np.sin(a) ** 0.7, 0.17 * np.cos(a), np.full(20, h * 0.78)], -1)
    ear = rod(path, 0.032)
    knob = lathe(
        smooth([(0.04, h + 0.13), (0.05, h + 0.17), (0.1, h + 0.21), (0.08, h + 0.25), (0, h + 0.26)])
    )
    color = pick(rng, (0.03, 0.03, 0.03), (0.6, 0.6, 0.62), (0.75, 0.55, 0.22))
    return Solid(
        merge(body, lid), merge(ear, turned(ear, np.pi), knob), color, 1.0 if color[0] > 0.1 else 0.0
    )


def tray(rng: Rng) -> Solid:
    w, d, h = rng.uniform(1.2, 1.4), rng.uniform(0.75, 0.95), rng.uniform(0.1, 0.16)
    corner, lean, t = rng.uniform(0.06, 0.25), rng.uniform(0.02, 0.08), 0.035

    def level(grow: float, z: float) -> tuple[Array, float]:
        return rectangle(w + 2 * grow, d + 2 * grow, corner + grow, 8), z

    levels = [
        level(0, 0),
        level(0, 0),
        level(lean, h),
        level(lean, h),
        level(lean - t, h),
        level(lean - t, h),
        level(-t, t),
        level(-t, t),
    ]
    body = loft([o for o, _ in levels], [z for _, z in levels])
    a = np.linspace(0, np.pi, 20)
    path = np.stack([w / 2 + lean - 0.02 + 0.0 * a, 0.2 * np.cos(a), h - 0.02 + 0.14 * np.sin(a) ** 0.6], -1)
    grip = rod(path, 0.022)
    color = pick(rng, (0.04, 0.04, 0.04), (0.75, 0.55, 0.22), (0.6, 0.6, 0.62))
    return Solid(body, merge(grip, turned(grip, np.pi)), color, 1.0 if color[0] > 0.1 else 0.0)


def cake_stand(rng: Rng) -> Solid:
    r, h, foot = rng.uniform(0.6, 0.72), rng.uniform(0.4, 0.6), rng.uniform(0.3, 0.4)
    stem = smooth([(foot, 0), (foot * 0.85, 0.04), (0.1, 0.13), (0.06, h * 0.5), (0.1, h * 0.85), (0.22, h)])
    top = [
        np.array([[0.2, h], [r, h]]),
        smooth(
            [(r, h - 0.05), (r + 0.02, h), (r + 0.01, h + 0.05), (r - 0.03, h + 0.05), (r - 0.05, h + 0.03)],
            5,
        ),
        np.array([[r - 0.05, h + 0.03], [0, h + 0.03]]),
    ]
    return Solid(lathe(np.array([[0, 0], [foot, 0]]), stem, *top, segments=80))


def pepper_mill(rng: Rng) -> Solid:
    h, r = rng.uniform(0.95, 1.25), rng.uniform(0.2, 0.26)
    waist = r * rng.uniform(0.55, 0.7)
    body = smooth(
        [
            (r, 0),
            (r * 1.02, 0.06),
            (r * 0.88, h * 0.15),
            (waist, h * 0.42),
            (r * 0.8, h * 0.62),
            (r * 0.86, h * 0.68),
        ]
    )
    head = smooth(
        [(r * 0.8, h * 0.7), (r * 0.95, h * 0.78), (r * 0.85, h * 0.9), (r * 0.3, h * 0.97), (0, h * 0.98)]
    )
    knob = moved(ball(r * 0.22), z=h * 0.97)
    seam = lathe(np.array([[r * 0.86, h * 0.675], [r * 0.76, h * 0.685], [r * 0.8, h * 0.7]]))
    return Solid(lathe(np.array([[0, 0], [r, 0]]), body, head), merge(knob, seam), DULL_STEEL, 1.0)


def salt_shaker(rng: Rng) -> Solid:
    h, r = rng.uniform(0.6, 0.8), rng.uniform(0.26, 0.32)
    top = r * rng.uniform(0.7, 0.85)
    body = lathe(
        np.array([[0, 0], [r, 0]]), smooth([(r, 0), (r * 1.02, 0.05), (r * 0.92, h * 0.5), (top, h)])
    )
    dome = smooth(
        [
            (top + 0.02, h - 0.03),
            (top + 0.02, h + 0.08),
            (top * 0.75, h + 0.2),
            (top * 0.35, h + 0.25),
            (0, h + 0.26),
        ]
    )
    cover = lathe(np.array([[top, h - 0.03], [top + 0.02, h - 0.03]]), dome)
    spots = []
    for k in range(7):
        a, lean = k * np.pi / 3, 0.0 if k == 6 else 0.5
        spot = tilted(moved(disc(0.022, 0.012), z=0.0), lean, 1)
        x = 0.0 if k == 6 else top * 0.5
        spots.append(turned(moved(spot, x, 0, h + (0.255 if k == 6 else 0.225)), a))
    return Solid(body, cover, DULL_STEEL, 1.0, merge(*spots), (0.01, 0.01, 0.01))


def rolling_pin(rng: Rng) -> Solid:
    r, length = rng.uniform(0.15, 0.19), rng.uniform(0.45, 0.55)
    grip = rng.uniform(0.22, 0.28)
    half = [
        (r * 0.3, length),
        (r * 0.42, length + 0.06),
        (r * 0.5, length + grip * 0.5),
        (r * 0.42, length + grip * 0.9),
        (0, length + grip),
    ]
    barrel = [
        np.array(
            [
                [0, -length],
                [r * 0.9, -length],
                [r, -length + 0.03],
                [r, length - 0.03],
                [r * 0.9, length],
                [0, length],
            ]
        )
    ]
    roller = lathe(*barrel)
    end = lathe(smooth(half))
    lying = lambda m: moved(tilted(m, np.pi / 2, 1), z=r)  # noqa: E731
    grips = merge(lying(end), lying(scaled(end, 1, 1, -1)))
    return Solid(merge(lying(roller), grips))


def cutting_board(rng: Rng) -> Solid:
    w, d, t = rng.uniform(1.0, 1.2), rng.uniform(0.62, 0.75), rng.uniform(0.05, 0.08)
    board = prism(rectangle(w, d, rng.uniform(0.05, 0.15)), t)
    grip = moved(prism(rectangle(0.36, rng.uniform(0.17, 0.22), 0.08), t), w / 2 + 0.12)
    hole = moved(disc(0.045, 0.004), w / 2 + 0.2, 0, t)
    a = rectangle(w - 0.14, d - 0.14, 0.06)
    groove = rod(
        np.concatenate([np.concatenate([a, np.full((len(a), 1), t)], 1)] * 1 + [[[*a[0], t]]]), 0.009, 8
    )
    return Solid(merge(board, grip), merge(hole, groove), (0.035, 0.02, 0.012))


def kitchen_knife(rng: Rng) -> Solid:
    blade, wide = rng.uniform(0.72, 0.9), rng.uniform(0.24, 0.32)
    t = np.linspace(0, 1, 20)
    # Edge from heel to tip, then straight back along the spine.
    edge = np.stack([blade * t, -wide * (1 - t**3.2)], -1)
    spine = np.stack([blade * t[::-1], 0.02 - 0.05 * t[::-1] ** 3], -1)
    steel = prism(np.concatenate([edge, spine]), 0.022, 0.004)
    length = rng.uniform(0.44, 0.52)
    x = np.linspace(0, 1, 16)
    low = np.stack([-length * x, -0.15 - 0.02 * np.sin(3 * np.pi * x)], -1)
    high = np.stack([-length * x[::-1], 0.03 - 0.01 * x[::-1]], -1)
    grip = moved(prism(np.concatenate([low, high])[::-1], 0.075, 0.025), z=-0.026)
    rivets = [moved(disc(0.022, 0.006), -length * k, -0.055, 0.048) for k in (0.25, 0.55, 0.85)]
    shift = (length - blade) / 2
    place = lambda *m: moved(merge(*m), shift, 0.06, 0.027)  # noqa: E731
    return Solid(place(grip), place(steel), (0.62, 0.62, 0.64), 1.0, place(*rivets), (0.6, 0.6, 0.6), 1.0)


def toaster(rng: Rng) -> Solid:
    w, d, h = rng.uniform(0.95, 1.1), rng.uniform(0.5, 0.6), rng.uniform(0.62, 0.72)
    levels = [
        (-0.02, 0.05),
        (0.0, 0.08),
        (0.0, h * 0.5),
        (0.0, h - 0.12),
        (-0.03, h - 0.05),
        (-0.09, h - 0.01),
        (-0.16, h),
    ]
    body = loft(
        [rectangle(w + 2 * g, d + 2 * g, 0.16 + g * 0.5, 8) for g, _ in levels], [z for _, z in levels]
    )
    slots = [plank((w * 0.66, 0.075, 0.012), (0, y, h), 0.004) for y in (-0.09, 0.09)]
    base = loft([rectangle(w - 0.06, d - 0.06, 0.14)] * 2, [0.0, 0.055])
    lever = merge(
        plank((0.02, 0.03, h * 0.5), (w / 2, 0, h * 0.5)),
        plank((0.09, 0.15, 0.05), (w / 2 + 0.035, 0, h * 0.66), 0.015),
    )
    knob = moved(facing(disc(0.06, 0.05)), w * 0.28, -d / 2, h * 0.28)
    bread = None
    if rng.random() < 0.5:
        slices = []
        for y in (-0.09, 0.09):
            crust = rectangle(w * 0.5, 0.42, 0.1)
            slices.append(moved(tilted(prism(crust, 0.055), np.pi / 2), 0, y + 0.027, h + 0.02))
        bread = merge(*slices)
    return Solid(body, merge(*slots, base, lever, knob), (0.02, 0.02, 0.02), 0.0, bread, (0.55, 0.28, 0.1))


FAMILIES: dict[str, Family] = {
    "kettle": kettle,
    "frying pan": frying_pan,
    "saucepan": saucepan,
    "cooking pot": cooking_pot,
    "tray": tray,
    "cake stand": cake_stand,
    "pepper mill": pepper_mill,
    "salt shaker": salt_shaker,
    "rolling pin": rolling_pin,
    "cutting board": cutting_board,
    "kitchen knife": kitchen_knife,
    "toaster": toaster,
}
