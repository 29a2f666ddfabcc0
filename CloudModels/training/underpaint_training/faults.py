"""Faults planted by words: a picture and a caption that says one thing of it wrong, or all.

A picture of other words is what a draft makes that did not follow its prompt, and needs no bad draft to make it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .captions import worded
from .data.grammar import (
    ANGLES,
    COLORS,
    COMPOSITIONS,
    LIGHTS,
    MATERIALS,
    OBJECT_ANGLES,
    OBJECT_MATERIALS,
    SURFACES,
    Fields,
)
from .data.splits import sample_group

Rng = np.random.Generator
# How often each is planted: what a check must not let pass most often. `prompt` is another caption altogether.
FAULTS: dict[str, float] = {
    "object": 5.0,
    "color": 5.0,
    "surface": 4.0,
    "material": 3.0,
    "prompt": 3.0,
    "light": 1.0,
    "angle": 1.0,
    "composition": 1.0,
}
# Of a caption; far more than any picture needs that can have the fault.
DRAWS = 10_000
_SHARES = np.array(list(FAULTS.values())) / sum(FAULTS.values())


def _values(fault: str, fields: Fields, objects: list[str]) -> list[str]:
    """What the field could say instead; of a picture whose material fixes its colour only such materials."""
    match fault:
        case "object":
            found = objects
        case "color":
            found = list(COLORS) if fields.color else []
        case "surface":
            found = list(SURFACES)
        case "material":
            colorable = fields.color is not None
            found = [m for m in OBJECT_MATERIALS[fields.object] if MATERIALS[m].colorable == colorable]
        case "light":
            found = list(LIGHTS)
        case "angle":
            found = list(OBJECT_ANGLES.get(fields.object, tuple(ANGLES)))
        case _:
            found = list(COMPOSITIONS)
    return [v for v in found if v != getattr(fields, fault)]


def possible(fields: Fields, fault: str, objects: list[str]) -> bool:
    """Whether the picture can have the fault."""
    return fault == "prompt" or bool(_values(fault, fields, objects))


def planted(fields: Fields, fault: str, objects: list[str], rng: Rng) -> Fields | None:
    """The fields with this one fault; None where the picture cannot have it."""
    if fault == "prompt":
        # Some other picture; of another object, or it might be right after all.
        other = sample_group(rng, None, objects)
        return other if other.object != fields.object else None
    values = _values(fault, fields, objects)
    return replace(fields, **{fault: values[rng.integers(len(values))]}) if values else None


def contradiction(
    fields: Fields, objects: list[str], rng: Rng, drop: float, fault: str | None = None
) -> tuple[str, str, str]:
    """The fault, a caption that is true of the picture and one that is not, both worded alike.

    Without a fault one is drawn by `FAULTS`. What is wrong is always said, whatever `drop` leaves out.
    """
    if fault and not possible(fields, fault, objects):
        raise ValueError(f"{fields} cannot have a fault of its {fault}")
    for _ in range(DRAWS):
        kind = fault or list(FAULTS)[rng.choice(len(FAULTS), p=_SHARES)]
        wrong = planted(fields, kind, objects, rng)
        seed = int(rng.integers(1 << 31))
        own = worded(fields, np.random.default_rng(seed), drop)
        if wrong is None or (kind != "prompt" and kind not in own.mentioned):
            continue
        other = worded(wrong, np.random.default_rng(seed), drop)
        # Another colour may be worded alike where nothing of it is said.
        if other.text != own.text and (kind == "prompt" or kind in other.mentioned):
            return kind, own.text, other.text
    raise ValueError(f"no caption contradicts {fields} in {DRAWS} draws: the recipe has too few objects")
