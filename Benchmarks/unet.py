"""The U-Net of Stable Diffusion 1.x in plain PyTorch, parameters named as in the diffusers checkpoints.

    python Benchmarks/unet.py     # what the tests of Sources/Models/Networks/UNet.swift expect of small ones
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SD1 = dict(channels=4, widths=(320, 640, 1280, 1280), attends=(True, True, True, False), heads=8, groups=32, text=768)
# What a software device can do in a second: every kind of layer, at 16×16 latents and 9 words.
SMALL = dict(channels=4, widths=(32, 64), attends=(True, False), heads=2, groups=8, text=24)


def sinusoids(time: Tensor, width: int) -> Tensor:
    """[batch, width] of times [batch]: cosines, then sines."""
    half = width // 2
    frequency = 10_000.0 ** (-torch.arange(half, device=time.device, dtype=torch.float32) / half)
    angle = time.float()[:, None] * frequency
    return torch.cat([angle.cos(), angle.sin()], -1)


class TimeEmbedding(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear_1, self.linear_2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, 4 * width)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear_2(F.silu(self.linear_1(x)))


class Residual(nn.Module):
    def __init__(self, inputs: int, width: int, time: int, groups: int) -> None:
        super().__init__()
        self.norm1, self.conv1 = nn.GroupNorm(groups, inputs), nn.Conv2d(inputs, width, 3, padding=1)
        self.time_emb_proj = nn.Linear(time, width)
        self.norm2, self.conv2 = nn.GroupNorm(groups, width), nn.Conv2d(width, width, 3, padding=1)
        self.conv_shortcut = nn.Conv2d(inputs, width, 1) if inputs != width else None

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        h = self.conv1(F.silu(self.norm1(x))) + self.time_emb_proj(time)[:, :, None, None]
        h = self.conv2(F.silu(self.norm2(h)))
        return (x if self.conv_shortcut is None else self.conv_shortcut(x)) + h


class Attention(nn.Module):
    def __init__(self, width: int, source: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.to_q = nn.Linear(width, width, bias=False)
        self.to_k, self.to_v = nn.Linear(source, width, bias=False), nn.Linear(source, width, bias=False)
        self.to_out = nn.ModuleList([nn.Linear(width, width)])

    def forward(self, x: Tensor, source: Tensor) -> Tensor:
        q, k, v = (
            y.unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for y in (self.to_q(x), self.to_k(source), self.to_v(source))
        )
        return self.to_out[0](F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


class GatedUnit(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.proj = nn.Linear(width, 8 * width)

    def forward(self, x: Tensor) -> Tensor:
        value, gate = self.proj(x).chunk(2, -1)
        return value * F.gelu(gate)


class FeedForward(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.net = nn.ModuleList([GatedUnit(width), nn.Identity(), nn.Linear(4 * width, width)])

    def forward(self, x: Tensor) -> Tensor:
        return self.net[2](self.net[0](x))


class Block(nn.Module):
    def __init__(self, width: int, text: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.attn1 = nn.LayerNorm(width), Attention(width, width, heads)
        self.norm2, self.attn2 = nn.LayerNorm(width), Attention(width, text, heads)
        self.norm3, self.ff = nn.LayerNorm(width), FeedForward(width)

    def forward(self, x: Tensor, tokens: Tensor) -> Tensor:
        h = self.norm1(x)
        x = x + self.attn1(h, h)
        x = x + self.attn2(self.norm2(x), tokens)
        return x + self.ff(self.norm3(x))


class Transformer(nn.Module):
    def __init__(self, width: int, text: int, heads: int, groups: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(groups, width, eps=1e-6)
        self.proj_in, self.proj_out = nn.Conv2d(width, width, 1), nn.Conv2d(width, width, 1)
        self.transformer_blocks = nn.ModuleList([Block(width, text, heads)])

    def forward(self, x: Tensor, tokens: Tensor) -> Tensor:
        size = x.shape[2:]
        h = self.proj_in(self.norm(x)).permute(0, 2, 3, 1).flatten(1, 2)
        h = self.transformer_blocks[0](h, tokens)
        return x + self.proj_out(h.unflatten(1, size).permute(0, 3, 1, 2))


class Sampler(nn.Module):
    def __init__(self, width: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, stride, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x if self.conv.stride[0] == 2 else F.interpolate(x, scale_factor=2.0, mode="nearest"))


class Stage(nn.Module):
    def __init__(self, resnets: list[Residual], attentions: list[Transformer]) -> None:
        super().__init__()
        self.resnets, self.attentions = nn.ModuleList(resnets), nn.ModuleList(attentions)

    def step(self, index: int, x: Tensor, time: Tensor, tokens: Tensor) -> Tensor:
        x = self.resnets[index](x, time)
        return self.attentions[index](x, tokens) if index < len(self.attentions) else x


class UNet(nn.Module):
    def __init__(
        self,
        channels: int,
        widths: tuple[int, ...],
        attends: tuple[bool, ...],
        heads: int,
        groups: int,
        text: int,
        blocks: int = 2,
    ) -> None:
        super().__init__()
        time = 4 * widths[0]

        def stage(inputs: list[int], width: int, attends: bool) -> Stage:
            residuals = [Residual(count, width, time, groups) for count in inputs]
            return Stage(residuals, [Transformer(width, text, heads, groups) for _ in inputs] if attends else [])

        self.time_embedding = TimeEmbedding(widths[0])
        self.conv_in = nn.Conv2d(channels, widths[0], 3, padding=1)
        self.down_blocks, self.up_blocks = nn.ModuleList(), nn.ModuleList()
        last, skips = widths[0], [widths[0]]
        for index, (width, attending) in enumerate(zip(widths, attends, strict=True)):
            self.down_blocks.append(stage([last] + (blocks - 1) * [width], width, attending))
            skips += blocks * [width]
            last = width
            if index + 1 < len(widths):
                self.down_blocks[-1].downsamplers = nn.ModuleList([Sampler(width, 2)])
                skips.append(width)
        self.mid_block = Stage(
            [Residual(last, last, time, groups) for _ in range(2)], [Transformer(last, text, heads, groups)]
        )
        for index, (width, attending) in enumerate(zip(widths[::-1], attends[::-1], strict=True)):
            before = [last] + blocks * [width]
            self.up_blocks.append(stage([count + skips.pop() for count in before], width, attending))
            last = width
            if index + 1 < len(widths):
                self.up_blocks[-1].upsamplers = nn.ModuleList([Sampler(width, 1)])
        self.conv_norm_out = nn.GroupNorm(groups, last)
        self.conv_out = nn.Conv2d(last, channels, 3, padding=1)

    def forward(self, x: Tensor, time: Tensor, tokens: Tensor) -> Tensor:
        """x [batch, C, H, W], time [batch] in training steps, tokens [batch, word, width] → as x."""
        embedded = sinusoids(time, self.conv_in.out_channels).to(x.dtype)
        time = F.silu(self.time_embedding(embedded))
        x = self.conv_in(x)
        skips = [x]
        for stage in self.down_blocks:
            for index in range(len(stage.resnets)):
                x = stage.step(index, x, time, tokens)
                skips.append(x)
            if hasattr(stage, "downsamplers"):
                x = stage.downsamplers[0](x)
                skips.append(x)
        for index in range(2):
            x = self.mid_block.step(index, x, time, tokens)
        for stage in self.up_blocks:
            for index in range(len(stage.resnets)):
                x = stage.step(index, torch.cat([x, skips.pop()], 1), time, tokens)
            if hasattr(stage, "upsamplers"):
                x = stage.upsamplers[0](x)
        return self.conv_out(F.silu(self.conv_norm_out(x)))


def main() -> None:
    from tensors import fill, given

    torch.set_num_threads(1)
    with torch.device("meta"):
        print("parameters of SD 1.x:", sum(p.numel() for p in UNet(**SD1).parameters()))
    model = fill(UNet(**SMALL).double().eval())
    inputs = given("latent", 1, 16, 16, 4).permute(0, 3, 1, 2), given("time", 1), given("tokens", 1, 9, 24)
    with torch.inference_mode():
        result = model(*(x.double() for x in inputs)).permute(0, 2, 3, 1).flatten()
    print("mean square:", float(result.pow(2).mean()))
    print("every 64th:", [round(float(x), 7) for x in result[::64]])


if __name__ == "__main__":
    main()
