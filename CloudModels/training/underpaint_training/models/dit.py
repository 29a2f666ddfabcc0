"""The denoiser: a small diffusion transformer with shared modulation (PixArt), joint text keys and 2-D rotary positions."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

EMBEDDING = 256


def timestep_embedding(value: Tensor) -> Tensor:
    """Sinusoids [batch, 256] of a scalar per row: cosines, then sines."""
    half = EMBEDDING // 2
    frequency = torch.exp(
        -torch.arange(half, device=value.device, dtype=torch.float32) / half * 9.210340371976184
    )
    angle = value.float()[:, None] * frequency
    return torch.cat([angle.cos(), angle.sin()], -1)


def centred(
    height: int, width: int, device: torch.device | None = None, spacing: float = 1.0
) -> tuple[Tensor, Tensor]:
    """Token coordinates (y, x), each [token], measured from the middle of the grid; neighbours lie `spacing` apart."""
    y = torch.arange(height, device=device, dtype=torch.float32) + 0.5 - height / 2
    x = torch.arange(width, device=device, dtype=torch.float32) + 0.5 - width / 2
    return spacing * y.repeat_interleave(width), spacing * x.repeat(height)


def position_embedding(
    height: int, width: int, channels: int, device: torch.device | None = None, spacing: float = 1.0
) -> Tensor:
    """Fixed sinusoids [token, channels]: half of the channels for y, half for x."""
    quarter = channels // 4
    frequency = 100.0 ** (-torch.arange(quarter, device=device, dtype=torch.float32) / quarter)
    parts = []
    for p in centred(height, width, device, spacing):
        angle = p[:, None] * frequency
        parts += [angle.sin(), angle.cos()]
    return torch.cat(parts, -1)


def rotary_angles(
    height: int, width: int, head: int, device: torch.device | None = None, spacing: float = 1.0
) -> Tensor:
    """Angles [token, head/2]: the first half of the pairs by y, the second by x."""
    pairs = head // 4
    frequency = 100.0 ** (-torch.arange(pairs, device=device, dtype=torch.float32) / pairs)
    y, x = centred(height, width, device, spacing)
    return torch.cat([y[:, None] * frequency, x[:, None] * frequency], -1)


def rotate(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Rotates x [batch, head, token, D]; in each half of D the pairs are (j, j + D/4)."""
    a, b, c, d = x.chunk(4, -1)
    cy, cx = cosine.chunk(2, -1)
    sy, sx = sine.chunk(2, -1)
    return torch.cat([a * cy - b * sy, b * cy + a * sy, c * cx - d * sx, d * cx + c * sx], -1)


