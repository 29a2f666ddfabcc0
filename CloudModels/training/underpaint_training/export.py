"""Writes model folders in the layout that the Swift side reads: manifests, vocabulary, bf16 weights."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable

import torch
from safetensors.torch import load_file

from .files import save_text, save_weights
from .models.critic import PROMPT, Critic
from .models.dit import DiT
from .models.text import TextEncoder, Tokenizer
from .models.vae import Decoder
from .recipe import FlowRecipe

FAMILY = "studio"


@dataclass(frozen=True)
class LatentStatistics:
    mean: list[float]
    deviation: list[float]


@dataclass(frozen=True)
class Ids:
    shared: str = "studio-shared"
    draft: str = "studio-draft"
    verifier: str = "studio-verifier"


@dataclass(frozen=True)
class Bundle:
    """Everything that one export holds."""

    tokenizer: Tokenizer
    text: TextEncoder
    decoder: Decoder
    latent: LatentStatistics
    verifier: DiT
    draft: DiT
    flow: FlowRecipe
    version: str
    # Width and height; the first is what is made where nobody asks for another.
    sizes: tuple[tuple[int, int], ...]
    training: dict[str, dict[str, Any]] = field(default_factory=dict)
    # What reads prompts for the verifier's check; None where the verifier does.
    critic: Critic | None = None
    # Only random test models bring one; `underpaint lab calibrate` measures that of trained models.
    check: dict[str, Any] | None = None
    ids: Ids = field(default_factory=Ids)


def _file(folder: Path, name: str) -> dict[str, Any]:
    data = (folder / name).read_bytes()
    return {"path": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _write(folder: Path, manifest: dict[str, Any]) -> None:
    save_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n", folder / "manifest.json")


def _dit_architecture(model: DiT, text: TextEncoder) -> dict[str, Any]:
    return {
        "kind": "dit",
        "width": model.width,
        "headCount": model.heads,
        "layerCount": len(model.blocks),
        "patchSize": model.patch,
        "latentChannelCount": model.channels,
        "textWidth": text.norm.weight.numel(),
        "textTokenCount": text.position_embedding.shape[0],
        "guidanceEmbedding": model.g_embed is not None,
    }


# Under this key the manifest's `files` and the manifest itself speak of the critic, and its figures lie in `training`.
CRITIC = "critic"
CRITIC_FILE = "critic.safetensors"


def answers_of(manifest: dict[str, Any]) -> tuple[str, ...]:
    """Of the critic beside this verifier; the first ones had one answer, and did not say so."""
    return tuple(manifest[CRITIC].get("answers", (PROMPT,)))


def with_critic(
    manifest: dict[str, Any], folder: Path, critic: Critic, text: TextEncoder, training: dict[str, Any]
) -> dict[str, Any]:
    """Writes the critic beside a verifier and returns that one's manifest with it.

    A check that was measured with another critic is left out: `underpaint lab calibrate` measures it anew.
    """
    save_weights(critic, folder / CRITIC_FILE)
    file = _file(folder, CRITIC_FILE)
    architecture = _dit_architecture(critic, text)
    architecture |= {"kind": "critic", "tokenSpacing": critic.spacing, "answers": list(critic.answers)}
    kept = {k: v for k, v in manifest.items() if k != "check" or v.get(CRITIC) in (None, file["sha256"])}
    return kept | {
        "files": manifest["files"] | {CRITIC: file},
        CRITIC: architecture,
        "training": manifest["training"] | ({CRITIC: training} if training else {}),
    }


Manifests = dict[str, dict[str, Any]]


def write(bundle: Bundle, root: Path, kept: Callable[[Manifests], dict[str, Any]] = lambda _: {}) -> None:
    """Writes <root>/EdgeModels/{shared,draft} and <root>/CloudModels/{verifier}. `kept` says which sections the
    verifier's manifest has besides, given the manifests by their roles."""
    b = bundle
    shared, draft, verifier = (
        root / "EdgeModels" / b.ids.shared,
        root / "EdgeModels" / b.ids.draft,
        root / "CloudModels" / b.ids.verifier,
    )
    for folder in (shared, draft, verifier):
        folder.mkdir(parents=True, exist_ok=True)
    common = {"format": 1, "version": b.version, "family": FAMILY}

    save_text(b.tokenizer.to_json(), shared / "vocabulary.json")
    save_weights(b.text, shared / "text-encoder.safetensors")
    save_weights(b.decoder, shared / "vae-decoder.safetensors")
    text_block = b.text.blocks[0]
    manifests: Manifests = {
        "shared": common
        | {
            "id": b.ids.shared,
            "role": "shared",
            "files": {
                "vocabulary": _file(shared, "vocabulary.json"),
                "textEncoder": _file(shared, "text-encoder.safetensors"),
                "vaeDecoder": _file(shared, "vae-decoder.safetensors"),
            },
            "architecture": {
                "textEncoder": {
                    "width": b.text.norm.weight.numel(),
                    "headCount": text_block.heads,
                    "layerCount": len(b.text.blocks),
                    "tokenCount": b.text.position_embedding.shape[0],
                    "vocabularySize": len(b.tokenizer.words),
                },
                "vaeDecoder": {
                    "latentChannelCount": b.decoder.conv_in.in_channels,
                    "widths": list(b.decoder.widths),
                    "blocksPerStage": b.decoder.blocks,
                    "scaleFactor": b.decoder.scale,
                },
            },
            "latent": {
                "channelCount": len(b.latent.mean),
                "mean": b.latent.mean,
                "standardDeviation": b.latent.deviation,
            },
            "training": b.training.get("shared", {}),
        }
    }

    flow = {
        "parameterisation": "velocity",
        "shared": b.ids.shared,
        "sizes": [{"width": w, "height": h} for w, h in b.sizes],
        "guidance": {
            "default": b.flow.guidance,
            "minimum": b.flow.guidance_minimum,
            "maximum": b.flow.guidance_maximum,
        },
    }
    draft_steps, verifier_steps = (s or b.flow.steps for s in (b.flow.draft_steps, b.flow.verifier_steps))
    for role, folder, model, name, partner, steps in (
        ("draft", draft, b.draft, "draft.safetensors", b.ids.verifier, draft_steps),
        ("verifier", verifier, b.verifier, "verifier.safetensors", b.ids.draft, verifier_steps),
    ):
        save_weights(model, folder / name)
        manifest = (
            common
            | flow
            | {
                "id": b.ids.draft if role == "draft" else b.ids.verifier,
                "role": role,
                "schedule": {"kind": "shiftedUniform", "shift": b.flow.shift, "defaultStepCount": steps},
                "files": {"weights": _file(folder, name)},
                "architecture": _dit_architecture(model, b.text),
                "partners": [partner],
                "training": b.training.get(role, {}),
            }
        )
        if role == "verifier" and b.check is not None:
            manifest["check"] = b.check
        if role == "verifier" and b.critic is not None:
            manifest = with_critic(manifest, folder, b.critic, b.text, b.training.get(CRITIC, {}))
        elif role == "verifier":
            (folder / CRITIC_FILE).unlink(missing_ok=True)
        manifests[role] = manifest
    manifests["verifier"] |= kept(manifests)
    # The verifier's first: were it the last, a kill would leave its former sections beside the new draft and decoder.
    for role, folder in (("verifier", verifier), ("draft", draft), ("shared", shared)):
        _write(folder, manifests[role])


class ForeignTextError(ValueError):
    """What is exported reads prompts with another text encoder."""


def attach(root: Path, ids: Ids, critic: Critic, text: TextEncoder, training: dict[str, Any]) -> None:
    """Puts a critic beside the verifier that is exported there already."""
    folder, shared = root / "CloudModels" / ids.verifier, root / "EdgeModels" / ids.shared / "text-encoder.safetensors"
    exported = load_file(str(shared))
    if any(not torch.equal(v.bfloat16(), exported[k].bfloat16()) for k, v in text.state_dict().items()):
        raise ForeignTextError(f"{shared} is not the text encoder that the critic reads: export the pair first")
    manifest = json.loads((folder / "manifest.json").read_text())
    _write(folder, with_critic(manifest, folder, critic, text, training))
