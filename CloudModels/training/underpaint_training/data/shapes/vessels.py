"""Vessels: turned bodies with handles, spouts and lids."""

from __future__ import annotations

import numpy as np

from .mesh import (
    Family,
    Mesh,
    Rng,
    Solid,
    arc,
    bar,
    cap,
    hollow,
    lathe,
    merge,
    moved,
    pick,
    ring,
    rod,
    smooth,
    tube,
    turned,
)


def mug(rng: Rng) -> Solid:
    h, r, taper = rng.uniform(0.75, 1.1), rng.uniform(0.38, 0.48), rng.uniform(-0.06, 0.07)
    belly = rng.uniform(-0.02, 0.05)
    outer = smooth([(r - 0.05, 0), (r - 0.01, 0.05), (r + belly, h * 0.5), (r + taper, h)])
    body = lathe(*hollow(outer, 0.045, 0.06))
    low, high = h * rng.uniform(0.18, 0.28), h * rng.uniform(0.76, 0.86)
    path = arc((r + belly * 0.5 - 0.02, low), (r + taper - 0.03, high), rng.uniform(0.24, 0.34))
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
    handle_path = arc((r * 0.9, h * 0.25), (r * 0.82, h * 0.8), rng.uniform(0.32, 0.42))
    handle = tube(handle_path, np.full(len(handle_path), 0.055), flat=0.8)
    return Solid(merge(lathe(outer, lid, knob), spout, handle))


def goblet(rng: Rng) -> Solid:
    h, r, foot = rng.uniform(1.0, 1.25), rng.uniform(0.3, 0.4), rng.uniform(0.26, 0.34)
    stem = h * rng.uniform(0.36, 0.48)
    belly, lip = r * rng.uniform(0.95, 1.05), r * rng.uniform(0.78, 1.0)
    outer = smooth(
        [
            (foot, 0),
            (foot * 0.9, 0.03),
            (0.09, 0.09),
            (0.05, stem * 0.6),
            (0.07, stem),
            (belly * 0.8, stem + (h - stem) * 0.22),
            (belly, stem + (h - stem) * 0.55),
            (lip, h),
        ]
    )
    return Solid(lathe(*hollow(outer, 0.03, stem + 0.06)))


def pitcher(rng: Rng) -> Solid:
    h, r = rng.uniform(1.05, 1.3), rng.uniform(0.36, 0.46)
    neck, lip = r * rng.uniform(0.6, 0.75), r * rng.uniform(0.72, 0.88)
    outer = smooth([(r * 0.75, 0), (r * 0.95, h * 0.12), (r, h * 0.34), (neck, h * 0.76), (lip, h)])
    body = lathe(*hollow(outer, 0.035, 0.06))
    p = body.positions.copy()
    # The rim is drawn out into a lip, opposite the handle.
    angle = np.arctan2(p[:, 1], -p[:, 0])
    pull = np.clip((p[:, 2] / h - 0.72) / 0.28, 0, 1) ** 2 * np.exp(-((angle / 0.42) ** 2))
    pull *= np.hypot(p[:, 0], p[:, 1]) > 0.1
    p[:, 0] -= 0.2 * pull
    p[:, 2] += 0.08 * pull
    path = arc((r * 0.97, h * 0.26), (neck + 0.03, h * 0.86), rng.uniform(0.26, 0.36))
    handle = tube(path, np.full(len(path), 0.055), flat=0.75)
    return Solid(merge(Mesh(p, body.uvs, body.faces), handle))


def teacup(rng: Rng) -> Solid:
    h, r = rng.uniform(0.42, 0.5), rng.uniform(0.38, 0.45)
    outer = smooth([(r * 0.42, 0.05), (r * 0.5, 0.08), (r * 0.86, h * 0.5), (r, h)])
    path = arc((r * 0.74, h * 0.36), (r * 0.93, h * 0.86), rng.uniform(0.18, 0.25))
    handle = tube(path, np.full(len(path), 0.034), flat=0.8)
    wide = rng.uniform(0.68, 0.8)
    saucer = smooth([(wide * 0.5, 0), (wide * 0.6, 0.015), (wide * 0.85, 0.06), (wide, 0.12)])
    tea = lathe(np.array([[r * 0.88, h * 0.8], [0, h * 0.8]]))
    return Solid(
        merge(lathe(*hollow(outer, 0.03, 0.05)), handle, lathe(*hollow(saucer, 0.03, 0.03))),
        tea if rng.random() < 0.6 else None,
        pick(rng, (0.09, 0.035, 0.012), (0.35, 0.14, 0.03)),
    )


