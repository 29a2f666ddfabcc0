"""Pictures by the renderer itself, where it is installed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from underpaint_training.data.grammar import Fields, sample_fields
from underpaint_training.recipe import Recipe


def test_the_renderer_makes_a_picture_with_the_object_in_it(tiny: Recipe) -> None:
    pytest.importorskip("mitsuba")
    if not Path("/usr/lib/x86_64-linux-gnu/libLLVM-19.so").exists():
        pytest.skip("the renderer needs libllvm19")
    from underpaint_training.data.compose import Studio

    studio = Studio(*tiny.data.size_of(0), tiny.data.samples)
    seed = next(s for s in range(2000) if sample_fields(np.random.default_rng(s)).object == "mug")
    fields = sample_fields(np.random.default_rng(seed))
    [picture, *_] = studio.pictures(fields, seed, 2)
    assert picture.pixels.shape == (64, 64, 3) and 0.07 <= picture.coverage <= 0.65
    assert picture.pixels.std() > 5 and picture.fields == fields


def test_a_composed_picture_is_near_the_rendered_one(tiny: Recipe) -> None:
    pytest.importorskip("mitsuba")
    if not Path("/usr/lib/x86_64-linux-gnu/libLLVM-19.so").exists():
        pytest.skip("the renderer needs libllvm19")
    from underpaint_training.data.check import Comparison

    comparison = Comparison(replace(tiny.data, samples=8))
    fields = Fields("mug", "matte", "white", "grey background", "studio softbox", "eye level", "centered")
    for what in ("object", "backdrop"):
        pair = next(p for seed in range(20) if (p := comparison.compare(fields, seed, what)))
        assert pair[0] > 24, what
    gold = replace(fields, material="gold", color=None)
    assert comparison.compare(gold, 0, "object") is None
