"""Stage `critic`: the draft made a reader of prompts, on renders beside captions that are true and captions that are not."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .data.grammar import OBJECT_MATERIALS
from .distillation import load_student
from .faults import FAULTS, contradiction, possible
from .latents import LatentStore, MissingStageError
from .loop import Loop
from .models.critic import Critic
from .models.dit import DiT
from .parallel import Group
from .recipe import Recipe
from .start import fewer_blocks, take, unguided
from .train_verifier import Conditioned, compiled, load_verifier, noised, open_store
from .training import device_of, restore

REPORT_STEPS = 25
# Noise that the pictures bear in training: up to what is left in a draft at its hand-off.
TIMES = (0.05, 0.5)
# Where it is asked, and measured here.
ASKED = 0.25
HELD_OUT_SEED = 7


def build_critic(recipe: Recipe) -> Critic:
    d, c = recipe.draft, recipe.critic
    return Critic(
        d.width, d.heads, c.layers, c.patch, recipe.vae.latent_channels, recipe.text.width, c.patch / d.patch
    )


def load_critic(recipe: Recipe, checkpoints: Path, text: nn.Module) -> tuple[Critic, dict[str, Any]] | None:
    """The averaged critic and the rest of its checkpoint; None where none was trained that reads this text encoder."""
    state = restore(checkpoints / "critic.pt")
    if state is None:
        return None
    if state.get("text") != fingerprint(text):
        print("critic.pt reads the words of another verifier: left out", flush=True)
        return None
    model = build_critic(recipe)
    model.load_state_dict(state["average"])
    return model.to(recipe.device).eval().requires_grad_(False), state


def fingerprint(text: nn.Module) -> str:
    """Of a text encoder as it is exported, in bfloat16."""
    weights = text.state_dict()
    parts = (weights[k].bfloat16().contiguous().cpu().view(torch.uint8).numpy().tobytes() for k in sorted(weights))
    return hashlib.sha256(b"".join(parts)).hexdigest()[:16]


def begin(critic: Critic, draft: DiT) -> list[str]:
    """Takes over what fits of the draft; returns the names of what begins anew."""
    weights = fewer_blocks(unguided(draft), tuple(range(len(critic.blocks))))
    return take(critic, weights, patches=(draft.patch, critic.patch, draft.channels))


def ranked(right: np.ndarray, wrong: np.ndarray) -> float:
    """The share of pairs in which a right one has the larger value (the area under the ROC curve)."""
    order = np.concatenate([right, wrong]).argsort().argsort() + 1
    return float((order[: len(right)].sum() - len(right) * (len(right) + 1) / 2) / (len(right) * len(wrong)))


@torch.no_grad()
def measured(critic: Critic, reader: Conditioned, store: LatentStore, objects: list[str]) -> dict[str, Any]:
    """How well true captions of held-out pictures are told from captions with each fault: `ranked`, and the share of true
    ones that a threshold rejects which catches 95 % of the fault."""
    rng = np.random.default_rng(HELD_OUT_SEED)
    generator = torch.Generator(store.device).manual_seed(HELD_OUT_SEED)
    right: dict[str, list[float]] = {fault: [] for fault in FAULTS}
    wrong: dict[str, list[float]] = {fault: [] for fault in FAULTS}
    for same in store.sizes.values():
        for start in range(0, len(same.numbers), 64):
            part = slice(start, start + 64)
            found = [store.fields[n] for n in same.numbers[part]]
            t = torch.full((len(found),), ASKED, device=store.device)
            x, _ = noised(store.normalised(same.latents[part, 0]), t, generator)
            for fault in FAULTS:
                rows = [i for i, f in enumerate(found) if possible(f, fault, objects)]
                if not rows:
                    continue
                said = [contradiction(found[i], objects, rng, 0.0, fault) for i in rows]
                for values, captions in ((right, [s[1] for s in said]), (wrong, [s[2] for s in said])):
                    text, pooled = reader.text(reader.tokenizer.batch(captions).to(store.device))
                    with torch.autocast(store.device.type, torch.bfloat16):
                        values[fault] += critic(x[rows], t[rows], text, pooled).float().tolist()
    result: dict[str, Any] = {"pictures": len(store.fields)}
    for fault in FAULTS:
        if not right[fault]:
            continue  # no picture can have it
        a, b = np.array(right[fault]), np.array(wrong[fault])
        rejected = float((a <= np.quantile(b, 0.95)).mean())
        result[fault] = {"ranked": round(ranked(a, b), 4), "rejected": round(rejected, 4)}
    return result


def train(recipe: Recipe, data: Path, checkpoints: Path, minutes: float | None, group: Group) -> None:
    r = recipe.critic
    if (r.minutes if minutes is None else minutes) <= 0:
        raise MissingStageError(f'the recipe {recipe.name} gives its critic no minutes: say "critic": {{"minutes": …}}')
    device = device_of(recipe.device, group.size)
    torch.manual_seed(r.seed)
    store = open_store(recipe, data, checkpoints, group)
    held_out = LatentStore(recipe, data, checkpoints, "holdout") if group.leads else None
    reader, _ = load_verifier(recipe, checkpoints)
    draft, _ = load_student(recipe, checkpoints, "draft")
    path = checkpoints / "critic.pt"
    state = restore(path)
    if state and (state["vae"] not in (None, store.frozen.name) or state.get("text") != fingerprint(reader.text)):
        raise MissingStageError("critic.pt was trained on another latent or other words: move it away to start anew")
    critic = build_critic(recipe).to(device)
    if not state:
        print(f"began as the draft; anew: {', '.join(begin(critic, draft))}", flush=True)
    loop = Loop(r, critic, [critic], state, path, group)
    rng, generator = loop.rng(), loop.generator(device)
    odds = compiled(critic, r.compile)
    objects = list(recipe.data.objects or OBJECT_MATERIALS)

    def loss() -> Tensor:
        # Both captions of a picture in one batch: half of it are pictures.
        latents, shown = store.described(rng, loop.share // 2)
        said = [contradiction(f, objects, rng, r.drop_field) for f in shown]
        t = TIMES[0] + (TIMES[1] - TIMES[0]) * torch.rand(len(said), generator=generator, device=device)
        x, _ = noised(latents, t, generator)
        ids = reader.tokenizer.batch([s[1] for s in said] + [s[2] for s in said]).to(device)
        with torch.no_grad():
            text, pooled = reader.text(ids)
        with torch.autocast(device.type, torch.bfloat16):
            value = odds(x.repeat(2, 1, 1, 1), t.repeat(2), text, pooled)
        truth = (torch.arange(2 * len(said), device=device) < len(said)).float()
        return F.binary_cross_entropy_with_logits(value.float(), truth)

    def kept() -> dict[str, Any]:
        assert held_out is not None
        average: Any = loop.average.module
        return {
            "pictures": len(store.fields),
            "vae": store.frozen.name,
            "text": fingerprint(reader.text),
            "patch": r.patch,
            "device": recipe.device,
            "heldOut": measured(average, reader, held_out, objects),
        }

    loop.run(
        loss,
        minutes,
        facts=lambda: {"pictures": len(store.fields)},
        kept=kept,
        logged=("heldOut",),
        report_steps=REPORT_STEPS,
        refresh=lambda: store.refresh(encode_missing=group.leads),
        decay=0.5,
    )
