from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

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


@pytest.fixture(scope="session")
def tiny() -> Recipe:
    return load(Path(__file__).parent.parent / "recipes" / "tiny.json")
