"""Stages `slim` and `restore`: what a card has trained, small enough to be brought home, and checkpoints of it again.

Averaged weights alone, rounded to bfloat16 as they are exported. The high bytes of bfloat16 weights, sign and exponent, hold
some three bits each and the low ones all of theirs, so that the two are compressed apart: a quarter less in all.
"""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .distillation import build_student
from .files import restore as read, save
from .latents import MissingStageError
from .recipe import Recipe
from .start import unguided
from .train_vae import STATISTICS, build, fingerprint, latents_folder
from .train_verifier import build_verifier

NAME = "slim"
STAGES = ("vae", "verifier", "guided", "draft", "decoder", "critic")
# Weights and what only further training needs.
LEFT_OUT = ("model", "average", "frozen", "optimizers", "critic", "costs")
# Bytes of a piece.
PIECE = 15 * 2**20


def _written(tensor: Tensor) -> list[bytes]:
    """The high and the low bytes of a tensor in bfloat16."""
    pairs = tensor.detach().to(torch.bfloat16).contiguous().cpu().view(torch.uint8).reshape(-1, 2).numpy()
    return [zlib.compress(np.ascontiguousarray(pairs[:, i]).tobytes(), 6) for i in (0, 1)]


def _read(planes: list[bytes], shape: list[int]) -> Tensor:
    pairs = np.stack([np.frombuffer(zlib.decompress(p), np.uint8) for p in planes], -1)
    return torch.from_numpy(pairs.copy()).view(torch.bfloat16).reshape(shape).float()


def _weights(stage: str, state: dict[str, Any], has_guided: bool) -> dict[str, Tensor]:
    if stage == "vae":
        return state["frozen"]
    # The guided verifier is what is served; of the other one only the text encoder is.
    if stage == "verifier" and has_guided:
        return {k: v for k, v in state["average"].items() if k.startswith("text.")}
    return state["average"]


def slim(checkpoints: Path, folder: Path, piece: int = PIECE) -> list[Path]:
    """Writes <folder>/slim.00 and so on, each of at most `piece` bytes."""
    states = {stage: read(checkpoints / f"{stage}.pt") for stage in STAGES}
    if states["vae"] is None or states["verifier"] is None:
        raise MissingStageError(f"no vae.pt and verifier.pt in {checkpoints}: there is nothing to bring home")
    header: dict[str, Any] = {"stages": {}, "tensors": []}
    blobs: list[bytes] = []
    for stage, state in states.items():
        if state is None:
            continue
        header["stages"][stage] = {k: v for k, v in state.items() if k not in LEFT_OUT}
        for name, tensor in _weights(stage, state, states["guided"] is not None).items():
            planes = _written(tensor)
            header["tensors"].append([stage, name, list(tensor.shape), [len(p) for p in planes]])
            blobs += planes
    statistics = latents_folder(checkpoints, states["verifier"]["vae"]) / STATISTICS
    header["stages"]["vae"].setdefault("statistics", json.loads(statistics.read_text()))
    text = json.dumps(header).encode()
    data = len(text).to_bytes(8, "little") + text + b"".join(blobs)
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{NAME}.{i:02d}" for i in range(-(-len(data) // piece))]
    for i, path in enumerate(paths):
        path.write_bytes(data[i * piece : (i + 1) * piece])
    return paths


def restore(recipe: Recipe, folder: Path, checkpoints: Path) -> None:
    """Checkpoints to measure, export and start from; training goes on from them with new optimiser states.

    A rounded encoder is another one by name, so the others are told its new name.
    """
    data = b"".join(p.read_bytes() for p in sorted(folder.glob(f"{NAME}.[0-9][0-9]")))
    if not data:
        raise MissingStageError(f"no {NAME}.00 in {folder}: bring home what the stage 'slim' wrote")
    position = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:position])
    weights: dict[str, dict[str, Tensor]] = {}
    for stage, name, shape, sizes in header["tensors"]:
        planes = []
        for size in sizes:
            planes.append(data[position : position + size])
            position += size
        if len(planes[-1]) < sizes[-1]:
            raise MissingStageError(f"the last pieces of {NAME} are not in {folder}: bring all of them home")
        weights.setdefault(stage, {})[name] = _read(planes, shape)
    states: dict[str, dict[str, Any]] = header["stages"]
    vae = build(recipe.vae)
    vae.load_state_dict(weights["vae"])
    name = fingerprint(vae)
    states["vae"]["frozen"] = weights["vae"]
    if "guided" in weights:
        guided = build_student(recipe, "guided")
        guided.load_state_dict(weights["guided"])
        verifier = build_verifier(recipe, states["verifier"]["words"])
        dit = {f"dit.{k}": v for k, v in unguided(guided).items()}
        verifier.load_state_dict(weights["verifier"] | dit)
        weights["verifier"] = verifier.state_dict()
    for stage, state in states.items():
        renamed = {"vae": name} if "vae" in state else {}
        save(state | renamed | {"average": weights[stage], "model": weights[stage]}, checkpoints / f"{stage}.pt")
