"""Stages `guided` and `draft`: students that regress the guided verifier's velocity, with the scale as an input.

`guided` is the verifier itself without its second evaluation a step (Meng et al., arXiv 2210.03142, stage one); where it
has been trained it is what is served, and what the small draft learns from.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from .export import LatentStatistics
from .files import restore
from .latents import LatentStore, MissingStageError
from .loop import Loop
from .models.dit import DiT
from .parallel import Group
from .recipe import DistillationRecipe, Recipe
from .rollouts import Rollouts
from .sampling import Painter
from .start import fewer_blocks, guided_anew, inherit, take
from .train_verifier import Conditioned, compiled, load_verifier, open_store
from .training import device_of
from .trajectories import NoisedPictures, Trajectories, joined

REPORT_STEPS = 100
Stage = Literal["guided", "draft"]


def build_student(recipe: Recipe, stage: Stage) -> DiT:
    shape = recipe.draft if stage == "draft" else recipe.verifier
    return DiT(
        shape.width,
        shape.heads,
        shape.layers,
        shape.patch,
        recipe.vae.latent_channels,
        recipe.text.width,
        guidance_embedding=True,
    )


def load_student(recipe: Recipe, checkpoints: Path, stage: Stage) -> tuple[DiT, dict[str, Any]]:
    """The averaged student, and the rest of its checkpoint."""
    state = restore(checkpoints / f"{stage}.pt")
    if state is None:
        raise MissingStageError(f"no {stage}.pt in {checkpoints}: run the stage '{stage}' first")
    model = build_student(recipe, stage)
    model.load_state_dict(state["average"])
    return model.to(recipe.device).eval().requires_grad_(False), state


def load_served(recipe: Recipe, checkpoints: Path) -> tuple[Conditioned, dict[str, Any]]:
    """The verifier as it is exported: with guidance distilled into it, where that has been done."""
    model, state = load_verifier(recipe, checkpoints)
    if (checkpoints / "guided.pt").exists():
        model.dit, guided = load_student(recipe, checkpoints, "guided")
        if guided["teacher"] != state["step"]:
            print(f"guided.pt was distilled from step {guided['teacher']}, not from {state['step']}", flush=True)
        state = state | {"guided": {k: guided[k] for k in ("samples", "seconds", "step")}}
    return model, state


def painter(recipe: Recipe, store: LatentStore, model: Conditioned) -> Painter:
    latent = LatentStatistics([float(v) for v in store.mean], [float(v) for v in store.deviation])
    size = recipe.data.size_of(0)
    return Painter(model.tokenizer, model.text, store.frozen.vae.decoder, latent, recipe.flow, size)


def begin(recipe: Recipe, stage: Stage, student: DiT, teacher: Conditioned, checkpoints: Path) -> None:
    """Weights to begin with: the verifier's own or some of its blocks, or those of the recipe's start, or random ones."""
    blocks = recipe.draft.blocks
    if stage == "guided" or blocks:
        weights = teacher.dit.state_dict()
        take(student, weights if stage == "guided" else fewer_blocks(weights, blocks))
        # The scale says nothing yet, so that the student begins as the conditional velocity.
        if student.g_embed is not None and teacher.dit.g_embed is None:
            torch.nn.init.zeros_(student.g_embed.fc2.weight)
            torch.nn.init.zeros_(student.g_embed.fc2.bias)
    elif recipe.start:
        inherit(
            student, recipe.start, "draft", checkpoints, patch=(recipe.draft.patch, recipe.vae.latent_channels)
        )


def follow(state: dict[str, Any], teacher: Conditioned, step: int, student: DiT) -> dict[str, Any]:
    """A guided verifier's checkpoint for a teacher that has been trained on since: what it knew of the scale, in the
    teacher's own weights. `student` only lends its shape."""
    if state["teacher"] == step:
        return state
    student.load_state_dict(state["average"])
    weights = guided_anew(teacher.dit, student)
    print(f"begins anew from the verifier's step {step}, with the scale as it was", flush=True)
    kept = {k: v for k, v in state.items() if k != "optimizers"}
    return kept | {"model": weights, "average": weights}


def train(
    recipe: Recipe, data: Path, checkpoints: Path, minutes: float | None, group: Group, stage: Stage = "draft"
) -> None:
    r: DistillationRecipe = recipe.draft if stage == "draft" else recipe.guided
    device = device_of(recipe.device, group.size)
    torch.manual_seed(r.seed)
    store = open_store(recipe, data, checkpoints, group)
    load = load_served if stage == "draft" else load_verifier
    teacher, teacher_state = load(recipe, checkpoints)
    brush = painter(recipe, store, teacher)
    path = checkpoints / f"{stage}.pt"
    state = restore(path)
    student = build_student(recipe, stage).to(device)
    if state and stage == "guided":
        state = follow(state, teacher, teacher_state["step"], student)
    if not state:
        begin(recipe, stage, student, teacher, checkpoints)
    loop = Loop(r, student, [student], state, path, group)
    rng, generator = loop.rng(), loop.generator(device)
    velocity = compiled(student, r.compile)
    compiled(teacher.dit, r.compile)
    of = "guided" if "guided" in teacher_state else "verifier"
    states: Trajectories | Rollouts
    if r.rollouts:
        states = Rollouts(recipe, r, store, brush, teacher.dit, rng, generator)
    else:
        key = f"{of} {teacher_state.get('guided', teacher_state)['step']}, {r.trajectories} by {store.frozen.name}, {recipe.flow}"
        drawn = checkpoints / f"trajectories-{of}-{group.rank}-of-{group.size}.pt"
        states = Trajectories(recipe, r, store, brush, teacher.dit, drawn, key, group)
    fresh = NoisedPictures(recipe, store, brush, teacher.dit, r.drop_all, generator)
    from_states = round(loop.share * r.trajectory_share)

    def loss() -> Tensor:
        s = states.batch(rng, from_states)
        if from_states < loop.share:
            s = joined(s, fresh.batch(rng, loop.share - from_states, tuple(s.x.shape[1:3])))
        with torch.no_grad():
            tokens, pooled = teacher.text(s.ids)
        with torch.autocast(device.type, torch.bfloat16):
            v = velocity(s.x, s.t, tokens, pooled, s.scale).float()
        states.moved(v[:from_states].detach())
        return (v - s.velocity).pow(2).mean()

    loop.run(
        loss,
        minutes,
        kept=lambda: {"teacher": teacher_state["step"], "patch": student.patch},
        report_steps=REPORT_STEPS,
        decay=0.4,
    )