def flower_pot(rng: Rng) -> Solid:
    h, r = rng.uniform(0.7, 0.9), rng.uniform(0.44, 0.55)
    low, band = r * rng.uniform(0.62, 0.75), h * rng.uniform(0.2, 0.28)
    profiles = [
        np.array([[0, 0.06], [low, 0.06]]),
        np.array([[low, 0.06], [r - 0.03, h - band]]),
        np.array([[r - 0.03, h - band], [r + 0.03, h - band]]),
        np.array([[r + 0.03, h - band], [r + 0.05, h - 0.02], [r + 0.03, h]]),
        np.array([[r + 0.03, h], [r - 0.05, h], [r - 0.06, h - 0.02], [r - 0.08, h - 0.14]]),
    ]
    wide = low + rng.uniform(0.14, 0.2)
    saucer = hollow(smooth([(wide - 0.05, 0), (wide - 0.02, 0.03), (wide, 0.12)]), 0.035, 0.04)
    a = np.linspace(0, r - 0.07, 12)
    soil = lathe(np.stack([a[::-1], h - 0.12 + 0.03 * (1 - (a[::-1] / r) ** 2)], -1))
    return Solid(lathe(*profiles, *saucer), soil, (0.035, 0.02, 0.012))


def tumbler(rng: Rng) -> Solid:
    h, r = rng.uniform(1.0, 1.3), rng.uniform(0.33, 0.4)
    low = r * rng.uniform(0.68, 0.8)
    body = lathe(np.array([[0, 0], [low - 0.03, 0], [low, 0.03]]), np.array([[low, 0.03], [r, h]]))
    rim = lathe(
        *cap(r + 0.025, h - 0.03, 0.1),
        np.array([[r * 0.86, h + 0.06], [r * 0.82, h + 0.14], [r * 0.78, h + 0.16], [0, h + 0.16]]),
    )
    lid = pick(rng, (0.03, 0.03, 0.03), (0.8, 0.8, 0.8), (0.25, 0.25, 0.26))
    if rng.random() < 0.5:
        x = r * 0.3
        straw = bar((x, 0, h + 0.1), (x + 0.12, 0, h + rng.uniform(0.5, 0.65)), 0.035)
        return Solid(
            body, rim, lid, 0.0, straw, pick(rng, (0.8, 0.8, 0.8), (0.7, 0.05, 0.05), (0.03, 0.03, 0.03))
        )
    band = rng.uniform(0.3, 0.5) * h
    c = lambda z: low + (r - low) * (z - 0.03) / (h - 0.03) + 0.012  # noqa: E731
    wide = h * 0.28
    sleeve = lathe(np.array([[c(band) - 0.02, band], [c(band), band], [c(band + wide), band + wide]]))
    return Solid(body, rim, lid, 0.0, sleeve, pick(rng, (0.3, 0.17, 0.08), (0.05, 0.05, 0.05)))


def bucket(rng: Rng) -> Solid:
    h, r = rng.uniform(0.75, 0.95), rng.uniform(0.45, 0.54)
    low = r * rng.uniform(0.68, 0.78)
    outer = smooth([(low, 0), (low + 0.015, 0.04), ((low + r) / 2, h / 2), (r, h)])
    rim = moved(ring(r - 0.005, 0.03), z=h)
    a = np.linspace(0, np.pi, 30)
    fall = rng.uniform(0.5, 1.2)
    lift = r * 0.95
    path = np.stack(
        [
            (r + 0.03) * np.cos(a),
            -lift * np.sin(a) * np.cos(fall),
            h - 0.06 + lift * np.sin(a) * np.sin(fall),
        ],
        -1,
    )
    bail = rod(path, 0.018)
    return Solid(merge(lathe(*hollow(outer, 0.03, 0.05)), rim), bail, (0.5, 0.5, 0.52), 1.0)


