"""Stage `prompts`: the standard prompts that everything is measured on, each with the exact fields that it asks for
and the names of those that its words say."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from .captions import worded
from .data.grammar import STUDIO, sample_fields
from .data.splits import GROUPS, Group, sample_group, says_combination

SEED = 20261125
COUNT = 512
# Fewer dropped fields than in training: what a prompt does not say cannot be scored.
DROP = 0.08


def standard_prompts(
    count: int = COUNT, group: Group | None = None, objects: tuple[str, ...] = STUDIO
) -> list[dict[str, object]]:
    """Distinct prompts in a fixed order; `fields` is what was asked for, also where the wording leaves one out.

    With a group, prompts of that held-out group alone, which say all of its combination. The objects are those that the
    committed models know, one in every picture, so that their number is not asked for; none named means all of the
    grammar, up to three side by side.
    """
    rng = np.random.default_rng(SEED + (0 if group is None else 1 + GROUPS.index(group)))
    first = 1 if group is None else 10_000 * (1 + GROUPS.index(group))
    some = list(objects) or None
    prompts: dict[str, dict[str, object]] = {}
    while len(prompts) < count:
        fields = sample_fields(rng, some) if group is None else sample_group(rng, group, some)
        wording = worded(fields, rng, DROP)
        if group is not None and not says_combination(fields, wording.mentioned):
            continue
        prompt: dict[str, object] = {
            "prompt": wording.text,
            "seed": first + len(prompts),
            "fields": fields.to_json(),
            "mentioned": [m for m in wording.mentioned if m != "count" or not some],
        }
        prompts.setdefault(wording.text, prompt if group is None else prompt | {"heldOut": group})
    return list(prompts.values())


def write_prompts(path: Path, group: Group | None = None) -> None:
    path.write_text("".join(json.dumps(p, sort_keys=True) + "\n" for p in standard_prompts(group=group)))
