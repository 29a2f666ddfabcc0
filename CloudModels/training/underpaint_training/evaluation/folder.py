"""Folders of pictures to be measured, as `underpaint lab check --pictures DIR` writes them:

DIR/<arm>/<seed>.png, and DIR/pictures.jsonl with one object a picture: arm, seed, prompt, file, and where a program
made it verifierEvaluations, reentryStep, handoffStep, stepCount, verifierStepCount; `made` where `paint` listed it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from ..attributes import label_array, mention_mask
from ..data.grammar import Fields

RECORDS = "pictures.jsonl"
STANDARD_COUNT = 200


class PictureFolderError(ValueError):
    """A folder of pictures that cannot be measured; the text says what to do."""


@dataclass(frozen=True)
class StandardPrompt:
    """A prompt with what it asks for and which attributes its words say."""

    prompt: str
    seed: int
    labels: np.ndarray  # [attribute]
    mentioned: np.ndarray  # [attribute] bool
    group: str  # "standard" or the held-out group


@dataclass(frozen=True)
class PictureRecord:
    arm: str
    seed: int
    prompt: StandardPrompt
    file: Path
    telemetry: dict[str, float]
    made: dict[str, Any] | None = None

    @property
    def key(self) -> tuple[str, int]:
        """What pairs pictures across arms."""
        return self.prompt.prompt, self.seed

    @property
    def is_standard(self) -> bool:
        """Made with the prompt's own seed; other seeds serve the consistency alone."""
        return self.seed == self.prompt.seed


def load_prompts(path: Path) -> dict[str, StandardPrompt]:
    """Prompts by their text."""
    prompts = {}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        value = _object(line, f"{path.name}:{number}")
        try:
            prompts[value["prompt"]] = StandardPrompt(
                value["prompt"],
                int(value["seed"]),
                label_array([Fields(**value["fields"])])[0],
                mention_mask(value["mentioned"]),
                value.get("heldOut", "standard"),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise PictureFolderError(
                f"{path.name}:{number}: {error!r}; make the file with the stage 'prompts'"
            ) from error
    return prompts


TELEMETRY = ("verifierEvaluations", "reentryStep", "handoffStep", "stepCount", "verifierStepCount")


def load_records(folder: Path, prompts: dict[str, StandardPrompt]) -> list[PictureRecord]:
    """All pictures of a folder, in the order of its list."""
    path = folder / RECORDS
    if not path.exists():
        raise PictureFolderError(f"no {RECORDS} in {folder}: it lists the pictures with their prompts")
    records = []
    seen: set[tuple[str, str, int]] = set()
    for number, line in enumerate(path.read_text().splitlines(), 1):
        where = f"{RECORDS}:{number}"
        value = _object(line, where)
        try:
            arm, seed, prompt = str(value["arm"]), int(value["seed"]), str(value["prompt"])
            file = folder / value.get("file", f"{arm}/{seed}.png")
        except (KeyError, TypeError, ValueError) as error:
            raise PictureFolderError(f"{where}: {error!r}") from error
        if prompt not in prompts:
            raise PictureFolderError(
                f"{where}: '{prompt}' is not in the prompts file, so nothing says what it asks"
            )
        if (arm, prompt, seed) in seen:
            raise PictureFolderError(f"{where}: a second picture of the arm '{arm}' for one prompt and seed")
        seen.add((arm, prompt, seed))
        telemetry = {k: float(value[k]) for k in TELEMETRY if isinstance(value.get(k), (int, float))}
        records.append(PictureRecord(arm, seed, prompts[prompt], file, telemetry, value.get("made")))
    if not records:
        raise PictureFolderError(f"{path} lists no pictures")
    return records


def load_picture(path: Path) -> np.ndarray:
    """Bytes [H, W, 3]."""
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB"))
    except (OSError, UnidentifiedImageError) as error:
        raise PictureFolderError(f"{path}: {error}") from error


def _object(line: str, where: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except json.JSONDecodeError as error:
        raise PictureFolderError(f"{where}: not JSON: {error}") from error
    if not isinstance(value, dict):
        raise PictureFolderError(f"{where}: not an object")
    return value
