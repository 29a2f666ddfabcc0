"""The six light set-ups: rectangles, a spot and a constant sky, given by the irradiance share of each."""

from __future__ import annotations

import numpy as np

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


def set_light(stage: Stage, name: str, rng: Rng, target: Array) -> None:
    side = rng.choice([-1.0, 1.0])

    def jitter(low: float, high: float) -> float:
        return float(rng.uniform(low, high))

    def off(*parts: str) -> None:
        for part in parts:
            _rectangle(stage, part, 0, 60, 6, 1, 1, NONE, target)

    spot, sky = NONE, NONE
    white = np.array([1.0, 0.98, 0.95])
    if name == "soft window light":
        cool = np.array([0.95, 0.98, 1.0])
        _rectangle(stage, "key", side * jitter(60, 100), jitter(22, 38), 4.2, 2.6, 3.2, cool, target)
        off("fill", "top")
        sky = cool * jitter(0.06, 0.1)
    elif name == "studio softbox":
        _rectangle(stage, "key", side * jitter(25, 55), jitter(45, 65), 4.5, 2.6, 2.6, white * 0.7, target)
        _rectangle(stage, "fill", -side * jitter(50, 80), jitter(25, 40), 5.0, 2.0, 2.6, white * 0.3, target)
        off("top")
        sky = white * jitter(0.1, 0.14)
    elif name == "hard spotlight":
        off("key", "fill", "top")
        spot = white * 36.0
        sky = white * jitter(0.01, 0.02)
    elif name == "warm evening light":
        _rectangle(
            stage,
            "key",
            side * jitter(50, 85),
            jitter(14, 22),
            6.0,
            0.8,
            0.8,
            np.array([1.0, 0.64, 0.36]),
            target,
        )
        off("fill", "top")
        sky = np.array([0.8, 0.68, 0.62]) * jitter(0.06, 0.09)
    elif name == "cool blue light":
        _rectangle(
            stage,
            "key",
            side * jitter(35, 75),
            jitter(28, 45),
            4.5,
            1.8,
            1.8,
            np.array([0.5, 0.7, 1.0]),
            target,
        )
        off("fill", "top")
        sky = np.array([0.45, 0.6, 0.95]) * jitter(0.05, 0.08)
    else:
        _rectangle(stage, "key", side * jitter(80, 105), jitter(12, 25), 3.6, 0.8, 2.4, white, target)
        off("fill", "top")
        sky = white * jitter(0.012, 0.022)
    origin = target + direction(side * jitter(25, 65), jitter(42, 58)) * 6.0
    stage.set_spot(look_at(origin, target), spot)
    stage.set_sky(sky)
