"""How true composed pictures are: the same scene rendered anew with the other colour, compared after tone mapping."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..recipe import DataRecipe
from .compose import Studio, tone_map
from .grammar import COLORS, SURFACES, Fields
from .lighting import KEY_LEVEL
from .splits import sample_group
from .stage import OBJECT_PARTS
from .variations import Base, Layers, changeable, recolored, relit, seamless_like

SEED = 20261125


def _other(rng: np.random.Generator, fields: Fields, base: Base, what: str) -> Fields:
    if what == "object":
        names = [c for c in COLORS if c != fields.color]
        return replace(fields, color=names[rng.integers(len(names))])
    names = [n for n in seamless_like(fields.surface) if n != fields.surface]
    return replace(fields, surface=names[rng.integers(len(names))])


def _psnr(a: np.ndarray, b: np.ndarray) -> float:
    return float(-10 * np.log10(np.mean((a - b) ** 2)))


class Comparison:
    """Scenes of one studio, rendered in several ways."""

    def __init__(self, recipe: DataRecipe) -> None:
        self.studio = Studio(*recipe.size_of(0), recipe.samples)

    def render(self, fields: Fields, seed: int, noise: int = 0) -> tuple[Base, Layers, np.ndarray]:
        base = self.studio.assemble(fields, np.random.default_rng(seed))
        self.studio.stage.commit()
        mask = self.studio.stage.coverage(OBJECT_PARTS, rays=1)[0] > 0
        return base, self.studio.layers(self.studio.stage.passes(seed + noise)), mask

    def compare(self, fields: Fields, seed: int, what: str) -> tuple[float, float] | None:
        """PSNR in dB of the composed against the rendered picture, and of two renderings that differ in noise alone."""
        base, layers, mask = self.render(fields, seed)
        color = base.object_color if what == "object" else base.backdrop_color
        if not changeable(color) or not 0.07 <= mask.mean() <= 0.65:
            return None
        other = _other(np.random.default_rng(seed), fields, base, what)
        truth, rendered, _ = self.render(other, seed)
        _, again, _ = self.render(other, seed, noise=7)
        new = truth.object_color if what == "object" else truth.backdrop_color
        factor = recolored(layers.main if what == "object" else layers.backdrop, color, new)
        light = relit(layers, color, new) if what == "backdrop" else 1.0
        key = KEY_LEVEL[fields.light]

        def finished(radiance: np.ndarray, albedo: np.ndarray) -> np.ndarray:
            return tone_map(radiance, albedo, mask, key, 70.0)

        target = finished(rendered.radiance, rendered.albedo)
        composed = finished(layers.radiance * factor * light, layers.albedo * factor)
        return _psnr(composed, target), _psnr(finished(again.radiance, again.albedo), target)


def check(recipe: DataRecipe, count: int) -> None:
    """Prints the figures of `count` scenes of the recipe's objects for each kind of change."""
    comparison = Comparison(recipe)
    objects = list(recipe.objects) or None
    for what in ("object", "backdrop"):
        rng = np.random.default_rng(SEED)
        found: list[tuple[float, float]] = []
        while len(found) < count:
            fields, seed = sample_group(rng, None, objects), int(rng.integers(2**31))
            if what == "object":
                fields = replace(fields, material="matte", color=("white", "grey", "pink")[len(found) % 3])
            if SURFACES[fields.surface].texture and what == "backdrop":
                continue
            pair = comparison.compare(fields, seed, what)
            if pair is not None:
                found.append(pair)
        composed, noise = np.array(found).T
        print(
            f"{what}: composed against rendered {composed.mean():.1f} dB (worst {composed.min():.1f}), "
            f"two renderings {noise.mean():.1f} dB (worst {noise.min():.1f}), {count} scenes",
            flush=True,
        )
