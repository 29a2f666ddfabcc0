"""What students are distilled from: states of the verifier's own trajectories, stored with the velocities that came with
them, and noised pictures with a fresh evaluation of the verifier, which cost three times as much."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from .files import restore, save
from .latents import LatentStore
from .models.dit import DiT
from .parallel import Group
from .recipe import DistillationRecipe, Recipe
from .sampling import Painter
from .train_verifier import noised, sample_times


# Share of a caption's fields that are left out.
DROP_FIELD = 0.12


@dataclass
class Sample:
    """Inputs and targets of a batch, on the device that trains; the captions are token ids."""

    x: Tensor
    t: Tensor
    ids: Tensor
    scale: Tensor
    velocity: Tensor


def joined(a: Sample, b: Sample) -> Sample:
    return Sample(
        *(torch.cat([getattr(a, k), getattr(b, k)]) for k in ("x", "t", "ids", "scale", "velocity"))
    )


def scales(recipe: Recipe, count: int, generator: torch.Generator) -> Tensor:
    """Guidance scales: the default for half of the samples, the whole range for the others."""
    low, high = recipe.flow.guidance_minimum, recipe.flow.guidance_maximum
    spread = low + (high - low) * torch.rand(count, generator=generator, device=generator.device)
    usual = torch.rand(count, generator=generator, device=generator.device) < 0.5
    return torch.where(usual, torch.full_like(spread, recipe.flow.guidance), spread)


def counts_of_sizes(
    recipe: Recipe, store: LatentStore, brush: Painter, total: int
) -> list[tuple[tuple[int, int], int]]:
    """Each size of picture that there are latents of, and its part of the total by its share of the shards."""
    sizes = [tuple(s) for s in recipe.data.sizes]
    return [
        (size, max(1, total * sizes.count(size) // len(sizes)))
        for size in recipe.data.distinct_sizes
        if brush.shape_of(size)[:2] in store.sizes
    ]


class Trajectories:
    """States [n, steps, H, W, C] of the verifier with the velocity at each, and what they were drawn for; one part for
    every size of picture, as large as its share of the shards."""

    def __init__(
        self,
        recipe: Recipe,
        student: DistillationRecipe,
        store: LatentStore,
        brush: Painter,
        verifier: DiT,
        path: Path,
        key: str,
        group: Group,
    ) -> None:
        kept = restore(path)
        if kept is None or kept["key"] != key:
            kept = {"key": key, "parts": self._draw(recipe, student, store, brush, verifier, group)}
            save(kept, path)
        self.parts = [{k: v.to(brush.device) for k, v in part.items()} for part in kept["parts"]]
        counts = np.array([len(p["ids"]) for p in self.parts])
        self.shares = counts / counts.sum()
        self.times = brush.times()[:-1]

    @staticmethod
    @torch.no_grad()
    def _draw(
        recipe: Recipe,
        student: DistillationRecipe,
        store: LatentStore,
        brush: Painter,
        verifier: DiT,
        group: Group,
    ) -> list[dict[str, Tensor]]:
        r = student
        rng = np.random.default_rng((r.seed, group.rank))
        generator = torch.Generator().manual_seed(10 * r.seed + group.rank)
        result = []
        for size, total in counts_of_sizes(recipe, store, brush, r.trajectories // group.size):
            shape = brush.shape_of(size)
            parts: dict[str, list[Tensor]] = {"states": [], "velocities": [], "ids": [], "scales": []}
            for start in range(0, total, 32):
                count = min(32, total - start)
                chosen = rng.integers(0, len(store.fields), count)
                prompts = [store.wording(i, False, rng, DROP_FIELD) for i in chosen]
                w = scales(recipe, count, generator).to(brush.device)
                velocity = brush.prompted(verifier, prompts, w)
                x, times = torch.randn(count, *shape, generator=generator).to(brush.device), brush.times()
                states, velocities = [], []
                for t, s in zip(times[:-1], times[1:]):
                    v = velocity(x, t.expand(count))
                    states.append(x.half().cpu())
                    velocities.append(v.half().cpu())
                    x = x + (s - t) * v
                parts["states"].append(torch.stack(states, 1))
                parts["velocities"].append(torch.stack(velocities, 1))
                parts["ids"].append(brush.tokenizer.batch(prompts))
                parts["scales"].append(w.cpu())
                print(f"trajectories of {size[0]}×{size[1]}: {start + count} of {total}", flush=True)
            result.append({k: torch.cat(v) for k, v in parts.items()})
        return result

    def batch(self, rng: np.random.Generator, count: int) -> Sample:
        part = self.parts[rng.choice(len(self.parts), p=self.shares)]
        states = part["states"]
        i = torch.from_numpy(rng.integers(0, len(states), count)).to(states.device)
        n = torch.from_numpy(rng.integers(0, states.shape[1], count)).to(states.device)
        return Sample(
            states[i, n].float(), self.times[n], part["ids"][i], part["scales"][i], part["velocities"][i, n].float()
        )

    def moved(self, velocity: Tensor) -> None:
        """What is stored stays where it is."""


class NoisedPictures:
    """Noised training pictures with the guided verifier's velocity, evaluated afresh."""

    def __init__(
        self,
        recipe: Recipe,
        store: LatentStore,
        brush: Painter,
        verifier: DiT,
        drop_all: float,
        generator: torch.Generator,
    ) -> None:
        self.recipe, self.store, self.brush, self.verifier = recipe, store, brush, verifier
        self.drop_all, self.generator = drop_all, generator

    @torch.no_grad()
    def batch(self, rng: np.random.Generator, count: int, size: tuple[int, ...]) -> Sample:
        """Of pictures whose latents have this height and width.

        Guidance has nothing to extrapolate without a caption: the target is then the same at every scale.
        """
        b = self.store.batch(rng, count, DROP_FIELD, self.drop_all, 1.0, size)
        t = sample_times(count, self.generator)
        w = scales(self.recipe, count, self.generator)
        x, _ = noised(b.latents, t, self.generator)
        ids = self.brush.tokenizer.batch(b.captions).to(self.brush.device)
        return Sample(x, t, ids, w, self.brush.velocity(self.verifier, ids, w)(x, t))
