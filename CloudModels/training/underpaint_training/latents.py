"""Latents of all rendered pictures, both mirror images, encoded once by the frozen autoencoder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from .captions import caption, mirrored
from .data.grammar import Fields
from .models.vae import VAE
from .parallel import Group
from .pictures import decode, fields, new_shards, shards
from .recipe import Recipe
from .train_vae import STATISTICS, build, fingerprint, latents_folder
from .training import restore

WEAKEST = 0.4


class MissingStageError(RuntimeError):
    """An earlier stage has not been run."""


@dataclass(frozen=True)
class FrozenVAE:
    """The averaged autoencoder and a name that changes with its weights."""

    vae: VAE
    name: str
    psnr: float
    # Of the latents that the denoisers were trained on; None where those of the first shards count.
    statistics: dict[str, list[float]] | None


def load_vae(recipe: Recipe, checkpoints: Path) -> FrozenVAE:
    state = restore(checkpoints / "vae.pt")
    if state is None:
        raise MissingStageError(f"no vae.pt in {checkpoints}: run the stage 'vae' first")
    vae = build(recipe.vae).to(memory_format=torch.channels_last)
    # A checkpoint from the middle of training has no rotated latents yet.
    vae.load_state_dict(state.get("frozen", state["average"]))
    name = fingerprint(vae)
    vae = vae.to(recipe.device).eval().requires_grad_(False)
    return FrozenVAE(vae, name, float(state["psnr"]), state.get("statistics"))


@torch.no_grad()
def encode(vae: VAE, pixels: np.ndarray) -> np.ndarray:
    """Pixels [n, H, W, 3] bytes to latents [n, 2, H/f, W/f, C] float16: as they are, and mirrored."""
    parts = []
    device = next(vae.parameters()).device
    for chunk in np.array_split(pixels, max(1, len(pixels) // 32)):
        x = torch.from_numpy(np.stack([chunk, chunk[:, :, ::-1]], 1).reshape(-1, *chunk.shape[1:]))
        x = (x.permute(0, 3, 1, 2).float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)
        with torch.autocast(device.type, torch.bfloat16):
            z = vae.encoder(x.to(device)).cpu()
        parts.append(
            z.float().permute(0, 2, 3, 1).reshape(len(chunk), 2, *z.shape[2:], z.shape[1]).half().numpy()
        )
    return np.concatenate(parts)


def _keep(latents: np.ndarray, path: Path) -> None:
    temporary = path.with_suffix(".partial.npy")
    np.save(temporary, latents)
    temporary.rename(path)


def encode_share(recipe: Recipe, data: Path, checkpoints: Path, split: str, group: Group) -> None:
    """Encodes this process's share of the shards that have no latents yet."""
    frozen = load_vae(recipe, checkpoints)
    cache = latents_folder(checkpoints, frozen.name)
    cache.mkdir(parents=True, exist_ok=True)
    for number, shard in enumerate(shards(data, split)):
        path = cache / f"{shard.stem}.npy"
        if number % group.size == group.rank and not path.exists():
            _keep(encode(frozen.vae, decode(shard)[0]), path)


