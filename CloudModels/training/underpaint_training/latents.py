"""Latents of all rendered pictures, both mirror images, encoded once by the frozen autoencoder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .captions import caption, mirrored
from .data.grammar import Fields
from .files import restore, save_array, save_text
from .models.vae import VAE
from .parallel import Group
from .pictures import cache_name, decode, fields, new_shards, shards
from .recipe import Recipe
from .train_vae import STATISTICS, build, fingerprint, latents_folder

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


def _tuned_decoder(vae: VAE, name: str, path: Path) -> dict[str, Any]:
    """Takes over what the stage `decoder` made for this encoder, and returns its checkpoint; empty where there is none."""
    state = restore(path)
    if state is None:
        return {}
    if state["vae"] != name:
        print(f"{path} belongs to another autoencoder: ignored", flush=True)
        return {}
    vae.decoder.load_state_dict(state["average"])
    return state


def load_vae(recipe: Recipe, checkpoints: Path, tuned: bool = True) -> FrozenVAE:
    """The autoencoder of the stage `vae`, with the decoder of the stage `decoder` where that was run, unless not `tuned`."""
    state = restore(checkpoints / "vae.pt")
    if state is None:
        raise MissingStageError(f"no vae.pt in {checkpoints}: run the stage 'vae' first")
    vae = build(recipe.vae).to(memory_format=torch.channels_last)
    # A checkpoint from the middle of training has no rotated latents yet.
    vae.load_state_dict(state.get("frozen", state["average"]))
    name = fingerprint(vae)
    decoder = _tuned_decoder(vae, name, checkpoints / "decoder.pt") if tuned else {}
    vae = vae.to(recipe.device).eval().requires_grad_(False)
    return FrozenVAE(vae, name, float((decoder or state)["psnr"]), state.get("statistics"))


@torch.no_grad()
def encode(vae: VAE, pixels: np.ndarray) -> np.ndarray:
    """Pixels [n, H, W, 3] bytes to latents [n, 2, H/f, W/f, C] float16: as they are, and mirrored."""
    parts = []
    device = next(vae.parameters()).device
    for chunk in np.array_split(pixels, max(1, len(pixels) // 32)):
        x = torch.from_numpy(chunk).to(device)
        x = torch.stack([x, x.flip(2)], 1).flatten(0, 1).permute(0, 3, 1, 2)
        x = (x.float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)
        with torch.autocast(device.type, torch.bfloat16):
            z = vae.encoder(x)
        z = z.float().permute(0, 2, 3, 1).half()
        parts.append(z.reshape(len(chunk), 2, *z.shape[1:]).cpu().numpy())
    return np.concatenate(parts)


def encode_share(recipe: Recipe, data: Path, checkpoints: Path, split: str, group: Group) -> None:
    """Encodes this process's share of the shards that have no latents yet."""
    frozen = load_vae(recipe, checkpoints)
    cache = latents_folder(checkpoints, frozen.name)
    cache.mkdir(parents=True, exist_ok=True)
    for number, shard in enumerate(shards(data, split)):
        path = cache / f"{cache_name(shard)}.npy"
        if number % group.size == group.rank and not path.exists():
            save_array(encode(frozen.vae, decode(shard)[0]), path)


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


@dataclass(frozen=True)
class SameSize:
    """All pictures of one size, on the device that learns from them: a batch has one size."""

    latents: Tensor  # [picture, mirror, H, W, C] float16
    cells: Tensor  # [picture, mirror, H, W] shares of object pixels
    numbers: list[int]  # of the pictures, in `LatentStore.fields`

    @staticmethod
    def joined(parts: list[SameSize]) -> SameSize:
        latents, cells = torch.cat([p.latents for p in parts]), torch.cat([p.cells for p in parts])
        return SameSize(latents, cells, [n for p in parts for n in p.numbers])


