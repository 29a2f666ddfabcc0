"""The attributes that the classifier tells apart, and their classes."""

from __future__ import annotations

import numpy as np

from .data.grammar import (
    ANGLES,
    COLORS,
    COMPOSITIONS,
    COUNT_WEIGHTS,
    LIGHTS,
    MATERIALS,
    OBJECT_MATERIALS,
    SURFACES,
    Fields,
)

# Where the material fixes the colour, the colour field is None and the class this.
NO_COLOR = "none"

CLASSES: dict[str, tuple[str, ...]] = {
    "object": tuple(OBJECT_MATERIALS),
    "material": tuple(MATERIALS),
    "color": (*COLORS, NO_COLOR),
    "surface": tuple(SURFACES),
    "light": LIGHTS,
    "angle": tuple(ANGLES),
    "composition": COMPOSITIONS,
    "count": tuple(str(n + 1) for n in range(len(COUNT_WEIGHTS))),
}
ATTRIBUTES = tuple(CLASSES)


def labels(fields: Fields) -> list[int]:
    """Class numbers in the order of ATTRIBUTES."""
    return [CLASSES[name].index(str(getattr(fields, name) or NO_COLOR)) for name in ATTRIBUTES]


def label_array(many: list[Fields]) -> np.ndarray:
    """[n, attribute] int64."""
    return np.array([labels(f) for f in many], np.int64).reshape(-1, len(ATTRIBUTES))


def mirrored_labels(values: np.ndarray) -> np.ndarray:
    """Labels [n, attribute] of the mirror images: left and right change places."""
    position = ATTRIBUTES.index("composition")
    swap = np.arange(len(COMPOSITIONS))
    left, right = COMPOSITIONS.index("left"), COMPOSITIONS.index("right")
    swap[left], swap[right] = right, left
    result = values.copy()
    result[:, position] = swap[values[:, position]]
    return result


def mention_mask(mentioned: list[str]) -> np.ndarray:
    """[attribute] bool: which attributes a wording says, and so which are scored."""
    unknown = set(mentioned) - set(ATTRIBUTES)
    if unknown:
        raise ValueError(f"unknown attributes {sorted(unknown)}; known are {', '.join(ATTRIBUTES)}")
    return np.array([name in mentioned for name in ATTRIBUTES])
