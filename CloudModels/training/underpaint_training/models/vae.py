"""Convolutional 8× autoencoder. Every layer's result is independent of the crop size (no group norm)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class PixelNorm(nn.Module):
    """RMS norm over the channels of each pixel, [batch, channel, H, W]."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        scale = torch.rsqrt(x.float().pow(2).mean(1, keepdim=True) + 1e-6)
        return x * scale.to(x.dtype) * self.weight[:, None, None].to(x.dtype)


def conv(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, stride, 1)


class ResBlock(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1 = PixelNorm(width)
        self.conv1 = conv(width, width)
        self.norm2 = PixelNorm(width)
        self.conv2 = conv(width, width)
        nn.init.zeros_(self.conv2.weight)
        nn.init.zeros_(self.conv2.bias)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv2(F.silu(self.norm2(self.conv1(F.silu(self.norm1(x))))))


def stage(width: int, blocks: int) -> nn.ModuleList:
    return nn.ModuleList(ResBlock(width) for _ in range(blocks))


class Encoder(nn.Module):
    """Pixels [batch, 3, H, W] in [−1,1] to latents [batch, C, H/8, W/8]."""

    def __init__(self, channels: int, widths: tuple[int, ...], blocks: int) -> None:
        super().__init__()
        a, b, c = widths
        self.conv_in = conv(12, a)
        self.stage0, self.stage1, self.stage2 = stage(a, blocks), stage(b, blocks), stage(c, blocks)
        self.down1, self.down2 = conv(a, b, 2), conv(b, c, 2)
        self.norm_out = PixelNorm(c)
        self.conv_out = conv(c, channels)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv_in(F.pixel_unshuffle(x, 2))
        for block in self.stage0:
            x = block(x)
        x = self.down1(x)
        for block in self.stage1:
            x = block(x)
        x = self.down2(x)
        for block in self.stage2:
            x = block(x)
        return self.conv_out(F.silu(self.norm_out(x)))


class Decoder(nn.Module):
    """Latents [batch, C, h, w] to pixels [batch, 3, 8h, 8w], not clamped."""

    def __init__(self, channels: int, widths: tuple[int, ...], blocks: int) -> None:
        super().__init__()
        a, b, c = widths
        self.conv_in = conv(channels, a)
        self.stage0, self.stage1, self.stage2 = stage(a, blocks), stage(b, blocks), stage(c, blocks)
        self.up1, self.up2 = conv(a, b), conv(b, c)
        self.norm_out = PixelNorm(c)
        self.conv_out = conv(c, 12)

    def forward(self, z: Tensor) -> Tensor:
        x = self.conv_in(z)
        for block in self.stage0:
            x = block(x)
        x = self.up1(F.interpolate(x, scale_factor=2, mode="nearest"))
        for block in self.stage1:
            x = block(x)
        x = self.up2(F.interpolate(x, scale_factor=2, mode="nearest"))
        for block in self.stage2:
            x = block(x)
        return F.pixel_shuffle(self.conv_out(F.silu(self.norm_out(x))), 2)


class VAE(nn.Module):
    def __init__(
        self, channels: int, encoder_widths: tuple[int, ...], decoder_widths: tuple[int, ...], blocks: int
    ) -> None:
        super().__init__()
        self.encoder = Encoder(channels, encoder_widths, blocks)
        self.decoder = Decoder(channels, decoder_widths, blocks)

    def forward(self, x: Tensor) -> Tensor:
        return self.decoder(self.encoder(x))
