"""The objects of the grammar: what each may be made of, from where it is seen, how often and how many there are."""

from __future__ import annotations

from .shapes.catalogue import LIBRARY_MATERIALS

# The objects of the first data sets, procedural all ten.
BASICS = ("mug", "bowl", "plate", "vase", "bottle", "jar", "candle", "box", "teapot", "lamp")
# Those of the studio pair that is committed: what a shop shows, and what a few thousand renderings can teach.
# fmt: off
STUDIO = (
    *BASICS,
    "goblet", "pitcher", "teacup", "flower pot", "tumbler", "bucket", "watering can", "cocktail shaker",
    "trophy", "candlestick", "book", "picture frame", "clock", "alarm clock", "basket", "shopping bag",
    "suitcase", "christmas ornament", "light bulb", "cigarette pack", "kettle", "frying pan", "saucepan",
    "cooking pot", "tray", "cake stand", "pepper mill", "cutting board", "kitchen knife", "toaster",
    "soap dispenser", "perfume bottle", "cream tube", "lipstick", "watch", "hat", "dumbbell", "dice",
    "chess pawn", "drum", "phone", "laptop", "speaker", "stool", "side table", "chair", "armchair",
    "teddy bear", "handbag", "potted plant",
)
# fmt: on
# Goods that a platform may prohibit: what a safety check of pictures is tried on.
RESTRICTED = frozenset({"kitchen knife", "cigarette pack"})

_GLOSSY = ("ceramic", "ceramic", "matte")
_TURNED = ("wooden", "matte", "gold", "steel")
_METAL = ("steel", "steel", "copper", "metallic")
_COATED = ("plastic", "plastic", "matte", "metallic")
_FURNITURE = ("wooden", "wooden", "matte", "plastic")
OBJECT_MATERIALS: dict[str, tuple[str, ...]] = {
    "mug": ("ceramic", "ceramic", "matte", "plastic", "metallic", "steel", "copper", "wooden"),
    "bowl": ("ceramic", "ceramic", "matte", "wooden", "marble", "steel", "copper", "gold"),
    "plate": ("ceramic", "ceramic", "matte", "wooden", "marble", "plastic", "gold"),
    "vase": ("ceramic", "ceramic", "matte", "marble", "copper", "gold", "wooden", "metallic"),
    "bottle": ("plastic", "plastic", "matte", "ceramic", "metallic", "steel"),
    "jar": ("ceramic", "plastic", "matte", "marble", "gold", "wooden"),
    "candle": ("wax",),
    "box": ("matte", "matte", "plastic", "wooden", "metallic"),
    "teapot": ("ceramic", "ceramic", "matte", "steel", "copper", "gold"),
    "lamp": ("ceramic", "matte", "wooden", "marble", "gold", "steel", "copper"),
    "goblet": (*_GLOSSY, "gold", "copper", "steel", "wooden", "metallic"),
    "pitcher": (*_GLOSSY, "steel", "copper"),
    "teacup": _GLOSSY,
    "flower pot": (*_GLOSSY, "plastic", "copper"),
    "tumbler": (*_COATED, "steel"),
    "bucket": (*_COATED, "steel"),
    "watering can": (*_COATED, "steel", "copper"),
    "cocktail shaker": (*_METAL, "gold", "matte"),
    "trophy": ("gold", "gold", "steel", "copper", "metallic"),
    "candlestick": (*_TURNED, "copper", "marble"),
    "book": ("matte", "matte", "plastic"),
    "picture frame": ("wooden", "wooden", "matte", "gold", "steel", "plastic"),
    "clock": ("wooden", "plastic", "matte", "marble", "gold"),
    "alarm clock": (*_COATED, "gold", "copper", "steel"),
    "basket": ("wooden", "wooden", "matte", "plastic"),
    "shopping bag": ("matte", "matte", "plastic"),
    "suitcase": _COATED,
    "christmas ornament": ("metallic", "metallic", "matte", "gold", "copper", "plastic"),
    "light bulb": ("ceramic", "plastic"),
    "cigarette pack": ("matte", "plastic"),
    "kettle": ("steel", "copper", "ceramic", "metallic", "matte"),
    "frying pan": ("steel", "steel", "copper", "matte", "metallic"),
    "saucepan": ("steel", "copper", "ceramic", "metallic", "matte"),
    "cooking pot": ("steel", "copper", "ceramic", "ceramic", "metallic", "matte"),
    "tray": ("wooden", "wooden", "plastic", "matte", "marble", "steel", "gold"),
    "cake stand": (*_GLOSSY, "marble", "wooden", "gold"),
    "pepper mill": ("wooden", "wooden", "matte", "plastic", "steel"),
    "salt shaker": (*_GLOSSY, "plastic", "wooden", "marble"),
    "rolling pin": ("wooden", "wooden", "marble", "ceramic", "matte"),
    "cutting board": ("wooden", "wooden", "marble", "plastic"),
    "kitchen knife": ("wooden", "plastic", "plastic", "matte"),
    "toaster": ("metallic", "steel", "plastic", "matte", "copper"),
    "soap dispenser": (*_GLOSSY, "plastic", "marble", "wooden", "steel"),
    "perfume bottle": ("plastic", "ceramic", "metallic", "gold", "marble"),
    "cream tube": ("plastic", "plastic", "matte", "metallic"),
    "lipstick": ("plastic", "metallic", "matte", "gold"),
    "nail polish": ("ceramic", "plastic", "metallic"),
    "ring": ("gold", "gold", "steel", "copper"),
    "watch": ("matte", "matte", "plastic", "metallic"),
    "hat": ("matte",),
    "hammer": ("wooden", "wooden", "plastic", "matte"),
    "screwdriver": ("plastic", "plastic", "wooden", "matte"),
    "paintbrush": ("wooden", "wooden", "plastic", "matte"),
    "dumbbell": ("matte", "plastic", "metallic", "steel"),
    "dice": ("plastic", "plastic", "wooden", "marble", "matte"),
    "chess pawn": ("wooden", "wooden", "plastic", "marble", "matte", "steel"),
    "drum": ("ceramic", "wooden", "metallic", "matte"),
    "phone": ("plastic", "metallic", "matte", "gold"),
    "laptop": ("steel", "steel", "metallic", "matte", "gold"),
    "traffic cone": ("plastic", "matte"),
    "speaker": ("wooden", "wooden", "matte", "plastic", "ceramic"),
    "stool": (*_FURNITURE, "steel", "metallic"),
    "side table": (*_FURNITURE, "marble", "metallic", "gold"),
    "chair": (*_FURNITURE, "metallic"),
    "bookcase": _FURNITURE,
    **LIBRARY_MATERIALS,
}
OBJECT_WEIGHTS: dict[str, float] = {
    "mug": 1.7,
    "bowl": 1.1,
    "vase": 1.2,
    "bottle": 1.1,
    "plate": 0.8,
    "chair": 1.2,
    "kitchen knife": 0.8,
    "cigarette pack": 0.8,
}
# Of these, two or three stand side by side now and then.
COUNTABLE = frozenset(
    """mug bowl plate vase bottle jar candle box teapot lamp goblet pitcher teacup tumbler trophy candlestick
    bucket stool chair hat toaster dice suitcase armchair cactus orchid cupcake lantern barrel speaker""".split()
) | {
    "flower pot",
    "alarm clock",
    "shopping bag",
    "christmas ornament",
    "light bulb",
    "pepper mill",
    "salt shaker",
    "soap dispenser",
    "perfume bottle",
    "cream tube",
    "lipstick",
    "nail polish",
    "chess pawn",
    "traffic cone",
    "potted plant",
    "milk carton",
    "baby bottle",
    "teddy bear",
    "stone lantern",
}
COUNT_WEIGHTS = (0.88, 0.08, 0.04)

