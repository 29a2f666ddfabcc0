"""Pictures that are composed from the passes of a rendering."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from underpaint_training.data.grammar import COLORS, MATERIALS, SURFACES, TINTS, Fields
from underpaint_training.data.variations import RELIGHT, Base, Layers, Variation, relit, varied

MATTE = Fields("mug", "matte", "pink", "white background", "soft window light", "eye level", "centered")


def _layers() -> Layers:
    """Left half object, right half backdrop, both of their colour under a white light."""
    main = np.zeros((4, 8))
    main[:, :4] = 1
    albedo = np.where(main[..., None] > 0, COLORS["pink"], SURFACES["white background"].color)
    return Layers(0.8 * albedo, 0.1 * albedo, albedo, main, 1 - main, np.zeros_like(main))


def _base(fields: Fields = MATTE, side: float = 70.0) -> Base:
    matte = np.asarray(COLORS["pink"]) if fields.material == "matte" else None
    surface = SURFACES[fields.surface]
    backdrop = None if surface.texture else np.asarray(surface.color)
    return Base(fields, matte, backdrop, side, 0.1 * np.asarray(TINTS[fields.light].sky))


def _all(base: Base, count: int = 200) -> list[Variation]:
    rng = np.random.default_rng(0)
    return [v for _ in range(count) if (v := varied(base, _layers(), rng)) is not None]


def test_a_new_colour_is_the_albedo_of_its_fields() -> None:
    found = _all(_base())
    assert len({v.fields.color for v in found}) == len(COLORS)
    for v in found:
        ratio = v.albedo[0, 0] / np.asarray(COLORS[v.fields.color or ""])
        # One factor for all channels: shades of the colour, not another.
        assert np.ptp(ratio[np.asarray(COLORS[v.fields.color or ""]) < 0.9]) < 0.08 and 0.85 < ratio.min()
        backdrop = v.albedo[0, -1] / np.asarray(SURFACES[v.fields.surface].color)
        assert 0.9 < backdrop.min() and backdrop.max() < 1.1


def test_a_backdrop_throws_its_colour_on_what_faces_it() -> None:
    layers = replace(_layers(), below=np.ones((4, 8)))
    white, pink = (np.asarray(SURFACES[n].color) for n in ("white background", "pink background"))
    factor = relit(layers, white, pink)
    # Less green and blue come back from pink than from white, onto the object and onto the backdrop itself.
    for at in (0, -1):
        assert factor[0, at, 1] < factor[0, at, 0] and factor[0, at, 1] < 0.95
    turned_up = relit(_layers(), white, pink)
    np.testing.assert_array_equal(turned_up[:, :4], 1)
    np.testing.assert_allclose(relit(layers, pink, pink), 1)


def test_light_changes_as_a_whole_and_only_where_the_lamp_may_stand() -> None:
    wide = [v for v in _all(_base(side=100.0)) if v.fields.light != MATTE.light]
    assert wide == []
    found = [v for v in _all(_base()) if v.fields.light == RELIGHT[MATTE.light][0]]
    assert found
    for v in found:
        light = v.radiance[0, 0] / v.albedo[0, 0]
        assert light[2] > 1.5 * light[0], "cool light is blue on everything"


def test_metal_and_tables_keep_their_colours() -> None:
    gold = Fields("mug", "gold", None, "white background", "studio softbox", "eye level", "centered")
    assert MATERIALS["gold"].metallic == 1 and _all(_base(gold)) == []
    table = Fields("mug", "ceramic", "red", "wooden table", "hard spotlight", "eye level", "centered")
    assert _all(_base(table)) == []


def test_gloss_is_not_multiplied() -> None:
    for dark in ("red", "black"):
        base = Base(MATTE, np.asarray(COLORS[dark]), None, 0.0, np.ones(3))
        assert all(v.fields.color == MATTE.color for v in _all(base))


def test_no_variation_is_the_picture_itself() -> None:
    assert all(v.fields != MATTE for v in _all(_base()))
