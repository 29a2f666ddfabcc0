"""The attribute classifier as it is committed (`classifiers/`): the instrument by which versions of the models are compared
must outlive the renders and the hours that it was made of.

Matrices are kept in bf16, which is what it reads in anyway, all else in float32: it reads the same after the way.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor

from .files import restore, save_tensors
from .recipe import Recipe

# Of the checkpoint, what is no tensor.
FACTS = ("classes", "size", "samples", "pictures", "step", "seconds", "ceiling", "ceilingSoftened")
WEIGHTS, CORRECT = "weights.", "correct"


def instrument_file(recipe: Recipe, root: Path) -> Path:
    return root / "CloudModels" / "training" / "classifiers" / f"{recipe.name}.safetensors"


def as_kept(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Matrices in bf16, all else as it is."""
    return {k: (v.bfloat16() if v.is_floating_point() and v.ndim > 1 else v).contiguous() for k, v in weights.items()}


def keep_instrument(recipe: Recipe, checkpoints: Path, root: Path) -> bool:
    """Writes the classifier of the checkpoints for good; whether there is one."""
    state = restore(checkpoints / "classifier.pt")
    if state is None:
        return False
    tensors = {WEIGHTS + name: v for name, v in as_kept(state["average"]).items()}
    tensors[CORRECT] = state[CORRECT].to(torch.uint8).contiguous()
    facts = json.dumps({k: state[k] for k in FACTS}, sort_keys=True)
    save_tensors(tensors, instrument_file(recipe, root), facts=facts)
    return True


def kept_instrument(path: Path) -> dict[str, Any]:
    """The same as a checkpoint; training goes on from it with new optimiser states."""
    with safe_open(str(path), "pt") as file:
        state: dict[str, Any] = json.loads(file.metadata()["facts"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}
    state[CORRECT] = tensors.pop(CORRECT).bool()
    state["model"] = state["average"] = {name.removeprefix(WEIGHTS): v for name, v in tensors.items()}
    return state
