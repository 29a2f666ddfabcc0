"""What an autoencoder keeps of held-out pictures, and what its latents and its decoder cost."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from ..models.vae import VAE
from .metrics import edge_strength, psnr
from .texture import Textured, kept

Array = np.ndarray
BATCH = 32
# The latents' bits are searched for on this many pictures.
CODED = 64
# dB that coding the latents may cost.
CODING_LOSS = 0.1
STEPS_PER_OCTAVE = 2


@torch.no_grad()
def encoded(vae: VAE, pictures: Tensor, device: torch.device) -> Tensor:
    """Latents [n, C, h, w] of pictures [n, 3, H, W] in [−1,1]."""
    parts = []
    for x in pictures.split(BATCH):
        with torch.autocast(device.type, torch.bfloat16):
            parts.append(vae.encoder(x.to(device)).float().cpu())
    return torch.cat(parts)


@torch.no_grad()
def decoded(vae: VAE, latents: Tensor, device: torch.device) -> Array:
    """Bytes [n, H, W, 3] of latents [n, C, h, w]."""
    parts = []
    for z in latents.split(BATCH):
        with torch.autocast(device.type, torch.bfloat16):
            y = vae.decoder(z.to(device))
        parts.append(in_bytes(y.float()))
    return np.concatenate(parts)


def in_bytes(pictures: Tensor) -> Array:
    """[n, H, W, 3] as a viewer sees them, of [n, 3, H, W] in [−1,1]."""
    return ((pictures.clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).cpu().numpy()


def similarity(a: Array, b: Array) -> Array:
    """dB for each pair of pictures [n, H, W, 3] of bytes."""
    return np.array([psnr(x, y) for x, y in zip(a, b)])


def quality(vae: VAE, pictures: Tensor, device: torch.device) -> Array:
    """dB for each of the pictures [n, 3, H, W] in [−1,1], decoded again."""
    return similarity(decoded(vae, encoded(vae, pictures, device), device), in_bytes(pictures))


def grid(output: Array, target: Array, scale: int) -> float:
    """How much more the error [n, H, W, 3] jumps between the cells of scale² pixels than inside them; 1 is no grid."""
    error = (output.astype(np.float32) - target).mean(-1)
    ratios = []
    for axis in (1, 2):
        jumps = np.abs(np.diff(error, axis=axis)).mean((0, 3 - axis))
        border = np.arange(1, len(jumps) + 1) % scale == 0
        ratios.append(jumps[border].mean() / max(jumps[~border].mean(), 1e-6))
    return float(np.mean(ratios))


def _entropy(symbols: Array) -> float:
    """Bits of all symbols under their own frequencies."""
    counts = np.unique(symbols, return_counts=True)[1]
    return float(-(counts * np.log2(counts / counts.sum())).sum())


def coded_bits(levels: Array) -> float:
    """Bits a picture of quantised latents [n, C, h, w]: order 0 of each channel, as it is or as the difference to its left
    neighbour, whichever is less. An entropy coder comes near it; a table is not counted."""
    total = 0.0
    for channel in np.moveaxis(levels, 1, 0):
        differences = channel.copy()
        differences[..., 1:] -= channel[..., :-1]
        total += min(_entropy(channel), _entropy(differences))
    return total / len(levels)


def latent_cost(
    vae: VAE, latents: Tensor, deviation: Tensor, pictures: Array, device: torch.device
) -> dict[str, float]:
    """Bytes of a picture's latent at the coarsest uniform step, in standard deviations, that costs CODING_LOSS; nothing where
    even the finest costs more."""
    whole = similarity(decoded(vae, latents, device), pictures).mean()
    spread = deviation[:, None, None]
    found: dict[str, float] = {}
    step = 2.0**-6
    while True:
        levels = (latents / (spread * step)).round()
        if similarity(decoded(vae, levels * spread * step, device), pictures).mean() < whole - CODING_LOSS:
            return found
        found = {"bytesWithin0.1dB": round(coded_bits(levels.numpy().astype(np.int64)) / 8, 1)}
        step *= 2 ** (1 / STEPS_PER_OCTAVE)


def texture(vae: VAE, of: Textured | None, device: torch.device) -> dict[str, float]:
    """Share of its texture that each surface keeps when it is encoded and decoded; nothing where there are no pictures."""
    if of is None:
        return {}
    return kept(decoded(vae, encoded(vae, of.pictures, device), device), in_bytes(of.pictures), of)


def autoencoder_figures(
    vae: VAE, deviation: Tensor, pictures: Tensor, device: torch.device, surfaces: Textured | None = None
) -> dict[str, Any]:
    """Figures of an autoencoder on held-out pictures [n, 3, H, W] in [−1,1], and of textures on `surfaces`.

    `edges`: edge strength of the decoded picture as a share of the original's, the median. `colourShift`: the largest mean
    difference of a channel, in bytes. `decoderMACsPerPixel`: multiply-accumulates of the decoder. `texture …`: share of local
    detail that a surface keeps. `bytesWithin0.1dB`: of the latent, when its coding may cost so much.
    """
    target = in_bytes(pictures)
    latents = encoded(vae, pictures, device)
    output = decoded(vae, latents, device)
    likeness = similarity(output, target)
    edges = [edge_strength(o) / max(edge_strength(t), 1e-3) for o, t in zip(output, target)]
    shift = np.abs((output.astype(np.float64) - target).mean((0, 1, 2))).max()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        vae.decoder(latents[:1].to(device))
    return {
        "psnr": float(likeness.mean()),
        "p10": float(np.quantile(likeness, 0.1)),
        "min": float(likeness.min()),
        "pictures": len(pictures),
        "edges": round(float(np.median(edges)), 4),
        "colourShift": round(float(shift), 3),
        "grid": round(grid(output, target, vae.decoder.scale), 3),
        "decoderMACsPerPixel": counter.get_total_flops() / 2 / pictures[0, 0].numel(),
        **{f"texture {surface}": share for surface, share in texture(vae, surfaces, device).items()},
    } | latent_cost(vae, latents[:CODED], deviation, target[:CODED], device)
