"""Stage `evaluate --pictures`: makes missing pictures where it is asked to, measures the folder, writes the report."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ..attributes import ATTRIBUTES
from ..files import save_text
from ..latents import MissingStageError
from ..pictures import shards
from ..recipe import Recipe
from ..train_classifier import load_classifier
from ..training import device_of
from .folder import STANDARD_COUNT, PictureRecord, load_prompts, load_records
from .measure import arms_of, measure
from .painting import ARMS, ArmPlan, Maker, Program, Torch, jobs_of, paint
from .reference import held_out_renders, training_renders
from .report import write_html
from .scores import Judge

CHECKOUT = Path(__file__).resolve().parents[4]


@dataclass(frozen=True)
class PictureOptions:
    """What `evaluate --pictures` was asked to do."""

    folder: Path
    prompts: Path = CHECKOUT / "Benchmarks" / "prompts.jsonl"
    reference: str | None = None
    arms: tuple[str, ...] = ()
    program: Path | None = None
    models: Path | None = None
    count: int = STANDARD_COUNT
    consistency: int = 5
    references: int | None = None


def make_pictures(options: PictureOptions) -> None:
    maker: Maker
    # Named for the program too, so that its records say which they are.
    models = options.models or CHECKOUT
    maker = Program(options.program, models) if options.program else Torch(models)
    arms = [ArmPlan.parse(name) for name in options.arms]
    if options.arms == ARMS:
        arms = [arm for arm in arms if maker.refusal(arm) is None]
    prompts = list(load_prompts(options.prompts).values())[: options.count]
    jobs = jobs_of(prompts, options.consistency)
    paint(maker, arms, jobs, options.folder)


def evaluate_pictures(
    recipe: Recipe, data: Path, checkpoints: Path, options: PictureOptions, out: Path
) -> dict[str, Any]:
    """Writes numbers.json and report.html under `out` and returns the numbers."""
    device_of(recipe.device)
    classifier = load_classifier(recipe, checkpoints)
    if not shards(data, "train"):
        raise MissingStageError(f"no train shards in {data}: run the stage 'data' first")
    if options.arms:
        make_pictures(options)
    records = load_records(options.folder, load_prompts(options.prompts))
    training = training_renders(classifier, data, checkpoints / "features", options.references)
    real = held_out_renders(recipe, classifier, data, training, ATTRIBUTES.index("surface"))
    judge = Judge(classifier, training, real)
    arms = arms_of(records, judge.score_records(records))
    # In the order in which they were asked for.
    arms.sort(key=lambda arm: options.arms.index(arm.name) if arm.name in options.arms else len(options.arms))
    numbers, closest = measure(arms, judge, options.reference)
    numbers |= {"recipe": recipe.name, "date": datetime.now(timezone.utc).strftime("%Y-%m-%d")}
    numbers |= {"command": command(recipe, options), "made": _made(records)}
    # Unsorted: arms keep their order.
    save_text(json.dumps(numbers, indent=2) + "\n", out / "numbers.json")
    save_text(write_html(numbers, arms, closest, training), out / "report.html")
    return numbers


def command(recipe: Recipe, options: PictureOptions) -> str:
    """What measures such a folder of pictures again; paths stand for themselves."""
    words = [f"evaluate --recipe recipes/{recipe.name}.json --pictures DIR"]
    usual = {f.name: f.default for f in dataclasses.fields(options)}
    words += [f"--{name} {name.upper()}" for name in ("prompts", "program", "models") if getattr(options, name) != usual[name]]
    if options.arms:
        words.append(f"--arms {'all' if options.arms == ARMS else ','.join(options.arms)}")
    for name in ("reference", "count", "consistency", "references"):
        if (value := getattr(options, name)) != usual[name]:
            words.append(f"--{name} {value}")
    return " ".join(["python -m underpaint_training", *words])


def _made(records: list[PictureRecord]) -> dict[str, Any] | None:
    """What made the pictures, where all say the same."""
    first = records[0].made
    return first if all(r.made == first for r in records) else None


def summary(numbers: dict[str, Any]) -> str:
    """One line an arm, for the terminal."""
    ceiling = numbers["classifier"]["ceiling"]["joint"]
    lines = [
        f"classifier on {numbers['classifier']['heldOutRenders']} real renders: joint {100 * ceiling:.1f} % (all attributes)"
    ]
    for name, entry in numbers["arms"].items():
        if "accuracy" not in entry:
            continue
        joint, composite = entry["accuracy"]["joint"], entry["axes"]["composite"]
        lines.append(
            f"{name}: joint {100 * joint['value']:.1f} ± {100 * joint['standardError']:.1f} % "
            f"of {100 * joint['ceiling']:.1f} %, composite {composite['value']:.2f} ± {composite['standardError']:.2f}, "
            f"{joint['count']} pictures"
        )
    return "\n".join(lines)
