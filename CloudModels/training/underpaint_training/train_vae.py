"""Stage `vae`: the autoencoder, trained on crops that are drawn by their gradient energy."""

from __future__ import annotations

import copy
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from .evaluation.autoencoder import quality
from .files import restore, save
from .loop import Loop
from .models.vae import VAE
from .parallel import Group
from .pictures import decode, new_shards, shards
from .recipe import Recipe, VAERecipe
from .start import StartError, state_of, take
from .training import device_of

STATISTICS = "statistics.json"


def build(recipe: VAERecipe) -> VAE:
    return VAE(recipe.latent_channels, recipe.encoder_widths, recipe.decoder_widths, recipe.blocks)


class Crops:
    """Random crops from all shards on disk, detailed ones more often; picks up new shards as they appear."""

    def __init__(self, folder: Path, size: int, seed: int, device: torch.device | None = None) -> None:
        self.folder, self.size, self.device = folder, size, device
        self.rng = np.random.default_rng(seed)
        self.pixels: list[np.ndarray] = []
        self.weights: list[np.ndarray] = []
        self.known: set[str] = set()
        self.refresh()

    def refresh(self) -> None:
        for shard in new_shards(self.folder, "train", self.known):
            pixels, _ = decode(shard)
            self.pixels.append(pixels)
            self.weights.append(self._energy(pixels))
        if not self.pixels:
            raise FileNotFoundError(f"no shards in {self.folder}: run the stage 'data' first")
        self.flat = np.cumsum(np.concatenate([w.ravel() for w in self.weights]), dtype=np.float64)
        self.ends = np.cumsum([w.size for w in self.weights])

    def _energy(self, pixels: np.ndarray) -> np.ndarray:
        """Square root of the mean gradient of every crop on an 8-pixel grid, [picture, row, column]."""
        grey = torch.from_numpy(pixels).to(self.device).float().mean(-1)
        gradient = torch.zeros_like(grey, dtype=torch.float64)
        gradient[:, :-1, :-1] = grey.diff(dim=1).abs()[:, :, :-1] + grey.diff(dim=2).abs()[:, :-1]
        table = F.pad(gradient, (1, 0, 1, 0)).cumsum(1).cumsum(2)
        n = self.size
        low, high = slice(None, -n, 8), slice(n, None, 8)
        sums = table[:, high, high] - table[:, low, high] - table[:, high, low] + table[:, low, low]
        return (sums / n**2 + 0.05).sqrt().float().cpu().numpy()

    def batch(self, count: int) -> Tensor:
        """[count, 3, size, size] in [−1,1], half of them mirrored."""
        picks = np.searchsorted(self.flat, self.rng.random(count) * self.flat[-1])
        picks = np.minimum(picks, len(self.flat) - 1)
        crops = np.empty((count, self.size, self.size, 3), np.uint8)
        for i, pick in enumerate(picks):
            shard = int(np.searchsorted(self.ends, pick, side="right"))
            weights = self.weights[shard]
            local = int(pick) - int(self.ends[shard]) + weights.size
            index, row, column = np.unravel_index(local, weights.shape)
            y, x = 8 * row, 8 * column
            crop = self.pixels[shard][index, y : y + self.size, x : x + self.size]
            crops[i] = crop[:, ::-1] if self.rng.random() < 0.5 else crop
        return torch.from_numpy(crops).permute(0, 3, 1, 2).float() / 127.5 - 1


def distance(output: Tensor, target: Tensor) -> Tensor:
    """L1, squared error, and L1 of the gradients."""
    d = output - target
    gradients = (d[..., 1:, :] - d[..., :-1, :]).abs().mean() + (d[..., 1:] - d[..., :-1]).abs().mean()
    return 0.5 * d.abs().mean() + 4 * d.pow(2).mean() + 0.5 * gradients


def held_out(folder: Path, count: int) -> Tensor:
    """Held-out pictures of the size that the first shard has, [n, 3, H, W] in [−1,1]."""
    found: list[np.ndarray] = []
    for shard in shards(folder, "holdout"):
        pixels, _ = decode(shard)
        if not found or pixels.shape[1:] == found[0].shape[1:]:
            found.append(pixels)
        if sum(len(p) for p in found) >= count:
            break
    if not found:
        raise FileNotFoundError(f"no held-out shards in {folder}: run the stage 'data' first")
    pixels = np.concatenate(found)[:count]
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1


