"""One command a stage: python -m underpaint_training STAGE --recipe recipes/cpu-v0.json"""

from __future__ import annotations

import argparse
from pathlib import Path

from .paths import work_folder
from .recipe import Recipe, load

STAGES = ("data", "adopt", "vae", "verifier", "draft", "export", "evaluate", "fixtures", "prompts")


def _run(stage: str, recipe: Recipe, arguments: argparse.Namespace) -> None:
    # Imports stay local: the renderer and PyTorch are slow to load and never needed together.
    work = work_folder()
    data, checkpoints = work / "data" / recipe.name, work / "checkpoints" / recipe.name
    if stage == "data":
        from .data.generate import generate

        generate(recipe.data, data, arguments.split)
    elif stage == "adopt":
        from .adopt import adopt

        adopt(recipe, checkpoints, arguments.out or Path("../.."))
    elif stage == "vae":
        from .parallel import join
        from .train_vae import train

        train(recipe, data, checkpoints, arguments.minutes, join(arguments.processes, checkpoints))
    elif stage == "verifier":
        from .parallel import join
        from .train_verifier import train

        train(recipe, data, checkpoints, arguments.minutes, join(arguments.processes, checkpoints))
    elif stage == "draft":
        from .parallel import join
        from .train_draft import train

        train(recipe, data, checkpoints, arguments.minutes, join(arguments.processes, checkpoints))
    elif stage == "export":
        from .release import release

        release(recipe, data, checkpoints, arguments.out or Path("."), work / "reports" / recipe.name)
    else:
        from .evaluate import evaluate

        evaluate(recipe, data, checkpoints, arguments.out or work / "reports" / recipe.name)


def main() -> None:
    parser = argparse.ArgumentParser(prog="underpaint_training", description=__doc__)
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("--recipe", type=Path, help="the recipe file (all stages but fixtures and prompts)")
    parser.add_argument("--out", type=Path, help="where export, evaluate, fixtures and prompts write")
    parser.add_argument(
        "--minutes",
        type=float,
        help="total minutes of training, earlier runs included, instead of the recipe's",
    )
    parser.add_argument("--split", choices=("train", "holdout", "classifier"), help="data: this split alone")
    parser.add_argument(
        "--processes", type=int, default=1, help="train with this many single-threaded processes"
    )
    arguments = parser.parse_args()
    if arguments.stage == "fixtures":
        from .fixtures import write_fixtures

        write_fixtures(arguments.out or Path("Tests/Fixtures"))
        return
    if arguments.stage == "prompts":
        from .prompts import write_prompts

        write_prompts(arguments.out or Path("prompts.jsonl"))
        return
    if arguments.recipe is None:
        parser.error("--recipe is needed for this stage")
    _run(arguments.stage, load(arguments.recipe), arguments)


if __name__ == "__main__":
    main()
