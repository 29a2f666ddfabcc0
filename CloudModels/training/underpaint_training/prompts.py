"""Stage `prompts`: the standard prompts that everything is measured on, each with the exact fields that it asks for."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from .captions import caption
from .data.grammar import sample_fields

SEED = 20261125
COUNT = 512
# Fewer dropped fields than in training: what a prompt does not say cannot be scored.
DROP = 0.08


def standard_prompts(count: int = COUNT) -> list[dict[str, object]]:
    """Distinct prompts in a fixed order; `fields` is what was asked for, also where the wording leaves one out."""
    rng = np.random.default_rng(SEED)
    prompts: dict[str, dict[str, object]] = {}
    while len(prompts) < count:
        fields = sample_fields(rng)
        text = caption(fields, rng, DROP)
        prompts.setdefault(text, {"prompt": text, "seed": len(prompts) + 1, "fields": fields.to_json()})
    return list(prompts.values())


def write_prompts(path: Path) -> None:
    path.write_text("".join(json.dumps(p, sort_keys=True) + "\n" for p in standard_prompts()))
