from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from underpaint_training.captions import (
    ANGLE_WORDS,
    COMPOSITION_WORDS,
    LIGHT_WORDS,
    MATERIAL_WORDS,
    OBJECT_WORDS,
    TOKENS,
    caption,
    mirrored,
    plain_caption,
    plural,
    surface_words,
    vocabulary,
    worded,
)
from underpaint_training.data.grammar import BASICS, OBJECT_MATERIALS, SURFACES, sample_fields
from underpaint_training.models.text import PAD, Tokenizer
from underpaint_training.sampling import PROMPTS


def test_every_caption_is_inside_the_vocabulary() -> None:
    rng = np.random.default_rng(0)
    words = set(vocabulary())
    for _ in range(3000):
        fields = sample_fields(rng)
        for text in (caption(fields, rng, 0.1), plain_caption(fields)):
            assert set(Tokenizer.split(text)) <= words, text


def test_a_model_of_few_objects_knows_their_words_alone() -> None:
    rng = np.random.default_rng(9)
    words = vocabulary(BASICS)
    for _ in range(1000):
        assert set(Tokenizer.split(caption(sample_fields(rng, list(BASICS)), rng, 0.1))) <= set(words)
    assert not {"sofa", "mugs", "two"} & set(words)
    assert set(words) < set(vocabulary())


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


def test_all_words_of_the_exported_models_are_still_words_of_the_captions() -> None:
    path = Path(__file__).parents[3] / "EdgeModels" / "studio-shared" / "vocabulary.json"
    assert set(json.loads(path.read_text())["words"]) <= set(vocabulary())


def test_every_object_has_words_and_every_caption_fits_the_text_encoder() -> None:
    assert set(OBJECT_WORDS) == set(OBJECT_MATERIALS)
    rng = np.random.default_rng(7)
    for _ in range(6000):
        fields = sample_fields(rng)
        for text in (caption(fields, rng, 0.0), plain_caption(fields)):
            assert len(Tokenizer.split(text)) <= TOKENS, text


def test_the_longest_words_together_fit_the_text_encoder() -> None:
    longest = lambda phrases: max(len(Tokenizer.split(p)) for p in phrases)  # noqa: E731
    tables = (OBJECT_WORDS, MATERIAL_WORDS, LIGHT_WORDS, ANGLE_WORDS, COMPOSITION_WORDS)
    surface = longest(p for name in SURFACES for p in surface_words(name))
    assert 2 + sum(longest(p for words in t.values() for p in words) for t in tables) + surface <= TOKENS


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("mug", "mugs"),
        ("gift box", "gift boxes"),
        ("dish", "dishes"),
        ("jar with a lid", "jars with a lid"),
        ("die", "dice"),
        ("potted cactus", "potted cacti"),
        ("teddy", "teddies"),
        ("carton of milk", "cartons of milk"),
    ],
)
def test_plurals(one: str, many: str) -> None:
    assert plural(one) == many


def test_several_objects_are_said_by_number_or_plural() -> None:
    rng = np.random.default_rng(8)
    some = [f for f in (sample_fields(rng) for _ in range(3000)) if f.count > 1]
    assert {f.count for f in some} == {2, 3}
    for fields in some:
        wording = worded(fields, rng, 0.4)
        number = {2: "two", 3: "three"}[fields.count]
        # "three quarter view" and "two slice toaster" hold numbers too.
        words = wording.text.split(",")[0].replace("two slice", "").split()
        assert ("count" in wording.mentioned) == (number in words), wording
        assert any(plural(w) in wording.text for w in OBJECT_WORDS[fields.object]), wording
        one = worded(replace(fields, count=1), rng, 0.4)
        assert "count" in one.mentioned and not {"two", "three"} & set(
            one.text.split(",")[0].replace("two slice", "").split()
        )


def test_the_program_plants_faults_with_the_words_of_the_captions() -> None:
    import re

    from underpaint_training.data.grammar import STUDIO
    from underpaint_training.recipe import load

    top = Path(__file__).parents[3]
    source = (top / "Sources/SplitLab/Calibration/StudioWords.swift").read_text()
    table = source[source.index("static let objects") : source.index("static let surfaces")]
    known = {name: set(re.findall(r'"([^"]+)"', words)) for name, words in re.findall(r'"([a-z ]+)": \[([^\]]*)\]', table)}
    assert known == {name: set(OBJECT_WORDS[name]) for name in STUDIO}
    assert load(top / "CloudModels/training/recipes/gpu-v1.json").data.objects == STUDIO
