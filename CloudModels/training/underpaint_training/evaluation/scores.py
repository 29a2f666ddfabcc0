"""What a single picture scores: attributes, five axes and their composite."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..attributes import ATTRIBUTES
from ..train_classifier import FrozenClassifier, Readings, fitted, read
from .folder import PictureRecord, load_picture
from .metrics import edge_strength
from .reference import HeldOutRenders, TrainingRenders, typical_distance

Array = np.ndarray
FIDELITY_AXES: dict[str, tuple[str, ...]] = {
    "subject": ("object", "material", "color"),
    "setting": ("surface", "light"),
    "framing": ("angle", "composition"),
}
AXES = (*FIDELITY_AXES, "sharpness", "naturalness")

DEFINITION = """\
Every axis is 1 + 9·v with v in [0, 1]; the composite is the mean of the axes that a picture has.
subject: v is the mean over object, material and colour, as far as the prompt's words say them, of the classifier's
  probability of what was asked, divided by the median probability that it gives the truth on held-out renders, at most 1.
setting: the same over surface and light. framing: the same over angle and composition.
  A picture whose prompt says none of an axis's attributes lacks that axis.
sharpness: v is r or 1/r, whichever is below 1; r is the picture's edge strength (mean of the strongest 1 % of luma
  gradients, at the classifier's size) divided by the median of held-out renders on the surface that the classifier sees.
naturalness: v is twice the share of held-out renders that lie at least as far from the training renders as the picture
  does, at most 1; the distance is that to the 5th nearest of the first 2,000 training renders in classifier features."""


@dataclass(frozen=True)
class Scores:
    """Scores of n pictures in the order of their records."""

    correct: Array  # [n, attribute] bool
    mentioned: Array  # [n, attribute] bool
    axes: Array  # [n, axis] from 1 to 10, NaN where a picture lacks the axis
    features: Array  # [n, feature], scaled

    @property
    def joint(self) -> Array:
        """[n]: 1 where every attribute that the prompt says is right."""
        return (self.correct | ~self.mentioned).all(1)

    @property
    def composite(self) -> Array:
        return np.nanmean(self.axes, 1)


class Judge:
    """Scores pictures by a classifier and the held-out renders."""

    def __init__(self, classifier: FrozenClassifier, training: TrainingRenders, real: HeldOutRenders) -> None:
        self.classifier, self.training, self.real = classifier, training, real
        truth = self._asked(real.readings, real.labels)
        self.usual = np.maximum(np.median(truth, 0), 1e-3)

    @staticmethod
    def _asked(readings: Readings, labels: Array) -> Array:
        """Probability of each asked class, [n, attribute]."""
        columns = [readings.probabilities[name] for name in ATTRIBUTES]
        return np.stack([p[np.arange(len(p)), labels[:, k]] for k, p in enumerate(columns)], 1)

    def score(self, pixels: Array, labels: Array, mentioned: Array) -> Scores:
        """Scores of pictures at the classifier's size against what was asked."""
        readings = read(self.classifier.model, pixels)
        predictions = readings.predictions()
        features = readings.features / self.training.scale
        fidelity = np.minimum(1, self._asked(readings, labels) / self.usual)
        fidelity = np.where(mentioned, fidelity, np.nan)
        values = []
        for names in FIDELITY_AXES.values():
            part = fidelity[:, [ATTRIBUTES.index(n) for n in names]]
            said = mentioned[:, [ATTRIBUTES.index(n) for n in names]].sum(1)
            values.append(np.where(said > 0, np.nansum(part, 1) / np.maximum(said, 1), np.nan))
        surfaces = predictions[:, ATTRIBUTES.index("surface")]
        usual = np.array([self.real.edges.get(int(s), self.real.edges[-1]) for s in surfaces])
        ratio = np.array([edge_strength(p) for p in pixels]) / np.maximum(usual, 1e-3)
        values.append(np.minimum(ratio, 1 / np.maximum(ratio, 1e-6)))
        values.append(self.real.typicality(typical_distance(features, self.training)))
        return Scores(predictions == labels, mentioned, 1 + 9 * np.stack(values, 1), features)

    def score_records(self, records: list[PictureRecord]) -> Scores:
        parts = []
        for start in range(0, len(records), 256):
            chunk = records[start : start + 256]
            pictures = [fitted(load_picture(r.file), self.classifier.size) for r in chunk]
            # Pictures of one shape are read together.
            order: dict[tuple[int, ...], list[int]] = {}
            for i, p in enumerate(pictures):
                order.setdefault(p.shape, []).append(i)
            scores: dict[int, Scores] = {}
            for indices in order.values():
                s = self.score(
                    np.stack([pictures[i] for i in indices]),
                    np.stack([chunk[i].prompt.labels for i in indices]),
                    np.stack([chunk[i].prompt.mentioned for i in indices]),
                )
                scores |= {i: subset(s, slice(k, k + 1)) for k, i in enumerate(indices)}
            parts += [scores[i] for i in range(len(chunk))]
        return joined(parts)

    def ceiling(self, mentioned: Array) -> dict[str, float]:
        return ceiling_of(self.classifier.correct, mentioned)


def ceiling_of(correct: Array, mentioned: Array) -> dict[str, float]:
    """What renders, correct [n, attribute], score on prompts that say mentioned [m, attribute]: per attribute, and joint
    as the mean over all pairs of a render and a prompt."""
    values = {name: float(correct[:, k].mean()) for k, name in enumerate(ATTRIBUTES)}
    wordings, counts = np.unique(mentioned, axis=0, return_counts=True)
    joint = [(correct | ~w).all(1).mean() for w in wordings]
    return values | {"joint": float(np.average(joint, weights=counts))}


def subset(scores: Scores, rows: Array | slice) -> Scores:
    return Scores(scores.correct[rows], scores.mentioned[rows], scores.axes[rows], scores.features[rows])


def joined(parts: list[Scores]) -> Scores:
    return Scores(
        *(
            np.concatenate([getattr(p, k) for p in parts])
            for k in ("correct", "mentioned", "axes", "features")
        )
    )
