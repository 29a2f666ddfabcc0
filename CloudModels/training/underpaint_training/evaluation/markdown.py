"""The figures of measured pictures as a section of a model card."""

from __future__ import annotations

from typing import Any

from ..attributes import ATTRIBUTES
from .report import number, share

MEASURED = "Measured on the standard prompts"


def _table(head: list[str], rows: list[list[str]]) -> str:
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *rows))


def _precision(numbers: dict[str, Any]) -> str:
    """`:bfloat16` where the arm that others are paired with names it and every arm names one, so that it can go without saying."""
    _, colon, precision = numbers["reference"].partition(":")
    return colon + precision if all(":" in arm for arm in numbers["arms"]) else ""


def _name(arm: str, numbers: dict[str, Any]) -> str:
    return arm.removesuffix(_precision(numbers))


def _accuracy(numbers: dict[str, Any]) -> str:
    arms = {k: v["accuracy"] for k, v in numbers["arms"].items() if "accuracy" in v}
    if not arms:
        return "No arm has pictures of the prompts' own seeds."
    asked = [a for a in ATTRIBUTES if any(accuracy[a]["count"] for accuracy in arms.values())]
    names = (*asked, "joint")
    rows = [
        [_name(arm, numbers), *(share(accuracy[a]) for a in names), f"{100 * accuracy['joint']['shareOfCeiling']:.0f} %"]
        for arm, accuracy in arms.items()
    ]
    ceiling = [
        share({"value": v["ceiling"], "standardError": v["ceilingStandardError"]})
        for v in (next(iter(arms.values()))[a] for a in names)
    ]
    rows.append(["real renders (ceiling)", *ceiling, "100 %"])
    return _table(["arm, %", *names, "joint / ceiling"], rows)


def _others(numbers: dict[str, Any]) -> str:
    rows = []
    for name, entry in numbers["arms"].items():
        paired = entry.get("paired") or {}
        evaluations = entry.get("program", {}).get("verifierEvaluations", {}).get("value")
        rows.append(
            [
                _name(name, numbers),
                str(entry["pictures"]),
                "–" if evaluations is None else f"{evaluations:.2f}",
                share(paired["joint"]) if paired.get("count") else "–",
                number(paired["composite"]) if paired.get("count") else "–",
                f"{paired['psnrMedian']:.1f} dB" if paired.get("psnrMedian") else "–",
                number(entry["axes"]["composite"]) if "axes" in entry else "–",
                number(entry.get("consistency")),
                f"{entry['distances']['frechet']:.2f}" if "frechet" in entry["distances"] else "–",
            ]
        )
    head = ["arm", "pictures", "verifier evaluations", "joint, points", "composite", "median PSNR"]
    return _table([*head, "composite, 1–10", "σ over seeds", "Fréchet"], rows)


def pictures_section(numbers: dict[str, Any] | None) -> str:
    """Markdown of what `evaluate --pictures` measured; empty where it has not been run."""
    if not numbers:
        return ""
    c, reference, precision = numbers["classifier"], numbers["reference"], _precision(numbers).removeprefix(":")
    otherwise = f" In {precision} where an arm names no other precision." if precision else ""
    return f"""
## {MEASURED}

    {numbers.get("command", "python -m underpaint_training evaluate --pictures DIR")}

{numbers["date"]}: shares in per cent of the attributes that a prompt's words say, as a classifier reads them that learned from
{c["pictures"]} renders that the generators never saw; its own accuracy on {c["heldOutRenders"]} held-out renders is the ceiling. Means ±
standard errors.{otherwise}

{_accuracy(numbers)}

Joint accuracy, composite and PSNR beside the pictures of `{_name(reference, numbers)}` of the same prompts and seeds, then the
composite itself and its standard deviation over ten seeds. Compare Fréchet distances of equal counts of pictures only.

{_others(numbers)}
"""
