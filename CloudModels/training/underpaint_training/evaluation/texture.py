"""How much of a surface's texture a picture keeps: the weave of linen, the grain of wood."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ..data.grammar import SURFACES
from ..pictures import decode, fields, shards

Array = np.ndarray
TEXTURED = tuple(name for name, surface in SURFACES.items() if surface.texture)
# Pictures of each surface.
EACH = 24
# Pixels around an object that are not counted: its outline, and where its shadow is sharpest.
MARGIN = 6
# Share of the windows that is not counted, those where the original varies most: the table's edge, shadows.
OUTLINES = 0.05
WINDOW = 9
# Bytes: a backdrop that varies less has no texture to keep.
PLAIN = 0.3


@dataclass(frozen=True)
class Textured:
    """Held-out pictures of one size that stand on surfaces with a texture."""

    pictures: Tensor  # [n, 3, H, W] in [−1,1]
    backdrops: Array  # [n, H, W], true where no object is near
    surfaces: list[str]


def textured(folder: Path, each: int = EACH) -> Textured | None:
    """The first held-out pictures of each surface, of the size that the first shard has; None where there are none."""
    size: tuple[int, ...] | None = None
    pixels: list[Array] = []
    masks: list[Array] = []
    surfaces: list[str] = []
    for shard in shards(folder, "holdout"):
        p, m = decode(shard)
        size = size or p.shape[1:]
        for i, f in enumerate(fields(shard) if p.shape[1:] == size else ()):
            if f.surface in TEXTURED and surfaces.count(f.surface) < each:
                pixels.append(p[i])
                masks.append(m[i])
                surfaces.append(f.surface)
    if not pixels:
        return None
    near = F.max_pool2d((torch.from_numpy(np.stack(masks)) > 0).float(), 2 * MARGIN + 1, 1, MARGIN).numpy() > 0
    pictures = torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2).float() / 127.5 - 1
    return Textured(pictures, ~near, surfaces)


def local_detail(pixels: Array) -> Array:
    """Root mean square, over windows of WINDOW² pixels, of how the luma of bytes [n, H, W, 3] differs from its blur by the
    binomial (1 4 6 4 1)²: in bytes, [n, H, W]."""
    luma = torch.from_numpy(pixels.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32))[:, None]
    kernel = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
    blurred = F.conv2d(F.pad(luma, (2, 2, 2, 2), mode="reflect"), torch.outer(kernel, kernel)[None, None])
    half = WINDOW // 2
    energy = F.pad((luma - blurred).pow(2), (half, half, half, half), mode="reflect")
    return F.avg_pool2d(energy, WINDOW, 1)[:, 0].sqrt().numpy()


def kept(output: Array, target: Array, of: Textured) -> dict[str, float]:
    """Mean local detail of the backdrops of `output` as a share of that of `target`, bytes [n, H, W, 3], by surface the
    median: 1 is all of the texture, or as much of another one."""
    found: dict[str, list[float]] = {}
    for made, true, backdrop, surface in zip(local_detail(output), local_detail(target), of.backdrops, of.surfaces):
        made, true = made[backdrop], true[backdrop]
        if not len(true) or true.mean() < PLAIN:
            continue
        counted = true <= np.quantile(true, 1 - OUTLINES)
        found.setdefault(surface, []).append(made[counted].mean() / true[counted].mean())
    return {surface: round(float(np.median(found[surface])), 3) for surface in TEXTURED if surface in found}