@torch.no_grad()
def decorrelated(vae: VAE, pictures: Tensor) -> VAE:
    """The same autoencoder with the latent channels rotated to their principal axes, strongest first.

    Both ends are linear in the latent, and without a shift zero padding stays zero, so that nothing else changes.
    """
    vae = copy.deepcopy(vae)
    device = next(vae.parameters()).device
    z = torch.cat([vae.encoder(x.to(device)).float() for x in pictures.split(32)])
    z = z.permute(1, 0, 2, 3).flatten(1).double()
    values, axes = torch.linalg.eigh(torch.cov(z))
    rotation = axes.flip(1).T
    rotation = (rotation * rotation.sum(1, keepdim=True).sign()).float()
    out, into = vae.encoder.conv_out, vae.decoder.conv_in
    out.weight.copy_(torch.einsum("ij,jkyx->ikyx", rotation, out.weight))
    out.bias.copy_(rotation @ out.bias)
    into.weight.copy_(torch.einsum("ojyx,ij->oiyx", into.weight, rotation))
    return vae


def fingerprint(vae: VAE) -> str:
    """A name that changes with the encoder's weights."""
    weights = b"".join(p.detach().cpu().numpy().tobytes() for p in vae.encoder.parameters())
    return hashlib.sha256(weights).hexdigest()[:16]


def latents_folder(checkpoints: Path, name: str) -> Path:
    """Where the latents of the autoencoder of this fingerprint are kept."""
    return checkpoints / "latents" / name


def former_statistics(former: dict[str, Any], vae: VAE, name: str, checkpoints: Path) -> dict[str, list[float]]:
    """Of the latents that the denoisers of the recipe `name` were trained on: in its checkpoint, or beside its latents."""
    if "statistics" in former:
        return former["statistics"]
    path = latents_folder(checkpoints.parent / name, fingerprint(vae)) / STATISTICS
    if not path.exists():
        raise StartError(f"{path} is not there: run the stage 'verifier' of {name} first, which measures its latents")
    return json.loads(path.read_text())


def same_latent(former: dict[str, Any], vae: VAE) -> bool:
    """Whether the autoencoder of a checkpoint has this one's layers. One with another latent has nothing to begin with."""
    return {k: v.shape for k, v in former["average"].items()} == {k: v.shape for k, v in vae.state_dict().items()}


def train(recipe: Recipe, data: Path, checkpoints: Path, minutes: float | None, group: Group) -> None:
    r = recipe.vae
    device = device_of(recipe.device, group.size)
    torch.manual_seed(r.seed)
    vae = build(r).to(device, memory_format=torch.channels_last)
    path = checkpoints / "vae.pt"
    state = restore(path)
    # An adopted decoder stays as it is: the denoisers were trained in its latent space.
    fixed = {k: state[k] for k in ("decoderFrozen", "statistics") if k in state} if state else {}
    frozen = "decoderFrozen" in fixed
    vae.decoder.requires_grad_(not frozen)
    former = state_of(recipe.start, "vae", checkpoints) if not state and recipe.start else None
    if former and same_latent(former, vae):
        take(vae, former.get("frozen", former["average"]))
        # The denoisers that start from that recipe too know its latent space: it is neither turned nor scaled.
        fixed = {"statistics": former_statistics(former, vae, recipe.start, checkpoints)}
    elif former and not (r.minutes if minutes is None else minutes):
        raise StartError(f"{recipe.start} has an autoencoder of another shape: give the stage 'vae' minutes to train one")
    elif former:
        print(f"anew: {recipe.start} has an autoencoder of another shape", flush=True)
    loop = Loop(r, vae, [vae.encoder if frozen else vae], state, path, group)
    crops = Crops(data, r.crop, r.seed + 1000 * loop.step + group.rank, device)
    test = held_out(data, 64)

    def loss() -> Tensor:
        x = crops.batch(loop.share).to(device, memory_format=torch.channels_last)
        with torch.autocast(device.type, torch.bfloat16):
            z = vae.encoder(x)
            noisy = z + r.latent_noise * torch.randn_like(z)
            y = vae.decoder(noisy)
        return distance(y.float(), x) + 1e-4 * z.float().pow(2).mean()

    def kept() -> dict[str, Any]:
        found = quality(loop.average.module, test, device)
        figures = {"psnr": float(found.mean()), "p10": float(np.quantile(found, 0.1))}
        return {k: round(v, 2) for k, v in figures.items()} | fixed

    loop.run(
        loss,
        minutes,
        facts=lambda: {"pictures": sum(len(p) for p in crops.pixels)},
        kept=kept,
        logged=("psnr", "p10"),
        refresh=crops.refresh,
        decay=0.4,
    )
    if group.leads:
        state = restore(path) or {}
        final = loop.average.module if fixed else decorrelated(loop.average.module, test)
        save(state | {"frozen": final.state_dict()}, path)
