"""Recipes: every number of a training run, read from one JSON file."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class DataRecipe:
    # Folder of the data set, so that several recipes may learn from one; the recipe's name where it is empty.
    name: str = ""
    seed: int = 20261123
    # Width and height in turn for one shard after another, the first being the usual one.
    sizes: tuple[tuple[int, int], ...] = ((128, 128),)
    samples: int = 12
    # Pictures composed from the passes of each rendering, at most.
    variations: int = 0
    # Renderings of BASICS alone, which are what a small model should know best.
    basics: int = 0
    # A data set whose pictures are taken over: those for training as basics, the classifier's beside its own.
    also: str = ""
    count: int = 20000
    holdout: int = 500
    classifier: int = 3000
    pairs: int = 0
    triples: int = 0
    instances: int = 0
    # One of these alone in every picture; all of the grammar, up to three side by side, where none is named.
    objects: tuple[str, ...] = ()
    held_out: bool = False
    # Renderings a shard.
    shard_size: int = 500

    def size_of(self, shard: int) -> tuple[int, int]:
        """Width and height of the pictures in a shard."""
        width, height = self.sizes[shard % len(self.sizes)]
        return width, height

    @property
    def distinct_sizes(self) -> tuple[tuple[int, int], ...]:
        return tuple(dict.fromkeys((width, height) for width, height in self.sizes))


@dataclass(frozen=True)
class LoopRecipe:
    """What every stage that trains has to say to the loop."""

    # Samples a step, over all processes.
    batch: int = 64
    # Of wall time; zero takes over what the stage starts from as it is.
    minutes: float = 10.0
    # Learning rates: of Muon for the matrices between hidden layers, and of Adam for all else.
    matrix_rate: float = 6e-3
    rate: float = 1.5e-3
    ema: float = 0.995
    warmup: int = 60
    checkpoint_minutes: float = 3.0
    seed: int = 0


@dataclass(frozen=True)
class VAERecipe(LoopRecipe):
    latent_channels: int = 8
    encoder_widths: tuple[int, ...] = (32, 64, 128)
    decoder_widths: tuple[int, ...] = (128, 96, 64)
    blocks: int = 2
    crop: int = 64
    batch: int = 24
    minutes: float = 20.0
    matrix_rate: float = 4e-3
    rate: float = 2e-3
    latent_noise: float = 0.05
    seed: int = 1


@dataclass(frozen=True)
class DecoderRecipe(LoopRecipe):
    """The decoder alone, against a discriminator; it begins as the autoencoder's, so small steps will do."""

    batch: int = 48
    # Zero leaves the decoder as it is.
    minutes: float = 0.0
    matrix_rate: float = 5e-4
    rate: float = 2e-4
    ema: float = 0.998
    warmup: int = 50
    crop: int = 128
    # Of the discriminator: 34×34 pixels a score with three of them; its Adam's rate; its steps before the decoder's first.
    widths: tuple[int, ...] = (64, 128, 256)
    discriminator_rate: float = 2e-4
    discriminator_steps: int = 200
    # Weight of the discriminator's score, as a share of the reconstruction loss that the decoder begins with; steps until
    # it counts in full.
    adversarial: float = 0.2
    ramp: int = 300
    # dB of squared error that the textures may cost: from half of them on the adversarial loss counts less, then nothing.
    allowed_loss: float = 2.0
    seed: int = 6


@dataclass(frozen=True)
class TextRecipe:
    width: int = 192
    heads: int = 4
    layers: int = 2
    tokens: int = 24


@dataclass(frozen=True)
class VerifierRecipe(LoopRecipe):
    width: int = 256
    heads: int = 4
    layers: int = 6
    patch: int = 2
    minutes: float = 62.0
    drop_all: float = 0.1
    drop_field: float = 0.12
    object_weight: float = 2.0
    compile: bool = False
    seed: int = 2


@dataclass(frozen=True)
class DistillationRecipe(LoopRecipe):
    minutes: float = 14.0
    ema: float = 0.997
    trajectory_share: float = 0.75
    trajectories: int = 320
    # States in flight in the place of stored trajectories: each costs an evaluation of the teacher, and none comes twice.
    rollouts: int = 0
    # Share of them that go where the student takes them: what it must be right about once it drafts by itself.
    own_share: float = 0.0
    # Share of the noised pictures whose caption is empty.
    drop_all: float = 0.0
    warmup: int = 50
    compile: bool = False
    seed: int = 3


@dataclass(frozen=True)
class GuidedRecipe(DistillationRecipe):
    """The verifier without its second evaluation; it begins as the verifier, so small steps will do."""

    # What a prompt adds, which a check asks for, is the difference to a velocity without one.
    drop_all: float = 0.4
    matrix_rate: float = 2e-3
    rate: float = 5e-4
    seed: int = 5


