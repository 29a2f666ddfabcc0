"""Stage `draft`: a small denoiser that regresses the guided verifier's velocity.

Most of its samples are states of the verifier's own trajectories, stored with the velocities that came with them; the
others are noised pictures with a fresh evaluation of the verifier, which cost three times as much.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .captions import caption
from .export import LatentStatistics
from .latents import LatentStore, MissingStageError
from .models.dit import DiT
from .parallel import Group
from .recipe import Recipe
from .sampling import Painter
from .start import state_of, take
from .train_verifier import Conditioned, compiled, load_verifier, open_store, sample_times
from .training import Average, Clock, Optimizers, device_of, restore, save, trapezoid

REPORT_STEPS = 100


@dataclass
class Sample:
    """Inputs and targets of a batch; text is already encoded."""

    x: Tensor
    t: Tensor
    ids: Tensor
    scale: Tensor
    velocity: Tensor


def build_draft(recipe: Recipe) -> DiT:
    d = recipe.draft
    return DiT(
        d.width,
        d.heads,
        d.layers,
        d.patch,
        recipe.vae.latent_channels,
        recipe.text.width,
        guidance_embedding=True,
    )


def load_draft(recipe: Recipe, checkpoints: Path) -> tuple[DiT, dict[str, Any]]:
    state = restore(checkpoints / "draft.pt")
    if state is None:
        raise MissingStageError(f"no draft.pt in {checkpoints}: run the stage 'draft' first")
    model = build_draft(recipe)
    model.load_state_dict(state["average"])
    return model.to(recipe.device).eval().requires_grad_(False), state


def painter(recipe: Recipe, store: LatentStore, model: Conditioned) -> Painter:
    latent = LatentStatistics([float(v) for v in store.mean], [float(v) for v in store.deviation])
    size = recipe.data.size_of(0)
    return Painter(model.tokenizer, model.text, store.frozen.vae.decoder, latent, recipe.flow, size)


def scales(recipe: Recipe, count: int, generator: torch.Generator) -> Tensor:
    """Guidance scales: the default for half of the samples, the whole range for the others."""
    low, high = recipe.flow.guidance_minimum, recipe.flow.guidance_maximum
    spread = low + (high - low) * torch.rand(count, generator=generator)
    usual = torch.rand(count, generator=generator) < 0.5
    return torch.where(usual, torch.full_like(spread, recipe.flow.guidance), spread)


class Trajectories:
    """States [n, steps, H, W, C] of the verifier with the velocity at each, and what they were drawn for; one part for
    every size of picture, as large as its share of the shards."""

    def __init__(
        self,
        recipe: Recipe,
        store: LatentStore,
        brush: Painter,
        verifier: DiT,
        checkpoints: Path,
        key: int,
        group: Group,
    ) -> None:
        path = checkpoints / f"trajectories-{group.rank}-of-{group.size}.pt"
        kept = restore(path)
        if kept is None or kept["key"] != key:
            kept = {"key": key, "parts": self._draw(recipe, store, brush, verifier, group)}
            save(kept, path)
        self.parts: list[dict[str, Tensor]] = kept["parts"]
        counts = np.array([len(p["ids"]) for p in self.parts])
        self.shares = counts / counts.sum()
        self.times = brush.times()[:-1].cpu()

    @staticmethod
    @torch.no_grad()
    def _draw(
        recipe: Recipe, store: LatentStore, brush: Painter, verifier: DiT, group: Group
    ) -> list[dict[str, Tensor]]:
        r = recipe.draft
        rng = np.random.default_rng((r.seed, group.rank))
        generator = torch.Generator().manual_seed(10 * r.seed + group.rank)
        result = []
        sizes = [s for s in recipe.data.distinct_sizes if brush.shape_of(s)[:2] in store.sizes]
        for size in sizes:
            same = sum(tuple(s) == size for s in recipe.data.sizes)
            total = max(1, r.trajectories // group.size * same // len(recipe.data.sizes))
            shape = brush.shape_of(size)
            parts: dict[str, list[Tensor]] = {"states": [], "velocities": [], "ids": [], "scales": []}
            for start in range(0, total, 32):
                count = min(32, total - start)
                chosen = rng.integers(0, len(store.fields), count)
                prompts = [caption(store.fields[i], rng, 0.12) for i in chosen]
                w = scales(recipe, count, generator).to(brush.device)
                velocity = brush.verifier(verifier, prompts, w)
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
        i = torch.from_numpy(rng.integers(0, len(states), count))
        n = torch.from_numpy(rng.integers(0, states.shape[1], count))
        return Sample(
            states[i, n].float(), self.times[n], part["ids"][i], part["scales"][i], part["velocities"][i, n].float()
        )


class NoisedPictures:
    """Noised training pictures with the guided verifier's velocity, evaluated afresh."""

    def __init__(
        self, recipe: Recipe, store: LatentStore, brush: Painter, verifier: DiT, generator: torch.Generator
    ) -> None:
        self.recipe, self.store, self.brush, self.verifier, self.generator = (
            recipe,
            store,
            brush,
            verifier,
            generator,
        )

    @torch.no_grad()
    def batch(self, rng: np.random.Generator, count: int, size: tuple[int, ...]) -> Sample:
        """Of pictures whose latents have this height and width."""
        b = self.store.batch(rng, count, 0.12, 0.0, 1.0, size)
        t = sample_times(count, self.generator)
        w = scales(self.recipe, count, self.generator)
        mix = t[:, None, None, None]
        x = (1 - mix) * b.latents + mix * torch.randn(b.latents.shape, generator=self.generator)
        device = self.brush.device
        velocity = self.brush.verifier(self.verifier, b.captions, w.to(device))(
            x.to(device), t.to(device)
        ).cpu()
        return Sample(x, t, self.brush.tokenizer.batch(b.captions), w, velocity)


