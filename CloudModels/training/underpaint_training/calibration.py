"""The null distribution of the verifier's check: how far its own estimates move from its own drafts."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from .captions import caption
from .latents import LatentStore
from .models.dit import DiT
from .sampling import Painter

LEVELS = (0.6, 0.75, 0.9)
QUANTILE = 0.95
# d = RMS(x0(x_t, t) - s), not divided by RMS(s); x_t = (1-t)s + t·ξ with the picture's own ξ, x0 by the guided verifier.
STATISTIC = "guidedEstimateDistance"


@torch.no_grad()
def check(
    brush: Painter, verifier: DiT, store: LatentStore, count: int = 64, handoff: float = 0.8
) -> dict[str, Any]:
    """Levels and the 95 % quantile of d at each, over `count` held-out captions with one seed each."""
    rng = np.random.default_rng(11)
    prompts = [caption(store.fields[i], rng, 0.12) for i in rng.integers(0, len(store.fields), count)]
    times = brush.times()
    cut = round(handoff * (len(times) - 1))
    level = float(times[cut])
    levels = [level, *LEVELS]
    values: list[list[torch.Tensor]] = [[] for _ in levels]
    for start in range(0, count, 16):
        velocity = brush.verifier(verifier, prompts[start : start + 16])
        noise = brush.noise(len(prompts[start : start + 16]), 5000 + start)
        x = brush.states(velocity, noise, times[: cut + 1])[-1]
        s = (x - level * noise) / (1 - level)
        for k, t in enumerate(levels):
            estimate = (1 - t) * s + t * noise
            estimate = estimate - t * velocity(estimate, torch.full((len(s),), t, device=s.device))
            values[k].append((estimate - s).pow(2).mean((1, 2, 3)).sqrt())
    d = torch.stack([torch.cat(v) for v in values])
    return {
        "statistic": STATISTIC,
        "quantile": QUANTILE,
        "samples": count,
        "handOffStep": cut,
        "levels": [round(t, 6) for t in levels],
        "thresholds": [round(float(v), 5) for v in d.quantile(QUANTILE, dim=1)],
        "medians": [round(float(v), 5) for v in d.quantile(0.5, dim=1)],
    }
