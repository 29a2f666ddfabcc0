"""Several pictures from one rendering: light adds up, and the colour of a matte thing multiplies.

A backdrop also throws its colour on itself and on what stands on it. That is put in as two numbers, fitted on eight
scenes; `check.py` measures how near the whole comes to rendering anew.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .grammar import COLORS, MATERIALS, SURFACES, TINTS, Fields

Array = np.ndarray
Rng = np.random.Generator

# Lights whose lamps differ in little but colour, and how far to the side the lamp may stand to be called so.
RELIGHT = {
    "soft window light": ("cool blue light", (0.0, 85.0)),
    "cool blue light": ("soft window light", (50.0, 180.0)),
    "warm evening light": ("dramatic side light", (70.0, 180.0)),
    "dramatic side light": ("warm evening light", (0.0, 95.0)),
}
# Light that a backdrop gets from itself, as a share of its albedo; light that comes from below, as a share of what the
# backdrop reflects.
INTERREFLECTION = 0.2
BOUNCE = 1.2
# Darker things show their gloss, which must not be multiplied; even a matte red does in its green and blue.
DARKEST = 0.05


@dataclass(frozen=True)
class Base:
    """What a scene was set up with: colours of matte object and seamless backdrop (None for others), how far the lamp
    stands to the side in degrees, and the radiance of the sky [3]."""

    fields: Fields
    object_color: Array | None
    backdrop_color: Array | None
    side: float
    sky: Array


@dataclass(frozen=True)
class Layers:
    """Denoised linear radiance [h,w,3] by lamps and by sky, albedo [h,w,3], and shares [h,w] of the pixels that see the
    recolourable part and the backdrop; `below` [h,w] is how far surfaces face down, 0 to 1."""

    lamps: Array
    sky: Array
    albedo: Array
    main: Array
    backdrop: Array
    below: Array

    @property
    def radiance(self) -> Array:
        return self.lamps + self.sky


@dataclass(frozen=True)
class Variation:
    fields: Fields
    radiance: Array
    albedo: Array


def recolored(share: Array, old: Array, new: Array) -> Array:
    """Factor [h,w,3] that turns the old colour into the new one where the share is one."""
    return 1 + share[..., None] * (new / old - 1)


def relit(layers: Layers, old: Array, new: Array) -> Array:
    """Factor [h,w,3] of the light, not of the albedo, where a backdrop turns from the old colour into the new one."""
    backdrop = layers.backdrop[..., None]
    itself = (1 - INTERREFLECTION * old) / (1 - INTERREFLECTION * new)
    others = 1 + BOUNCE * layers.below[..., None] * (new - old)
    return backdrop * itself + (1 - backdrop) * np.clip(others, 0.3, 3)


def seamless_like(surface: str) -> list[str]:
    """The seamless backdrops that differ from this one in colour alone, itself included."""
    roughness = SURFACES[surface].roughness
    return [n for n, s in SURFACES.items() if not s.texture and s.roughness == roughness]


def changeable(color: Array | None) -> bool:
    """Whether a colour is bright enough in all channels to be multiplied into another."""
    return color is not None and float(color.min()) >= DARKEST


def varied(base: Base, layers: Layers, rng: Rng) -> Variation | None:
    """A picture with another object colour, backdrop or light, each where the scene allows it; None where nothing
    changes."""
    fields = base.fields
    factor, light_factor = np.ones((1, 1, 3)), np.ones((1, 1, 3))
    if changeable(base.object_color) and rng.random() < 0.8:
        color = list(COLORS)[rng.integers(len(COLORS))]
        new = np.clip(np.asarray(COLORS[color]) * rng.uniform(0.88, 1.1), 0, 1)
        factor = factor * recolored(layers.main, base.object_color, new)
        fields = replace(fields, color=color)
    # Metal mirrors the backdrop.
    if MATERIALS[fields.material].metallic < 0.5 and changeable(base.backdrop_color) and rng.random() < 0.8:
        names = seamless_like(fields.surface)
        surface = names[rng.integers(len(names))]
        new = np.clip(np.asarray(SURFACES[surface].color) * rng.uniform(0.93, 1.05), 0, 1)
        factor = factor * recolored(layers.backdrop, base.backdrop_color, new)
        light_factor = relit(layers, base.backdrop_color, new)
        fields = replace(fields, surface=surface)
    lamp_tint, sky_tint = np.ones(3), np.ones(3)
    if fields.light in RELIGHT and rng.random() < 0.6:
        light, (low, high) = RELIGHT[fields.light]
        if low <= base.side <= high:
            tint = TINTS[light]
            lamp_tint = np.asarray(tint.lamps) / np.asarray(TINTS[fields.light].lamps)
            sky_tint = np.asarray(tint.sky) * rng.uniform(*tint.sky_level) / base.sky
            fields = replace(fields, light=light)
    if fields == base.fields:
        return None
    radiance = (layers.lamps * lamp_tint + layers.sky * sky_tint) * factor * light_factor
    return Variation(fields, radiance, layers.albedo * factor)
