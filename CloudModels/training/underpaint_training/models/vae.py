"""Convolutional autoencoder, 8× with three widths, 16× with four. Every layer's result is independent of the crop size (no group norm)."""

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
    """Pixels [batch, 3, H, W] in [−1,1] to latents [batch, C, H/f, W/f], f = 2 to the number of widths."""

    def __init__(self, channels: int, widths: tuple[int, ...], blocks: int) -> None:
        super().__init__()
        self.count = len(widths)
        self.conv_in = conv(12, widths[0])
        for i, width in enumerate(widths):
            if i:
                setattr(self, f"down{i}", conv(widths[i - 1], width, 2))
            setattr(self, f"stage{i}", stage(width, blocks))
        self.norm_out = PixelNorm(widths[-1])
        self.conv_out = conv(widths[-1], channels)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv_in(F.pixel_unshuffle(x, 2))
        for i in range(self.count):
            if i:
                x = getattr(self, f"down{i}")(x)
            for block in getattr(self, f"stage{i}"):
                x = block(x)
        return self.conv_out(F.silu(self.norm_out(x)))


class Decoder(nn.Module):
    """Latents [batch, C, h, w] to pixels [batch, 3, f·h, f·w], not clamped; f = 2 to the number of widths."""

    def __init__(self, channels: int, widths: tuple[int, ...], blocks: int) -> None:
        super().__init__()
        self.widths, self.blocks, self.scale = tuple(widths), blocks, 2 ** len(widths)
        self.conv_in = conv(channels, widths[0])
        for i, width in enumerate(widths):
            if i:
                setattr(self, f"up{i}", conv(widths[i - 1], width))
            setattr(self, f"stage{i}", stage(width, blocks))
        self.norm_out = PixelNorm(widths[-1])
        self.conv_out = conv(widths[-1], 12)

    def forward(self, z: Tensor) -> Tensor:
        x = self.conv_in(z)
        for i in range(len(self.widths)):
            if i:
                x = getattr(self, f"up{i}")(F.interpolate(x, scale_factor=2, mode="nearest"))
            for block in getattr(self, f"stage{i}"):
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
