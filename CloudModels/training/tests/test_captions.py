from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from underpaint_training.captions import caption, mirrored, plain_caption, vocabulary
from underpaint_training.data.grammar import sample_fields
from underpaint_training.models.text import PAD, Tokenizer
from underpaint_training.sampling import PROMPTS


def test_every_caption_is_inside_the_vocabulary() -> None:
    rng = np.random.default_rng(0)
    words = set(vocabulary())
    for _ in range(3000):
        fields = sample_fields(rng)
        for text in (caption(fields, rng, 0.1), plain_caption(fields)):
            assert set(Tokenizer.split(text)) <= words, text


@pytest.mark.parametrize("prompt", PROMPTS)
def test_standard_prompts_are_inside_the_vocabulary(prompt: str) -> None:
    assert set(Tokenizer.split(prompt)) <= set(vocabulary())


def test_a_mirror_image_swaps_left_and_right_only() -> None:
    rng = np.random.default_rng(1)
    for _ in range(100):
        fields = sample_fields(rng)
        assert mirrored(mirrored(fields)) == fields
        assert (mirrored(fields) == fields) == (fields.composition == "centered")


def test_the_tokenizer_drops_unknown_words_and_pads() -> None:
    tokenizer = Tokenizer(["<pad>", "<unknown>", "mug", "red"], 4)
    assert tokenizer.encode("A RED, (shiny) mug!") == [3, 2, PAD, PAD]
    assert tokenizer.encode("red " * 9) == [3] * 4


def test_the_exported_models_know_this_vocabulary() -> None:
    path = Path(__file__).parents[3] / "EdgeModels" / "studio-shared" / "vocabulary.json"
    assert json.loads(path.read_text())["words"] == vocabulary()
