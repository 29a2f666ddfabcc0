"""Changes to pictures that keep their labels: what a generator does to edges and surfaces must not mislead the
classifier, and neither must a small change of framing or exposure. All of it on the device of the pictures, which is the
generator's."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def _uniform(count: int, low: float, high: float, generator: torch.Generator) -> Tensor:
    values = torch.rand(count, generator=generator, device=generator.device)
    return (low + (high - low) * values).view(-1, 1, 1, 1)


def moved(x: Tensor, mask: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Zoomed by up to 6 % and shifted by up to 2.5 % of the side: less than what tells left from centred."""
    n = len(x)
    zoom = _uniform(n, 0.94, 1.06, generator).view(-1)
    shift = 0.05 * (2 * torch.rand(n, 2, generator=generator, device=x.device) - 1)
    theta = torch.zeros(n, 2, 3, device=x.device)
    theta[:, 0, 0] = theta[:, 1, 1] = zoom
    theta[:, :, 2] = shift
    grid = F.affine_grid(theta, [n, 3, *x.shape[2:]], align_corners=False)
    x = F.grid_sample(x, grid, padding_mode="border", align_corners=False)
    return x, F.grid_sample(mask[:, None], grid, padding_mode="zeros", align_corners=False)[:, 0]


def blurred(x: Tensor, sigma: Tensor) -> Tensor:
    """Gaussian blur with a sigma in pixels for each picture, [n, 1, 1, 1]; five taps a direction."""
    s = sigma.clamp(min=0.05) ** 2
    near, far = torch.exp(-0.5 / s), torch.exp(-2 / s)
    total = 1 + 2 * near + 2 * far
    for dimension in (2, 3):
        pad = (0, 0, 2, 2) if dimension == 2 else (2, 2, 0, 0)
        p = F.pad(x, pad, mode="replicate")
        n = x.shape[dimension]
        a, b, c, d, e = (p.narrow(dimension, k, n) for k in range(5))
        x = (c + near * (b + d) + far * (a + e)) / total
    return x


def softened(x: Tensor, generator: torch.Generator) -> Tensor:
    """Blur of up to 1.3 pixels, grain, and stains of 4 and 8 pixels, each of a random strength from nothing."""
    n = len(x)
    x = blurred(x, _uniform(n, 0, 1.3, generator))
    x = x + _uniform(n, 0, 0.04, generator) * torch.randn(x.shape, generator=generator, device=x.device)
    for cell in (4, 8):
        shape = (n, 3, x.shape[2] // cell, x.shape[3] // cell)
        coarse = torch.randn(shape, generator=generator, device=x.device)
        stains = F.interpolate(coarse, size=x.shape[2:], mode="bilinear", align_corners=False)
        x = x + _uniform(n, 0, 0.06, generator) * stains
    return x


def augmented(x: Tensor, mask: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Pictures [n, 3, H, W] in [−1,1] and object masks [n, H, W]; mirror images are the caller's, as labels change."""
    x, mask = moved(x, mask, generator)
    n = len(x)
    # The order of a batch is random, so that any half will do.
    x = torch.cat([softened(x[: n // 2], generator), x[n // 2 :]])
    gain = _uniform(n, 0.93, 1.07, generator)
    tint = 1 + 0.02 * (2 * torch.rand(n, 3, 1, 1, generator=generator, device=x.device) - 1)
    return ((x + 1) * gain * tint - 1).clamp(-1, 1), mask