def patchify(x: Tensor, patch: int) -> Tensor:
    """[batch, H, W, C] to [batch, token, patch·patch·C], flattened as (py, px, c)."""
    b, h, w, c = x.shape
    x = x.reshape(b, h // patch, patch, w // patch, patch, c).permute(0, 1, 3, 2, 4, 5)
    return x.reshape(b, (h // patch) * (w // patch), patch * patch * c)


def unpatchify(x: Tensor, patch: int, height: int, width: int) -> Tensor:
    """Inverse of `patchify`; height and width are those of the latent."""
    b, c = x.shape[0], x.shape[-1] // (patch * patch)
    x = x.reshape(b, height // patch, width // patch, patch, patch, c).permute(0, 1, 3, 2, 4, 5)
    return x.reshape(b, height, width, c)


class RMSNorm(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        scale = torch.rsqrt(x.float().pow(2).mean(-1, keepdim=True) + 1e-6)
        return (x * scale.to(x.dtype)) * self.weight.to(x.dtype)


class MLPEmbedding(nn.Module):
    """Linear, SiLU, linear on a timestep embedding."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(EMBEDDING, width)
        self.fc2 = nn.Linear(width, width)

    def forward(self, value: Tensor) -> Tensor:
        return self.fc2(F.silu(self.fc1(timestep_embedding(value))))


def modulated(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    return F.layer_norm(x, x.shape[-1:], eps=1e-6) * (1 + scale) + shift


class Block(nn.Module):
    def __init__(self, width: int, heads: int, text_width: int) -> None:
        super().__init__()
        self.heads = heads
        self.table = nn.Parameter(torch.zeros(6, width))
        self.qkv = nn.Linear(width, 3 * width)
        self.text_kv = nn.Linear(text_width, 2 * width)
        self.q_norm = RMSNorm(width // heads)
        self.k_norm = RMSNorm(width // heads)
        self.proj = nn.Linear(width, width)
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, x: Tensor, text: Tensor, modulation: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
        """x [batch, token, width], text [batch, word, text width], modulation [batch, 6, width]."""
        b, n, d = x.shape
        head = d // self.heads
        shift1, scale1, gate1, shift2, scale2, gate2 = (modulation + self.table)[:, :, None].unbind(1)
        q, k, v = (
            self.qkv(modulated(x, shift1, scale1)).view(b, n, 3, self.heads, head).permute(2, 0, 3, 1, 4)
        )
        kt, vt = self.text_kv(text).view(b, text.shape[1], 2, self.heads, head).permute(2, 0, 3, 1, 4)
        q = rotate(self.q_norm(q), cosine, sine)
        k = rotate(self.k_norm(k), cosine, sine)
        k, v = torch.cat([k, self.k_norm(kt)], 2), torch.cat([v, vt], 2)
        attended = F.scaled_dot_product_attention(q.to(v.dtype), k.to(v.dtype), v)
        x = x + gate1 * self.proj(attended.transpose(1, 2).reshape(b, n, d))
        return x + gate2 * self.fc2(F.gelu(self.fc1(modulated(x, shift2, scale2)), approximate="tanh"))


class DiT(nn.Module):
    """Velocity prediction; with `guidance_embedding` it takes the guidance scale as an input."""

    # Units of the positions from one token to the next.
    spacing = 1.0

    def __init__(
        self,
        width: int,
        heads: int,
        layers: int,
        patch: int,
        channels: int,
        text_width: int,
        guidance_embedding: bool,
    ) -> None:
        super().__init__()
        self.width, self.heads, self.patch, self.channels = width, heads, patch, channels
        self.patch_embed = nn.Linear(patch * patch * channels, width)
        self.t_embed = MLPEmbedding(width)
        self.pooled_embed = nn.Linear(text_width, width)
        self.g_embed = MLPEmbedding(width) if guidance_embedding else None
        self.modulation = nn.Linear(width, 6 * width)
        self.blocks = nn.ModuleList(Block(width, heads, text_width) for _ in range(layers))
        self.final_modulation = nn.Linear(width, 2 * width)
        self.final_proj = nn.Linear(width, patch * patch * channels)
        for zero in (self.modulation, self.final_modulation, self.final_proj):
            nn.init.zeros_(zero.weight)
            nn.init.zeros_(zero.bias)

    def forward(
        self, x: Tensor, t: Tensor, text: Tensor, pooled: Tensor, guidance: Tensor | None = None
    ) -> Tensor:
        """x [batch, H, W, C], t [batch], text [batch, word, width], pooled [batch, width], guidance [batch]."""
        last = self.last_tokens(x, t, text, pooled, guidance)
        return unpatchify(self.final_proj(last), self.patch, *x.shape[1:3])

    def last_tokens(
        self, x: Tensor, t: Tensor, text: Tensor, pooled: Tensor, guidance: Tensor | None = None
    ) -> Tensor:
        """What the final layer reads, [batch, token, width]; arguments as those of `forward`."""
        gh, gw = x.shape[1] // self.patch, x.shape[2] // self.patch
        c = self.t_embed(1000 * t) + self.pooled_embed(pooled)
        if self.g_embed is not None:
            if guidance is None:
                raise ValueError("this model takes the guidance scale as an input")
            c = c + self.g_embed(100 * guidance)
        c = F.silu(c)
        modulation = self.modulation(c).view(-1, 6, self.width)
        angles = rotary_angles(gh, gw, self.width // self.heads, x.device, self.spacing)
        cosine, sine = angles.cos(), angles.sin()
        places = position_embedding(gh, gw, self.width, x.device, self.spacing)
        tokens = self.patch_embed(patchify(x, self.patch)) + places
        for block in self.blocks:
            tokens = block(tokens, text, modulation, cosine, sine)
        shift, scale = self.final_modulation(c)[:, None].chunk(2, -1)
        return modulated(tokens, shift, scale)
