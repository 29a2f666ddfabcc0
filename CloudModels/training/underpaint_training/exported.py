"""Exported models back in PyTorch: the weights that the Swift program runs, for pictures without the program."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Iterable

from safetensors.torch import load_file
from torch import nn

from .export import Ids, LatentStatistics
from .models.dit import DiT
from .models.text import TextEncoder, Tokenizer
from .models.vae import Decoder
from .recipe import FlowRecipe
from .sampling import Painter


class DamagedModelError(ValueError):
    """A model folder that does not hold what its manifest says."""


def _read(folder: Path) -> dict[str, Any]:
    try:
        return json.loads((folder / "manifest.json").read_text())
    except (OSError, json.JSONDecodeError) as error:
        raise DamagedModelError(f"{folder}: no readable manifest.json; run the stage 'export'") from error


def _load(module: nn.Module, folder: Path, file: dict[str, Any]) -> nn.Module:
    path = folder / file["path"]
    if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != file["sha256"]:
        raise DamagedModelError(f"{path} is missing or is not the file that its manifest names")
    module.load_state_dict({k: v.float() for k, v in load_file(str(path)).items()})
    return module.eval().requires_grad_(False)


def _dit(manifest: dict[str, Any], folder: Path) -> DiT:
    a = manifest["architecture"]
    model = DiT(
        a["width"],
        a["headCount"],
        a["layerCount"],
        a["patchSize"],
        a["latentChannelCount"],
        a["textWidth"],
        a["guidanceEmbedding"],
    )
    _load(model, folder, manifest["files"]["weights"])
    return model


def pair_folders(root: Path, ids: Ids | None = None) -> tuple[Path, Path, Path]:
    """Of shared, draft and verifier."""
    ids = ids or Ids()
    return root / "EdgeModels" / ids.shared, root / "EdgeModels" / ids.draft, root / "CloudModels" / ids.verifier


def weights_named(folders: Iterable[Path]) -> dict[str, str]:
    """The files of these models, by the beginnings of the SHA-256 sums that their manifests give: enough to tell
    weights from others."""
    manifests = [_read(folder) for folder in folders]
    return {f"{m['id']}/{key}": file["sha256"][:12] for m in manifests for key, file in m["files"].items()}


def load_exported(root: Path, ids: Ids | None = None) -> tuple[Painter, DiT, DiT]:
    """Painter, verifier and draft of <root>/EdgeModels and <root>/CloudModels."""
    ids = ids or Ids()
    edge, cloud = root / "EdgeModels", root / "CloudModels"
    shared = _read(edge / ids.shared)
    text_shape, decoder_shape = (shared["architecture"][k] for k in ("textEncoder", "vaeDecoder"))
    text = TextEncoder(
        text_shape["vocabularySize"],
        text_shape["width"],
        text_shape["headCount"],
        text_shape["layerCount"],
        text_shape["tokenCount"],
    )
    decoder = Decoder(
        decoder_shape["latentChannelCount"], tuple(decoder_shape["widths"]), decoder_shape["blocksPerStage"]
    )
    files = shared["files"]
    _load(text, edge / ids.shared, files["textEncoder"])
    _load(decoder, edge / ids.shared, files["vaeDecoder"])
    vocabulary = json.loads((edge / ids.shared / files["vocabulary"]["path"]).read_text())
    tokenizer = Tokenizer(vocabulary["words"], vocabulary["maximumTokenCount"])
    verifier, draft = _read(cloud / ids.verifier), _read(edge / ids.draft)
    schedule, guidance = draft["schedule"], verifier["guidance"]
    flow = replace(
        FlowRecipe(),
        shift=schedule["shift"],
        draft_steps=schedule["defaultStepCount"],
        verifier_steps=verifier["schedule"]["defaultStepCount"],
        guidance=guidance["default"],
    )
    latent = LatentStatistics(shared["latent"]["mean"], shared["latent"]["standardDeviation"])
    size = verifier["sizes"][0]
    painter = Painter(tokenizer, text, decoder, latent, flow, (size["width"], size["height"]))
    return painter, _dit(verifier, cloud / ids.verifier), _dit(draft, edge / ids.draft)