def joined(a: Sample, b: Sample) -> Sample:
    return Sample(
        *(torch.cat([getattr(a, k), getattr(b, k)]) for k in ("x", "t", "ids", "scale", "velocity"))
    )


def train(recipe: Recipe, data: Path, checkpoints: Path, minutes: float | None, group: Group) -> None:
    r = recipe.draft
    device = device_of(recipe.device, group.size)
    torch.manual_seed(r.seed)
    store = open_store(recipe, data, checkpoints, group)
    teacher, teacher_state = load_verifier(recipe, checkpoints)
    brush = painter(recipe, store, teacher)
    path = checkpoints / "draft.pt"
    state = restore(path)
    draft = build_draft(recipe).to(device)
    average = Average(draft, r.ema)
    optimizers = Optimizers([draft], r.matrix_rate, r.rate, group)
    step, before, first = 0, 0.0, 0
    if state:
        draft.load_state_dict(state["model"])
        average.module.load_state_dict(state["average"])
        step, before = state["step"], state["seconds"]
        first = optimizers.resume(state, step)
    elif recipe.start:
        former = state_of(recipe.start, "draft", checkpoints)
        patches = (former["patch"], r.patch, recipe.vae.latent_channels)
        fresh_names = take(draft, former["average"], patches=patches)
        print(f"started from {recipe.start}; anew: {', '.join(fresh_names) or 'nothing'}", flush=True)
        average.module.load_state_dict(draft.state_dict())
    generator = torch.Generator().manual_seed(1000 * step + 10 * r.seed + group.rank)
    rng = np.random.default_rng((r.seed, step, group.rank))
    stored = Trajectories(recipe, store, brush, teacher.dit, checkpoints, teacher_state["step"], group)
    fresh = NoisedPictures(recipe, store, brush, teacher.dit, generator)
    share = r.batch // group.size
    from_stored = round(share * r.trajectory_share)
    student = compiled(draft, r.compile)
    clock = Clock(minutes or r.minutes, before)
    log = (checkpoints / "draft.jsonl").open("a")
    saved = time.time()
    losses: list[float] = []

    def checkpoint() -> None:
        save(
            {
                "model": draft.state_dict(),
                "average": average.module.state_dict(),
                "optimizers": optimizers.state(),
                "step": step,
                "seconds": clock.seconds,
                "samples": step * r.batch,
                "teacher": teacher_state["step"],
                "first": first,
                "patch": r.patch,
            },
            path,
        )

    fraction = clock.fraction
    while fraction < 1:
        s = stored.batch(rng, from_stored)
        if from_stored < share:
            s = joined(s, fresh.batch(rng, share - from_stored, tuple(s.x.shape[1:3])))
        with torch.no_grad():
            tokens, pooled = teacher.text(s.ids.to(device))
        with torch.autocast(device.type, torch.bfloat16):
            v = student(s.x.to(device), s.t.to(device), tokens, pooled, s.scale.to(device))
        loss = (v.float() - s.velocity.to(device)).pow(2).mean()
        loss.backward()
        fraction = group.average_gradients(draft.parameters(), clock.fraction)
        torch.nn.utils.clip_grad_norm_(draft.parameters(), 1.0)
        optimizers.step(trapezoid(fraction, step - first, r.warmup, decay=0.4))
        average.update(draft, step)
        losses.append(loss.item())
        step += 1
        if group.leads and step % REPORT_STEPS == 0:
            line = {
                "step": step,
                "samples": step * r.batch,
                "seconds": round(clock.seconds),
                "loss": round(float(np.mean(losses)), 4),
            }
            losses.clear()
            log.write(json.dumps(line) + "\n")
            log.flush()
            print(line, flush=True)
        if group.leads and time.time() - saved > r.checkpoint_minutes * 60:
            checkpoint()
            saved = time.time()
    if group.leads:
        checkpoint()