def watering_can(rng: Rng) -> Solid:
    h, r = rng.uniform(0.6, 0.75), rng.uniform(0.36, 0.44)
    outer = smooth([(r, 0), (r, h * 0.5), (r * 0.96, h * 0.9), (r * 0.8, h)])
    body = lathe(*hollow(outer, 0.03, 0.05))
    reach, top = rng.uniform(0.55, 0.75), h * rng.uniform(1.05, 1.25)
    spout = bar((-r * 0.85, 0, h * 0.2), (-r - reach, 0, top), 0.085, 0.045)
    direction = np.array([-reach, 0, top - h * 0.2]) / np.hypot(reach, top - h * 0.2)
    end = np.array([-r - reach, 0, top])
    rose = rod(
        np.stack([end + direction * t for t in (-0.04, 0.02, 0.07, 0.11)]),
        np.array([0.05, 0.09, 0.14, 0.15]),
        24,
    )
    path = arc((r * 0.98, h * 0.16), (-r * 0.1, h * 1.0), rng.uniform(0.3, 0.42), lift=rng.uniform(0.25, 0.4))
    handle = tube(path, np.full(len(path), 0.035))
    return Solid(merge(body, spout, rose, handle))


def cocktail_shaker(rng: Rng) -> Solid:
    h, r = rng.uniform(0.8, 0.95), rng.uniform(0.27, 0.32)
    low = r * rng.uniform(0.72, 0.82)
    side = smooth([(low, 0), (low + 0.02, 0.04), (r * 0.95, h * 0.5), (r, h)])
    shoulder = smooth([(r + 0.012, h + 0.01), (r, h + 0.06), (r * 0.8, h + 0.17), (r * 0.5, h + 0.23)])
    neck = cap(r * 0.48, h + 0.22, 0.2)
    body = lathe(
        np.array([[0, 0], [low, 0]]), side, np.array([[r, h], [r + 0.012, h + 0.01]]), shoulder, *neck
    )
    band = lathe(
        np.array([[r + 0.002, h - 0.05], [r + 0.014, h - 0.04], [r + 0.014, h - 0.005], [r + 0.002, h]])
    )
    return Solid(body, band, (0.05, 0.05, 0.05))


def trophy(rng: Rng) -> Solid:
    base, r = rng.uniform(0.2, 0.28), rng.uniform(0.34, 0.42)
    h = rng.uniform(1.15, 1.35)
    stem = base + 0.28
    outer = smooth(
        [
            (0.2, base),
            (0.16, base + 0.05),
            (0.06, base + 0.12),
            (0.05, stem - 0.05),
            (0.12, stem),
            (r * 0.8, stem + 0.2),
            (r * 0.93, h * 0.8),
            (r, h),
        ]
    )
    cup = lathe(*hollow(outer, 0.03, stem - base + 0.05))
    path = arc((r * 0.72, stem + 0.16), (r * 0.96, h - 0.06), rng.uniform(0.24, 0.32))
    handle = tube(path, np.full(len(path), 0.035))
    block = lathe(*cap(0.32, 0, base * 0.55), *cap(0.25, base * 0.5, base * 0.5 + 0.01))
    return Solid(
        merge(cup, handle, turned(handle, np.pi)), block, pick(rng, (0.03, 0.03, 0.03), (0.12, 0.05, 0.025))
    )


FAMILIES: dict[str, Family] = {
    "mug": mug,
    "bowl": bowl,
    "plate": plate,
    "vase": vase,
    "bottle": bottle,
    "jar": jar,
    "teapot": teapot,
    "goblet": goblet,
    "pitcher": pitcher,
    "teacup": teacup,
    "flower pot": flower_pot,
    "tumbler": tumbler,
    "bucket": bucket,
    "watering can": watering_can,
    "cocktail shaker": cocktail_shaker,
    "trophy": trophy,
}
