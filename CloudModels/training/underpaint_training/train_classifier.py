"""Stage `classifier`: the measuring instrument, trained on renders that no generator was trained on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from .attributes import ATTRIBUTES, CLASSES, label_array, mirrored_labels
from .augmentation import augmented, softened
from .data.generate import TAKEN, plan
from .files import restore
from .instrument import as_kept
from .latents import MissingStageError
from .loop import Loop
from .models.classifier import Classifier
from .parallel import Group
from .pictures import decode, fields, new_shards
from .recipe import ClassifierRecipe, Recipe
from .training import device_of

REPORT_STEPS = 25
SPLIT = "classifier"


def build(recipe: ClassifierRecipe) -> Classifier:
    return Classifier({name: len(values) for name, values in CLASSES.items()}, recipe.widths, recipe.features)


def fitted(pixels: np.ndarray, size: int) -> np.ndarray:
    """One picture [H, W, 3] squeezed to size × size: one shape for all aspects, in which composition and angle keep
    their looks. The classifier learns from pictures that were squeezed alike."""
    if pixels.shape[:2] == (size, size):
        return pixels
    # Antialiased when shrinking.
    return np.asarray(Image.fromarray(pixels).resize((size, size), Image.Resampling.LANCZOS))


def to_tensor(pixels: np.ndarray, device: torch.device) -> Tensor:
    """Bytes [n, H, W, 3] to [n, 3, H, W] in [−1,1], channels last in memory."""
    x = torch.from_numpy(np.ascontiguousarray(pixels)).to(device).permute(0, 3, 1, 2).float() / 127.5 - 1
    return x.contiguous(memory_format=torch.channels_last)


class LabelledPictures:
    """Pictures, masks and labels of a split in memory, resized once; `refresh` takes in new shards."""

    def __init__(self, folder: Path, split: str, size: int) -> None:
        self.folder, self.split, self.size = folder, split, size
        self.pixels = np.zeros((0, size, size, 3), np.uint8)
        self.masks = np.zeros((0, size, size), np.uint8)
        self.labels = np.zeros((0, len(ATTRIBUTES)), np.int64)
        self.rows: dict[str, range] = {}  # by the shard's name
        self.known: set[str] = set()
        self.refresh()

    def refresh(self) -> None:
        for shard in new_shards(self.folder, self.split, self.known):
            pixels, masks = decode(shard)
            self.rows[shard.stem] = range(len(self), len(self) + len(pixels))
            self.pixels = np.concatenate([self.pixels, np.stack([fitted(p, self.size) for p in pixels])])
            shape = (self.size, self.size)
            small = [np.asarray(Image.fromarray((m > 0).astype(np.uint8) * 255).resize(shape)) for m in masks]
            self.masks = np.concatenate([self.masks, np.stack(small)])
            self.labels = np.concatenate([self.labels, label_array(fields(shard))])

    def __len__(self) -> int:
        return len(self.pixels)


@dataclass(frozen=True)
class Readings:
    """What a classifier says of n pictures."""

    probabilities: dict[str, np.ndarray]  # attribute to [n, class]
    features: np.ndarray  # [n, feature]

    def predictions(self) -> np.ndarray:
        """[n, attribute]."""
        return np.stack([self.probabilities[name].argmax(1) for name in ATTRIBUTES], 1)


@torch.no_grad()
def read(model: nn.Module, pixels: np.ndarray, soften: int | None = None) -> Readings:
    """Readings of bytes [n, H, W, 3] at the classifier's size; with a seed, of softened copies."""
    device = next(model.parameters()).device
    probabilities: dict[str, list[np.ndarray]] = {name: [] for name in ATTRIBUTES}
    features = []
    generator = torch.Generator(device).manual_seed(soften or 0)
    for start in range(0, len(pixels), 64):
        x = to_tensor(pixels[start : start + 64], device)
        if soften is not None:
            x = softened(x, generator).clamp(-1, 1)
        with torch.autocast(device.type, torch.bfloat16):
            reading = model(x)
        features.append(reading.features.float().cpu().numpy())
        for name in ATTRIBUTES:
            probabilities[name].append(reading.logits[name].softmax(1).cpu().numpy())
    return Readings({k: np.concatenate(v) for k, v in probabilities.items()}, np.concatenate(features))


def held_out_rows(recipe: Recipe, own: LabelledPictures) -> np.ndarray:
    """Which of the classifier's own renders it is not trained on: the first in the order of the shards' names, so that
    they are the same whenever and in whatever order shards are rendered and read. Those shards must be there."""
    n = recipe.classifier.held_out
    names = {f"{split}-{number:05d}" for split, number in plan(recipe.data, SPLIT)} | own.rows.keys()
    # A shard that was taken over has had all of lower numbers before it; how many come after it nobody knows.
    for number in (int(name.rpartition("-")[2]) for name in own.rows):
        names |= {f"{SPLIT}-{i:05d}" for i in range(number - number % TAKEN, number)}
    rows: list[int] = []
    for name in sorted(names):
        if len(rows) >= n:
            break
        if name not in own.rows:
            raise MissingStageError(
                f"no {name}.tar in {own.folder}, of the first {n} pictures of the split '{SPLIT}', which are held out: "
                f"run the stage 'data' with --split {SPLIT} first"
            )
        rows += own.rows[name]
    if len(rows) < n:
        raise MissingStageError(
            f"{len(rows)} pictures of the split '{SPLIT}' in {own.folder}, {n} are held out: "
            f"run the stage 'data' with --split {SPLIT} first"
        )
    return np.array(rows[:n], np.int64)


