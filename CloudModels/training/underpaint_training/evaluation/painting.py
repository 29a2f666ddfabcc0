"""Makes a folder of pictures to be measured: by the `underpaint` program, which is the product, or by PyTorch.

An arm is named KIND[-HANDOFF][xN][@STEPS][:PRECISION]: `draft`, `verifier`, `handoff-0.8` (checked and corrected), `trust-0.8`
(only refined), `trust-0.75@8` (both models in eight steps; without it each takes its own), `large-first-0.2` (the
control: the verifier takes the first fifth, the draft the rest), `handoff-0.8x4` (the best of four drafts by the critic),
`verifier:int8` (weights rounded to eight bits; of the program, products in bytes), `verifier:bfloat16` (products in
bfloat16). Pictures that are already in the folder's list are not made again, and each says there what it was `made` by,
so that a folder never holds pictures of two makers, samplers or pairs of models.
"""

from __future__ import annotations

import copy
import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from PIL import Image

from ..export import CRITIC
from ..exported import load_exported, pair_folders, weights_named
from ..models.dit import DiT
from ..models.flow import SAMPLER, Velocity, entered
from ..sampling import Painter
from .folder import RECORDS, PictureFolderError, StandardPrompt

# Without one PyTorch computes in bfloat16, the program in float32.
PRECISIONS = ("float32", "bfloat16", "int8")
ARMS = (
    "draft",
    "verifier",
    *(f"{mode}-{h}" for mode in ("handoff", "trust") for h in (0.2, 0.4, 0.6, 0.8)),
    *(f"{kind}@{steps}" for steps in (50, 25, 8, 4) for kind in ("draft", "verifier", "trust-0.75")),
    "large-first-0.2",
    *(f"{kind}:{precision}" for precision in PRECISIONS for kind in ("verifier", "trust-0.8")),
)
CONSISTENCY_SEEDS = 10
# Above every seed of the prompts files.
FIRST_CONSISTENCY_SEED = 1_000_000
PATTERN = re.compile(
    r"(?P<kind>draft|verifier|handoff|trust|large-first)(-(?P<handoff>[01](\.\d+)?))?(x(?P<candidates>\d+))?(@(?P<steps>\d+))?"
    rf"(:(?P<precision>{'|'.join(PRECISIONS)}))?"
)


@dataclass(frozen=True)
class ArmPlan:
    """How an arm's pictures are made; without steps, each model takes its own, else both take so many. `handoff` is the share
    of the model that begins: the draft, or in mode `large-first` the verifier, which then takes the draft's steps."""

    name: str
    handoff: float
    mode: str
    steps: int | None
    precision: str | None = None
    # Drafts from seeds of their own, of which the critic chooses one.
    candidates: int = 1

    @staticmethod
    def parse(name: str) -> ArmPlan:
        match = PATTERN.fullmatch(name)
        if match is None or (match["handoff"] is None) != (match["kind"] in ("draft", "verifier")):
            raise ValueError(
                f"arm '{name}': draft, verifier, or handoff, trust or large-first with -SHARE, then xN, @STEPS and "
                f":PRECISION ({', '.join(PRECISIONS)}) or nothing"
            )
        handoff = (
            {"draft": 1.0, "verifier": 0.0}.get(match["kind"])
            if match["handoff"] is None
            else float(match["handoff"])
        )
        assert handoff is not None
        if handoff > 1:
            raise ValueError(f"arm '{name}': the share of the draft's steps is at most 1")
        mode = match["kind"] if match["kind"] in ("trust", "large-first") else "handoff"
        candidates = int(match["candidates"] or 1)
        if match["candidates"] and (candidates < 2 or handoff == 0 or mode == "large-first"):
            raise ValueError(f"arm '{name}': the best of two drafts or more, where the draft begins")
        steps = int(match["steps"]) if match["steps"] else None
        return ArmPlan(name, handoff, mode, steps, match["precision"], candidates)


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
    def made(self) -> dict[str, Any]:
        """Who makes the pictures, by which sampler and weights: all that a folder's pictures must have in common."""
        ...

    def refusal(self, arm: ArmPlan) -> str | None:
        """Why it cannot paint an arm; None where it can."""
        ...

    def make(self, arm: ArmPlan, jobs: list[Job], folder: Path) -> list[dict[str, Any]]:
        """Writes folder/<arm>/<seed>.png for each job and returns what goes into the list."""
        ...


