"""Attribute combinations that training never sees, so that pictures of them show what the models compose by themselves.

The lists are part of a data set's version: a data set that held nothing out (DataRecipe.held_out off) cannot be measured
on them. Every single value stays in training, only these combinations do not.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from .grammar import Fields, sample_fields
from .held_out import COLOR_PAIRS, MATERIAL_PAIRS, OBJECT_TRIPLES

Combination = tuple[tuple[str, str], ...]
Group = Literal["pairs", "triples", "instances"]
# What a caption can ask for; a mesh instance only a picture can show.
GROUPS: tuple[Group, ...] = ("pairs", "triples")
HELD_OUT_GROUPS: tuple[Group, ...] = (*GROUPS, "instances")
# Of the names with several meshes of the library, these meshes are unseen in training.
HELD_OUT_INSTANCES = ("osakaChair", "couch2", "plant")
# More draws than the rarest group ever needs: a group is about a hundredth of all pictures or more.
DRAWS = 20_000


def _all(first: str, second: str, values: tuple[tuple[str, str], ...]) -> tuple[Combination, ...]:
    return tuple(((first, a), (second, b)) for a, b in values)


PAIRS: tuple[Combination, ...] = (
    *_all(
        "object",
        "material",
        (
            ("mug", "copper"),
            ("bowl", "marble"),
            ("plate", "wooden"),
            ("vase", "gold"),
            ("bottle", "ceramic"),
            ("lamp", "steel"),
            *MATERIAL_PAIRS,
        ),
    ),
    *_all(
        "object",
        "color",
        (
            ("mug", "purple"),
            ("mug", "yellow"),
            ("bowl", "teal"),
            ("plate", "pink"),
            ("vase", "orange"),
            ("vase", "grey"),
            ("bottle", "white"),
            ("jar", "blue"),
            ("box", "black"),
            ("teapot", "green"),
            ("lamp", "red"),
            ("candle", "brown"),
            *COLOR_PAIRS,
        ),
    ),
    *_all(
        "surface",
        "light",
        (
            ("marble counter", "warm evening light"),
            ("pink background", "dramatic side light"),
            ("linen cloth", "hard spotlight"),
            ("blue background", "studio softbox"),
        ),
    ),
    *_all("object", "angle", (("teapot", "top view"), ("box", "eye level"))),
)


def _triples(values: tuple[tuple[str, str, str], ...]) -> tuple[Combination, ...]:
    return tuple((("object", a), ("color", b), ("surface", c)) for a, b, c in values)


# No pair of a triple is held out by itself, or the triple would measure nothing of its own.
TRIPLES: tuple[Combination, ...] = _triples(
    (
        ("mug", "red", "wooden table"),
        ("mug", "blue", "marble counter"),
        ("bowl", "green", "linen cloth"),
        ("bowl", "white", "dark wooden table"),
        ("plate", "teal", "wooden table"),
        ("plate", "yellow", "white background"),
        ("vase", "pink", "marble counter"),
        ("vase", "white", "blue background"),
        ("bottle", "green", "white background"),
        ("bottle", "black", "concrete surface"),
        ("jar", "purple", "beige background"),
        ("candle", "red", "wooden table"),
        ("box", "yellow", "white background"),
        ("box", "pink", "grey background"),
        ("teapot", "blue", "wooden table"),
        ("teapot", "black", "marble counter"),
        ("lamp", "orange", "green background"),
        ("lamp", "white", "wooden table"),
        *OBJECT_TRIPLES,
    )
)


def _holds(fields: Fields, combinations: tuple[Combination, ...]) -> bool:
    return any(all(getattr(fields, key) == value for key, value in c) for c in combinations)


def group_of(fields: Fields) -> Group | None:
    """The held-out group that a picture belongs to, None for what training may see; the first that fits wins."""
    if _holds(fields, PAIRS):
        return "pairs"
    if _holds(fields, TRIPLES):
        return "triples"
    return "instances" if fields.instance in HELD_OUT_INSTANCES else None


def says_combination(fields: Fields, mentioned: tuple[str, ...]) -> bool:
    """Whether a wording that says these fields says a held-out combination of the picture in full."""
    said = [c for c in (*PAIRS, *TRIPLES) if all(key in mentioned for key, _ in c)]
    return _holds(fields, tuple(said))


def sample_group(
    rng: np.random.Generator,
    group: Group | None,
    objects: list[str] | None = None,
    max_count: int | None = None,
) -> Fields:
    """Fields of one group by rejection, with the grammar's own frequencies inside it."""
    for _ in range(DRAWS):
        fields = sample_fields(rng, objects, max_count)
        if group_of(fields) == group:
            return fields
    raise RuntimeError(f"no picture of the group {group} in {DRAWS} draws: its lists do not fit the grammar")
