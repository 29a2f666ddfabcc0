"""The figures as one HTML file with its pictures inside, so that it can be sent around."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterable
from typing import Any

import numpy as np
from PIL import Image

from ..attributes import ATTRIBUTES
from .folder import TELEMETRY, load_picture
from .measure import Arm, Neighbour
from .reference import TrainingRenders
from .scores import AXES

STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:75rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}
h1,h2,h3{line-height:1.2}table{border-collapse:collapse;margin:1rem 0;font-size:13px}
th,td{padding:.25rem .6rem;border-bottom:1px solid #ddd;text-align:right;white-space:nowrap}
th:first-child,td:first-child{text-align:left}td.low{color:#b00}
.row{display:flex;flex-wrap:wrap;gap:.5rem}figure{margin:0;width:128px}figure img{width:128px;display:block}
figcaption{font-size:11px;line-height:1.3;color:#555}pre{white-space:pre-wrap;background:#f6f6f6;padding:1rem}
.scroll{overflow-x:auto}.note{color:#555}
"""
EXTREMES = 10
COMPARED = 16
# Longest side of a picture in the report.
SIDE = 256


def data_uri(pixels: np.ndarray) -> str:
    image = Image.fromarray(np.ascontiguousarray(pixels))
    image.thumbnail((SIDE, SIDE))
    buffer = io.BytesIO()
    image.save(buffer, format="WEBP", quality=82, method=4)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()


def figure(pixels: np.ndarray, caption: str) -> str:
    return f'<figure><img src="{data_uri(pixels)}" alt=""><figcaption>{html.escape(caption)}</figcaption></figure>'


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    top = "".join(f"<th>{html.escape(h)}</th>" for h in head)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><tr>{top}</tr>{body}</table></div>'


def share(mean: dict[str, Any]) -> str:
    """A share in per cent with its standard error."""
    if mean.get("value") is None:
        return "–"
    return f"{100 * mean['value']:.1f} ± {100 * mean['standardError']:.1f}"


def number(mean: dict[str, Any] | None, digits: int = 2) -> str:
    if not mean or mean.get("value") is None:
        return "–"
    return f"{mean['value']:.{digits}f} ± {mean['standardError']:.{digits}f}"


def _accuracy(numbers: dict[str, Any], key: str | None = None) -> str:
    names = (*ATTRIBUTES, "joint")
    rows = []
    ceilings: dict[str, str] = {}
    for arm, entry in numbers["arms"].items():
        values = entry.get("groups", {}).get(key) if key else entry.get("accuracy")
        if not values:
            continue
        rows.append(
            [arm, *(share(values[n]) for n in names), f"{100 * values['joint']['shareOfCeiling']:.0f} %"]
        )
        ceilings = {
            n: share({"value": values[n]["ceiling"], "standardError": values[n]["ceilingStandardError"]})
            for n in names
        }
        counts = {n: str(values[n]["count"]) for n in names}
    if not rows:
        return "<p>No pictures of standard prompts.</p>"
    rows.append(["classifier on real renders (ceiling)", *ceilings.values(), "100 %"])
    rows.append(["prompts that say it", *counts.values(), ""])
    return table(["arm, %", *names, "joint / ceiling"], rows)


def _axes(numbers: dict[str, Any]) -> str:
    names = (*AXES, "composite")
    rows = [
        [arm, *(number(e["axes"][n]) for n in names), number(e["consistency"])]
        for arm, e in numbers["arms"].items()
        if "axes" in e
    ]
    rows.append(["held-out renders", *(number(numbers["renders"]["axes"][n]) for n in names), ""])
    return table(["arm, 1–10", *names, "σ over seeds"], rows)


def _distances(numbers: dict[str, Any]) -> str:
    rows = []
    for arm, e in [*numbers["arms"].items(), ("held-out renders", numbers["renders"])]:
        d = e["distances"]
        values = [
            f"{d[k]:.3f}" if k in d else "–"
            for k in ("frechet", "frechetOfRenders", "slicedWasserstein", "slicedWassersteinOfRenders")
        ]
        rows.append([arm, str(d["count"]), *values, str(d["rendersCount"]), str(d["references"])])
    head = [
        "arm",
        "pictures",
        "Fréchet",
        "…of renders",
        "sliced Wasserstein",
        "…of renders",
        "renders",
        "references",
    ]
    return table(head, rows)


def _paired(numbers: dict[str, Any]) -> str:
    names = (*ATTRIBUTES, "joint")
    rows = []
    for arm, e in numbers["arms"].items():
        p = e.get("paired")
        if p and p["count"]:
            similarity = f"{p['psnrMedian']:.1f}" if "psnrMedian" in p else "–"
            rows.append(
                [arm, str(p["count"]), *(share(p[n]) for n in names), number(p["composite"]), similarity]
            )
    if not rows:
        return "<p>Nothing to compare.</p>"
    return table(["arm, percentage points", "pairs", *names, "composite", "PSNR, dB"], rows)


def _program(numbers: dict[str, Any]) -> str:
    rows = [
        [arm, str(e["pictures"]), *(number(e["program"].get(n), 1) for n in TELEMETRY)]
        for arm, e in numbers["arms"].items()
    ]
    return table(
        ["arm", "pictures", "verifier evaluations", "re-entry step", "hand-off step", "draft's steps", "verifier's steps"],
        rows,
    )


