from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from underpaint_training.data.grammar import COLORS, Fields
from underpaint_training.recipe import Recipe, load


class PaintedDiscs:
    """Stands in for the renderer: a disc of the object's colour."""

    def __init__(self, size: int) -> None:
        self.size = size

    def picture(self, fields: Fields, seed: int) -> SimpleNamespace:
        y, x = np.mgrid[: self.size, : self.size] / self.size - 0.5
        mask = x**2 + y**2 < 0.1
        color = np.sqrt(COLORS[fields.color or "grey"])
        pixels = np.where(mask[..., None], color, 0.7)
        return SimpleNamespace(
            pixels=(pixels * 255).astype(np.uint8), mask=mask, coverage=float(mask.mean()), contrast=1.0
        )


@pytest.fixture(scope="session")
def tiny() -> Recipe:
    return load(Path(__file__).parent.parent / "recipes" / "tiny.json")
