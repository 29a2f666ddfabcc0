"""All figures of a folder of pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..attributes import ATTRIBUTES
from ..train_classifier import fitted
from .folder import TELEMETRY, PictureRecord, load_picture
from .metrics import Mean, frechet, nearest, psnr, sliced_wasserstein
from .reference import HeldOutRenders, TrainingRenders
from .scores import AXES, DEFINITION, Judge, Scores, subset

Array = np.ndarray
# A standard deviation of fewer seeds says little.
CONSISTENCY_SEEDS = 5
CLOSEST = 8
QUANTILES = (0.01, 0.05, 0.5)


@dataclass(frozen=True)
class Arm:
    """The pictures of one arm with their scores."""

    name: str
    records: list[PictureRecord]
    scores: Scores

    def standard(self) -> Arm:
        rows = np.array([i for i, r in enumerate(self.records) if r.is_standard], int)
        return Arm(self.name, [self.records[i] for i in rows], subset(self.scores, rows))


@dataclass(frozen=True)
class Neighbour:
    """A picture and the training render that is nearest to it in classifier features."""

    arm: str
    record: PictureRecord
    index: int
    distance: float
    psnr: float


def arms_of(records: list[PictureRecord], scores: Scores) -> list[Arm]:
    """In order of appearance."""
    result = []
    for name in dict.fromkeys(r.arm for r in records):
        rows = np.array([i for i, r in enumerate(records) if r.arm == name])
        result.append(Arm(name, [records[i] for i in rows], subset(scores, rows)))
    return result


def accuracies(scores: Scores, judge: Judge) -> dict[str, Any]:
    """Per attribute over the prompts that say it, and joint, each beside the ceiling."""
    ceiling, renders = judge.ceiling(scores.mentioned), len(judge.classifier.correct)
    columns = {name: scores.correct[scores.mentioned[:, k], k] for k, name in enumerate(ATTRIBUTES)}
    result = {}
    for name, values in (columns | {"joint": scores.joint}).items():
        mean = Mean.of(values)
        error = np.sqrt(ceiling[name] * (1 - ceiling[name]) / renders)
        result[name] = mean.to_json() | {
            "ceiling": round(ceiling[name], 5),
            "ceilingStandardError": round(float(error), 5),
        }
        if mean.count:
            result[name]["shareOfCeiling"] = round(mean.value / max(ceiling[name], 1e-6), 5)
    return result


def axis_figures(scores: Scores) -> dict[str, Any]:
    values = {name: scores.axes[:, k] for k, name in enumerate(AXES)} | {"composite": scores.composite}
    return {name: Mean.of(v[np.isfinite(v)]).to_json() for name, v in values.items()}


def consistency(arm: Arm) -> dict[str, Any] | None:
    """Standard deviation of the composite over the seeds of a prompt, averaged over the prompts that have enough."""
    groups: dict[str, list[float]] = {}
    for record, value in zip(arm.records, arm.scores.composite):
        groups.setdefault(record.prompt.prompt, []).append(float(value))
    deviations = {p: float(np.std(v, ddof=1)) for p, v in groups.items() if len(v) >= CONSISTENCY_SEEDS}
    if not deviations:
        return None
    seeds = min(len(groups[p]) for p in deviations)
    prompts = {p: round(d, 4) for p, d in deviations.items()}
    return Mean.of(np.array(list(deviations.values()))).to_json() | {"seeds": seeds, "prompts": prompts}


def distances(features: Array, training: TrainingRenders, real: HeldOutRenders) -> dict[str, Any]:
    """Fréchet and sliced-Wasserstein distance to the training renders, beside those of as many held-out renders."""
    reference = training.plain
    count = min(len(features), len(real.features))
    rows = np.random.default_rng(0).permutation(len(real.features))[:count]
    floor = real.features[rows]
    result: dict[str, Any] = {"count": len(features), "references": len(reference), "rendersCount": count}
    if len(features) < 2 or len(reference) < 2:
        return result
    return result | {
        "frechet": round(frechet(features, reference), 4),
        "frechetOfRenders": round(frechet(floor, reference), 4),
        "slicedWasserstein": round(sliced_wasserstein(features, reference), 4),
        "slicedWassersteinOfRenders": round(sliced_wasserstein(floor, reference), 4),
    }


def _quantiles(values: Array) -> dict[str, float]:
    return {f"p{100 * q:g}": round(float(np.quantile(values, q)), 4) for q in QUANTILES}


def memorisation(
    arms: list[Arm], training: TrainingRenders, real: HeldOutRenders, size: int
) -> tuple[dict[str, Any], list[Neighbour]]:
    """Distances to the nearest training render, mirror images included, against those of held-out renders, which no
    model can have copied; and the closest pairs of all arms."""
    own = nearest(real.features, training.features, 1)[0][:, 0]
    threshold = float(np.quantile(own, 0.01))
    figures: dict[str, Any] = {"renders": _quantiles(own) | {"nearerThanRenders": 0.01}}
    pairs: list[tuple[float, Arm, int, int]] = []
    for arm in arms:
        near, neighbours = nearest(arm.scores.features, training.features, 1)
        d = near[:, 0]
        figures[arm.name] = _quantiles(d) | {"nearerThanRenders": round(float((d < threshold).mean()), 4)}
        pairs += [(float(d[i]), arm, int(i), int(neighbours[i, 0])) for i in np.argsort(d)[:CLOSEST]]
    closest = []
    for distance, arm, row, index in sorted(pairs, key=lambda p: p[0])[:CLOSEST]:
        record = arm.records[row]
        a, b = fitted(load_picture(record.file), size), fitted(training.picture(index), size)
        similarity = psnr(a, b) if a.shape == b.shape else float("nan")
        closest.append(Neighbour(arm.name, record, index, distance, similarity))
    return figures, closest


def paired(arm: Arm, reference: Arm) -> dict[str, Any]:
    """Differences to the reference arm over the pictures that both have, standard prompts only."""
    a, b = arm.standard(), reference.standard()
    rows = {r.key: i for i, r in enumerate(b.records)}
    common = [(i, rows[r.key]) for i, r in enumerate(a.records) if r.key in rows]
    if not common:
        return {"count": 0}
    left, right = (np.array(c) for c in zip(*common))
    x, y = subset(a.scores, left), subset(b.scores, right)
    result: dict[str, Any] = {"count": len(common)}
    result["joint"] = Mean.of(x.joint.astype(float) - y.joint).to_json()
    for k, name in enumerate(ATTRIBUTES):
        said = x.mentioned[:, k]
        difference = x.correct[said, k].astype(float) - y.correct[said, k]
        result[name] = Mean.of(difference).to_json()
    result["composite"] = Mean.of(x.composite - y.composite).to_json()
    similarity = []
    for i, j in common:
        p, q = load_picture(a.records[i].file), load_picture(b.records[j].file)
        if p.shape == q.shape:
            similarity.append(psnr(p, q))
    if similarity:
        result["psnrMedian"] = round(float(np.median(similarity)), 2)
        result["identical"] = sum(v == 99.0 for v in similarity)
    return result


def telemetry(arm: Arm) -> dict[str, Any]:
    """Means of what the program reported, over the pictures that have it."""
    columns = {k: np.array([r.telemetry[k] for r in arm.records if k in r.telemetry]) for k in TELEMETRY}
    return {k: Mean.of(v).to_json() for k, v in columns.items() if len(v)}


def measure(arms: list[Arm], judge: Judge, reference: str | None) -> tuple[dict[str, Any], list[Neighbour]]:
    """The figures of all arms, and the closest pairs against memorisation."""
    training, real, classifier = judge.training, judge.real, judge.classifier
    names = [a.name for a in arms]
    if reference is None:
        reference = next((n for n in names if n.startswith("verifier")), names[0])
    base = next((a for a in arms if a.name == reference), None)
    if base is None:
        raise ValueError(f"no arm '{reference}'; the folder has {', '.join(names)}")
    everything = np.ones((1, len(ATTRIBUTES)), bool)
    real_scores = judge.score(real.pixels, real.labels, np.ones_like(real.labels, bool))
    numbers: dict[str, Any] = {
        "definition": DEFINITION,
        "classifier": {
            "name": classifier.name,
            "size": classifier.size,
            "heldOutRenders": len(classifier.correct),
            "ceiling": judge.ceiling(everything),
        }
        | classifier.training,
        "renders": {
            "axes": axis_figures(real_scores),
            "distances": distances(real.features, training, real),
        },
        "reference": reference,
        "arms": {},
    }
    for arm in arms:
        standard = arm.standard()
        groups = dict.fromkeys(r.prompt.group for r in standard.records)
        entry: dict[str, Any] = {"pictures": len(arm.records), "standardPictures": len(standard.records)}
        if standard.records:
            entry["accuracy"] = accuracies(standard.scores, judge)
            entry["axes"] = axis_figures(standard.scores)
        if len(groups) > 1:
            entry["groups"] = {
                g: accuracies(
                    subset(standard.scores, np.array([r.prompt.group == g for r in standard.records], bool)),
                    judge,
                )
                for g in groups
            }
        # Pictures of one prompt from ten seeds are nearer to each other than renders are.
        entry["distances"] = distances((standard if standard.records else arm).scores.features, training, real)
        entry["consistency"] = consistency(arm)
        entry["program"] = telemetry(standard if standard.records else arm)
        if arm.name != reference:
            entry["paired"] = paired(arm, base)
        numbers["arms"][arm.name] = entry
    figures, closest = memorisation(arms, training, real, classifier.size)
    numbers["nearest"] = figures | {
        "closest": [
            {
                "arm": n.arm,
                "seed": n.record.seed,
                "prompt": n.record.prompt.prompt,
                "trainingRender": n.index % training.count,
                "mirrored": n.index >= training.count,
                "distance": round(n.distance, 4),
                "psnr": round(n.psnr, 2) if np.isfinite(n.psnr) else None,
            }
            for n in closest
        ]
    }
    return numbers, closest