def _nearest(numbers: dict[str, Any], closest: list[Neighbour], training: TrainingRenders) -> str:
    figures = {k: v for k, v in numbers["nearest"].items() if k != "closest"}
    keys = [k for k in figures["renders"] if k != "nearerThanRenders"]
    rows = [
        [arm, *(f"{v[k]:.3f}" for k in keys), f"{100 * v['nearerThanRenders']:.1f} %"]
        for arm, v in figures.items()
    ]
    pairs = "".join(
        '<div class="row">'
        + figure(load_picture(n.record.file), f"{n.arm}, seed {n.record.seed}: {n.record.prompt.prompt}")
        + figure(
            training.picture(n.index),
            f"training render {n.index % training.count}, distance {n.distance:.3f}, PSNR {n.psnr:.1f} dB",
        )
        + "</div>"
        for n in closest
    )
    head = ["arm", *keys, "nearer than 1 % of renders are"]
    return table(head, rows) + f'<div class="row" style="gap:2rem">{pairs}</div>'


def _sheet(arms: list[Arm]) -> str:
    """The first prompts that all arms have, one row a prompt."""
    standard = [a.standard() for a in arms]
    keys = [{r.key: r for r in a.records} for a in standard]
    common = [k for k in keys[0] if all(k in other for other in keys)][:COMPARED]
    if not common:
        return "<p>No prompt is in all arms.</p>"
    rows = []
    for key in common:
        cells = "".join(figure(load_picture(k[key].file), a.name) for a, k in zip(standard, keys))
        rows.append(f'<p class="note">{html.escape(key[0])}, seed {key[1]}</p><div class="row">{cells}</div>')
    return "".join(rows)


def extremes(arm: Arm) -> dict[str, list[int]]:
    """Rows of the best, median and worst ten pictures by composite."""
    order = np.argsort(-arm.scores.composite, kind="stable")
    n = min(EXTREMES, len(order))
    middle = max(0, (len(order) - n) // 2)
    return {
        "best": [int(i) for i in order[:n]],
        "median": [int(i) for i in order[middle : middle + n]],
        "worst": [int(i) for i in order[len(order) - n :]],
    }


def _extremes(arm: Arm) -> str:
    standard = arm.standard()
    if not standard.records:
        return ""
    parts = [f"<h3>{html.escape(arm.name)}</h3>"]
    for name, rows in extremes(standard).items():
        cells = []
        for i in rows:
            record = standard.records[i]
            wrong = [
                a
                for k, a in enumerate(ATTRIBUTES)
                if standard.scores.mentioned[i, k] and not standard.scores.correct[i, k]
            ]
            text = f"{standard.scores.composite[i]:.1f}: {record.prompt.prompt}"
            cells.append(
                figure(load_picture(record.file), text + (f" [not: {', '.join(wrong)}]" if wrong else ""))
            )
        parts.append(f'<p>{name} {len(rows)}</p><div class="row">{"".join(cells)}</div>')
    return "".join(parts)


def write_html(
    numbers: dict[str, Any], arms: list[Arm], closest: list[Neighbour], training: TrainingRenders
) -> str:
    c = numbers["classifier"]
    groups = dict.fromkeys(g for e in numbers["arms"].values() for g in e.get("groups", {}))
    held = "".join(f"<h3>{html.escape(g)} prompts</h3>{_accuracy(numbers, g)}" for g in groups)
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Underpaint: evaluation</title>
<style>{STYLE}</style></head><body><h1>Evaluation of {html.escape(numbers["recipe"])}</h1>
<p>{html.escape(numbers["date"])}. Means ± standard errors. Classifier {c["name"]}: {c["pictures"]} training renders,
{c["minutes"]:.1f} minutes; its ceiling is its accuracy on {c["heldOutRenders"]} renders that nothing was trained on (all attributes:
{100 * c["ceiling"]["joint"]:.1f} % joint; {100 * c["ceilingSoftened"]["joint"]:.1f} % on softened copies of them).</p>
<h2>Accuracy</h2><p class="note">Only attributes that a prompt's words say are scored; joint: all of them right. The
joint ceiling is that of renders under the same prompts' wordings.</p>{_accuracy(numbers)}{held}
<h2>Paired differences to “{html.escape(numbers["reference"])}”</h2><p class="note">By caption and seed.</p>{_paired(numbers)}
<h2>Axes</h2>{_axes(numbers)}<pre>{html.escape(numbers["definition"])}</pre>
<h2>Distances to the training renders</h2><p class="note">In classifier features, in units of the renders' own spread;
“of renders” is the same figure of held-out renders, as many as pictures where there are that many. Fréchet distances of
fewer than some thousand pictures are biased upward: compare only equal counts.</p>{_distances(numbers)}
<h2>What the program did</h2>{_program(numbers)}
<h2>Nearest training renders</h2><p class="note">Feature distance to the nearest training render or its mirror image; a
model that copies would have far more than 1 % in the last column.</p>{_nearest(numbers, closest, training)}
<h2>The first prompts in all arms</h2>{_sheet(arms)}
<h2>Best, median and worst by composite</h2>{"".join(_extremes(a) for a in arms)}
</body></html>
"""
