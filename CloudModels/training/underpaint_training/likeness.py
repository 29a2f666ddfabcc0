"""Pairs of pictures that likeness is learnt from: of the same prompt and noise the draft's, as it is handed over, and
the verifier's, after the same steps.

Both take the draft's schedule up to the hand-off, and so are equally finished. Otherwise the critic tells them by what
is not yet done, not by their shapes.

Who tells them apart as well as can be knows the ratio of their densities (arXiv 1810.06758). Under more and more noise
a draft's faults drown until no one can: from there on the verifier may take it up as if it were one of its own.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from .captions import worded
from .data.grammar import OBJECT_MATERIALS
from .data.splits import sample_group
from .files import fingerprint, restore, save
from .latents import MissingStageError
from .models.dit import DiT
from .models.flow import noised_state
from .models.text import Tokenizer
from .parallel import Group
from .recipe import FlowRecipe, Recipe, RecipeError
from .sampling import Painter

# The share of the draft's steps after which it is handed over, as it is where nobody says more.
HANDOFF = 0.8
# Share of a prompt's fields that are left out: as short as users write.
DROP_FIELD = 0.35
# What a batch draws, prompts and noise, depends on its number alone.
FIRST_SEED = 1_000_000
# Every eleventh batch is measured on and never learnt from; no multiple of a cycle of sizes, so that all of them are there.
FOLD = 11
# Noise that the pictures bear in training: from below the hand-off to where little of a picture is left.
TIMES = (0.3, 0.95)


def held_out(number: int) -> bool:
    """Whether the batch of this number is for measuring."""
    return number % FOLD == FOLD - 1


def batches(recipe: Recipe) -> int:
    """How many batches make up the recipe's pairs, the last one whole."""
    r = recipe.critic
    count = -(-r.pairs // r.pair_batch)
    if count < FOLD:
        raise RecipeError(
            f"{recipe.name}: {r.pairs} pairs are too few to hold some out: give the critic "
            f"{FOLD * r.pair_batch} or none"
        )
    return count


def prompts(recipe: Recipe, number: int) -> list[str]:
    """Captions of a batch, of random fields."""
    rng = np.random.default_rng(FIRST_SEED + number)
    objects = list(recipe.data.objects or OBJECT_MATERIALS)
    fields = [sample_group(rng, None, objects) for _ in range(recipe.critic.pair_batch)]
    return [worded(f, rng, DROP_FIELD).text for f in fields]


def noise_of(number: int, shape: tuple[int, ...]) -> Tensor:
    """What both pictures of each pair of a batch began as, [pair, H, W, C]."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(FIRST_SEED + number))


def _without(x: Tensor, noise: Tensor, t: float) -> Tensor:
    """What a state at t holds besides the noise that it began as: what is sent of a draft."""
    return (x - t * noise) / (1 - t)


def key_of(flow: FlowRecipe, text: nn.Module, verifier: DiT, draft: DiT) -> str:
    """Pairs of one key are of the same weights and steps, which for both are the draft's."""
    names = {"text": text, "verifier": verifier, "draft": draft}
    weights = [f"{name} {fingerprint(module)}" for name, module in names.items()]
    steps = f"both after {HANDOFF:g} of {flow.draft_steps or flow.steps} steps"
    return f"{', '.join(weights)}; {steps}, shift {flow.shift:g}, guidance {flow.guidance:g}"


@torch.no_grad()
def drawn(recipe: Recipe, number: int, brush: Painter, verifier: DiT, draft: DiT) -> dict[str, Any]:
    """The pairs of one batch: the draft's state at the hand-off and the verifier's after the same steps, both without
    the noise that they began as. On steps of its own, or at its end, the verifier's would be more or less finished."""
    captions = prompts(recipe, number)
    shape = (len(captions), *brush.shape_of(recipe.data.size_of(number)))
    z = noise_of(number, shape).to(brush.device)
    times = brush.draft_times()
    steps = len(times) - 1
    step = min(max(round(HANDOFF * steps), 1), steps - 1)

    def at_handoff(model: DiT) -> Tensor:
        state = brush.states(brush.prompted(model, captions), z, times[: step + 1])[-1]
        return _without(state, z, float(times[step])).half().cpu()

    pictures = {"drafted": at_handoff(draft), "own": at_handoff(verifier)}
    return {"number": number, "captions": captions} | pictures


def _path(folder: Path, number: int) -> Path:
    return folder / f"pair-{number:04d}.pt"


def read(folder: Path, numbers: Iterable[int], key: str) -> Iterator[dict[str, Any]]:
    """The batches of these numbers; refuses those of another key."""
    for number in numbers:
        path = _path(folder, number)
        batch = restore(path)
        if batch is None:
            raise MissingStageError(f"{path} is missing: run the stage 'critic' again, which draws it")
        if batch.get("key") != key:
            raise MissingStageError(
                f"{path} holds pairs of other weights or steps ({batch.get('key')}) than those at hand ({key}): move "
                f"{folder} away to draw them anew"
            )
        yield batch


def draw_missing(
    recipe: Recipe, brush: Painter, verifier: DiT, draft: DiT, key: str, folder: Path, group: Group
) -> None:
    """Draws the batches that are not there yet, each process its share; returns when all are."""
    numbers = range(batches(recipe))
    missing = [n for n in numbers if not _path(folder, n).exists()]
    # Before an hour is spent on what would not go with them.
    for _ in read(folder, sorted(set(numbers) - set(missing)), key):
        pass
    # No process writes before all have seen what is missing, so that their shares are of one list.
    group.barrier()
    share = missing[group.rank :: group.size]
    for done, number in enumerate(share, 1):
        begun = time.time()
        save(drawn(recipe, number, brush, verifier, draft) | {"key": key}, _path(folder, number))
        print(f"pairs: batch {number}, {done} of {len(share)}, {time.time() - begun:.1f} s", flush=True)
    group.barrier()


def mirrorable(caption: str) -> bool:
    """Whether the caption is true of the mirror image too."""
    return not {"left", "right"} & set(Tokenizer.split(caption))


@dataclass(frozen=True)
class SameShape:
    """All pairs of one shape of latent, on the device that learns from them."""

    captions: list[str]
    mirrorable: Tensor  # [pair] bool
    drafted: Tensor  # [pair, H, W, C] float16, as the next
    own: Tensor
    noise: Tensor  # [pair, H, W, C]

    @staticmethod
    def joined(found: list[dict[str, Any]], device: torch.device) -> SameShape:
        captions = [c for b in found for c in b["captions"]]
        pictures = [torch.cat([b[k] for b in found]).to(device) for k in ("drafted", "own")]
        begun = torch.cat([noise_of(b["number"], tuple(b["own"].shape)) for b in found]).to(device)
        return SameShape(captions, torch.tensor([mirrorable(c) for c in captions], device=device), *pictures, begun)

    def noised(self, rows: Tensor | slice, t: Tensor, noise: Tensor) -> Tensor:
        """The verifier's pictures of these pairs at the levels t, then the draft's, [2·pair, H, W, C]."""
        return torch.cat([noised_state(x[rows].float(), noise, t) for x in (self.own, self.drafted)])


@dataclass(frozen=True)
class LikenessBatch:
    """Noised pictures: those of the first half are the verifier's, those of the second the draft's."""

    x: Tensor  # [2·pair, H, W, C]
    t: Tensor  # [2·pair]
    captions: list[str]


class Pairs:
    """Pairs in memory, by the shapes of their latents."""

    def __init__(self, found: Iterable[dict[str, Any]], device: torch.device) -> None:
        shapes: dict[tuple[int, ...], list[dict[str, Any]]] = {}
        for batch in found:
            shapes.setdefault(tuple(batch["own"].shape[1:]), []).append(batch)
        self.device = device
        self.parts = [SameShape.joined(same, device) for same in shapes.values()]
        counts = np.array([len(p.captions) for p in self.parts])
        self.count = int(counts.sum())
        self.shares = counts / self.count

    def batch(self, rng: np.random.Generator, generator: torch.Generator, count: int) -> LikenessBatch:
        """To learn from: half of the batches under the noise that the pictures began as, half under some other, and
        half of either mirrored where the captions allow it."""
        part = self.parts[rng.choice(len(self.parts), p=self.shares)]
        chosen = rng.integers(0, len(part.captions), count)
        rows = torch.from_numpy(chosen).to(self.device)
        t = TIMES[0] + (TIMES[1] - TIMES[0]) * torch.rand(count, generator=generator, device=self.device)
        begun = part.noise[rows]
        if rng.random() < 0.5:
            begun = torch.randn(begun.shape, generator=generator, device=self.device)
        x = part.noised(rows, t, begun)
        if rng.random() < 0.5:
            x = torch.where(part.mirrorable[rows].repeat(2)[:, None, None, None], x.flip(2), x)
        captions = [part.captions[i] for i in chosen]
        return LikenessBatch(x, t.repeat(2), captions + captions)

    def at(self, level: float, size: int = 32) -> Iterator[LikenessBatch]:
        """All pairs at one level under the noise that they began as, `size` of them at once."""
        for part in self.parts:
            for start in range(0, len(part.captions), size):
                rows = slice(start, start + size)
                captions = part.captions[rows]
                t = torch.full((len(captions),), level, device=self.device)
                yield LikenessBatch(part.noised(rows, t, part.noise[rows]), t.repeat(2), captions + captions)


def load_pairs(recipe: Recipe, key: str, folder: Path, measured: bool, device: torch.device) -> Pairs:
    """Those to learn from, or those held out to be `measured` on."""
    numbers = [n for n in range(batches(recipe)) if held_out(n) == measured]
    return Pairs(read(folder, numbers, key), device)
