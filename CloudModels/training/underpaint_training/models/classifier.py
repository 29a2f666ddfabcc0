"""Attribute classifier: a small residual network that finds the object and pools over it and over its surroundings.

It is a measuring instrument, not a part of the product. Pictures come at the size that it was trained on (`fitted`).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

PATCH = 4


class Reading(NamedTuple):
    """What the classifier says of pictures."""

    logits: dict[str, Tensor]  # attribute to [batch, class]
    features: Tensor  # [batch, feature], before the heads
    mask: Tensor  # object logits [batch, H/8, W/8]


def _conv(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)


class ResidualBlock(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1, self.norm1 = _conv(width, width), nn.BatchNorm2d(width)
        self.conv2, self.norm2 = _conv(width, width), nn.BatchNorm2d(width)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x))))))


class Down(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv, self.norm = _conv(inputs, outputs, 2), nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.norm(self.conv(x)))


def _pooled(x: Tensor, weight: Tensor) -> Tensor:
    """Mean of x [batch, channel, h, w] under weights [batch, H, W] of the same or a finer grid, [batch, channel]."""
    w = F.adaptive_avg_pool2d(weight[:, None], x.shape[2:]).to(x.dtype)
    return (x * w).sum((2, 3)) / (w.sum((2, 3)) + 1e-3)


class Classifier(nn.Module):
    """Four widths at 1/4, 1/8, 1/16 and 1/32 of the picture."""

    def __init__(self, classes: dict[str, int], widths: tuple[int, ...], features: int) -> None:
        super().__init__()
        a, b, c, d = widths
        self.conv_in, self.norm_in = _conv(3 * PATCH * PATCH, a), nn.BatchNorm2d(a)
        self.down1, self.blocks1 = Down(a, b), nn.Sequential(ResidualBlock(b), ResidualBlock(b))
        self.down2, self.block2 = Down(b, c), ResidualBlock(c)
        self.down3, self.block3 = Down(c, d), ResidualBlock(d)
        self.mask_conv_out = nn.Conv2d(b, 1, 1)
        # The whole at 1/32, the object and its surroundings at 1/8, the object at 1/16, the mask's place and area.
        pooled = d + 2 * b + c + 3
        self.norm_out = nn.BatchNorm1d(pooled)
        self.project = nn.Linear(pooled, features)
        self.heads = nn.ModuleDict({name: nn.Linear(features, n) for name, n in classes.items()})

    def forward(self, x: Tensor) -> Reading:
        """Pixels [batch, 3, H, W] in [−1,1]; the sides are multiples of 32."""
        x = F.relu(self.norm_in(self.conv_in(F.pixel_unshuffle(x, PATCH))))
        eighth = self.blocks1(self.down1(x))
        sixteenth = self.block2(self.down2(eighth))
        last = self.block3(self.down3(sixteenth))
        mask = self.mask_conv_out(eighth).float()[:, 0]
        inside = torch.sigmoid(mask)
        h, w = inside.shape[1:]
        area = inside.mean((1, 2))
        across = (inside.mean(1) * torch.linspace(-1, 1, w, device=x.device)).mean(1) / (area + 1e-3)
        down = (inside.mean(2) * torch.linspace(-1, 1, h, device=x.device)).mean(1) / (area + 1e-3)
        parts = [
            last.mean((2, 3)),
            _pooled(eighth, inside),
            _pooled(eighth, 1 - inside),
            _pooled(sixteenth, inside),
            torch.stack([area, across, down], 1).to(last.dtype),
        ]
        features = self.project(self.norm_out(torch.cat(parts, 1))).float()
        hidden = F.silu(features)
        return Reading({name: head(hidden).float() for name, head in self.heads.items()}, features, mask)
