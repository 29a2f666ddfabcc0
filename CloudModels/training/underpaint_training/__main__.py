"""One command a stage: python -m underpaint_training STAGE --recipe recipes/cpu-v3.json"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from .data.generate import SPLITS
from .paths import pictures_report, report_folder, work_folder
from .recipe import Recipe, load

if TYPE_CHECKING:
    from .evaluation.stage import PictureOptions

STAGES = (
    *("data", "pack", "adopt", "vae", "decoder", "verifier", "guided", "draft", "critic", "classifier"),
    *("slim", "restore", "export", "export-critic", "card", "evaluate", "fixtures", "prompts"),
)


def _run(stage: str, recipe: Recipe, arguments: argparse.Namespace) -> None:
    # Imports stay local: the renderer and PyTorch are slow to load and never needed together.
    work = work_folder()
    data, checkpoints = work / "data" / (recipe.data.name or recipe.name), work / "checkpoints" / recipe.name
    if stage == "data":
        if arguments.check:
            from .data.check import check

            check(recipe.data, arguments.check)
            return
        from .data.generate import generate

        generate(recipe.data, data, arguments.split)
    elif stage == "pack":
        from .data.packed import pack

        out = arguments.out or Path("packed")
        print(f"{out}: {pack(data, out, arguments.processes) / 2**20:.1f} MiB")
    elif stage == "adopt":
        from .adopt import adopt

        adopt(recipe, checkpoints, arguments.out or Path("../.."))
    elif stage == "vae":
        from .parallel import join
        from .train_vae import train

        train(recipe, data, checkpoints, arguments.minutes, join(arguments.processes, checkpoints))
    elif stage == "decoder":
        from .parallel import join
        from .train_decoder import refuse_processes, train

        refuse_processes(arguments.processes)
        train(recipe, data, checkpoints, arguments.minutes, join(arguments.processes, checkpoints))
    elif stage == "verifier":
        from .parallel import join
        from .train_verifier import train

        train(recipe, data, checkpoints, arguments.minutes, join(arguments.processes, checkpoints))
    elif stage in ("guided", "draft"):
        from .distillation import train
        from .parallel import join

        train(recipe, data, checkpoints, arguments.minutes, join(arguments.processes, checkpoints), stage)
    elif stage == "critic":
        from .parallel import join
        from .train_critic import train

        train(recipe, data, checkpoints, arguments.minutes, join(arguments.processes, checkpoints))
    elif stage == "classifier":
        from .parallel import join
        from .train_classifier import train

        train(recipe, data, checkpoints, arguments.minutes, join(arguments.processes, checkpoints))
    elif stage == "slim":
        from .slim import slim

        for path in slim(checkpoints, arguments.out or Path("slim")):
            print(path)
    elif stage == "restore":
        from .slim import restore

        restore(recipe, arguments.out or Path("slim"), checkpoints)
    elif stage == "export":
        from .release import release

        release(recipe, data, checkpoints, arguments.out or Path("."), report_folder(recipe.name))
    elif stage == "export-critic":
        from .release import release_critic

        release_critic(recipe, checkpoints, arguments.out or Path("../.."))
    elif stage == "card":
        from .release import renew_card

        renew_card(recipe, arguments.out or Path("../.."), report_folder(recipe.name))
    elif arguments.pictures is not None:
        from .evaluation.stage import evaluate_pictures, summary

        out = arguments.out or pictures_report(report_folder(recipe.name))
        print(summary(evaluate_pictures(recipe, data, checkpoints, _picture_options(arguments), out)))
        print(f"{out / 'report.html'}")
    else:
        from .evaluate import evaluate

        evaluate(recipe, data, checkpoints, arguments.out or report_folder(recipe.name))


def _picture_options(arguments: argparse.Namespace) -> PictureOptions:
    from .evaluation.painting import ARMS
    from .evaluation.stage import PictureOptions

    arms = ARMS if arguments.arms == "all" else tuple(filter(None, (arguments.arms or "").split(",")))
    given = {
        k: getattr(arguments, k)
        for k in ("prompts", "reference", "program", "models", "count", "consistency", "references")
    }
    return PictureOptions(arguments.pictures, arms=arms, **{k: v for k, v in given.items() if v is not None})


def _stages(text: str) -> list[str]:
    stages = text.split(",")
    for stage in stages:
        if stage not in STAGES:
            raise argparse.ArgumentTypeError(f"no stage '{stage}'; there are {', '.join(STAGES)}")
    return stages


def main() -> None:
    parser = argparse.ArgumentParser(prog="underpaint_training", description=__doc__)
    parser.add_argument(
        "stage", type=_stages, metavar="STAGE", help=f"one of {', '.join(STAGES)}, or several of them by commas"
    )
    parser.add_argument("--recipe", type=Path, help="the recipe file (all stages but fixtures and prompts)")
    parser.add_argument(
        "--out",
        type=Path,
        help="where export, export-critic, card, pack, slim, evaluate, fixtures and prompts write, and restore reads",
    )
    parser.add_argument(
        "--minutes",
        type=float,
        help="total minutes of training, earlier runs included, instead of the recipe's",
    )
    parser.add_argument(
        "--split", choices=SPLITS, help="data: this split alone; prompts: of these combinations"
    )
    parser.add_argument(
        "--device", help="cpu or cuda instead of the recipe's, e.g. to measure here what a card has trained"
    )
    parser.add_argument(
        "--processes", type=int, default=1, help="train with this many single-threaded processes"
    )
    parser.add_argument(
        "--check", type=int, metavar="N", help="data: compare N composed pictures with rendered ones, and end"
    )
    pictures = parser.add_argument_group(
        "evaluate", "measures a folder of pictures instead of the checkpoints"
    )
    pictures.add_argument("--pictures", type=Path, help="the folder: pictures.jsonl and <arm>/<seed>.png")
    pictures.add_argument("--prompts", type=Path, help="the prompts file (default: Benchmarks/prompts.jsonl)")
    pictures.add_argument("--reference", help="the arm that others are paired with (default: the verifier's)")
    pictures.add_argument("--arms", help="make the missing pictures of these arms first, by commas, or 'all'")
    pictures.add_argument(
        "--program", type=Path, help="the underpaint program that makes them (else PyTorch)"
    )
    pictures.add_argument(
        "--models", type=Path, help="the folder with EdgeModels and CloudModels to make them by"
    )
    pictures.add_argument("--count", type=int, help="how many prompts of the file (default: 200)")
    pictures.add_argument(
        "--consistency", type=int, help="how many of them are made with ten more seeds each (default: 5)"
    )
    pictures.add_argument(
        "--references", type=int, help="how many training renders they are compared with (default: all)"
    )
    arguments = parser.parse_args()
    if len(arguments.stage) > 1 and arguments.minutes is not None:
        parser.error("--minutes is for one stage: of several, each has its recipe's")
    if len(arguments.stage) > 1 and arguments.processes > 1:
        parser.error("--processes is for one stage: give a command to each")
    if "fixtures" in arguments.stage:
        from .fixtures import write_fixtures

        write_fixtures(arguments.out or Path("Tests/Fixtures"))
        return
    if "prompts" in arguments.stage:
        from .prompts import write_prompts

        if arguments.split not in (None, "pairs", "triples"):
            parser.error(
                "prompts are of the held-out splits pairs or triples, or, without --split, the standard ones"
            )
        write_prompts(arguments.out or Path("prompts.jsonl"), arguments.split)
        return
    if arguments.recipe is None:
        parser.error("--recipe is needed for this stage")
    # In one process: what starting Python, PyTorch and a compiler takes is dear where a graphics card waits for it.
    recipe = load(arguments.recipe)
    if arguments.device:
        recipe = replace(recipe, device=arguments.device, trained_on=recipe.device)
    for stage in arguments.stage:
        _run(stage, recipe, arguments)


if __name__ == "__main__":
    main()