class Program:
    """The `underpaint` program with its embedded verifier, one process for a list of prompts."""

    def __init__(self, path: Path, models: Path | None) -> None:
        self.path, self.models = path, models

    def made(self) -> dict[str, Any]:
        """By the program's version, or its name where it tells none; of the models where they are named."""
        asked = subprocess.run(
            [self.path, "--version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        version = asked.stdout.strip() if asked.returncode == 0 else ""
        # A root holds collections of models, or models directly.
        roots = [self.models / part for part in ("", "EdgeModels", "CloudModels")] if self.models else []
        weights = weights_named(p.parent for root in roots for p in root.glob("*/manifest.json"))
        return {"maker": f"program {version or self.path.name}", "sampler": SAMPLER, "weights": weights}

    def refusal(self, arm: ArmPlan) -> str | None:
        return "only PyTorch paints it; leave out --program" if arm.mode == "large-first" else None

    def make(self, arm: ArmPlan, jobs: list[Job], folder: Path) -> list[dict[str, Any]]:
        (folder / arm.name).mkdir(parents=True, exist_ok=True)
        lines = "".join(json.dumps({"prompt": j.prompt, "seed": j.seed}) + "\n" for j in jobs)
        command = [self.path, "generate", "--prompt-file", "-", "-o", folder / arm.name / "picture.png"]
        command += ["--handoff", arm.handoff, "--mode", arm.mode, "--json", "--quiet"]
        command += ["--steps", arm.steps] if arm.steps else []
        command += ["--candidates", arm.candidates] if arm.candidates > 1 else []
        command += ["--precision", arm.precision] if arm.precision else []
        command += ["--models", self.models] if self.models else []
        arguments = [str(c) for c in command]
        done = subprocess.run(arguments, input=lines, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise PictureFolderError(f"{self.path.name} failed at the arm {arm.name}: {done.stderr.strip()}")
        results = [json.loads(line) for line in done.stdout.splitlines()]
        return [self._record(arm, job, result, folder) for job, result in zip(jobs, results, strict=True)]

    @staticmethod
    def _record(arm: ArmPlan, job: Job, result: dict[str, Any], folder: Path) -> dict[str, Any]:
        report = result["report"]
        verification = report.get("verification") or {}
        # The program puts the line's number into the name. Of several candidates the picture has another seed than the job,
        # whose own is what it is paired by.
        file = folder / arm.name / f"{job.seed}.png"
        Path(result["path"]).replace(file)
        return {
            "arm": arm.name,
            "seed": job.seed,
            "prompt": job.prompt,
            "file": str(file.relative_to(folder)),
            "verifierEvaluations": verification.get("verifierEvaluations", 0),
            "reentryStep": verification.get("reentryStep", report["verifierStepCount"]),
            "handoffStep": report["draftSteps"],
            "stepCount": report["stepCount"],
            "verifierStepCount": report["verifierStepCount"],
        }


class Torch:
    """The exported weights in PyTorch, in batches. It has no check, so it knows no mode `handoff`, and its noise is not
    the program's, so its pictures pair among themselves only."""

    BATCH = 16

    def __init__(self, root: Path) -> None:
        self.root = root
        self.painter, self.verifier, self.draft = load_exported(root)
        self.rounded: tuple[DiT, DiT] | None = None

    def _models(self, arm: ArmPlan) -> tuple[DiT, DiT]:
        """Draft and verifier in the arm's precision."""
        if arm.precision != "int8":
            return self.draft, self.verifier
        self.rounded = self.rounded or (rounded(self.draft), rounded(self.verifier))
        return self.rounded

    def made(self) -> dict[str, Any]:
        # The critic beside the verifier paints nothing here.
        weights = {k: v for k, v in weights_named(pair_folders(self.root)).items() if not k.endswith(f"/{CRITIC}")}
        return {"maker": "torch", "sampler": SAMPLER, "weights": weights}

    def refusal(self, arm: ArmPlan) -> str | None:
        if arm.candidates > 1 or arm.mode == "handoff" and 0 < arm.handoff < 1:
            return "only the program has a critic and a check; give --program"
        return None

    def make(self, arm: ArmPlan, jobs: list[Job], folder: Path) -> list[dict[str, Any]]:
        draft, verifier = self._models(arm)
        half = arm.precision != "float32"
        parts = self._schedule(arm)
        drafted, refined = (len(p) - 1 for p in parts)
        large_first = arm.mode == "large-first"
        steps = len(self.painter.draft_times(arm.steps)) - 1
        own = steps if large_first else len(self.painter.verifier_times(arm.steps)) - 1
        (folder / arm.name).mkdir(parents=True, exist_ok=True)
        records = []
        for start in range(0, len(jobs), self.BATCH):
            batch = jobs[start : start + self.BATCH]
            prompts = [j.prompt for j in batch]
            order = [
                self.painter.prompted(model, prompts, half=half) for model in (draft, verifier)
            ]
            if large_first:
                order.reverse()
            pixels = self.painter.decode(_paint(self.painter, order, batch, parts))
            for job, picture in zip(batch, pixels):
                file = folder / arm.name / f"{job.seed}.png"
                Image.fromarray(picture).save(file)
                records.append(
                    {
                        "arm": arm.name,
                        "seed": job.seed,
                        "prompt": job.prompt,
                        "file": str(file.relative_to(folder)),
                        "verifierEvaluations": drafted if large_first else refined,
                        "reentryStep": own - refined,
                        "handoffStep": drafted,
                        "stepCount": steps,
                        "verifierStepCount": own,
                    }
                )
        return records

    def _schedule(self, arm: ArmPlan) -> tuple[torch.Tensor, torch.Tensor]:
        """Times of who begins and of who goes on, both with those of the hand-over."""
        times = self.painter.draft_times(arm.steps)
        cut = round(arm.handoff * (len(times) - 1))
        if arm.mode == "large-first":
            return times[: cut + 1], times[cut:]
        own = self.painter.verifier_times(arm.steps)
        return times[: cut + 1], entered(own, float(times[cut])) if cut else own


def _paint(
    painter: Painter, order: list[Velocity], jobs: list[Job], parts: tuple[torch.Tensor, torch.Tensor]
) -> torch.Tensor:
    """Final latents [n, H, W, C]: the first part's steps by the first model, the others by the second."""
    x = torch.cat([painter.noise(1, j.seed) for j in jobs])
    for velocity, part in zip(order, parts):
        if len(part) > 1:
            x = painter.states(velocity, x, part)[-1]
    return x


@torch.no_grad()
def rounded(model: DiT) -> DiT:
    """The model with its matrices rounded to eight bits, one scale a row."""
    model = copy.deepcopy(model)
    for name, p in model.named_parameters():
        if p.ndim == 2 and name.endswith("weight"):
            scale = p.abs().amax(1, keepdim=True).clamp(min=1e-12) / 127
            p.copy_((p / scale).round() * scale)
    return model


def _steps(record: dict[str, Any]) -> tuple[Any, Any]:
    """Of both schedules; the first records know one."""
    return record.get("stepCount"), record.get("verifierStepCount", record.get("stepCount"))


def _mended(path: Path) -> list[dict[str, Any]]:
    """The listed records. A last line that a kill left unfinished is cut off: its pictures are made again."""
    content = path.read_bytes() if path.exists() else b""
    end = content.rfind(b"\n", 0, max(0, len(content) - 1)) + 1
    if content and not _finished(content[end:]):
        content = content[:end]
        os.truncate(path, end)
    return [json.loads(line) for line in content.splitlines()]


def _finished(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return line.endswith(b"\n")


def _append(path: Path, records: list[dict[str, Any]]) -> None:
    """In one write that is on the disk when this returns."""
    data = "".join(json.dumps(r, sort_keys=True) + "\n" for r in records).encode()
    with path.open("ab", buffering=0) as file:
        # A second one only where the first was cut short, as by a full disk.
        while data:
            data = data[file.write(data) :]
        os.fsync(file.fileno())


def _refuse_others(listed: list[dict[str, Any]], made: dict[str, Any], adds: bool, folder: Path) -> None:
    """Pictures of another maker, or of before records told theirs, do not go together with what would be added."""
    for record in listed:
        if "made" in record and record["made"] != made:
            raise PictureFolderError(
                f"the pictures of the arm {record['arm']} in {folder} were made by {record['made']}, not by {made}: "
                f"choose another folder"
            )
    if adds and any("made" not in r for r in listed):
        raise PictureFolderError(
            f"{folder} has pictures of before records told what made them: it can be measured (leave out --arms), but "
            f"no arms can be added to it; choose another folder"
        )


def paint(maker: Maker, arms: list[ArmPlan], jobs: list[Job], folder: Path, chunk: int = 32) -> None:
    """Makes what is missing, arm by arm, and lists it after every chunk, so that a kill loses a chunk at most."""
    for arm in arms:
        if reason := maker.refusal(arm):
            raise PictureFolderError(f"arm {arm.name}: {reason}")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / RECORDS
    listed = _mended(path)
    done = {(r["arm"], r["prompt"], r["seed"]) for r in listed}
    steps = {r["arm"]: _steps(r) for r in listed}
    missing_of = {a.name: [j for j in jobs if (a.name, j.prompt, j.seed) not in done] for a in arms}
    made = maker.made()
    _refuse_others(listed, made, any(missing_of.values()), folder)
    for arm in arms:
        missing = missing_of[arm.name]
        for start in range(0, len(missing), chunk):
            records = maker.make(arm, missing[start : start + chunk], folder)
            if any(_steps(r) != steps.setdefault(arm.name, _steps(r)) for r in records):
                raise PictureFolderError(
                    f"the pictures of the arm {arm.name} in {folder} were made in other steps (draft, verifier: "
                    f"{steps[arm.name]}): choose another folder"
                )
            _append(path, [r | {"made": made} for r in records])
            print(f"{arm.name}: {min(start + chunk, len(missing))} of {len(missing)}", flush=True)
