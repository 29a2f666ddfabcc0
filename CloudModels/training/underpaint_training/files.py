"""Files that are written whole or not at all: checkpoints, weights, arrays, texts."""

from __future__ import annotations

import hashlib
import os
from functools import partial
from pathlib import Path
from typing import Any, Callable

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn


def replace_file(path: Path, write: Callable[[Path], object]) -> None:
    """Writes beside the target, under a name of this process's own, and renames: a kill leaves the former file whole, and
    another process that makes the same one is not in the way."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}.partial{path.suffix}")
    try:
        write(temporary)
        temporary.rename(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def save(state: dict[str, Any], path: Path) -> None:
    replace_file(path, partial(torch.save, state))


def save_tensors(tensors: dict[str, torch.Tensor], path: Path, **facts: str) -> None:
    """A safetensors file that everyone may read. A program that has mapped the former one keeps it."""

    def write(temporary: Path) -> None:
        save_file(tensors, str(temporary), metadata={"format": "pt"} | facts)
        temporary.chmod(0o644)

    replace_file(path, write)


def _exported(module: nn.Module) -> dict[str, torch.Tensor]:
    return {k: v.detach().to(torch.bfloat16).contiguous().cpu() for k, v in module.state_dict().items()}


def save_weights(module: nn.Module, path: Path) -> None:
    """As they are exported, in bfloat16."""
    save_tensors(_exported(module), path)


def save_text(text: str, path: Path) -> None:
    replace_file(path, lambda temporary: temporary.write_text(text))


def save_array(array: np.ndarray, path: Path) -> None:
    replace_file(path, lambda temporary: np.save(temporary, array))


def restore(path: Path) -> dict[str, Any] | None:
    return torch.load(path, map_location="cpu", weights_only=True) if path.exists() else None


def fingerprint(module: nn.Module) -> str:
    """Of a module's weights as they are exported, in bfloat16."""
    weights = _exported(module)
    parts = (weights[k].view(torch.uint8).numpy().tobytes() for k in sorted(weights))
    return hashlib.sha256(b"".join(parts)).hexdigest()[:16]
