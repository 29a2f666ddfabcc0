"""Model cards: figures of evaluations and of the export, observations from a hand-written note."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .captions import COMPOSITION_WORDS
from .data.grammar import ANGLES, COLORS, LIGHTS, MATERIALS, OBJECT_MATERIALS, SURFACES
from .data.shapes.catalogue import LIBRARY_MATERIALS
from .evaluation.markdown import MEASURED, pictures_section
from .export import CRITIC, Bundle
from .files import save_text
from .models.critic import LIKENESS

LICENCE = """## Data and licence

Trained only on pictures that this project renders itself (`python -m underpaint_training data`): procedural shapes and
textures{meshes}, no third-party pictures, no scraped data, no weights of other models. Weights: Apache-2.0, as the code.
"""
SHEET = "sheet.webp"
SHEET_NOTE = f"""![Standard prompts; from top to bottom of each block: draft, hybrid, verifier]({SHEET})

*From top to bottom of each block: the draft alone, the draft for 80 % of the steps and then the verifier without a check,
the verifier alone; from the same noise (`evaluate`).*

"""
MESHES = " and public-domain (CC0) meshes of Sweet Home 3D's Blend Swap library"


def _words(objects: tuple[str, ...]) -> str:
    rows = {
        "objects": objects,
        "materials": {m for name in objects for m in OBJECT_MATERIALS[name]},
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
        "RMS velocity difference r between draft and guided verifier on the verifier's own trajectories by Euler's steps:",
        "",
        "| t | r | share of v² unexplained |",
        "|---|---|---|",
    ]
    lines += [f"| {row['t']} | {row['r']} | {row['unexplained']} |" for row in gap["steps"][::4]]
    return "\n".join(lines) + f"\n\nMean r over the drafted steps: {gap['meanDrafted']}.\n"


def _critic(training: dict[str, Any]) -> str:
    """What the critic beside the verifier is, and how it reads held-out renders; nothing where there is none."""
    if not training:
        return ""
    held_out = training["heldOut"]
    return "\n".join([
        "",
        f"## {READER}",
        "",
        "`critic.safetensors` answers for the verifier whether a draft shows its prompt: the draft's blocks over patches of "
        "2×2, trained on",
        f"renders beside captions that are true of them and captions with one fault, {training['samples']:,} samples of "
        f"{training['pictures']:,} renders{_of_pairs(training)} in",
        f"{60 * training['hours']:.3g} minutes on {training['machine']} ({training['date']}; `{training['command']}`). On "
        f"{held_out['pictures']} held-out renders:",
        "how often a true caption has the larger odds than one with the fault, and how many true ones a threshold rejects that "
        "catches 95 % of it.",
        "",
        *_ranks("fault", held_out),
        "",
        *_likeness(training),
    ])


def _ranks(what: str, figures: dict[str, Any]) -> list[str]:
    """One row for each fault or level; numbers and the other answer's figures beside them are left out."""
    found = {k: v for k, v in figures.items() if k != LIKENESS and isinstance(v, dict)}
    rows = [f"| {k} | {100 * v['ranked']:.1f} % | {100 * v['rejected']:.1f} % |" for k, v in found.items()]
    return [f"| {what} | ranked | rejected |", "|---|---|---|", *rows]


def _of_pairs(training: dict[str, Any]) -> str:
    return f" and {training['pairs']:,} pairs of both models' pictures" if training.get("pairs") else ""


def _likeness(training: dict[str, Any]) -> list[str]:
    """What the critic says besides; nothing of one that was only asked about prompts."""
    figures = training["heldOut"].get(LIKENESS)
    if figures is None:
        return []
    return [
        "Its second answer, likeness, is whether a picture under noise of the level t is the verifier's own and not",
        f"the draft's, learnt from {training['pairs']:,} pairs of one prompt and one noise each. On "
        f"{figures['pairs']:,} held-out pairs:",
        "how often the verifier's picture has the larger odds than a draft, and how many drafts a threshold rejects",
        "that lets nine in ten of the verifier's own pass.",
        "",
        *_ranks("t", figures),
        "",
    ]


