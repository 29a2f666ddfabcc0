"""Stage `export`: the trained models as folders that the Swift side reads, with cards."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from . import cards
from .adopt import save_encoder
from .data.generate import write_manifest
from .data.grammar import OBJECT_MATERIALS
from .distillation import build_student, load_served, load_student
from .export import CRITIC, Bundle, Ids, LatentStatistics, Manifests, attach, write
from .exported import pair_folders
from .files import replace_file, restore, save_text
from .instrument import keep_instrument
from .latents import LatentStore, MissingStageError
from .paths import pictures_report
from .recipe import Recipe
from .train_critic import load_critic
from .train_verifier import load_verifier


def _figures(numbers: dict[str, Any], stage: str, samples: int) -> dict[str, Any]:
    """What the last `evaluate` found of a model, if it is this one: the draft's velocity gap is what is planned by."""
    found = numbers.get(stage, {})
    if found.get("samples", samples) != samples:
        print(
            f"left out: the figures of the last `evaluate` are of a {stage} of {found['samples']} samples, not {samples}; "
            f"run `evaluate` and export again",
            flush=True,
        )
        return {}
    return found


# What the engine measured of a pair, and wrote into the verifier's manifest.
MEASURED = ("check", "quality")
NOTES = Path(__file__).parent.parent / "notes"


def _exported(root: Path, ids: Ids) -> Manifests:
    """The manifests of the pair that was exported before, by their roles; none where one is missing."""
    folders = dict(zip(("shared", "draft", "verifier"), pair_folders(root, ids)))
    paths = {role: folder / "manifest.json" for role, folder in folders.items()}
    if not all(p.exists() for p in paths.values()):
        return {}
    return {role: json.loads(p.read_text()) for role, p in paths.items()}


def _basis(section: str, manifests: Manifests) -> dict[str, Any]:
    """What a measured section depends on. The check is of latents, drafted and taken on by both schedules; quality is of pictures.
    """
    shared, pair = manifests["shared"], [manifests[role] for role in ("draft", "verifier")]
    basis = {
        "weights": [m["files"]["weights"]["sha256"] for m in pair],
        CRITIC: pair[1]["files"].get(CRITIC, {}).get("sha256"),
        "schedules": [m["schedule"] for m in pair],
        "guidance": [m["guidance"] for m in pair],
    }
    if section == "check":
        return basis
    files = {key: file["sha256"] for key, file in shared["files"].items()}
    return basis | {"shared": files, "latent": shared["latent"]}


def _still_true(former: Manifests, now: Manifests) -> dict[str, Any]:
    """The sections that were measured of what is exported now."""
    found = [name for name in MEASURED if name in former.get("verifier", {})]
    return {name: former["verifier"][name] for name in found if _basis(name, former) == _basis(name, now)}


def _metrics(report: Path) -> dict[str, Any]:
    path = report / "numbers.json"
    return json.loads(path.read_text()) if path.exists() else {}


def _save_sheet(report: Path, folder: Path) -> None:
    """The contact sheet of the last `evaluate`, small enough to be committed."""
    if (report / "arms.png").exists():
        with Image.open(report / "arms.png") as sheet:
            replace_file(folder / cards.SHEET, partial(sheet.save, format="WEBP", quality=80, method=6))


# What the cards say that a recipe was trained on.
MACHINES = {"cpu": "two shared CPU cores", "cuda": "one GPU"}


def _critic_training(recipe: Recipe, state: dict[str, Any]) -> dict[str, Any]:
    return {
        "samples": state["samples"],
        "pictures": state["pictures"],
        **({"pairs": state["pairs"]} if "pairs" in state else {}),
        "hours": round(state["seconds"] / 3600, 4),
        "device": state["device"],
        "machine": MACHINES[state["device"]],
        "command": f"python -m underpaint_training critic --recipe recipes/{recipe.name}.json --device {state['device']}",
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d"),
        "heldOut": state["heldOut"],
    }


def release_critic(recipe: Recipe, checkpoints: Path, out: Path) -> None:
    """Puts the critic beside the verifier that is exported under `out`, of which nothing else changes; `underpaint lab
    calibrate` then measures the check with it, and `underpaint lab split --out DIR --preset quality --write-quality` what it costs."""
    reader, _ = load_verifier(recipe, checkpoints)
    found = load_critic(recipe, checkpoints, reader.text)
    if found is None:
        raise MissingStageError(f"no critic.pt for this verifier in {checkpoints}: run the stage 'critic' first")
    training = _critic_training(recipe, found[1])
    folder = out / "CloudModels" / Ids().verifier
    card = cards.card_with_critic(folder, training)
    attach(out, Ids(), found[0], reader.text, training)
    save_text(card, folder / cards.CARD)


def _note(recipe: Recipe) -> Path:
    return NOTES / f"{recipe.name}.md"


def renew_card(recipe: Recipe, out: Path, report: Path) -> None:
    """What `evaluate --pictures` measured last and what the recipe's note says, into the card of the verifier that is
    exported under `out`: the pictures are made by the program, from models that are exported."""
    if not _note(recipe).exists():
        raise FileNotFoundError(f"no {_note(recipe)}: write down what the pictures show")
    pictures = _metrics(pictures_report(report))
    if other := _other_weights(pictures.get("made"), _exported(out, Ids())):
        raise ValueError(f"the measured pictures are of another {other} than is exported: measure them anew")
    cards.renew(out / "CloudModels" / Ids().verifier, pictures or None, cards.load_note(_note(recipe)))


def _other_weights(made: dict[str, Any] | None, exported: Manifests) -> str | None:
    """The first file of what is exported that the measured pictures, where they say what made them, are not of."""
    files = {f"{m['id']}/{key}": file["sha256"] for m in exported.values() for key, file in m["files"].items()}
    weights = (made or {}).get("weights", {})
    return next((name for name, digest in weights.items() if not files.get(name, digest).startswith(digest)), None)


def release(recipe: Recipe, data: Path, checkpoints: Path, out: Path, report: Path) -> None:
    """Writes EdgeModels/ and CloudModels/ under `out`; figures come from the last `evaluate`, with and without `--pictures`.

    `underpaint lab calibrate` and `lab split --out DIR --preset quality --write-quality` then measure the pair with the
    engine that will run it, and complete the verifier's manifest; where what they measured is as it was, what they wrote stays.
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
    numbers |= {
        "verifier": _figures(numbers, "verifier", state["samples"]),
        "draft": _figures(numbers, "draft", draft_state["samples"]),
    }
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

    critic = load_critic(recipe, checkpoints, model.text)
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
            "verifier": training("verifier", state["samples"], state["seconds"], numbers["verifier"]),
            "draft": training("draft", draft_state["samples"], draft_state["seconds"], numbers["draft"]),
            CRITIC: _critic_training(recipe, critic[1]) if critic else {},
        },
        critic[0] if critic else None,
    )
    former = _exported(out, bundle.ids)
    write(bundle, out, lambda now: _still_true(former, now))
    save_encoder(recipe, store.frozen.vae.encoder, out)
    keep_instrument(recipe, checkpoints, out)
    _save_sheet(report, out / "CloudModels" / bundle.ids.verifier)
    pictures = _metrics(pictures_report(report)) or None
    if pictures and (other := _other_weights(pictures.get("made"), _exported(out, bundle.ids))):
        print(
            f"left out: the pictures that were measured last are of another {other}; measure them, then `card`", flush=True
        )
        pictures = None
    objects = recipe.data.objects or tuple(OBJECT_MATERIALS)
    cards.write(bundle, out, numbers, pictures, cards.load_note(_note(recipe)), objects)
