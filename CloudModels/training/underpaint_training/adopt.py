"""Stage `adopt`: checkpoints from the committed models, where the ones they came from are gone.

Weights are committed in bf16 and without optimiser states, so training goes on with a fresh warm-up. The autoencoder's
encoder is committed for this package alone (`encoders/`); without it a new one is trained against the frozen decoder,
which holds the latent space where the denoisers know it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from torch import Tensor, nn

from .distillation import build_student
from .export import CRITIC, answers_of
from .files import fingerprint, save, save_weights
from .instrument import instrument_file, kept_instrument
from .recipe import Recipe
from .start import take, unguided
from .train_critic import build_critic
from .train_vae import build
from .train_verifier import build_verifier


class AdoptionError(RuntimeError):
    """The committed models do not fit the recipe, or checkpoints are already there."""


def _weights(path: Path) -> dict[str, Tensor]:
    return {k: v.float() for k, v in load_file(str(path)).items()}


def _manifest(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "manifest.json").read_text())


def _load(module: nn.Module, path: Path) -> None:
    try:
        module.load_state_dict(_weights(path))
    except RuntimeError as error:
        raise AdoptionError(f"{path} is not the model that the recipe describes: {error}") from error


def _continued(module: nn.Module, training: dict[str, Any], batch: int) -> dict[str, Any]:
    weights = module.state_dict()
    return {
        "model": weights,
        "average": weights,
        "step": training["samples"] // batch,
        "samples": training["samples"],
        "seconds": training["hours"] * 3600,
        "pictures": training["pictures"],
    }


def encoder_file(recipe: Recipe, root: Path) -> Path:
    return root / "CloudModels" / "training" / "encoders" / f"{recipe.name}.safetensors"


def save_encoder(recipe: Recipe, encoder: nn.Module, root: Path) -> None:
    """Keeps the encoder that the exported decoder belongs to, in bf16."""
    save_weights(encoder, encoder_file(recipe, root))


def adopt(recipe: Recipe, checkpoints: Path, root: Path) -> None:
    """Writes vae.pt, verifier.pt and draft.pt from <root>/EdgeModels and <root>/CloudModels.

    Of a verifier with guidance distilled into it that is guided.pt; verifier.pt is then what it is at scale 1. Its critic, if
    it has one, becomes critic.pt, and the committed classifier classifier.pt, unless there is one.
    """
    names = ("vae.pt", "verifier.pt", "guided.pt", "draft.pt", "critic.pt")
    present = [n for n in names if (checkpoints / n).exists()]
    if present:
        raise AdoptionError(f"{checkpoints} already holds {', '.join(present)}: move them away to adopt anew")
    shared = root / "EdgeModels" / "studio-shared"
    draft, verifier = root / "EdgeModels" / "studio-draft", root / "CloudModels" / "studio-verifier"
    latent = _manifest(shared)["latent"]

    vae = build(recipe.vae)
    _load(vae.decoder, shared / "vae-decoder.safetensors")
    kept = encoder_file(recipe, root)
    if kept.exists():
        _load(vae.encoder, kept)
    state = _continued(vae, _manifest(shared)["training"], recipe.vae.batch)
    state |= {
        "decoderFrozen": True,
        "statistics": {"mean": latent["mean"], "deviation": latent["standardDeviation"]},
        "psnr": 0.0,
    }
    save(state, checkpoints / "vae.pt")

    words = json.loads((shared / "vocabulary.json").read_text())["words"]
    model = build_verifier(recipe, words)
    _load(model.text, shared / "text-encoder.safetensors")
    distilled = _manifest(verifier)["architecture"]["guidanceEmbedding"]
    served = build_student(recipe, "guided") if distilled else model.dit
    _load(served, verifier / "verifier.safetensors")
    if distilled:
        take(model.dit, unguided(served))
    # Which encoder its latents come from is not known before that is trained.
    training = _manifest(verifier)["training"]
    trained = _continued(model, training, recipe.verifier.batch)
    trained |= {"vae": None, "words": words, "patch": recipe.verifier.patch}
    save(trained, checkpoints / "verifier.pt")
    if distilled:
        run = training["metrics"].get("guidanceDistilled", {"samples": 0, "minutes": 0.0})
        run = training | {"samples": run["samples"], "hours": run["minutes"] / 60}
        state = _continued(served, run, recipe.guided.batch)
        save(state | {"teacher": trained["step"], "patch": recipe.verifier.patch}, checkpoints / "guided.pt")

    instrument = instrument_file(recipe, root)
    if instrument.exists() and not (checkpoints / "classifier.pt").exists():
        save(kept_instrument(instrument), checkpoints / "classifier.pt")

    student = build_student(recipe, "draft")
    _load(student, draft / "draft.safetensors")
    trained = _continued(student, _manifest(draft)["training"], recipe.draft.batch)
    save(trained | {"patch": recipe.draft.patch}, checkpoints / "draft.pt")

    if CRITIC in _manifest(verifier):
        answers, run = answers_of(_manifest(verifier)), training[CRITIC]
        critic = build_critic(recipe, answers)
        _load(critic, verifier / "critic.safetensors")
        facts = {"vae": None, "text": fingerprint(model.text), "patch": recipe.critic.patch, "answers": list(answers)}
        facts |= {key: run[key] for key in ("device", "heldOut", "pairs") if key in run}
        save(_continued(critic, run, recipe.critic.batch) | facts, checkpoints / "critic.pt")
