"""Stage `critic`: the draft made a reader of prompts, on renders beside captions that are true and captions that are
not, and of likeness, on the verifier's pictures beside the draft's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .data.grammar import OBJECT_MATERIALS
from .distillation import load_served, load_student, painter
from .faults import FAULTS, contradiction, possible
from .files import fingerprint, restore
from .latents import LatentStore, MissingStageError
from .likeness import Pairs, draw_missing, key_of, load_pairs
from .loop import Loop
from .models.critic import ANSWERS, LIKENESS, PROMPT, Critic
from .models.dit import DiT
from .parallel import Group
from .recipe import Recipe
from .start import fewer_blocks, take, unguided
from .train_verifier import Conditioned, compiled, noised, open_store
from .training import device_of

REPORT_STEPS = 25
# Noise that the pictures bear in training: up to what is left in a draft at its hand-off.
TIMES = (0.05, 0.5)
# Where it is asked, and measured here.
ASKED = 0.25
# And likeness: from the hand-off to where drafts can hardly be told any more, as the check does.
LIKENESS_ASKED = (3 / 7, 0.6, 0.75, 0.85, 0.92)
HELD_OUT_SEED = 7


def answers(recipe: Recipe) -> tuple[str, ...]:
    """What the recipe's critic learns to answer."""
    return ANSWERS if recipe.critic.pairs else (PROMPT,)


def answered(state: dict[str, Any]) -> tuple[str, ...]:
    """What the critic of a checkpoint answers; those of the first ones do not say."""
    return tuple(state.get("answers", (PROMPT,)))


def build_critic(recipe: Recipe, answers: tuple[str, ...]) -> Critic:
    d, c = recipe.draft, recipe.critic
    return Critic(
        d.width, d.heads, c.layers, c.patch, recipe.vae.latent_channels, recipe.text.width, c.patch / d.patch, answers
    )


def load_critic(recipe: Recipe, checkpoints: Path, text: nn.Module) -> tuple[Critic, dict[str, Any]] | None:
    """The averaged critic and the rest of its checkpoint; None where none was trained that reads this text encoder."""
    state = restore(checkpoints / "critic.pt")
    if state is None:
        return None
    if state.get("text") != fingerprint(text):
        print("critic.pt reads the words of another verifier: left out", flush=True)
        return None
    model = build_critic(recipe, answered(state))
    model.load_state_dict(state["average"])
    return model.to(recipe.device).eval().requires_grad_(False), state


def begin(critic: Critic, draft: DiT) -> list[str]:
    """Takes over what fits of the draft; returns the names of what begins anew."""
    weights = fewer_blocks(unguided(draft), tuple(range(len(critic.blocks))))
    return take(critic, weights, patches=(draft.patch, critic.patch, draft.channels))


def grown(state: dict[str, Any], critic: Critic) -> dict[str, Any]:
    """A checkpoint of a critic of fewer answers made one of this critic: the average weights, with the new answers as
    the critic has them, and no optimiser states."""
    had = answered(state)
    weights = dict(state["average"])
    for name in ("final_proj.weight", "final_proj.bias"):
        weights[name] = critic.state_dict()[name].detach().clone().cpu()
        for row, answer in enumerate(had):
            weights[name][critic.answers.index(answer)] = state["average"][name][row]
    print(f"began as a critic of {', '.join(had)}; answers now: {', '.join(critic.answers)}", flush=True)
    kept = {k: v for k, v in state.items() if k != "optimizers"}
    return kept | {"model": weights, "average": weights, "answers": list(critic.answers)}


def continued(state: dict[str, Any], critic: Critic, budget: float) -> dict[str, Any]:
    """The checkpoint to go on from, as one of this critic's answers; refuses one of more, whose weights would be lost,
    and a budget that leaves new answers no minute."""
    had = answered(state)
    if lost := set(had) - set(critic.answers):
        raise MissingStageError(
            f"critic.pt answers {', '.join(sorted(lost))} too: give the recipe pairs, or move it away to start anew"
        )
    if had != critic.answers and state["seconds"] >= 60 * budget:
        raise MissingStageError(
            f"critic.pt has used its {budget:g} minutes up and is to learn more: give --minutes above "
            f"{state['seconds'] / 60:.1f}"
        )
    return grown(state, critic) if had != critic.answers else state


def odds(critic: Critic, reader: Conditioned, answer: str, x: Tensor, t: Tensor, captions: list[str]) -> Tensor:
    """One of the critic's answers, log odds [batch], in half precision."""
    with torch.no_grad():
        text, pooled = reader.text(reader.tokenizer.batch(captions).to(x.device))
    with torch.autocast(x.device.type, torch.bfloat16):
        return critic(x, t, text, pooled)[:, critic.answers.index(answer)].float()


