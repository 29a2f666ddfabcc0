"""Makes a folder of pictures to be measured: by the `underpaint` program, which is the product, or by PyTorch.

An arm is named KIND[-HANDOFF][@STEPS]: `draft`, `verifier`, `handoff-0.8` (checked and corrected), `trust-0.8` (only
refined), `trust-0.75@8`. Pictures that are already in the folder's list are not made again.
"""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from PIL import Image

from ..exported import load_exported
from ..models.dit import DiT
from ..sampling import Painter
from .folder import RECORDS, PictureFolderError, StandardPrompt

ARMS = (
    "draft",
    "verifier",
    *(f"{mode}-{h}" for mode in ("handoff", "trust") for h in (0.2, 0.4, 0.6, 0.8)),
    *(f"{kind}@{steps}" for steps in (50, 8, 4) for kind in ("draft", "verifier", "trust-0.75")),
)
CONSISTENCY_SEEDS = 10
# Above every seed of the prompts files.
FIRST_CONSISTENCY_SEED = 1_000_000
PATTERN = re.compile(r"(?P<kind>draft|verifier|handoff|trust)(-(?P<handoff>[01](\.\d+)?))?(@(?P<steps>\d+))?")


@dataclass(frozen=True)
class ArmPlan:
    """How an arm's pictures are made; without steps, in as many as the models are made for."""

    name: str
    handoff: float
    mode: str
    steps: int | None

    @staticmethod
    def parse(name: str) -> ArmPlan:
        match = PATTERN.fullmatch(name)
        if match is None or (match["handoff"] is None) != (match["kind"] in ("draft", "verifier")):
            raise ValueError(
                f"arm '{name}': draft, verifier, handoff-SHARE or trust-SHARE, then @STEPS or nothing"
            )
        handoff = (
            {"draft": 1.0, "verifier": 0.0}.get(match["kind"])
            if match["handoff"] is None
            else float(match["handoff"])
        )
        assert handoff is not None
        if handoff > 1:
            raise ValueError(f"arm '{name}': the share of the draft's steps is at most 1")
        mode = "trust" if match["kind"] == "trust" else "handoff"
        return ArmPlan(name, handoff, mode, int(match["steps"]) if match["steps"] else None)


@dataclass(frozen=True)
class Job:
    prompt: str
    seed: int


def jobs_of(prompts: list[StandardPrompt], consistency: int) -> list[Job]:
    """Every prompt with its own seed, and the first `consistency` prompts with ten more seeds each."""
    jobs = [Job(p.prompt, p.seed) for p in prompts]
    for k, p in enumerate(prompts[:consistency]):
        first = FIRST_CONSISTENCY_SEED + CONSISTENCY_SEEDS * k
        jobs += [Job(p.prompt, first + i) for i in range(CONSISTENCY_SEEDS)]
    return jobs


class Maker(Protocol):
    def make(self, arm: ArmPlan, jobs: list[Job], folder: Path) -> list[dict[str, Any]]:
        """Writes folder/<arm>/<seed>.png for each job and returns what goes into the list."""
        ...


class Program:
    """The `underpaint` program with its embedded verifier, one process for each run of seeds of a prompt."""

    def __init__(self, path: Path, models: Path | None) -> None:
        self.path, self.models = path, models

    def make(self, arm: ArmPlan, jobs: list[Job], folder: Path) -> list[dict[str, Any]]:
        (folder / arm.name).mkdir(parents=True, exist_ok=True)
        records = []
        for first, count in _runs(jobs):
            # Of a batch the program puts each seed into the name itself.
            file = folder / arm.name / (f"{first.seed}.png" if count == 1 else "picture.png")
            command = [self.path, "generate", first.prompt, "--seed", first.seed, "--batch-count", count]
            command += ["--handoff", arm.handoff, "--mode", arm.mode, "--json", "--quiet", "-o", file]
            command += ["--steps", arm.steps] if arm.steps else []
            command += ["--models", self.models] if self.models else []
            done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise PictureFolderError(
                    f"{self.path.name} failed at '{first.prompt}', arm {arm.name}: {done.stderr.strip()}"
                )
            for line in done.stdout.splitlines():
                records.append(self._record(arm, json.loads(line), folder))
        return records

    @staticmethod
    def _record(arm: ArmPlan, result: dict[str, Any], folder: Path) -> dict[str, Any]:
        report = result["report"]
        verification = report.get("verification") or {}
        file = folder / arm.name / f"{result['seed']}.png"
        Path(result["path"]).replace(file)
        return {
            "arm": arm.name,
            "seed": result["seed"],
            "prompt": result["prompt"],
            "file": str(file.relative_to(folder)),
            "verifierEvaluations": verification.get("verifierEvaluations", 0),
            "reentryStep": verification.get("reentryStep", report["draftSteps"]),
            "handoffStep": report["draftSteps"],
            "stepCount": report["stepCount"],
        }