def coarse(masks: np.ndarray, scale: int) -> np.ndarray:
    """Object masks [n, H, W] to the share of object pixels in each latent cell of scale² pixels, [n, 2, H/scale,
    W/scale], both mirror images."""
    n, h, w = masks.shape
    cells = (masks > 0).reshape(n, h // scale, scale, w // scale, scale).mean((2, 4), dtype=np.float32)
    return np.stack([cells, cells[:, :, ::-1]], 1)


@dataclass(frozen=True)
class Batch:
    latents: Tensor  # [batch, H, W, C], normalised
    weights: Tensor  # [batch, H, W, 1], mean 1 over the batch
    captions: list[str]


class LatentStore:
    """All latents of a split in memory; `refresh` encodes shards that have appeared since."""

    def __init__(self, recipe: Recipe, data: Path, checkpoints: Path, split: str = "train") -> None:
        self.frozen = load_vae(recipe, checkpoints)
        self.data, self.split = data, split
        self.cache = latents_folder(checkpoints, self.frozen.name)
        self.cache.mkdir(parents=True, exist_ok=True)
        self.known: set[str] = set()
        self.latents: list[np.ndarray] = []
        self.cells: list[np.ndarray] = []
        self.fields: list[Fields] = []
        self.refresh()
        if not self.fields:
            raise MissingStageError(f"no {split} shards in {data}: run the stage 'data' first")
        self.mean, self.deviation = self._statistics()

    def refresh(self, encode_missing: bool = True) -> int:
        """Takes in new shards, or only those already encoded; returns how many pictures there are."""
        for shard in new_shards(self.data, self.split, self.known):
            path = self.cache / f"{shard.stem}.npy"
            if not path.exists() and not encode_missing:
                self.known.discard(shard.stem)
                continue
            pixels, masks = decode(shard)
            if not path.exists():
                _keep(encode(self.frozen.vae, pixels), path)
            self.latents.append(np.load(path))
            self.cells.append(coarse(masks, self.frozen.vae.decoder.scale))
            self.fields += fields(shard)
        self.offsets = np.cumsum([0] + [len(z) for z in self.latents])
        # Pictures of one size go into one batch.
        self.sizes: dict[tuple[int, ...], list[int]] = {}
        for shard, z in enumerate(self.latents):
            numbers = range(self.offsets[shard], self.offsets[shard + 1])
            self.sizes.setdefault(z.shape[2:4], []).extend(numbers)
        return len(self.fields)

    def _statistics(self) -> tuple[np.ndarray, np.ndarray]:
        """Per-channel mean and deviation, fixed by the first shards that were there."""
        path = self.cache / STATISTICS
        if self.frozen.statistics:
            path.write_text(json.dumps(self.frozen.statistics, indent=2))
        elif not path.exists():
            z = np.concatenate([z.reshape(-1, z.shape[-1]) for z in self.latents]).astype(np.float64)
            deviation = z.std(0)
            # Weak channels keep a smaller variance than one: they hold detail that hardly shows.
            deviation = np.maximum(deviation, WEAKEST * np.sqrt(np.mean(deviation**2)))
            value = {"mean": z.mean(0).tolist(), "deviation": deviation.tolist()}
            path.write_text(json.dumps(value, indent=2))
        value = json.loads(path.read_text())
        return np.array(value["mean"], np.float32), np.array(value["deviation"], np.float32)

    def item(self, index: int, mirror: int) -> tuple[np.ndarray, np.ndarray, Fields]:
        """Normalised latent [H, W, C], object share [H, W], fields."""
        shard = int(np.searchsorted(self.offsets, index, side="right")) - 1
        local = index - self.offsets[shard]
        z = (self.latents[shard][local, mirror].astype(np.float32) - self.mean) / self.deviation
        f = self.fields[index]
        return z, self.cells[shard][local, mirror], mirrored(f) if mirror else f

    @property
    def usual(self) -> list[int]:
        """The pictures of the size that most have."""
        return max(self.sizes.values(), key=len)

    def batch(
        self,
        rng: np.random.Generator,
        count: int,
        drop_field: float,
        drop_all: float,
        object_weight: float,
        size: tuple[int, ...] | None = None,
    ) -> Batch:
        """Pictures whose latents have this height and width; without it, of one size that is drawn by how many have
        it."""
        latents, cells, captions = [], [], []
        pictures = [self.sizes[size]] if size else list(self.sizes.values())
        share = np.array([len(p) for p in pictures], float)
        numbers = pictures[rng.choice(len(pictures), p=share / share.sum())] if len(pictures) > 1 else pictures[0]
        for index in (numbers[i] for i in rng.integers(0, len(numbers), count)):
            z, cell, f = self.item(int(index), int(rng.integers(2)))
            latents.append(z)
            cells.append(cell)
            captions.append("" if rng.random() < drop_all else caption(f, rng, drop_field))
        weights = 1 + (object_weight - 1) * torch.from_numpy(np.stack(cells))[..., None]
        return Batch(torch.from_numpy(np.stack(latents)), weights / weights.mean(), captions)