CARD = "MODEL_CARD.md"
# Sections that are written apart from the others, in their order.
READER, OBSERVED = "The critic", "What the pictures show"
SECTIONS = (MEASURED, READER, OBSERVED)
SEEN_TOGETHER = "Both models' pictures are described in the [verifier's card](../../CloudModels/studio-verifier/MODEL_CARD.md)."


def _start(card: str, title: str) -> int:
    """Where a section starts, or -1."""
    return card.find(f"\n## {title}\n")


def with_section(card: str, title: str, section: str) -> str:
    """The card with a section of `SECTIONS` in place of its former one, or where it belongs."""
    if _start(card, OBSERVED) < 0:
        raise ValueError(f"the verifier's card has no section '{OBSERVED}': export the pair anew")
    start = _start(card, title)
    if start < 0:
        later = SECTIONS[SECTIONS.index(title) + 1 :]
        start = end = next(place for name in later if (place := _start(card, name)) >= 0)
    else:
        end = card.find("\n## ", start + 1)
        end = end if end >= 0 else len(card)
    return card[:start] + section + card[end:]


def card_with_critic(folder: Path, training: dict[str, Any]) -> str:
    """The card of an exported verifier with the critic's section, in place of a former one."""
    return with_section((folder / CARD).read_text(), READER, _critic(training))


def _observed(folder: Path, note: str) -> str:
    sheet = SHEET_NOTE if (folder / SHEET).exists() else ""
    return f"\n## {OBSERVED}\n\n{sheet}{note}\n"


def renew(folder: Path, pictures: dict[str, Any] | None, note: str) -> None:
    """Writes what was measured and seen of an exported pair into its verifier's card, of which nothing else changes."""
    card = with_section((folder / CARD).read_text(), OBSERVED, _observed(folder, note))
    if pictures:
        card = with_section(card, MEASURED, pictures_section(pictures))
    save_text(card, folder / CARD)


def _card(
    title: str, lead: str, training: dict[str, Any], figures: str, observed: str, objects: tuple[str, ...],
    sizes: tuple[tuple[int, int], ...], measured: str,
) -> str:
    run = (
        f"{training['samples']} samples in {60 * training['hours']:.3g} minutes of wall time on {training['machine']}, "
        f"{training['pictures']} rendered pictures (mirror images doubled), on {training['date']}."
    )
    meshes = MESHES if set(objects) & set(LIBRARY_MATERIALS) else ""
    return f"""# {title}

{lead}

## Training

{run}

    {training["command"]}

Figures from `python -m underpaint_training evaluate`:

{figures}
{measured}{observed}
## What it understands

{_words(objects)}

Sizes: {', '.join(f'{w}×{h}' for w, h in sizes)}. Other words are dropped.

{LICENCE.format(meshes=meshes)}"""


def write(
    bundle: Bundle, root: Path, numbers: dict[str, Any], pictures: dict[str, Any] | None, note: str,
    objects: tuple[str, ...],
) -> None:
    """MODEL_CARD.md beside the draft's and the verifier's manifest; `pictures` are the numbers of measured pictures, where
    there are any. The verifier's card holds what both make together, with the contact sheet beside it."""
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
                _observed(root / "CloudModels" / bundle.ids.verifier, note),
                objects,
                bundle.sizes,
                pictures_section(pictures) + _critic(bundle.training.get(CRITIC, {})),
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
                f"\n## {OBSERVED}\n\n{SEEN_TOGETHER}\n",
                objects,
                bundle.sizes,
                "",
            ),
        ),
    ):
        save_text(text, folder / CARD)


def load_note(path: Path) -> str:
    return path.read_text().strip() if path.exists() else "Not yet looked at."