_UPRIGHT = ("eye level", "three quarter view", "high angle")
_LIBRARY_FLAT = ("pair of scissors", "pair of slippers", "butter dish")
_LIBRARY_FRONTS = ("television", "refrigerator", "cabinet", "handbag", "briefcase", "umbrella")
# What the top view would show as a disc or a rectangle, and what the other views would show edge-on.
UPRIGHT = (
    "goblet",
    "pitcher",
    "flower pot",
    "tumbler",
    "bucket",
    "watering can",
    "cocktail shaker",
    "trophy",
    "candlestick",
    "suitcase",
    "christmas ornament",
    "light bulb",
    "cigarette pack",
    "cooking pot",
    "cake stand",
    "pepper mill",
    "salt shaker",
    "toaster",
    "soap dispenser",
    "lipstick",
    "nail polish",
    "ring",
    "watch",
    "hat",
    "chess pawn",
    "drum",
    "traffic cone",
    "stool",
    "side table",
    "chair",
    "laptop",
    *(n for n in LIBRARY_MATERIALS if n not in _LIBRARY_FLAT + _LIBRARY_FRONTS),
)
FLAT = (
    "tray",
    "cutting board",
    "kitchen knife",
    "rolling pin",
    "hammer",
    "screwdriver",
    "paintbrush",
    "frying pan",
    "teacup",
    *_LIBRARY_FLAT,
)
FRONTS = (
    "basket",
    "speaker",
    *_LIBRARY_FRONTS,
    "picture frame",
    "clock",
    "alarm clock",
    "shopping bag",
    "perfume bottle",
    "cream tube",
    "phone",
    "bookcase",
)
OBJECT_ANGLES: dict[str, tuple[str, ...]] = {
    "plate": ("three quarter view", "high angle", "top view"),
    "lamp": ("eye level", "three quarter view"),
    "jar": ("eye level", "three quarter view", "high angle"),
    "bottle": ("eye level", "three quarter view", "high angle"),
    "vase": ("eye level", "three quarter view", "high angle"),
    "candle": _UPRIGHT,
    **{name: _UPRIGHT for name in UPRIGHT},
    **{name: ("three quarter view", "high angle", "top view") for name in FLAT},
    **{name: ("eye level", "three quarter view") for name in FRONTS},
}
