"""Stage `export`: the trained models as folders that the Swift side reads, with cards."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from PIL import Image

from . import cards
from .adopt import save_encoder
from .data.generate import write_manifest
from .data.grammar import OBJECT_MATERIALS
from .distillation import build_student, load_served, load_student
from .export import Bundle, LatentStatistics, write
from .instrument import keep_instrument
from .latents import LatentStore
from .paths import pictures_report
from .recipe import Recipe
from .training import restore


def _metrics(report: Path) -> dict[str, Any]:
    path = report / "numbers.json"
    return json.loads(path.read_text()) if path.exists() else {}


def _save_sheet(report: Path, folder: Path) -> None:
    """The contact sheet of the last `evaluate`, small enough to be committed."""
    if (report / "arms.png").exists():
        with Image.open(report / "arms.png") as sheet:
            sheet.save(folder / cards.SHEET, quality=80, method=6)


# What the cards say that a recipe was trained on.
MACHINES = {"cpu": "two shared CPU cores", "cuda": "one GPU"}


def release(recipe: Recipe, data: Path, checkpoints: Path, out: Path, report: Path) -> None:
    """Writes EdgeModels/ and CloudModels/ under `out`; figures come from the last `evaluate`, with and without `--pictures`.

    `underpaint lab calibrate` then measures the verifier's check with the engine that will run it, and completes the
    manifest.
    """
    write_manifest(recipe.data, data)
    data_hash = hashlib.sha256((data / "manifest.json").read_bytes()).hexdigest()
    store = LatentStore(recipe, data, checkpoints, "holdout")
    model, state = load_served(recipe, checkpoints)
    if (checkpoints / "draft.pt").exists():
        draft, draft_state = load_student(recipe, checkpoints, "draft")
    else:
        draft, draft_state = build_student(recipe, "draft").eval(), {"samples": 0, "seconds": 0.0}
    vae_state = restore(checkpoints / "vae.pt") or {}
    numbers = _metrics(report)
    date = datetime.now(timezone.utc).strftime("%Y-%m-%d")

    def training(stage: str, samples: int, seconds: float, metrics: dict[str, Any]) -> dict[str, Any]:
        return {
            "dataSet": data_hash,
            "pictures": state["pictures"],
            "samples": samples,
            "hours": round(seconds / 3600, 4),
            "machine": MACHINES[recipe.trained_on or recipe.device],
            "metrics": metrics,
            "command": f"python -m underpaint_training {stage} --recipe recipes/{recipe.name}.json",
            "date": date,
        }

    latent = LatentStatistics(
        [round(float(v), 6) for v in store.mean], [round(float(v), 6) for v in store.deviation]
    )
    bundle = Bundle(
        model.tokenizer,
        model.text,
        store.frozen.vae.decoder,
        latent,
        model.dit,
        draft,
        recipe.flow,
        recipe.version,
        recipe.data.distinct_sizes,
        {
            "shared": training(
                "vae", vae_state["step"] * recipe.vae.batch, vae_state["seconds"], numbers.get("vae", {})
            ),
            "verifier": training("verifier", state["samples"], state["seconds"], numbers.get("verifier", {})),
            "draft": training(
                "draft", draft_state["samples"], draft_state["seconds"], numbers.get("draft", {})
            ),
        },
    )
    write(bundle, out)
    save_encoder(recipe, store.frozen.vae.encoder, out)
    keep_instrument(recipe, checkpoints, out)
    note = cards.load_note(Path("notes") / f"{recipe.name}.md")
    _save_sheet(report, out / "CloudModels" / bundle.ids.verifier)
    pictures = _metrics(pictures_report(report)) or None
    cards.write(bundle, out, numbers, pictures, note, recipe.data.objects or tuple(OBJECT_MATERIALS))
