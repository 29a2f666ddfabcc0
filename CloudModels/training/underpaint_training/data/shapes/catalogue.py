"""Which models of the library are used, under which names, and which of their MTL materials take the caption's colour.

Checked by eye on contact sheets. Left out are brand marks, lettering, people, animals, vehicles, buildings and doors.
"""

from __future__ import annotations

from dataclasses import dataclass

from .accents import BLACK, CHROME, GOLD, Color


@dataclass(frozen=True)
class Model:
    """One model: its name, the MTL materials of the main and the detail part (the accent is the rest)."""

    name: str
    main: tuple[str, ...]
    detail: tuple[str, ...] = ()
    # Dropped, e.g. lettering and labels.
    left_out: tuple[str, ...] = ()
    # None is the average of the materials' own colours.
    accent_color: Color | None = None
    detail_color: Color | None = None
    accent_metallic: float = 0.0
    # Degrees about z that bring the front to −y.
    turn: float = 0.0
    front: bool = True


MODELS: dict[str, Model] = {
    "plasticChair": Model("chair", ("Material.001",)),
    "armchair": Model("chair", ("seat", "armrest"), ("shoe",), accent_color=CHROME, accent_metallic=1.0),
    "oakChair": Model("chair", ("RED_OAK.001", "RED_OAK.001_NONE")),
    "sillaBlanca": Model("chair", ("blanco",)),
    "chair": Model("chair", ("Cadeiras",), accent_color=(0.05, 0.03, 0.02)),
    "antiqueChair": Model("chair", ("Wood_Cherry_Original",)),
    "chairWithCushion": Model("chair", ("ChairWood",), ("BlackPlastic",)),
    "chair2": Model("chair", ("Schienale_rosso",)),
    "osakaChair": Model("chair", ("Osaka_Mat",)),
    "designChair": Model("chair", ("Plastic",), accent_color=(0.1, 0.1, 0.11)),
    "thonet": Model("chair", ("Seat", "Tube")),
    "armchair2": Model("armchair", ("None",)),
    "modernArmchair": Model("armchair", ("Textile", "Cuir"), accent_color=CHROME, accent_metallic=1.0),
    "winchesterArmchair": Model("armchair", ("Buttons", "Surround", "Sit", "Back")),
    "couch": Model("sofa", ("Material_Couch", "Grey_Pillow"), accent_color=CHROME, accent_metallic=1.0),
    "sofa2": Model("sofa", ("Fabric", "Trim")),
    "winchesterSofa": Model("sofa", ("Buttons", "Surround", "Sit", "Back")),
    "sofa": Model("sofa", ("Leather",)),
    "couch2": Model("sofa", ("dark_fabric",)),
    "silla2": Model("stool", ("naranja",), accent_color=CHROME, accent_metallic=1.0),
    "stool": Model("stool", ("Plast",), ("Leg_feet",), accent_color=CHROME, accent_metallic=1.0),
    "stool2": Model("stool", ("stool",)),
    "oakTable": Model("table", ("RED_OAK.001", "RED_OAK.001_NONE")),
    "table": Model("table", ("TableTop", "TableFeet")),
    "bench": Model("bench", ("wood2",), accent_color=BLACK),
    "pianoBench": Model("bench", ("Leather",), accent_color=BLACK),
    "bedsideTable2": Model("cabinet", ("bed_venge",), accent_color=CHROME, accent_metallic=1.0),
    "tableFan": Model("fan", ("BODY",), accent_color=(0.2, 0.2, 0.22)),
    "riggedFan": Model("fan", ("Blades", "Rubber", "Plastic"), accent_color=CHROME, accent_metallic=1.0),
    "teddyBear": Model("teddy bear", ("teddy",), accent_color=BLACK),
    "caballito": Model("rocking horse", ("Madera", "Madera.001", "Madera.002", "C3"), accent_color=BLACK),
    "handbag": Model("handbag", ("Color",), ("Ring",), detail_color=(0.8, 0.58, 0.25)),
    "briefcase": Model("briefcase", ("Case",), accent_color=GOLD, accent_metallic=1.0),
    "bootie": Model("pair of boots", ("Base",), accent_color=BLACK),
    "slippers": Model("pair of slippers", ("base", "fabric1"), accent_color=(0.8, 0.8, 0.8)),
    "cissors_swap": Model("pair of scissors", ("Material",), accent_color=CHROME, accent_metallic=1.0),
    "desklamp": Model(
        "mushroom lamp", ("Material.002",), accent_color=GOLD, accent_metallic=1.0
    ),
    "outdoorLamp": Model("lantern", ("Lamp",), left_out=("Chain",), accent_color=(0.85, 0.72, 0.4)),
    "lantern": Model("stone lantern", ("Lamp",)),
    "stoneLantern": Model("stone lantern", ("stone",)),
    "cartoon_biplane": Model(
        "toy plane",
        ("Wing", "PlaneBody"),
        ("PlaneGold", "WheelCase", "WheelSupport", "PropThingy", "Wheel"),
        turn=40.0,
    ),
    "deer": Model("deer figurine", ("Material",), turn=60.0),
    "kitchenaid": Model(
        "stand mixer",
        ("Kitchenaid_Yellow",),
        ("Kitchenaid_White", "Kitchenaid_BlackPlastic"),
        left_out=("Kitchenaid_BrushedChrome_Writing", "Kitchenaid_Chrome_Writing"),
        accent_color=CHROME,
        accent_metallic=1.0,
        turn=55.0,
    ),
    "coffeeBrewer": Model(
        "coffee machine", ("Plastic_B",), ("Metal",), accent_color=BLACK, detail_color=CHROME, turn=50.0
    ),
    "littlePlant": Model("potted plant", ("Pot",), ("Mutt",), accent_color=(0.07, 0.22, 0.03), front=False),
    "augalas": Model("potted plant", ("Pot",), ("Ground",), accent_color=(0.07, 0.2, 0.03), front=False),
    "plant": Model("potted plant", ("pot",), ("ground",), accent_color=(0.04, 0.15, 0.02), front=False),
    "orchids": Model("orchid", ("Pot",), ("Flower",), accent_color=(0.03, 0.12, 0.02)),
    "cactus": Model(
        "cactus", ("cactus_pot",), ("cactus_thorns",), accent_color=(0.03, 0.18, 0.03), front=False
    ),
    "barrel": Model("barrel", ("Material.001",), front=False),
    "box": Model("crate", ("Plastic",), front=False),
    "mofx_mailbox": Model("mailbox", ("Metal",), ("Flag",)),
    "electricGuitar": Model(
        "electric guitar", ("Body", "Head"), ("Alluminium", "Chords", "Stages", "Points")
    ),
    "umbrellaFolded": Model("umbrella", ("fabric", "trim"), accent_color=(0.1, 0.05, 0.03)),
    "fireExtinguisher": Model(
        "fire extinguisher", ("Red_Metal", "Label"), ("Rough_Metal", "Smooth_Metal"), accent_color=BLACK
    ),
    "dustbin": Model("waste bin", ("CHROME",), front=False),
    "tetrapak": Model("milk carton", ("pak",)),
    "mamadeira": Model("baby bottle", ("tampa",), ("bico",), accent_color=(0.75, 0.76, 0.78), front=False),
    "cupcake": Model(
        "cupcake",
        ("Cup",),
        ("Cherry", "Tail"),
        accent_color=(0.8, 0.75, 0.68),
        detail_color=(0.5, 0.02, 0.03),
        front=False,
    ),
    "pianoAQueue": Model("grand piano", ("black", "brown")),
    "led_tv": Model(
        "television", ("white_glossy_plastic",), ("chrome_plastic", "grey_plastic"), accent_color=BLACK
    ),
    "wheelbarrow": Model("wheelbarrow", ("Barrow",), accent_color=BLACK),
    "drawersCabinet": Model(
        "cabinet",
        ("cabinetDoor", "cabinetBody", "cabinetDoorBorder", "cabinetBaseboard"),
        ("counter", "counterBorder"),
    ),
    "lowerCabinet": Model(
        "cabinet",
        ("cabinetDoor", "cabinetBody", "cabinetDoorBorder", "cabinetBaseboard"),
        ("counter", "counterBorder"),
    ),
    "deckChair": Model("deck chair", ("Chair_Fabric",), accent_color=(0.5, 0.28, 0.12)),
    "relaxChair": Model(
        "lounge chair", ("kuze.bila",), ("kov.cerny",), accent_color=CHROME, accent_metallic=1.0, turn=60.0
    ),
    "largeFridge": Model("refrigerator", ("metal",), ("waterDispenser",), accent_color=(0.15, 0.15, 0.16)),
    "babyRockingBed": Model("cradle", ("White", "Bottom"), accent_color=(0.75, 0.7, 0.6)),
    "butter": Model("butter dish", ("Butter_Plate",)),
}

