from __future__ import annotations

from pathlib import Path

import pytest

from underpaint_training.recipe import Recipe, load


@pytest.fixture(scope="session")
def tiny() -> Recipe:
    return load(Path(__file__).parent.parent / "recipes" / "tiny.json")
