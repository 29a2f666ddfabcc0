"""Patch discriminator, which judges textures; it is used in training alone."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# Differences of neighbouring pixels up to this one, 2.5 bytes, count in full: the threads of a weave differ by so little.
FAINT = 0.02


class SpectralConv(nn.Conv2d):
    """4×4 convolution whose weight is divided by its largest singular value, so that scores cannot run away (Miyato et al.
    2018, arXiv 1802.05957). Every pass in training mode takes one step of the power iteration."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__(inputs, outputs, 4, stride, 1)
        self.register_buffer("direction", F.normalize(torch.randn(outputs), dim=0))

    def forward(self, x: Tensor) -> Tensor:
        # bf16 has too few digits for a singular value.
        with torch.autocast(x.device.type, enabled=False):
            w = self.weight.flatten(1)
            with torch.no_grad():
                right = F.normalize(self.direction @ w, dim=0)
                left = F.normalize(w @ right, dim=0)
                if self.training:
                    self.direction.copy_(left)
            weight = self.weight / torch.dot(left, w @ right).clamp_min(1e-6)
        return self._conv_forward(x, weight, self.bias)


def differences(x: Tensor) -> Tensor:
    """To the right and to the lower neighbour, [batch, 6, H, W]; linear for faint ones, logarithmic for outlines."""
    right = F.pad(x[..., 1:] - x[..., :-1], (0, 1))
    lower = F.pad(x[..., 1:, :] - x[..., :-1, :], (0, 0, 0, 1))
    return torch.asinh(torch.cat([right, lower], 1) / FAINT)


class Discriminator(nn.Module):
    """Scores [batch, 1, h, w] of pictures [batch, 3, H, W] in [−1,1], high for rendered ones. With three widths each score
    sees 34×34 pixels, as in the PatchGAN of Isola et al. 2017 (arXiv 1611.07004): threads and grain, and no objects.

    Beside the picture it sees how neighbouring pixels differ: in the picture itself, and in bf16, a texture of a few bytes
    is hard to see.
    """

    def __init__(self, widths: tuple[int, ...]) -> None:
        super().__init__()
        inputs = (9, *widths[:-1])
        strides = [2] * (len(widths) - 1) + [1]
        self.layers = nn.ModuleList(SpectralConv(*layer) for layer in zip(inputs, widths, strides))
        self.conv_out = SpectralConv(widths[-1], 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.cat([x, differences(x)], 1)
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.2)
        return self.conv_out(x)