_COATED = ("plastic", "plastic", "matte", "metallic")
_POTS = ("ceramic", "ceramic", "matte", "plastic", "copper")
LIBRARY_MATERIALS: dict[str, tuple[str, ...]] = {
    "armchair": ("matte",),
    "sofa": ("matte",),
    "table": ("wooden", "wooden", "matte", "plastic", "marble"),
    "bench": ("wooden", "matte", "plastic"),
    "fan": (*_COATED, "steel", "copper"),
    "teddy bear": ("matte",),
    "rocking horse": ("matte", "plastic", "wooden"),
    "handbag": ("matte", "plastic"),
    "briefcase": ("matte", "plastic"),
    "pair of boots": ("matte", "plastic"),
    "pair of slippers": ("matte", "plastic"),
    "pair of scissors": ("plastic", "matte"),
    "mushroom lamp": ("ceramic", "plastic", "matte", "copper", "steel", "metallic"),
    "lantern": ("metallic", "matte", "copper", "steel", "wooden"),
    "stone lantern": ("matte", "marble", "ceramic", "wooden"),
    "toy plane": (*_COATED, "wooden"),
    "deer figurine": ("ceramic", "matte", "plastic", "gold", "copper", "steel", "wooden", "marble"),
    "stand mixer": ("ceramic", *_COATED, "copper", "steel"),
    "coffee machine": _COATED,
    "potted plant": (*_POTS, "marble", "gold"),
    "orchid": (*_POTS, "marble"),
    "cactus": (*_POTS, "wooden"),
    "barrel": ("wooden", "wooden", *_COATED),
    "crate": ("plastic", "plastic", "wooden"),
    "mailbox": _COATED,
    "electric guitar": ("plastic", "metallic", "wooden", "matte"),
    "umbrella": ("matte", "plastic"),
    "fire extinguisher": ("metallic", "plastic"),
    "waste bin": (*_COATED, "steel", "copper"),
    "milk carton": ("matte", "plastic"),
    "baby bottle": ("plastic",),
    "cupcake": ("matte",),
    "grand piano": ("plastic", "wooden", "matte"),
    "television": _COATED,
    "wheelbarrow": _COATED,
    "cabinet": ("wooden", "matte", "plastic"),
    "deck chair": ("matte",),
    "lounge chair": ("matte", "plastic"),
    "refrigerator": ("steel", *_COATED),
    "cradle": ("wooden", "matte", "plastic"),
    "butter dish": ("ceramic", "matte", "wooden", "marble", "steel"),
}
# Chairs and stools are procedural (None) as well.
_PROCEDURAL: dict[str, int] = {"chair": 3, "stool": 2}


def _instances() -> dict[str, tuple[str | None, ...]]:
    names = dict.fromkeys(m.name for m in MODELS.values())
    return {
        name: (*[None] * _PROCEDURAL.get(name, 0), *(i for i, m in MODELS.items() if m.name == name))
        for name in names
    }


# What a name is drawn from, each with equal weight.
INSTANCES: dict[str, tuple[str | None, ...]] = _instances()
