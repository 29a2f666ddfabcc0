"""Model cards: figures from the last evaluation and export, observations from a hand-written note."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .captions import COMPOSITION_WORDS
from .data.grammar import ANGLES, COLORS, LIGHTS, MATERIALS, OBJECT_MATERIALS, SURFACES
from .export import Bundle

LICENCE = """## Data and licence

Trained only on pictures that this project renders itself (`python -m underpaint_training data`): procedural shapes and
textures, no third-party pictures, no scraped data, no weights of other models. Weights: Apache-2.0, as the code.
"""


def _words() -> str:
    rows = {
        "objects": OBJECT_MATERIALS,
        "materials": {m for ms in OBJECT_MATERIALS.values() for m in ms},
        "colours": COLORS,
        "surfaces": SURFACES,
        "lights": LIGHTS,
        "angles": ANGLES,
        "compositions": COMPOSITION_WORDS,
    }
    order = list(MATERIALS)
    rows["materials"] = sorted(rows["materials"], key=order.index)
    return "\n".join(f"- {name}: {', '.join(values)}" for name, values in rows.items())


def _table(values: dict[str, Any]) -> str:
    lines = ["| figure | value |", "|---|---|"]
    for key, value in values.items():
        if isinstance(value, dict):
            for inner, v in value.items():
                if not isinstance(v, (list, dict)):
                    lines.append(f"| {key}, {inner} | {_number(v)} |")
        elif not isinstance(value, list):
            lines.append(f"| {key} | {_number(value)} |")
    return "\n".join(lines)


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _gap(numbers: dict[str, Any]) -> str:
    gap = numbers.get("draft", {}).get("velocityGap")
    if not gap:
        return ""
    lines = [
        "",
        "RMS velocity difference r between draft and guided verifier on the verifier's own trajectories:",
        "",
        "| t | r | share of v² unexplained |",
        "|---|---|---|",
    ]
    lines += [f"| {row['t']} | {row['r']} | {row['unexplained']} |" for row in gap["steps"][::4]]
    return "\n".join(lines) + f"\n\nMean r over the drafted steps: {gap['meanDrafted']}.\n"


def _card(title: str, lead: str, training: dict[str, Any], figures: str, note: str) -> str:
    run = (
        f"{training['samples']} samples in {training['hours']} h of wall time on two shared CPU cores, "
        f"{training['pictures']} rendered pictures (mirror images doubled), on {training['date']}."
    )
    return f"""# {title}

{lead}

## Training

{run}

    {training["command"]}

Figures from `python -m underpaint_training evaluate`:

{figures}

## What the pictures show

{note}

## What it understands

{_words()}

Sizes: 128×128. Other words are dropped.

{LICENCE}"""


def write(bundle: Bundle, root: Path, numbers: dict[str, Any], note: str) -> None:
    """MODEL_CARD.md beside the draft's and the verifier's manifest."""
    shared = {"VAE": numbers.get("vae", {})}
    verifier = _table(numbers.get("verifier", {}) | shared) + (
        "\n\nCheck: the section `check` of the manifest, measured by `underpaint lab calibrate`."
    )
    against = {k: v for k, v in numbers.items() if k.endswith("PSNR")}
    draft = _table(numbers.get("draft", {}) | against) + "\n" + _gap(numbers)
    for folder, text in (
        (
            root / "CloudModels" / bundle.ids.verifier,
            _card(
                "studio-verifier",
                "The large model of the studio pair: a flow-matching diffusion transformer for product pictures.",
                bundle.training["verifier"],
                verifier,
                note,
            ),
        ),
        (
            root / "EdgeModels" / bundle.ids.draft,
            _card(
                "studio-draft",
                "The small model of the studio pair, distilled from the guided studio-verifier; it takes the "
                "guidance scale as an input and needs one evaluation a step.",
                bundle.training["draft"],
                draft,
                note,
            ),
        ),
    ):
        (folder / "MODEL_CARD.md").write_text(text)


def load_note(path: Path) -> str:
    return path.read_text().strip() if path.exists() else "Not yet looked at."
