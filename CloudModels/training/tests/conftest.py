from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from underpaint_training.data.generate import render_shard, write_manifest
from underpaint_training.data.grammar import COLORS, Fields
from underpaint_training.recipe import Recipe, load


class PaintedDiscs:
    """Stands in for the renderer: a disc of the object's colour, and in a variation the picture in grey."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height

    def pictures(self, fields: Fields, seed: int, variations: int = 0) -> list[SimpleNamespace]:
        y, x = np.mgrid[: self.height, : self.width] / min(self.width, self.height) - 0.5
        mask = x**2 + y**2 < 0.1
        found = [fields, replace(fields, color="grey")] if variations and fields.color else [fields]
        return [self._disc(f, mask) for f in found]

    @staticmethod
    def _disc(fields: Fields, mask: np.ndarray) -> SimpleNamespace:
        pixels = np.where(mask[..., None], np.sqrt(COLORS[fields.color or "grey"]), 0.7)
        return SimpleNamespace(
            fields=fields,
            pixels=(pixels * 255).astype(np.uint8),
            mask=mask,
            coverage=float(mask.mean()),
            contrast=1.0,
        )


def speak_up(checkpoints: Path) -> None:
    """Denoisers whose output, zero at first, is far from it however few steps a busy machine had time for."""
    from underpaint_training.files import restore, save

    generator = torch.Generator().manual_seed(1)
    for stage, name in (("verifier", "dit.final_proj.weight"), ("draft", "final_proj.weight")):
        state = restore(checkpoints / f"{stage}.pt")
        assert state is not None
        state["average"][name] += 0.3 * torch.randn(state["average"][name].shape, generator=generator)
        save(state, checkpoints / f"{stage}.pt")


def write_prompts(path: Path, many: list, mentioned: list[str]) -> None:
    lines = [
        {"prompt": f"picture {i}", "seed": i + 1, "fields": f.to_json(), "mentioned": mentioned}
        for i, f in enumerate(many)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


@pytest.fixture(scope="session")
def tiny() -> Recipe:
    return load(Path(__file__).parent.parent / "recipes" / "tiny.json")


@pytest.fixture(scope="session")
def trained(tiny: Recipe, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Painted discs, and checkpoints of all stages that were trained on them; whoever trains on copies them."""
    from underpaint_training import distillation, train_critic, train_vae, train_verifier
    from underpaint_training.parallel import Group

    folder = tmp_path_factory.mktemp("work")
    data, checkpoints = folder / "data", folder / "checkpoints"
    data.mkdir()
    for split, shard in (("basics", 0), ("train", 1), ("holdout", 0)):
        render_shard(PaintedDiscs(*tiny.data.size_of(shard)), tiny.data, split, shard, data)
    write_manifest(tiny.data, data)
    alone = Group(0, 1)
    train_vae.train(tiny, data, checkpoints, None, alone)
    train_verifier.train(tiny, data, checkpoints, None, alone)
    distillation.train(tiny, data, checkpoints, None, alone)
    train_critic.train(tiny, data, checkpoints, None, alone)
    return data, checkpoints


@pytest.fixture(scope="session")
def measured(tiny: Recipe, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Painted discs in all splits, and a classifier trained on its own."""
    from underpaint_training.parallel import Group
    from underpaint_training.train_classifier import train

    folder = tmp_path_factory.mktemp("measured")
    data, checkpoints = folder / "data", folder / "checkpoints"
    data.mkdir()
    studio, plain = PaintedDiscs(*tiny.data.size_of(0)), replace(tiny.data, variations=0)
    for split, shard in (("train", 0), ("train", 1), ("holdout", 0), ("classifier", 0), ("classifier", 1)):
        render_shard(studio, plain, split, shard, data)
    train(tiny, data, checkpoints, None, Group(0, 1))
    return data, checkpoints