def held_out(data: Path, recipe: Recipe, own: LabelledPictures) -> tuple[np.ndarray, np.ndarray]:
    """Renders that neither the classifier nor any generator was trained on: the first of the classifier's own, and
    the generators' hold-out. Pixels and labels."""
    other = LabelledPictures(data, "holdout", recipe.classifier.size)
    rows = held_out_rows(recipe, own)
    return np.concatenate([own.pixels[rows], other.pixels]), np.concatenate([own.labels[rows], other.labels])


def accuracy(correct: np.ndarray) -> dict[str, float]:
    """Shares of correct [n, attribute], and of rows that are correct in all."""
    values = {name: float(correct[:, k].mean()) for k, name in enumerate(ATTRIBUTES)}
    return values | {"joint": float(correct.all(1).mean())}


@dataclass(frozen=True)
class FrozenClassifier:
    """The averaged classifier, a name that changes with its weights, and what its held-out renders gave."""

    model: Classifier
    name: str
    size: int
    correct: np.ndarray  # [n, attribute] on held-out renders
    training: dict[str, Any]


def load_classifier(recipe: Recipe, checkpoints: Path) -> FrozenClassifier:
    state = restore(checkpoints / "classifier.pt")
    if state is None:
        raise MissingStageError(f"no classifier.pt in {checkpoints}: run the stage 'classifier' first")
    if state["classes"] != {k: list(v) for k, v in CLASSES.items()}:
        raise MissingStageError("classifier.pt knows other attributes than the grammar now: train it anew")
    model = build(recipe.classifier)
    # As it is committed, so that both read the same and bear one name.
    weights = as_kept(state["average"])
    model.load_state_dict(weights)
    contents = (weights[k].flatten().view(torch.uint8).numpy().tobytes() for k in sorted(weights))
    digest = hashlib.sha256(b"".join(contents)).hexdigest()
    model = model.to(recipe.device, memory_format=torch.channels_last).eval().requires_grad_(False)
    training = {k: state[k] for k in ("samples", "pictures", "step", "ceiling", "ceilingSoftened")}
    training["minutes"] = state["seconds"] / 60
    return FrozenClassifier(model, digest[:16], state["size"], state["correct"].numpy(), training)


def train(recipe: Recipe, data: Path, checkpoints: Path, minutes: float | None, group: Group) -> None:
    r = recipe.classifier
    device = device_of(recipe.device, group.size)
    torch.manual_seed(r.seed)
    store = LabelledPictures(data, SPLIT, r.size)
    if len(store) <= r.held_out:
        raise MissingStageError(
            f"{len(store)} pictures of the split '{SPLIT}' in {data}, {r.held_out} of them to be held out: "
            f"run the stage 'data' with --split {SPLIT} first"
        )
    held = held_out_rows(recipe, store)
    model = build(r).to(device, memory_format=torch.channels_last)
    path = checkpoints / "classifier.pt"
    loop = Loop(r, model, [model], restore(path), path, group)
    rng, generator = loop.rng(), loop.generator(device)

    def loss() -> Tensor:
        index = rng.choice(np.delete(np.arange(len(store)), held), loop.share)
        mirror = rng.random(loop.share) < 0.5
        pixels, masks, truth = store.pixels[index], store.masks[index], store.labels[index]
        pixels[mirror], masks[mirror] = pixels[mirror, :, ::-1], masks[mirror, :, ::-1]
        truth[mirror] = mirrored_labels(truth[mirror])
        x, mask = augmented(
            to_tensor(pixels, device), torch.from_numpy(masks).to(device).float() / 255, generator
        )
        target = torch.from_numpy(truth).to(device)
        with torch.autocast(device.type, torch.bfloat16):
            reading = model(x.contiguous(memory_format=torch.channels_last))
        where = F.adaptive_avg_pool2d(mask[:, None], reading.mask.shape[1:])[:, 0]
        value = r.mask_weight * F.binary_cross_entropy_with_logits(reading.mask, where)
        for k, name in enumerate(ATTRIBUTES):
            value = value + F.cross_entropy(reading.logits[name], target[:, k], label_smoothing=r.smoothing)
        return value

    def kept() -> dict[str, Any]:
        pixels, truth = held_out(data, recipe, store)
        correct = read(loop.average.module, pixels).predictions() == truth
        soft = read(loop.average.module, pixels, soften=r.seed).predictions() == truth
        return {
            "pictures": len(store) - r.held_out,
            "size": r.size,
            "classes": {k: list(v) for k, v in CLASSES.items()},
            "correct": torch.from_numpy(correct),
            "ceiling": accuracy(correct),
            "ceilingSoftened": accuracy(soft),
        }

    loop.run(
        loss,
        minutes,
        facts=lambda: {"pictures": len(store)},
        kept=kept,
        logged=("ceiling",),
        report_steps=REPORT_STEPS,
        refresh=store.refresh,
        decay=0.5,
        clip=5.0,
    )
