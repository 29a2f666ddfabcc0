"""Captions: many wordings of the same exact fields, and the closed vocabulary that they span."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .data.grammar import COLORS, COUNTABLE, SURFACES, Fields
from .models.text import Tokenizer
from .object_words import OBJECT_WORDS, plural
from .recipe import TextRecipe

Rng = np.random.Generator
# Longer wordings are said without their prefix: the text encoder would cut off their end.
TOKENS = TextRecipe().tokens

MATERIAL_WORDS: dict[str, tuple[str, ...]] = {
    "ceramic": ("ceramic", "ceramic", "porcelain", "glossy ceramic", "glazed"),
    "matte": ("matte", "matte", "matt", "clay"),
    "plastic": ("plastic",),
    "metallic": ("metallic", "shiny metallic", "metal"),
    "wooden": ("wooden", "wooden", "wood", "oak"),
    "marble": ("marble", "marble", "white marble"),
    "steel": ("steel", "steel", "stainless steel", "silver", "chrome"),
    "gold": ("gold", "golden", "brass"),
    "copper": ("copper", "copper", "shiny copper"),
    "wax": ("wax", "", ""),
}
COLOR_WORDS: dict[str, tuple[str, ...]] = {
    "grey": ("grey", "gray"),
    "teal": ("teal", "teal", "turquoise"),
    "purple": ("purple", "purple", "violet"),
    "beige": ("beige", "cream"),
}
SURFACE_WORDS: dict[str, tuple[str, ...]] = {
    "wooden table": (
        "on a wooden table",
        "on a wooden table",
        "on a wood table",
        "on an oak table",
        "on a wooden desk",
    ),
    "dark wooden table": (
        "on a dark wooden table",
        "on a dark wooden table",
        "on a walnut table",
        "on a dark wood table",
    ),
    "marble counter": (
        "on a marble counter",
        "on a marble countertop",
        "on a marble table",
        "on white marble",
    ),
    "concrete surface": ("on a concrete surface", "on concrete", "on a concrete floor", "on a stone surface"),
    "linen cloth": ("on a linen cloth", "on linen", "on a linen tablecloth", "on a cloth", "on linen fabric"),
}
BACKDROP_WORDS = (
    "on a {} background",
    "on a {} background",
    "on a plain {} background",
    "against a {} background",
    "in front of a {} backdrop",
    "on a seamless {} background",
)
LIGHT_WORDS: dict[str, tuple[str, ...]] = {
    "soft window light": (
        "soft window light",
        "soft window light",
        "window light",
        "soft daylight",
        "natural light",
        "soft light",
    ),
    "studio softbox": (
        "studio softbox",
        "studio light",
        "studio lighting",
        "softbox lighting",
        "bright studio light",
    ),
    "hard spotlight": ("hard spotlight", "spotlight", "under a spotlight", "hard light"),
    "warm evening light": (
        "warm evening light",
        "warm light",
        "evening light",
        "golden hour light",
        "sunset light",
    ),
    "cool blue light": ("cool blue light", "cool light", "cold blue light", "moonlight"),
    "dramatic side light": (
        "dramatic side light",
        "dramatic light",
        "side light",
        "moody light",
        "low key light",
    ),
}
ANGLE_WORDS: dict[str, tuple[str, ...]] = {
    "eye level": ("eye level", "at eye level", "front view"),
    "three quarter view": ("three quarter view", "three quarter angle"),
    "high angle": ("high angle", "from above", "high angle view"),
    "top view": ("top view", "top down view", "from the top", "flat lay"),
}
COMPOSITION_WORDS: dict[str, tuple[str, ...]] = {
    "centered": ("centered", "in the center", "in the middle"),
    "left": ("on the left", "on the left side", "left of center"),
    "right": ("on the right", "on the right side", "right of center"),
}
PREFIXES = (
    "",
    "",
    "",
    "a photo of",
    "a product photo of",
    "product photography of",
    "a studio photo of",
    "a picture of",
)
NUMBER_WORDS = {2: "two", 3: "three"}
# Left out of a caption more often, so that a short prompt means the usual view.
USUAL = {"angle": "three quarter view", "composition": "centered"}


def _pick(rng: Rng, words: tuple[str, ...]) -> str:
    return words[rng.integers(len(words))]


def _article(phrase: str) -> str:
    return ("an " if phrase[0] in "aeio" or phrase.startswith("umbrella") else "a ") + phrase


def _counted(phrase: str, count: int, number_said: bool) -> str:
    if count == 1:
        return _article(phrase)
    return f"{NUMBER_WORDS[count]} {phrase}" if number_said else phrase


def surface_words(surface: str) -> tuple[str, ...]:
    if surface in SURFACE_WORDS:
        return SURFACE_WORDS[surface]
    color = surface.removesuffix(" background")
    colors = COLOR_WORDS.get(color, (color,))
    return tuple(t.format(c) for c in colors for t in BACKDROP_WORDS)


def plain_caption(fields: Fields) -> str:
    """The one canonical wording, with every field."""
    name = OBJECT_WORDS[fields.object][0]
    words = [fields.color, fields.material, name if fields.count == 1 else plural(name)]
    thing = _counted(" ".join(w for w in words if w), fields.count, True)
    place = surface_words(fields.surface)[0]
    return f"{thing} {place}, {fields.light}, {fields.angle}, {COMPOSITION_WORDS[fields.composition][0]}"


@dataclass(frozen=True)
class Wording:
    """A caption and the names of the fields that its words say, in the order of `Fields`."""

    text: str
    mentioned: tuple[str, ...]


def worded(fields: Fields, rng: Rng, drop: float) -> Wording:
    """A random wording; every field but the object is left out with probability `drop`; of several objects,
    their number is a field, and plural words without it say nothing of how many."""
    keep = lambda: rng.random() >= drop  # noqa: E731
    color = _pick(rng, COLOR_WORDS.get(fields.color, (fields.color,))) if fields.color and keep() else ""
    material = _pick(rng, MATERIAL_WORDS[fields.material]) if keep() else ""
    name = _pick(rng, OBJECT_WORDS[fields.object])
    # One is said by the article, several by the number.
    counted = fields.count == 1 or keep()
    if fields.count > 1:
        name = plural(name)
    said = {"object": True, "material": bool(material), "color": bool(color)}
    plain = _counted(" ".join(w for w in (color, material, name) if w), fields.count, counted)
    thing = plain
    if color and material and rng.random() < 0.12:
        thing = _counted(f"{name} in {color} {material}", fields.count, counted)
    things = (f"{_pick(rng, PREFIXES)} {thing}".strip(), thing, plain)
    place = ""
    said["surface"] = keep()
    if said["surface"]:
        place = " " + _pick(rng, surface_words(fields.surface))
    details = []
    said["light"] = keep()
    if said["light"]:
        details.append(_pick(rng, LIGHT_WORDS[fields.light]))
    for key, words in (("angle", ANGLE_WORDS), ("composition", COMPOSITION_WORDS)):
        value = getattr(fields, key)
        said[key] = rng.random() >= (0.6 if USUAL[key] == value else drop)
        if said[key]:
            details.append(_pick(rng, words[value]))
    if len(details) > 1 and rng.random() < 0.3:
        details.reverse()
    said["count"] = counted
    texts = [", ".join([t + place, *details]) for t in things]
    fitting = (t for t in texts if len(Tokenizer.split(t)) <= TOKENS)
    return Wording(next(fitting, texts[-1]), tuple(key for key in said if said[key]))


def caption(fields: Fields, rng: Rng, drop: float) -> str:
    """The text of a random wording."""
    return worded(fields, rng, drop).text


def mirrored(fields: Fields) -> Fields:
    swap = {"left": "right", "right": "left"}
    return replace(fields, composition=swap.get(fields.composition, fields.composition))


def vocabulary(objects: tuple[str, ...] = ()) -> list[str]:
    """All words that a caption can hold, sorted, after <pad> and <unknown>.

    Of these objects, one in every picture, so that users are told which words a model of few objects does not know; of
    all of the grammar, up to three side by side, where none is named.
    """
    phrases: list[str] = [
        "in of a an with",
        *PREFIXES,
        *COLORS,
        *SURFACES,
        *(w for c in COLOR_WORDS.values() for w in c),
    ]
    names = {name: OBJECT_WORDS[name] for name in objects or OBJECT_WORDS}
    for table in (names, MATERIAL_WORDS, SURFACE_WORDS, LIGHT_WORDS, ANGLE_WORDS, COMPOSITION_WORDS):
        phrases += [w for words in table.values() for w in words]
    phrases += BACKDROP_WORDS
    if not objects:
        phrases += [*NUMBER_WORDS.values(), *(plural(w) for name in COUNTABLE for w in OBJECT_WORDS[name])]
    words = {w for p in phrases for w in Tokenizer.split(p.replace("{}", ""))}
    return ["<pad>", "<unknown>", *sorted(words)]