def told(value: Tensor) -> Tensor:
    """The loss of log odds [2·n] of which the first half are of what is true, or the verifier's."""
    truth = (torch.arange(len(value), device=value.device) < len(value) // 2).float()
    return F.binary_cross_entropy_with_logits(value, truth)


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
                    values[fault] += odds(critic, reader, PROMPT, x[rows], t[rows], captions).tolist()
    result: dict[str, Any] = {"pictures": len(store.fields)}
    for fault in FAULTS:
        if not right[fault]:
            continue  # no picture can have it
        a, b = np.array(right[fault]), np.array(wrong[fault])
        rejected = float((a <= np.quantile(b, 0.95)).mean())
        result[fault] = {"ranked": round(ranked(a, b), 4), "rejected": round(rejected, 4)}
    return result


@torch.no_grad()
def likeness_measured(critic: Critic, reader: Conditioned, pairs: Pairs) -> dict[str, Any]:
    """How well the verifier's pictures are told from drafts under the noise of each level: `ranked`, and the share of
    drafts that a threshold rejects which lets nine in ten of the verifier's own pass."""
    result: dict[str, Any] = {"pairs": pairs.count}
    for level in LIKENESS_ASKED:
        halves = [odds(critic, reader, LIKENESS, b.x, b.t, b.captions).chunk(2) for b in pairs.at(level)]
        own, drafted = (torch.cat(half).cpu().numpy() for half in zip(*halves))
        rejected = float((drafted < np.quantile(own, 0.1)).mean())
        result[f"{level:.2g}"] = {"ranked": round(ranked(own, drafted), 4), "rejected": round(rejected, 4)}
    return result


def train(recipe: Recipe, data: Path, checkpoints: Path, minutes: float | None, group: Group) -> None:
    r = recipe.critic
    budget = r.minutes if minutes is None else minutes
    if budget <= 0:
        raise MissingStageError(f'the recipe {recipe.name} gives its critic no minutes: say "critic": {{"minutes": …}}')
    device = device_of(recipe.device, group.size)
    torch.manual_seed(r.seed)
    store = open_store(recipe, data, checkpoints, group)
    held_out = LatentStore(recipe, data, checkpoints, "holdout") if group.leads else None
    reader, _ = load_served(recipe, checkpoints)
    draft, _ = load_student(recipe, checkpoints, "draft")
    path = checkpoints / "critic.pt"
    state = restore(path)
    if state and (state["vae"] not in (None, store.frozen.name) or state.get("text") != fingerprint(reader.text)):
        raise MissingStageError("critic.pt was trained on another latent or other words: move it away to start anew")
    if state and state["seconds"] >= 60 * budget and answered(state) == answers(recipe):
        print("the critic's minutes are used up", flush=True)
        return
    critic = build_critic(recipe, answers(recipe)).to(device)
    if state:
        state = continued(state, critic, budget)
    else:
        print(f"began as the draft; anew: {', '.join(begin(critic, draft))}", flush=True)
    loop = Loop(r, critic, [critic], state, path, group)
    rng, generator = loop.rng(), loop.generator(device)
    compiled(critic, r.compile)
    objects = list(recipe.data.objects or OBJECT_MATERIALS)
    pairs = held_out_pairs = None
    if LIKENESS in critic.answers:
        folder, key = checkpoints / "likeness", key_of(recipe.flow, reader.text, reader.dit, draft)
        compiled(reader.dit, r.compile)
        compiled(draft, r.compile)
        draw_missing(recipe, painter(recipe, store, reader), reader.dit, draft, key, folder, group)
        pairs = load_pairs(recipe, key, folder, False, device)
        held_out_pairs = load_pairs(recipe, key, folder, True, device) if group.leads else None
    # Each picture or pair is two samples of a batch, and where there are pairs they are half of it.
    count = max(1, loop.share // (2 if pairs is None else 4))

    def prompt_loss() -> Tensor:
        latents, shown = store.described(rng, count)
        said = [contradiction(f, objects, rng, r.drop_field) for f in shown]
        t = TIMES[0] + (TIMES[1] - TIMES[0]) * torch.rand(len(said), generator=generator, device=device)
        x, _ = noised(latents, t, generator)
        captions = [s[1] for s in said] + [s[2] for s in said]
        return told(odds(critic, reader, PROMPT, x.repeat(2, 1, 1, 1), t.repeat(2), captions))

    def loss() -> Tensor:
        if pairs is None:
            return prompt_loss()
        b = pairs.batch(rng, generator, count)
        return prompt_loss() + told(odds(critic, reader, LIKENESS, b.x, b.t, b.captions))

    def facts() -> dict[str, Any]:
        return {"pictures": len(store.fields)} | ({} if pairs is None else {"pairs": pairs.count})

    def kept() -> dict[str, Any]:
        assert held_out is not None
        average: Any = loop.average.module
        found = measured(average, reader, held_out, objects)
        if held_out_pairs is not None:
            found[LIKENESS] = likeness_measured(average, reader, held_out_pairs)
        return facts() | {
            "vae": store.frozen.name,
            "text": fingerprint(reader.text),
            "patch": r.patch,
            "answers": list(critic.answers),
            "device": recipe.device,
            "heldOut": found,
        }

    loop.run(
        loss,
        minutes,
        facts=facts,
        kept=kept,
        logged=("heldOut",),
        report_steps=REPORT_STEPS,
        refresh=lambda: store.refresh(encode_missing=group.leads),
        decay=0.5,
    )