class LatentStore:
    """All latents of a split in memory; `refresh` encodes shards that have appeared since."""

    def __init__(self, recipe: Recipe, data: Path, checkpoints: Path, split: str = "train") -> None:
        self.frozen = load_vae(recipe, checkpoints)
        self.device = next(self.frozen.vae.parameters()).device
        self.data, self.split = data, split
        self.cache = latents_folder(checkpoints, self.frozen.name)
        self.cache.mkdir(parents=True, exist_ok=True)
        self.known: set[str] = set()
        self.sizes: dict[tuple[int, ...], SameSize] = {}
        self.fields: list[Fields] = []
        self.refresh()
        if not self.fields:
            raise MissingStageError(f"no {split} shards in {data}: run the stage 'data' first")
        self.mean, self.deviation = self._statistics()
        self._scale = [torch.from_numpy(v).to(self.device) for v in (self.mean, self.deviation)]

    def refresh(self, encode_missing: bool = True) -> int:
        """Takes in new shards, or only those already encoded; returns how many pictures there are."""
        parts = {size: [same] for size, same in self.sizes.items()}
        for shard in new_shards(self.data, self.split, self.known):
            path = self.cache / f"{cache_name(shard)}.npy"
            if not path.exists() and not encode_missing:
                self.known.discard(shard.stem)
                continue
            pixels, masks = decode(shard)
            if not path.exists():
                save_array(encode(self.frozen.vae, pixels), path)
            latents = torch.from_numpy(np.load(path)).to(self.device)
            cells = torch.from_numpy(coarse(masks, self.frozen.vae.decoder.scale)).to(self.device)
            found = fields(shard)
            numbers = list(range(len(self.fields), len(self.fields) + len(found)))
            self.fields += found
            parts.setdefault(tuple(latents.shape[2:4]), []).append(SameSize(latents, cells, numbers))
        self.sizes = {size: SameSize.joined(p) if len(p) > 1 else p[0] for size, p in parts.items()}
        return len(self.fields)

    def _statistics(self) -> tuple[np.ndarray, np.ndarray]:
        """Per-channel mean and deviation, fixed by the first shards that were there."""
        path = self.cache / STATISTICS
        if self.frozen.statistics:
            text = json.dumps(self.frozen.statistics, indent=2)
            # Other processes read it meanwhile.
            if not path.exists() or path.read_text() != text:
                save_text(text, path)
        elif not path.exists():
            z = torch.cat([s.latents.flatten(0, -2) for s in self.sizes.values()]).double()
            deviation = z.std(0, correction=0)
            # Weak channels keep a smaller variance than one: they hold detail that hardly shows.
            deviation = deviation.clamp(min=WEAKEST * float(deviation.pow(2).mean().sqrt()))
            value = {"mean": z.mean(0).tolist(), "deviation": deviation.tolist()}
            save_text(json.dumps(value, indent=2), path)
        value = json.loads(path.read_text())
        return np.array(value["mean"], np.float32), np.array(value["deviation"], np.float32)

    def wording(self, number: int, mirror: bool, rng: np.random.Generator, drop: float) -> str:
        """A caption of this picture or of its mirror image."""
        f = self.fields[number]
        return caption(mirrored(f) if mirror else f, rng, drop)

    def normalised(self, latents: Tensor) -> Tensor:
        mean, deviation = self._scale
        return (latents.float() - mean) / deviation

    @property
    def usual(self) -> SameSize:
        """The pictures of the size that most have."""
        return max(self.sizes.values(), key=lambda s: len(s.numbers))

    def draw(
        self, rng: np.random.Generator, count: int, size: tuple[int, ...] | None = None
    ) -> tuple[SameSize, np.ndarray, np.ndarray]:
        """Pictures whose latents have this height and width; without it, of one size that is drawn by how many have
        it. Their rows and mirror images, each [count]."""
        pictures = [self.sizes[size]] if size else list(self.sizes.values())
        share = np.array([len(p.numbers) for p in pictures], float)
        same = pictures[rng.choice(len(pictures), p=share / share.sum())] if len(pictures) > 1 else pictures[0]
        return same, rng.integers(0, len(same.numbers), count), rng.integers(0, 2, count)

    def batch(
        self,
        rng: np.random.Generator,
        count: int,
        drop_field: float,
        drop_all: float,
        object_weight: float,
        size: tuple[int, ...] | None = None,
    ) -> Batch:
        """Of one size, as `draw` has it."""
        same, rows, mirrors = self.draw(rng, count, size)
        captions = [
            "" if rng.random() < drop_all else self.wording(same.numbers[row], bool(mirror), rng, drop_field)
            for row, mirror in zip(rows, mirrors)
        ]
        where = torch.from_numpy(rows).to(self.device), torch.from_numpy(mirrors).to(self.device)
        weights = 1 + (object_weight - 1) * same.cells[where][..., None]
        return Batch(self.normalised(same.latents[where]), weights / weights.mean(), captions)

    def described(
        self, rng: np.random.Generator, count: int, size: tuple[int, ...] | None = None
    ) -> tuple[Tensor, list[Fields]]:
        """Normalised latents [count, H, W, C] of one size, as `draw` has it, and what they show."""
        same, rows, mirrors = self.draw(rng, count, size)
        found = [self.fields[same.numbers[row]] for row in rows]
        where = torch.from_numpy(rows).to(self.device), torch.from_numpy(mirrors).to(self.device)
        return (
            self.normalised(same.latents[where]),
            [mirrored(f) if mirror else f for f, mirror in zip(found, mirrors)],
        )