@dataclass(frozen=True)
class DraftRecipe(DistillationRecipe):
    width: int = 128
    heads: int = 4
    layers: int = 6
    patch: int = 2
    # Blocks of the verifier that it begins with, one for each of its layers; the width is then the verifier's.
    blocks: tuple[int, ...] = ()


@dataclass(frozen=True)
class CriticRecipe(LoopRecipe):
    """What the check asks about pictures: the draft's first blocks over larger patches, whose width and heads are the
    draft's."""

    # Zero trains none, and the verifier itself is asked.
    minutes: float = 0.0
    layers: int = 4
    patch: int = 2
    drop_field: float = 0.25
    # Pairs of pictures, the draft's and the verifier's, that likeness is learnt from; with none it answers for prompts
    # alone. 5000 are a good number; gpu-v1's critic has none yet.
    pairs: int = 0
    # Of them drawn at once, of one size: what a kill loses. Every eleventh of such batches is held out.
    pair_batch: int = 32
    batch: int = 64
    matrix_rate: float = 4e-3
    rate: float = 1e-3
    compile: bool = False
    seed: int = 7


@dataclass(frozen=True)
class ClassifierRecipe(LoopRecipe):
    size: int = 128
    widths: tuple[int, ...] = (64, 96, 128, 192)
    features: int = 128
    minutes: float = 8.0
    matrix_rate: float = 0.05
    rate: float = 3e-3
    ema: float = 0.99
    smoothing: float = 0.05
    mask_weight: float = 1.0
    held_out: int = 400
    warmup: int = 30
    checkpoint_minutes: float = 4.0
    seed: int = 4


@dataclass(frozen=True)
class FlowRecipe:
    shift: float = 3.0
    # Those that the draft is trained and measured at.
    steps: int = 25
    # What each takes by itself where nobody says more; as many where it is zero. Guidance in the weights straightens
    # their ways, so fewer do.
    draft_steps: int = 0
    verifier_steps: int = 0
    guidance: float = 3.0
    guidance_minimum: float = 1.0
    guidance_maximum: float = 6.0


@dataclass(frozen=True)
class Recipe:
    name: str
    # Name of the recipe whose checkpoints a stage begins with where it has none of its own.
    start: str | None = None
    data: DataRecipe = field(default_factory=DataRecipe)
    vae: VAERecipe = field(default_factory=VAERecipe)
    decoder: DecoderRecipe = field(default_factory=DecoderRecipe)
    text: TextRecipe = field(default_factory=TextRecipe)
    verifier: VerifierRecipe = field(default_factory=VerifierRecipe)
    guided: GuidedRecipe = field(default_factory=GuidedRecipe)
    draft: DraftRecipe = field(default_factory=DraftRecipe)
    critic: CriticRecipe = field(default_factory=CriticRecipe)
    classifier: ClassifierRecipe = field(default_factory=ClassifierRecipe)
    flow: FlowRecipe = field(default_factory=FlowRecipe)
    version: str = "0.1.0"
    device: str = "cpu"
    # The recipe's own device where another one computes now; the cards name it.
    trained_on: str = ""


class RecipeError(ValueError):
    """A recipe file that names an unknown key or lacks a needed one."""


def _build(kind: type, values: dict[str, Any], where: str) -> Any:
    known = {f.name: f for f in fields(kind)}
    for key in values:
        if key not in known:
            raise RecipeError(f"{where}: unknown key '{key}'; known are {', '.join(sorted(known))}")
    arguments = {}
    for key, value in values.items():
        factory = known[key].default_factory
        if isinstance(value, dict) and is_dataclass(factory):
            value = _build(factory, value, f"{where}.{key}")
        arguments[key] = tuple(value) if isinstance(value, list) else value
    return kind(**arguments)


def load(path: Path) -> Recipe:
    """Reads a recipe. Its "data" may be the path of another one, beside it, that has the same data set."""
    values = json.loads(path.read_text())
    if "name" not in values:
        raise RecipeError(f"{path}: 'name' is missing")
    if isinstance(values.get("data"), str):
        other = path.parent / values["data"]
        try:
            values["data"] = json.loads(other.read_text())["data"]
        except (OSError, KeyError) as error:
            raise RecipeError(f"{path}: \"data\" names {other}, which is no recipe with a data set") from error
        if not isinstance(values["data"], dict):
            raise RecipeError(f"{path}: {other} takes its data set from another recipe: name that one")
    return _build(Recipe, values, str(path))
