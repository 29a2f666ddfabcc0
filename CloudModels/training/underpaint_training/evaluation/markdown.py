"""The figures of measured pictures as a section of a model card."""

from __future__ import annotations

from typing import Any

from ..attributes import ATTRIBUTES
from .report import number, share


def _table(head: list[str], rows: list[list[str]]) -> str:
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *rows))


def _accuracy(numbers: dict[str, Any]) -> str:
    arms = {k: v for k, v in numbers["arms"].items() if "accuracy" in v}
    rows, ceiling = [], []
    for name, entry in arms.items():
        joint = entry["accuracy"]["joint"]
        rows.append(
            [name, *(share(entry["accuracy"][a]) for a in (*ATTRIBUTES, "joint")), f"{100 * joint['shareOfCeiling']:.0f} %"]
        )
        values = [entry["accuracy"][a] for a in (*ATTRIBUTES, "joint")]
        ceiling = [share({"value": v["ceiling"], "standardError": v["ceilingStandardError"]}) for v in values]
    rows.append(["real renders (ceiling)", *ceiling, "100 %"])
    return _table(["arm, %", *ATTRIBUTES, "joint", "joint / ceiling"], rows)


def _others(numbers: dict[str, Any]) -> str:
    rows = []
    for name, entry in numbers["arms"].items():
        paired = entry.get("paired") or {}
        difference = share(paired["joint"]) if paired.get("count") else "–"
        rows.append(
            [
                name,
                str(entry["pictures"]),
                difference,
                number(entry["axes"]["composite"]) if "axes" in entry else "–",
                number(entry.get("consistency")),
                f"{entry['distances']['frechet']:.2f}" if "frechet" in entry["distances"] else "–",
            ]
        )
    head = ["arm", "pictures", f"joint − {numbers['reference']}, points", "composite, 1–10", "σ over seeds", "Fréchet"]
    return _table(head, rows)


def pictures_section(numbers: dict[str, Any] | None) -> str:
    """Markdown of what `evaluate --pictures` measured; empty where it has not been run."""
    if not numbers:
        return ""
    c = numbers["classifier"]
    return f"""
## Measured on the standard prompts

`python -m underpaint_training evaluate --pictures`, {numbers["date"]}: shares in per cent of the attributes that a prompt's words say, as a
classifier reads them that learned from {c["pictures"]} renders that the generators never saw; its own accuracy on {c["heldOutRenders"]}
held-out renders is the ceiling. Means ± standard errors. Compare Fréchet distances of equal counts of pictures only.

{_accuracy(numbers)}

{_others(numbers)}
"""
