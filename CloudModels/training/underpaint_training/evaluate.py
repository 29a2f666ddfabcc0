"""Stage `evaluate`: numbers and contact sheets of what the models do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .captions import caption, mirrored
from .distillation import load_served, load_student, painter
from .evaluation.autoencoder import autoencoder_figures
from .evaluation.texture import textured
from .latents import LatentStore
from .models.dit import DiT
from .models.flow import entered
from .recipe import Recipe
from .sampling import PROMPTS, Painter, sheet
from .train_vae import held_out
from .train_verifier import Conditioned, load_verifier

SHEET_COLUMNS = 8


@torch.no_grad()
def flow_loss(store: LatentStore, brush: Painter, model: Conditioned) -> dict[str, float]:
    """Mean squared velocity error on held-out pictures with their full captions, by noise level."""
    rng = np.random.default_rng(3)
    usual = store.usual
    count = min(256, len(usual.numbers))
    rows = torch.arange(count)
    x0 = store.normalised(usual.latents[rows, rows % 2])
    said = [store.fields[n] for n in usual.numbers[:count]]
    captions = [caption(mirrored(f) if i % 2 else f, rng, 0.0) for i, f in enumerate(said)]
    ids = brush.tokenizer.batch(captions).to(brush.device)
    noise = brush.noise(count, 17)
    values = {}
    for t in (0.2, 0.4, 0.6, 0.8, 0.95):
        with torch.autocast(brush.device.type, torch.bfloat16):
            v = model((1 - t) * x0 + t * noise, torch.full((count,), t, device=brush.device), ids).float()
        values[f"{t}"] = float((v - (noise - x0)).pow(2).mean())
    return values


@torch.no_grad()
def velocity_gap(brush: Painter, verifier: DiT, draft: DiT, prompts: list[str]) -> dict[str, Any]:
    """r(t): RMS difference of a student's and the guided verifier's velocities on the verifier's trajectories by Euler's steps,
    at the times that models are trained at, which are those of chains of mode `exact`."""
    noise, times = brush.noise(len(prompts), 23), brush.times()
    teacher, student = brush.prompted(verifier, prompts), brush.prompted(draft, prompts)
    x = noise
    rows = []
    for t, s in zip(times[:-1], times[1:]):
        level = t.expand(len(prompts))
        v, p = teacher(x, level), student(x, level)
        rows.append(
            {
                "t": round(float(t), 4),
                "r": round(float((v - p).pow(2).mean().sqrt()), 4),
                "unexplained": round(float((v - p).pow(2).mean() / v.pow(2).mean()), 4),
            }
        )
        x = x + (s - t) * v
    return {"steps": rows, "meanDrafted": round(float(np.mean([r["r"] for r in rows[: round(0.8 * len(rows))]])), 4)}


def arms(
    brush: Painter, verifier: DiT, draft: DiT | None, prompts: list[str], seed: int
) -> dict[str, torch.Tensor]:
    """Final latents from the same seeds: verifier alone, draft alone, draft for 80 % of the steps."""
    noise, times, own = brush.noise(len(prompts), seed), brush.draft_times(), brush.verifier_times()
    teacher = brush.prompted(verifier, prompts)
    result = {"verifier": brush.states(teacher, noise, own)[-1]}
    if draft is not None:
        student = brush.prompted(draft, prompts)
        cut = round(0.8 * (len(times) - 1))
        drafted = brush.states(student, noise, times)
        result["draft"] = drafted[-1]
        result["hybrid"] = brush.states(teacher, drafted[cut], entered(own, float(times[cut])))[-1]
    return result


def evaluate(recipe: Recipe, data: Path, checkpoints: Path, out: Path) -> dict[str, Any]:
    out.mkdir(parents=True, exist_ok=True)
    store = LatentStore(recipe, data, checkpoints, "holdout")
    pictures = held_out(data, 256)
    device = torch.device(recipe.device)
    figures = autoencoder_figures(
        store.frozen.vae, torch.from_numpy(store.deviation), pictures, device, textured(data)
    )
    numbers: dict[str, Any] = {"vae": figures}
    model, state = load_served(recipe, checkpoints)
    brush = painter(recipe, store, model)
    numbers["verifier"] = {
        "samples": state["samples"],
        "minutes": state["seconds"] / 60,
        "pictures": state["pictures"],
        "heldOutFlowLoss": flow_loss(store, brush, model),
    }
    rng = np.random.default_rng(29)
    prompts = [caption(store.fields[i], rng, 0.12) for i in rng.integers(0, len(store.fields), 32)]
    if "guided" in state:
        teacher, _ = load_verifier(recipe, checkpoints)
        numbers["verifier"]["guidanceDistilled"] = {
            "samples": state["guided"]["samples"],
            "minutes": state["guided"]["seconds"] / 60,
            "meanGap": velocity_gap(brush, teacher.dit, model.dit, prompts)["meanDrafted"],
        }
    draft = None
    if (checkpoints / "draft.pt").exists():
        draft, draft_state = load_student(recipe, checkpoints, "draft")
        numbers["draft"] = {
            "samples": draft_state["samples"],
            "minutes": draft_state["seconds"] / 60,
            "velocityGap": velocity_gap(brush, model.dit, draft, prompts),
        }
    latents = arms(brush, model.dit, draft, list(PROMPTS), 1)
    decoded = {name: brush.decode(x) for name, x in latents.items()}
    order = [n for n in ("draft", "hybrid", "verifier") if n in decoded]
    blocks = range(0, len(PROMPTS), SHEET_COLUMNS)
    sheet([decoded[n][i : i + SHEET_COLUMNS] for i in blocks for n in order], out / "arms.png")
    if draft is not None:
        reference = decoded["verifier"].astype(np.float64)
        for name in ("draft", "hybrid"):
            error = ((decoded[name] - reference) ** 2).mean((1, 2, 3))
            numbers[f"{name}AgainstVerifierPSNR"] = float(
                np.mean(10 * np.log10(255**2 / np.maximum(error, 1e-9)))
            )
    (out / "numbers.json").write_text(json.dumps(numbers, indent=2, sort_keys=True) + "\n")
    print(json.dumps(numbers, indent=2, sort_keys=True))
    return numbers
