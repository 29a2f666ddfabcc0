"""The six light set-ups: rectangles, a spot and a constant sky, given by the irradiance share of each."""

from __future__ import annotations

import numpy as np

from .grammar import TINTS
from .stage import Stage, look_at

Array = np.ndarray
Rng = np.random.Generator
NONE = np.zeros(3)
KEY_LEVEL = {
    "soft window light": 0.85,
    "studio softbox": 1.05,
    "hard spotlight": 0.95,
    "warm evening light": 0.8,
    "cool blue light": 0.65,
    "dramatic side light": 0.62,
}


def direction(azimuth: float, elevation: float) -> Array:
    """Unit vector; azimuth 0 is toward the camera (−y), positive to the right, in degrees."""
    a, e = np.radians(azimuth), np.radians(elevation)
    return np.array([np.sin(a) * np.cos(e), -np.cos(a) * np.cos(e), np.sin(e)])


def _rectangle(
    stage: Stage,
    name: str,
    azimuth: float,
    elevation: float,
    distance: float,
    width: float,
    height: float,
    irradiance: Array,
    target: Array,
) -> None:
    """A rectangle that gives the irradiance at the target, facing it."""
    position = target + direction(azimuth, elevation) * distance
    radiance = np.asarray(irradiance, float) * distance**2 / (width * height)
    stage.set_rectangle(name, look_at(position, target), (width / 2, height / 2), radiance)


def set_light(stage: Stage, name: str, rng: Rng, target: Array) -> float:
    """Returns how far the main lamp stands to the side, in degrees."""
    side = rng.choice([-1.0, 1.0])

    def jitter(low: float, high: float) -> float:
        return float(rng.uniform(low, high))

    def off(*parts: str) -> None:
        for part in parts:
            _rectangle(stage, part, 0, 60, 6, 1, 1, NONE, target)

    def key(azimuth: float, elevation: float, distance: float, width: float, height: float, share: float = 1.0) -> float:
        _rectangle(stage, "key", side * azimuth, elevation, distance, width, height, lamp * share, target)
        return azimuth

    tint = TINTS[name]
    lamp, sky = np.asarray(tint.lamps), np.asarray(tint.sky)
    spot = NONE
    azimuth = 0.0
    if name == "soft window light":
        azimuth = key(jitter(60, 100), jitter(22, 38), 4.2, 2.6, 3.2)
        off("fill", "top")
    elif name == "studio softbox":
        azimuth = key(jitter(25, 55), jitter(45, 65), 4.5, 2.6, 2.6, 0.7)
        _rectangle(stage, "fill", -side * jitter(50, 80), jitter(25, 40), 5.0, 2.0, 2.6, lamp * 0.3, target)
        off("top")
    elif name == "hard spotlight":
        off("key", "fill", "top")
        spot = lamp * 36.0
    elif name == "warm evening light":
        azimuth = key(jitter(50, 85), jitter(14, 22), 6.0, 0.8, 0.8)
        off("fill", "top")
    elif name == "cool blue light":
        azimuth = key(jitter(35, 75), jitter(28, 45), 4.5, 1.8, 1.8)
        off("fill", "top")
    else:
        azimuth = key(jitter(80, 105), jitter(12, 25), 3.6, 0.8, 2.4)
        off("fill", "top")
    stage.set_sky(sky * jitter(*tint.sky_level))
    origin = target + direction(side * jitter(25, 65), jitter(42, 58)) * 6.0
    stage.set_spot(look_at(origin, target), spot)
    return azimuth
