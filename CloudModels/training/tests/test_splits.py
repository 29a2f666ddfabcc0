"""Held-out combinations and what tells a data set's splits apart."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from underpaint_training.captions import caption, worded
from underpaint_training.data.generate import SPLITS, fields_of, plan, seed_of
from underpaint_training.data.grammar import (
    BASICS,
    COLORS,
    LIGHTS,
    MATERIALS,
    OBJECT_ANGLES,
    OBJECT_MATERIALS,
    RESTRICTED,
    SURFACES,
    Fields,
    sample_fields,
)
from underpaint_training.data.shapes.catalogue import INSTANCES, MODELS
from underpaint_training.data.splits import (
    GROUPS,
    HELD_OUT_GROUPS,
    HELD_OUT_INSTANCES,
    PAIRS,
    TRIPLES,
    group_of,
)
from underpaint_training.pictures import new_shards
from underpaint_training.prompts import standard_prompts
from underpaint_training.recipe import DataRecipe


def _possible(combination: dict[str, str]) -> bool:
    """Whether the grammar can draw it at all."""
    name = combination.get("object")
    if name and "material" in combination and combination["material"] not in OBJECT_MATERIALS[name]:
        return False
    if name and "color" in combination and not any(MATERIALS[m].colorable for m in OBJECT_MATERIALS[name]):
        return False
    return not (name in OBJECT_ANGLES and combination.get("angle") not in (None, *OBJECT_ANGLES[name]))


def test_every_held_out_combination_can_be_drawn_and_is_listed_once() -> None:
    values = {
        "object": OBJECT_MATERIALS,
        "material": MATERIALS,
        "color": COLORS,
        "surface": SURFACES,
        "light": LIGHTS,
    }
    for combination in (*PAIRS, *TRIPLES):
        assert _possible(dict(combination)), combination
        assert all(value in values[key] for key, value in combination if key in values), combination
    assert len(set(PAIRS)) == len(PAIRS) and len(set(TRIPLES)) == len(TRIPLES)


def test_about_a_twentieth_of_the_meshes_of_shared_names_is_held_out() -> None:
    shared = [i for some in INSTANCES.values() if len(some) > 1 for i in some if i]
    assert len(set(HELD_OUT_INSTANCES)) == len(HELD_OUT_INSTANCES) and set(HELD_OUT_INSTANCES) <= set(shared)
    assert 0.04 <= len(HELD_OUT_INSTANCES) / len(shared) <= 0.1
    for instance in HELD_OUT_INSTANCES:
        assert set(INSTANCES[MODELS[instance].name]) - set(HELD_OUT_INSTANCES), instance


def test_about_a_tenth_of_the_pairs_of_an_object_is_held_out() -> None:
    for key, possible in (
        ("material", sum(len(set(m)) for m in OBJECT_MATERIALS.values())),
        (
            "color",
            len(COLORS) * sum(any(MATERIALS[m].colorable for m in ms) for ms in OBJECT_MATERIALS.values()),
        ),
    ):
        listed = sum({k for k, _ in p} == {"object", key} for p in PAIRS)
        assert 0.07 <= listed / possible <= 0.16, (key, listed, possible)


def test_no_held_out_pair_is_inside_a_held_out_triple() -> None:
    assert not [(p, t) for p in PAIRS for t in TRIPLES if set(p) <= set(t)]


def test_the_groups_are_disjoint_and_training_keeps_every_single_value() -> None:
    recipe = DataRecipe(held_out=True)
    drawn = {
        split: [fields_of(recipe, split, seed) for seed in range(4000)] for split in ("train", "holdout")
    }
    for group in HELD_OUT_GROUPS:
        drawn[group] = [fields_of(recipe, group, seed) for seed in range(60)]
        assert {group_of(f) for f in drawn[group]} == {group}
    for split in ("train", "holdout"):
        assert {group_of(f) for f in drawn[split]} == {None}
    for key in ("object", "material", "color", "surface", "light", "angle", "composition", "count"):
        counts = Counter(getattr(f, key) for f in drawn["train"])
        assert min(counts.values()) >= 10, counts
        everything = {getattr(sample_fields(np.random.default_rng(s)), key) for s in range(3000)}
        assert set(counts) == everything


def test_without_held_out_groups_a_picture_shows_what_the_first_data_set_showed() -> None:
    for seed in range(50):
        assert fields_of(DataRecipe(), "train", seed) == sample_fields(np.random.default_rng(seed))


def test_the_ten_basics_are_drawn_as_for_the_first_data_sets() -> None:
    """The digest is of the fields that the grammar of ten objects drew from the same seeds."""
    fields = [sample_fields(np.random.default_rng(seed), list(BASICS)) for seed in range(400)]
    text = "\n".join(json.dumps(f.to_json(), sort_keys=True) for f in fields)
    assert (
        hashlib.sha256(text.encode()).hexdigest()
        == "64045fa00b2fe155a1ada51e54571e3e9e6ee1c01c31f6d3c85e1cdede13dcb0"
    )
    recipe = DataRecipe(objects=BASICS)
    assert [fields_of(recipe, "train", seed) for seed in range(400)] == fields


def test_fields_are_read_back_from_records_old_and_new() -> None:
    rng = np.random.default_rng(2)
    for _ in range(1000):
        fields = sample_fields(rng)
        record = fields.to_json()
        assert Fields(**json.loads(json.dumps(record))) == fields
        assert record.get("restricted", False) == fields.restricted == (fields.object in RESTRICTED)
        assert (fields.count == 1) == ("count" not in record)
    old = Fields("mug", "steel", None, "wooden table", "studio softbox", "eye level", "left")
    assert set(old.to_json()) == {"object", "material", "color", "surface", "light", "angle", "composition"}


def test_the_classifier_sees_every_combination() -> None:
    groups = {group_of(fields_of(DataRecipe(held_out=True), "classifier", seed)) for seed in range(3000)}
    assert groups == {None, *HELD_OUT_GROUPS}


def test_seeds_differ_between_splits_and_attempts() -> None:
    recipe = DataRecipe()
    seeds = {seed_of(recipe, s, i, a) for s in SPLITS for i in range(50) for a in range(3)}
    assert len(seeds) == 150 * len(SPLITS)


def test_a_plan_covers_a_split_and_the_default_leaves_the_classifier_out() -> None:
    recipe = replace(DataRecipe(), basics=500, count=1200, holdout=1000, classifier=700, shard_size=500)
    assert plan(recipe, "classifier") == [("classifier", 0), ("classifier", 1)]
    train = [("train", 0), ("train", 1), ("train", 2)]
    assert plan(recipe) == [("basics", 0), ("holdout", 0), *train, ("holdout", 1)]


def test_a_wording_names_the_fields_that_it_says() -> None:
    rng, same = np.random.default_rng(5), np.random.default_rng(5)
    for _ in range(500):
        fields = sample_fields(rng)
        assert sample_fields(same) == fields
        wording = worded(fields, rng, 0.3)
        assert caption(fields, same, 0.3) == wording.text
        said = set(wording.mentioned)
        assert "object" in said
        assert ("surface" in said) == any(
            w in f" {wording.text}"
            for w in (
                " on a ",
                " on an ",
                " on linen",
                " on white",
                " on concrete",
                " against ",
                " in front of ",
            )
        )
        if fields.color:
            spoken = {"grey": ("grey", "gray"), "teal": ("teal", "turquoise"), "purple": ("purple", "violet")}
            words = wording.text.split(" on ")[0].split(" against ")[0].split(" in front ")[0]
            hit = any(f" {c} " in f" {words} " for c in spoken.get(fields.color, (fields.color,)))
            assert hit or "color" not in said
        assert ("angle" in said) <= any(
            w in wording.text
            for w in ("eye level", "front view", "angle", "quarter", "above", "top", "flat lay")
        )


@pytest.mark.parametrize("group", GROUPS)
def test_held_out_prompts_say_their_combination(group: str) -> None:
    prompts = standard_prompts(30, group)
    assert len({p["prompt"] for p in prompts}) == 30
    for p in prompts:
        listed = [c for c in (PAIRS if group == "pairs" else TRIPLES) if set(c) <= set(p["fields"].items())]
        assert any({key for key, _ in c} <= set(p["mentioned"]) for c in listed)


def test_shards_that_finish_out_of_order_are_each_taken_once(tmp_path: Path) -> None:
    known: set[str] = set()
    (tmp_path / "train-00002.tar").touch()
    assert [s.stem for s in new_shards(tmp_path, "train", known)] == ["train-00002"]
    for name in ("train-00000", "train-00001", "holdout-00000"):
        (tmp_path / f"{name}.tar").touch()
    assert [s.stem for s in new_shards(tmp_path, "train", known)] == ["train-00000", "train-00001"]
    assert new_shards(tmp_path, "train", known) == []
