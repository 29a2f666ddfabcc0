"""The pairs of pictures, the draft's and the verifier's, that likeness is learnt from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch

from underpaint_training.fixtures import tiny_bundle
from underpaint_training.latents import MissingStageError
from underpaint_training.likeness import (
    HANDOFF,
    Pairs,
    batches,
    draw_missing,
    drawn,
    held_out,
    key_of,
    load_pairs,
    mirrorable,
    noise_of,
    prompts,
)
from underpaint_training.models.dit import DiT
from underpaint_training.parallel import Group
from underpaint_training.recipe import Recipe, RecipeError
from underpaint_training.sampling import Painter

DEVICE = torch.device("cpu")


@pytest.fixture
def models(tiny: Recipe) -> tuple[Painter, DiT, DiT]:
    """Random ones: painter, verifier and draft."""
    b = tiny_bundle(torch.Generator().manual_seed(1))
    brush = Painter(b.tokenizer, b.text, b.decoder, b.latent, tiny.flow, tiny.data.size_of(0))
    return brush, b.verifier, b.draft


def _draw(recipe: Recipe, models: tuple[Painter, DiT, DiT], folder: Path, group: object = None) -> str:
    key = key_of(recipe.flow, models[0].text, *models[1:])
    draw_missing(recipe, *models, key, folder, cast(Group, group or Group(0, 1)))
    return key


def _files(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def _made_up(number: int, captions: list[str]) -> dict[str, Any]:
    """A batch of pictures that tell whose they are, and of which half."""
    ramp = torch.arange(6.0)[None, None, :, None].expand(len(captions), 4, 6, 2)
    pictures = {"drafted": -ramp, "own": ramp}
    return {"number": number, "captions": captions} | {k: v.half() for k, v in pictures.items()}


def test_a_pair_is_of_one_prompt_and_one_noise(tiny: Recipe, models: tuple[Painter, DiT, DiT]) -> None:
    brush, verifier, draft = models
    # Sizes in turn, as shards have them.
    for number in (0, 1, 11):
        pair, again = (drawn(tiny, number, *models) for _ in range(2))
        width, height = tiny.data.size_of(number)
        for name in ("drafted", "own"):
            assert pair[name].shape == (2, height // 8, width // 8, 8) and pair[name].dtype == torch.half
            assert torch.equal(pair[name], again[name])
        assert pair["captions"] == again["captions"] == prompts(tiny, number) and len(pair["captions"]) == 2
    # With their noise put back they are the states at the hand-off: of the draft, and of the verifier on its steps.
    noise, times = noise_of(number, tuple(pair["own"].shape)), brush.draft_times()
    step = round(HANDOFF * (len(times) - 1))
    t = float(times[step])
    assert 0 < t < 1 and not torch.equal(pair["drafted"], pair["own"])
    for name, model in (("drafted", draft), ("own", verifier)):
        state = brush.states(brush.prompted(model, pair["captions"]), noise, times[: step + 1])[-1]
        assert torch.allclose((1 - t) * pair[name].float() + t * noise, state, atol=0.02)


def test_both_pictures_are_equally_finished(tiny: Recipe, models: tuple[Painter, DiT, DiT]) -> None:
    brush, verifier, _ = models
    assert len(brush.draft_times()) != len(brush.verifier_times())
    # A draft that is the verifier leaves nothing to tell them by, least of all what is not yet done.
    pair = drawn(tiny, 0, brush, verifier, verifier)
    assert torch.equal(pair["drafted"], pair["own"])


def test_a_kill_loses_only_what_was_not_drawn(
    tiny: Recipe, models: tuple[Painter, DiT, DiT], tmp_path: Path
) -> None:
    folder, total = tmp_path / "likeness", batches(tiny)
    # Two processes share what is missing.
    meanwhile = [n for n in range(total) if n % 2]
    one = SimpleNamespace(rank=0, size=2, barrier=lambda: None)
    key = _draw(tiny, models, folder, one)
    assert _files(folder) == [f"pair-{n:04d}.pt" for n in range(total) if n not in meanwhile]
    assert _draw(tiny, models, folder) == key
    assert _files(folder) == [f"pair-{n:04d}.pt" for n in range(total)]
    lost = folder / "pair-0003.pt"
    before, former = {p: p.stat().st_mtime_ns for p in folder.iterdir()}, torch.load(lost)
    lost.unlink()
    with pytest.raises(MissingStageError, match="pair-0003.pt is missing"):
        load_pairs(tiny, key, folder, False, DEVICE)
    _draw(tiny, models, folder)
    assert {p for p in folder.iterdir() if before[p] != p.stat().st_mtime_ns} == {lost}
    assert torch.equal(torch.load(lost)["own"], former["own"])


def test_pairs_of_other_weights_are_refused(
    tiny: Recipe, models: tuple[Painter, DiT, DiT], tmp_path: Path
) -> None:
    key = _draw(tiny, models, tmp_path)
    (tmp_path / "pair-0002.pt").unlink()
    with torch.no_grad():
        models[2].final_proj.bias += 1
    with pytest.raises(MissingStageError, match="move .* away"):
        _draw(tiny, models, tmp_path)
    # Of none of the missing ones before the others have been looked at.
    assert not (tmp_path / "pair-0002.pt").exists()
    with torch.no_grad():
        models[2].final_proj.bias -= 1
    # What another number of the draft's steps makes are other pictures too; the verifier's own steps make none.
    longer = replace(tiny.flow, draft_steps=tiny.flow.draft_steps + 1)
    assert key_of(longer, models[0].text, *models[1:]) != key
    own = replace(tiny.flow, verifier_steps=tiny.flow.verifier_steps + 1)
    assert key_of(own, models[0].text, *models[1:]) == key


def test_pairs_of_unequally_finished_pictures_are_refused(
    tiny: Recipe, models: tuple[Painter, DiT, DiT], tmp_path: Path
) -> None:
    """As the first ones were, whose keys named the steps of both."""
    key, path = _draw(tiny, models, tmp_path), tmp_path / "pair-0000.pt"
    weights, flow = key.split("; ")[0], tiny.flow
    steps = [flow.draft_steps, flow.verifier_steps]
    former = f"{weights}; steps {steps}, shift {flow.shift:g}, guidance {flow.guidance:g}"
    torch.save(torch.load(path) | {"key": former}, path)
    with pytest.raises(MissingStageError, match="move .* away"):
        load_pairs(tiny, key, tmp_path, False, DEVICE)


def test_what_is_held_out_is_never_learnt_from(
    tiny: Recipe, models: tuple[Painter, DiT, DiT], tmp_path: Path
) -> None:
    recipe = replace(tiny, critic=replace(tiny.critic, pairs=44))
    key = _draw(recipe, models, tmp_path)
    learnt, measured = (load_pairs(recipe, key, tmp_path, m, DEVICE) for m in (False, True))
    assert (learnt.count, measured.count) == (40, 4) and [n for n in range(22) if held_out(n)] == [10, 21]
    kept = {c for n in (10, 21) for c in prompts(recipe, n)} - {c for n in range(10) for c in prompts(recipe, n)}
    rng, generator = np.random.default_rng(0), torch.Generator().manual_seed(0)
    seen = {c for _ in range(60) for c in learnt.batch(rng, generator, 4).captions}
    assert kept and not kept & seen and len(seen) > 20
    assert {c for b in measured.at(0.6) for c in b.captions} == {c for n in (10, 21) for c in prompts(recipe, n)}


def test_too_few_pairs_to_hold_some_out_are_refused(tiny: Recipe) -> None:
    with pytest.raises(RecipeError, match="give the critic 22 or none"):
        batches(replace(tiny, critic=replace(tiny.critic, pairs=18)))
    assert batches(replace(tiny, critic=replace(tiny.critic, pairs=21))) == 11


def test_captions_that_say_a_side_are_not_mirrored() -> None:
    assert mirrorable("a red mug, bright studio light")
    assert not mirrorable("a red mug, left of center") and not mirrorable("A mug on the Right")


def test_batches_are_of_both_under_one_noise_and_mirrored_where_captions_allow_it() -> None:
    captions = ["a red mug", "a red mug, on the left"]
    pairs = Pairs([_made_up(3, captions)], DEVICE)
    rng, generator = np.random.default_rng(0), torch.Generator().manual_seed(0)
    begun, ramp = noise_of(3, (2, 4, 6, 2)), torch.arange(6.0)
    turned, usual = [], []
    for _ in range(80):
        b = pairs.batch(rng, generator, 5)
        own, drafted = b.x.chunk(2)
        assert torch.equal(b.t[:5], b.t[5:]) and b.captions[:5] == b.captions[5:]
        assert bool(((b.t > 0.3) & (b.t < 0.95)).all())
        for x, y, t, caption in zip(own, drafted, b.t[:5], b.captions):
            # What is between the two knows nothing of the noise.
            shown = ((x - y) / (1 - t))[0, :, 0]
            mirrored = bool(shown[0] > shown[-1])
            assert torch.allclose(shown, 2 * (ramp.flip(0) if mirrored else ramp), atol=1e-3)
            assert not (mirrored and "left" in caption)
            noise = (y + (1 - t) * (ramp.flip(0) if mirrored else ramp)[:, None]) / t
            # The noise is mirrored with the picture.
            first = begun[captions.index(caption)]
            own_noise = torch.allclose(noise, first.flip(1) if mirrored else first, atol=1e-4)
            if "left" not in caption:
                turned.append(mirrored)
            usual.append(own_noise)
    assert 0.3 < np.mean(turned) < 0.7 and 0.3 < np.mean(usual) < 0.7


def test_shapes_are_drawn_by_how_many_pairs_have_them() -> None:
    wide = {k: v[:, :, :4] if isinstance(v, torch.Tensor) else v for k, v in _made_up(1, ["a"]).items()}
    pairs = Pairs([_made_up(0, ["a"] * 3), wide, _made_up(2, ["b"] * 3)], DEVICE)
    assert pairs.count == 7 and pairs.shares.tolist() == [6 / 7, 1 / 7]
    assert [len(b.captions) for b in pairs.at(0.6, size=4)] == [8, 4, 2]
