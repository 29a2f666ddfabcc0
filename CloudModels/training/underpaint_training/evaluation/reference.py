"""The renders that pictures are compared with: features of the training split and of held-out renders.

Features are divided by the training renders' mean standard deviation, so that distances read in units of the renders'
own spread and stay comparable when the classifier is trained anew.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import numpy as np

from ..files import save_array
from ..pictures import cache_name, decode, shards
from ..recipe import Recipe
from ..train_classifier import FrozenClassifier, LabelledPictures, Readings, fitted, held_out, read
from .metrics import edge_strength, nearest

# Fixed numbers, so that the figures do not move while more shards are being rendered.
TYPICAL_REFERENCES = 2000
NEIGHBOUR = 5


@dataclass(frozen=True)
class TrainingRenders:
    """Features of the generators' training pictures, as they are and mirrored."""

    shards: list[Path]
    features: np.ndarray  # [2n, feature]: n as they are, then their mirror images
    ends: list[int]
    scale: float

    @property
    def count(self) -> int:
        return len(self.features) // 2

    @property
    def plain(self) -> np.ndarray:
        return self.features[: self.count]

    def picture(self, index: int) -> np.ndarray:
        """The picture that row `index` of the features belongs to, mirrored where the row is."""
        mirror, number = divmod(index, self.count)
        shard = bisect_right(self.ends, number)
        local = number - (self.ends[shard - 1] if shard else 0)
        pixels = decode(self.shards[shard])[0][local]
        return pixels[:, ::-1] if mirror else pixels


def _shard_features(classifier: FrozenClassifier, shard: Path, cache: Path) -> np.ndarray:
    """[2, n, feature] of one shard, through a cache that the classifier's name keys."""
    path = cache / classifier.name / f"{cache_name(shard)}.npy"
    if not path.exists():
        pixels = np.stack([fitted(p, classifier.size) for p in decode(shard)[0]])
        both = [read(classifier.model, p).features for p in (pixels, pixels[:, :, ::-1])]
        save_array(np.stack(both), path)
    return np.load(path)


def training_renders(
    classifier: FrozenClassifier, data: Path, cache: Path, count: int | None = None
) -> TrainingRenders:
    """All training renders, or as many of the first shards as hold `count`."""
    used: list[Path] = []
    parts: list[np.ndarray] = []
    for shard in shards(data, "train"):
        if count is not None and sum(p.shape[1] for p in parts) >= count:
            break
        used.append(shard)
        parts.append(_shard_features(classifier, shard, cache))
    features = np.concatenate(parts, 1)
    scale = float(np.sqrt(features[0].var(0).mean()))
    ends = list(accumulate(p.shape[1] for p in parts))
    return TrainingRenders(used, features.reshape(-1, features.shape[-1]) / scale, ends, scale)


@dataclass(frozen=True)
class HeldOutRenders:
    """Real renders that nothing was trained on: what the best possible generator would score."""

    pixels: np.ndarray
    labels: np.ndarray
    readings: Readings
    features: np.ndarray  # scaled
    distances: np.ndarray  # to the NEIGHBOUR-th nearest training render, sorted
    edges: dict[int, float]  # class of surface to the median edge strength; −1 for all surfaces

    def typicality(self, distances: np.ndarray) -> np.ndarray:
        """Twice the share of held-out renders that lie at least as far from the training renders, at most 1."""
        nearer = np.searchsorted(self.distances, distances, side="left")
        return np.minimum(1.0, 2 * (len(self.distances) - nearer) / len(self.distances))


def typical_distance(features: np.ndarray, training: TrainingRenders) -> np.ndarray:
    """Distance of scaled features [n, feature] to the NEIGHBOUR-th nearest of the first training renders, [n]."""
    return nearest(features, training.plain[:TYPICAL_REFERENCES], NEIGHBOUR)[0][:, -1]


def held_out_renders(
    recipe: Recipe, classifier: FrozenClassifier, data: Path, training: TrainingRenders, surface: int
) -> HeldOutRenders:
    """`surface` is the attribute number of the surface, by which edges are judged."""
    own = LabelledPictures(data, "classifier", classifier.size)
    pixels, labels = held_out(data, recipe, own)
    readings = read(classifier.model, pixels)
    features = readings.features / training.scale
    strengths = np.array([edge_strength(p) for p in pixels])
    edges = {-1: float(np.median(strengths))}
    predicted = readings.predictions()[:, surface]
    for value in np.unique(predicted):
        if (predicted == value).sum() >= 5:
            edges[int(value)] = float(np.median(strengths[predicted == value]))
    distances = np.sort(typical_distance(features, training))
    return HeldOutRenders(pixels, labels, readings, features, distances, edges)