def _runs(jobs: list[Job]) -> list[tuple[Job, int]]:
    """Jobs of one prompt with consecutive seeds, as the first of them and how many."""
    runs: list[tuple[Job, int]] = []
    for job in jobs:
        if runs and runs[-1][0].prompt == job.prompt and runs[-1][0].seed + runs[-1][1] == job.seed:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((job, 1))
    return runs


class Torch:
    """The exported weights in PyTorch, in batches. It has no check, so it knows no mode `handoff`, and its noise is not
    the program's, so its pictures pair among themselves only."""

    BATCH = 16

    def __init__(self, root: Path) -> None:
        self.painter, self.verifier, self.draft = load_exported(root)

    def make(self, arm: ArmPlan, jobs: list[Job], folder: Path) -> list[dict[str, Any]]:
        if arm.mode == "handoff" and 0 < arm.handoff < 1:
            raise PictureFolderError(f"arm {arm.name}: only the program checks drafts; give --program")
        times = self.painter.times(arm.steps)
        count = len(times) - 1
        cut = round(arm.handoff * count)
        (folder / arm.name).mkdir(parents=True, exist_ok=True)
        records = []
        for start in range(0, len(jobs), self.BATCH):
            batch = jobs[start : start + self.BATCH]
            pixels = self.painter.decode(_paint(self.painter, self.draft, self.verifier, batch, times, cut))
            for job, picture in zip(batch, pixels):
                file = folder / arm.name / f"{job.seed}.png"
                Image.fromarray(picture).save(file)
                records.append(
                    {
                        "arm": arm.name,
                        "seed": job.seed,
                        "prompt": job.prompt,
                        "file": str(file.relative_to(folder)),
                        "verifierEvaluations": count - cut,
                        "reentryStep": cut,
                        "handoffStep": cut,
                        "stepCount": count,
                    }
                )
        return records


def _paint(
    painter: Painter, draft: DiT, verifier: DiT, jobs: list[Job], times: torch.Tensor, cut: int
) -> torch.Tensor:
    """Final latents [n, H, W, C]: `cut` steps by the draft, the others by the verifier."""
    prompts = [j.prompt for j in jobs]
    x = torch.cat([painter.noise(1, j.seed) for j in jobs])
    if cut > 0:
        x = painter.states(painter.draft(draft, prompts), x, times[: cut + 1])[-1]
    if cut < len(times) - 1:
        x = painter.states(painter.verifier(verifier, prompts), x, times[cut:])[-1]
    return x


def paint(maker: Maker, arms: list[ArmPlan], jobs: list[Job], folder: Path, chunk: int = 32) -> None:
    """Makes what is missing, arm by arm, and lists it after every chunk, so that a kill loses a chunk at most."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / RECORDS
    lines = path.read_text().splitlines() if path.exists() else []
    done = {(r["arm"], r["prompt"], r["seed"]) for r in map(json.loads, lines)}
    for arm in arms:
        missing = [j for j in jobs if (arm.name, j.prompt, j.seed) not in done]
        for start in range(0, len(missing), chunk):
            records = maker.make(arm, missing[start : start + chunk], folder)
            with path.open("a") as file:
                file.write("".join(json.dumps(r, sort_keys=True) + "\n" for r in records))
            print(f"{arm.name}: {min(start + chunk, len(missing))} of {len(missing)}", flush=True)
