"""Procedural texture maps in linear RGB, [size, size, 3] float32."""

from __future__ import annotations

import numpy as np

Array = np.ndarray
Rng = np.random.Generator
SIZE = 256


def noise(rng: Rng, exponent: float, stretch: float = 1.0, size: int = SIZE) -> Array:
    """Tileable noise with a power-law spectrum, zero mean and unit variance; `stretch` draws it out along x."""
    fy = np.fft.fftfreq(size)[:, None]
    fx = np.fft.fftfreq(size)[None, :] * stretch
    f = np.sqrt(fx**2 + fy**2)
    f[0, 0] = 1.0
    field = np.fft.ifft2(np.fft.fft2(rng.standard_normal((size, size))) * f**-exponent).real
    field -= field.mean()
    return field / field.std()


def mix(a: Array, b: Array, t: Array) -> Array:
    t = np.clip(t, 0, 1)[..., None]
    return (np.asarray(a) * (1 - t) + np.asarray(b) * t).astype(np.float32)


def wood(rng: Rng, dark: bool, planks: int = 0) -> Array:
    light_c, dark_c = (
        ((0.5, 0.27, 0.115), (0.27, 0.12, 0.042)) if not dark else ((0.15, 0.065, 0.028), (0.05, 0.02, 0.009))
    )
    y = np.arange(SIZE)[:, None] / SIZE
    rings = 0.5 + 0.5 * np.sin(2 * np.pi * (6 * y + 0.55 * noise(rng, 1.9, 7.0)))
    t = 0.35 * rings + 0.18 * noise(rng, 0.9, 16.0) + 0.25
    image = mix(light_c, dark_c, t)
    if planks:
        index = np.floor(y * planks).astype(int)[:, 0]
        shade = rng.uniform(0.75, 1.15, planks)[index]
        shift = rng.integers(0, SIZE, planks)[index]
        image = image[np.arange(SIZE)[:, None], (np.arange(SIZE)[None, :] + shift[:, None]) % SIZE]
        gap = np.abs((y * planks) % 1 - 0.0) < planks * 1.6 / SIZE
        image = image * shade[:, None, None] * np.where(gap, 0.35, 1.0)[..., None]
    return image.astype(np.float32)


def marble(rng: Rng, dark: bool = False) -> Array:
    base = 0.18 * noise(rng, 1.6)
    warp = noise(rng, 1.7)
    vein = np.exp(-((np.abs(warp) / 0.09) ** 1.2)) * np.clip(0.6 + 0.5 * noise(rng, 1.5), 0, 1)
    fine = np.exp(-((np.abs(noise(rng, 1.5)) / 0.04) ** 1.2)) * 0.35
    ground, ink = (
        ((0.78, 0.77, 0.75), (0.24, 0.24, 0.26)) if not dark else ((0.025, 0.027, 0.03), (0.6, 0.58, 0.55))
    )
    return mix(ground, ink, vein + fine + np.clip(base, -0.05, 0.12))


def concrete(rng: Rng) -> Array:
    t = 0.5 + 0.16 * noise(rng, 1.2) + 0.1 * noise(rng, 0.3)
    return mix((0.36, 0.36, 0.35), (0.2, 0.2, 0.2), t)


def linen(rng: Rng) -> Array:
    x = np.arange(SIZE)
    weave = 0.5 + 0.25 * np.sin(x * 2 * np.pi / 8)[None, :] + 0.25 * np.sin(x * 2 * np.pi / 8)[:, None]
    t = weave * 0.55 + 0.16 * noise(rng, 0.6, 8) + 0.16 * noise(rng, 0.6, 1 / 8)
    return mix((0.68, 0.6, 0.48), (0.42, 0.35, 0.26), t)


def plain(color: tuple[float, float, float]) -> Array:
    return np.broadcast_to(np.asarray(color, np.float32), (SIZE, SIZE, 3)).copy()
