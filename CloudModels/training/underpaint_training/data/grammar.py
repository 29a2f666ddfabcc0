"""The closed world of the studio pictures: objects, materials, colours, surfaces, lights, angles, compositions."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields

import numpy as np

# Users of the grammar find its objects here.
from .objects import (  # noqa: F401
    BASICS,
    COUNT_WEIGHTS,
    COUNTABLE,
    OBJECT_ANGLES,
    OBJECT_MATERIALS,
    OBJECT_WEIGHTS,
    RESTRICTED,
    STUDIO,
)
from .shapes.catalogue import INSTANCES

Rng = np.random.Generator
Color = tuple[float, float, float]


def linear(code: str) -> Color:
    """sRGB hex to linear RGB."""
    c = np.array([int(code[i : i + 2], 16) / 255 for i in (0, 2, 4)])
    r, g, b = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    return float(r), float(g), float(b)


COLORS: dict[str, Color] = {
    "red": linear("c8202a"),
    "orange": linear("e8741c"),
    "yellow": linear("f0c52e"),
    "green": linear("2f8a46"),
    "teal": linear("1d8a8c"),
    "blue": linear("2a52be"),
    "purple": linear("6b3fa0"),
    "pink": linear("ee8fb0"),
    "brown": linear("6b4226"),
    "white": linear("ececea"),
    "grey": linear("8c8c8e"),
    "black": linear("1c1c1e"),
}


@dataclass(frozen=True)
class Material:
    """Principled parameters; `texture` names a fixed pattern and `tint` a fixed colour, else the colour is free."""

    roughness: float
    metallic: float = 0.0
    specular: float = 0.5
    clearcoat: float = 0.0
    texture: str | None = None
    tint: Color | None = None

    @property
    def colorable(self) -> bool:
        return self.texture is None and self.tint is None


MATERIALS: dict[str, Material] = {
    "ceramic": Material(0.16, specular=0.6, clearcoat=1.0),
    "matte": Material(0.85, specular=0.2),
    "plastic": Material(0.32, specular=0.5),
    "metallic": Material(0.3, metallic=0.9),
    "wooden": Material(0.5, specular=0.4, texture="wood"),
    "marble": Material(0.25, specular=0.5, texture="marble"),
    "steel": Material(0.2, metallic=1.0, tint=(0.58, 0.58, 0.6)),
    "gold": Material(0.22, metallic=1.0, tint=(1.0, 0.68, 0.27)),
    "copper": Material(0.22, metallic=1.0, tint=(0.93, 0.45, 0.29)),
    "wax": Material(0.55, specular=0.35),
}


@dataclass(frozen=True)
class Surface:
    """A seamless coloured sweep, or (with a texture) a table or counter in front of a plain wall."""

    color: Color = (0.8, 0.8, 0.8)
    texture: str | None = None
    roughness: float = 0.8
    specular: float = 0.2


SURFACES: dict[str, Surface] = {
    "white background": Surface(linear("efefed")),
    "grey background": Surface(linear("9a9a9b")),
    "black background": Surface(linear("1e1e20"), roughness=0.5),
    "beige background": Surface(linear("dcc8a8")),
    "pink background": Surface(linear("f2b8c6")),
    "blue background": Surface(linear("8fb8de")),
    "green background": Surface(linear("9cc09a")),
    "yellow background": Surface(linear("f2d36b")),
    "wooden table": Surface(texture="wood", roughness=0.45, specular=0.4),
    "dark wooden table": Surface(texture="dark wood", roughness=0.4, specular=0.4),
    "marble counter": Surface(texture="marble", roughness=0.18, specular=0.5),
    "concrete surface": Surface(texture="concrete", roughness=0.8),
    "linen cloth": Surface(texture="linen", roughness=0.95, specular=0.1),
}
SURFACE_WEIGHTS: dict[str, float] = {"wooden table": 2.0, "marble counter": 1.4, "white background": 1.5}
WALLS: tuple[Color, ...] = tuple(linear(c) for c in ("d9d4cc", "c2c4c6", "a8a49c", "8a8f94", "cfc0a8"))

LIGHTS = (
    "soft window light",
    "studio softbox",
    "hard spotlight",
    "warm evening light",
    "cool blue light",
    "dramatic side light",
)


@dataclass(frozen=True)
class Tint:
    """Colour of the lamps, and colour and range of strength of the sky."""

    lamps: Color
    sky: Color
    sky_level: tuple[float, float]


_WHITE, _COOL = (1.0, 0.98, 0.95), (0.95, 0.98, 1.0)
TINTS: dict[str, Tint] = {
    "soft window light": Tint(_COOL, _COOL, (0.06, 0.1)),
    "studio softbox": Tint(_WHITE, _WHITE, (0.1, 0.14)),
    "hard spotlight": Tint(_WHITE, _WHITE, (0.01, 0.02)),
    "warm evening light": Tint((1.0, 0.64, 0.36), (0.8, 0.68, 0.62), (0.06, 0.09)),
    "cool blue light": Tint((0.5, 0.7, 1.0), (0.45, 0.6, 0.95), (0.05, 0.08)),
    "dramatic side light": Tint(_WHITE, _WHITE, (0.012, 0.022)),
}

ANGLES: dict[str, tuple[float, float]] = {
    "eye level": (5.0, 12.0),
    "three quarter view": (20.0, 32.0),
    "high angle": (40.0, 52.0),
    "top view": (72.0, 84.0),
}
COMPOSITIONS = ("centered", "left", "right")


@dataclass(frozen=True)
class Fields:
    """The exact description of one picture; `color` is None where the material fixes it.

    `instance` names the mesh of the library that the object is, None for a procedural shape. Records leave out what is
    as usual (one object, procedural, unrestricted), as the first data sets did.
    """

    object: str
    material: str
    color: str | None
    surface: str
    light: str
    angle: str
    composition: str
    count: int = 1
    instance: str | None = None
    # Follows from the object; a field, so that a record that says it can be read back.
    restricted: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "restricted", self.object in RESTRICTED)

    def to_json(self) -> dict[str, str | int | bool | None]:
        usual = {f.name: f.default for f in fields(self)}
        return {k: v for k, v in asdict(self).items() if v != usual[k]}


def _choose(rng: Rng, names: list[str], weights: dict[str, float]) -> str:
    w = np.array([weights.get(n, 1.0) for n in names])
    return names[rng.choice(len(names), p=w / w.sum())]


def sample_fields(rng: Rng, objects: list[str] | None = None, max_count: int | None = None) -> Fields:
    """Random fields; up to three objects side by side, or one alone where the objects are given.

    Number and instance are drawn last: with the ten basics and one object alone, the draws are those of the first data
    sets, picture for picture.
    """
    if max_count is None:
        max_count = 1 if objects else len(COUNT_WEIGHTS)
    name = _choose(rng, objects or list(OBJECT_MATERIALS), OBJECT_WEIGHTS)
    material = OBJECT_MATERIALS[name][rng.integers(len(OBJECT_MATERIALS[name]))]
    color = list(COLORS)[rng.integers(len(COLORS))] if MATERIALS[material].colorable else None
    angles = OBJECT_ANGLES.get(name, tuple(ANGLES))
    angle = _choose(rng, list(angles), {"three quarter view": 2.0, "top view": 0.6})
    composition = _choose(rng, list(COMPOSITIONS), {"centered": 3.0})
    surface = _choose(rng, list(SURFACES), SURFACE_WEIGHTS)
    light = _choose(rng, list(LIGHTS), {"soft window light": 1.7, "studio softbox": 1.3})
    instances = INSTANCES.get(name, (None,))
    instance = instances[rng.integers(len(instances))] if len(instances) > 1 else instances[0]
    count = 1
    if max_count > 1 and name in COUNTABLE:
        w = np.array(COUNT_WEIGHTS[:max_count])
        count = 1 + int(rng.choice(len(w), p=w / w.sum()))
    return Fields(name, material, color, surface, light, angle, composition, count, instance)
