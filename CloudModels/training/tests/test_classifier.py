"""The attribute classifier: what it reads, what it learns from, and by what it is held."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from underpaint_training.attributes import (
    ATTRIBUTES,
    CLASSES,
    label_array,
    labels,
    mention_mask,
    mirrored_labels,
)
from underpaint_training.augmentation import augmented
from underpaint_training.captions import mirrored
from underpaint_training.data.grammar import sample_fields
from underpaint_training.files import restore, save
from underpaint_training.instrument import instrument_file, keep_instrument, kept_instrument
from underpaint_training.latents import MissingStageError
from underpaint_training.parallel import Group
from underpaint_training.pictures import decode, shards
from underpaint_training.recipe import Recipe
from underpaint_training.train_classifier import (
    LabelledPictures,
    build,
    fitted,
    held_out,
    held_out_rows,
    load_classifier,
    read,
    train,
)


def test_labels_of_a_mirror_image_are_those_of_its_fields() -> None:
    many = [sample_fields(np.random.default_rng(s)) for s in range(100)]
    np.testing.assert_array_equal(
        mirrored_labels(label_array(many)), label_array([mirrored(f) for f in many])
    )
    assert all(0 <= v < len(CLASSES[n]) for f in many for n, v in zip(ATTRIBUTES, labels(f)))
    with pytest.raises(ValueError, match="weight"):
        mention_mask(["object", "weight"])


def test_augmentation_moves_a_picture_and_its_mask_together() -> None:
    mask = torch.zeros(8, 64, 64)
    mask[:, 20:44, 10:30] = 1
    x, moved = augmented(
        mask[:, None].expand(-1, 3, -1, -1) * 1.6 - 0.8, mask, torch.Generator().manual_seed(3)
    )
    inside = (x.mean(1) * moved).sum((1, 2)) / moved.sum((1, 2))
    assert (inside > 0.5).all() and x.abs().max() <= 1 and not torch.equal(moved, mask)


def test_pictures_of_any_shape_come_to_the_classifiers_scale() -> None:
    assert fitted(np.zeros((128, 128, 3), np.uint8), 128).shape == (128, 128, 3)
    assert fitted(np.zeros((256, 256, 3), np.uint8), 128).shape == (128, 128, 3)
    assert fitted(np.zeros((192, 320, 3), np.uint8), 128).shape == (128, 128, 3)


def test_the_committed_classifier_reads_as_it_did(
    tiny: Recipe, measured: tuple[Path, Path], tmp_path: Path
) -> None:
    data, checkpoints = measured
    assert not keep_instrument(tiny, tmp_path, tmp_path)
    assert keep_instrument(tiny, checkpoints, tmp_path)
    save(kept_instrument(instrument_file(tiny, tmp_path)), tmp_path / "adopted" / "classifier.pt")
    before, after = load_classifier(tiny, checkpoints), load_classifier(tiny, tmp_path / "adopted")
    assert before.name == after.name and before.training == after.training
    assert (before.correct == after.correct).all()
    pixels = decode(shards(data, "train")[0])[0]
    a, b = read(before.model, pixels), read(after.model, pixels)
    assert (a.features == b.features).all() and (a.predictions() == b.predictions()).all()
    # Training goes on from it.
    minutes = after.training["minutes"] + 0.02
    train(tiny, data, tmp_path / "adopted", minutes, Group(0, 1))
    assert load_classifier(tiny, tmp_path / "adopted").training["step"] > after.training["step"]


def test_the_classifier_resumes_and_counts_its_held_out_renders(
    tiny: Recipe, measured: tuple[Path, Path], tmp_path: Path
) -> None:
    data, checkpoints = measured[0], tmp_path / "checkpoints"
    shutil.copytree(measured[1], checkpoints)
    before = restore(checkpoints / "classifier.pt")
    assert before is not None and before["pictures"] == 8 - tiny.classifier.held_out
    train(tiny, data, checkpoints, before["seconds"] / 60 + 0.02, Group(0, 1))
    after = restore(checkpoints / "classifier.pt")
    assert after is not None and after["step"] > before["step"]
    # Its own held-out renders and the generators' hold-out.
    assert after["correct"].shape == (tiny.classifier.held_out + 4, len(ATTRIBUTES))
    assert after["ceiling"]["joint"] <= min(after["ceiling"][n] for n in ATTRIBUTES)


def test_held_out_renders_are_those_of_the_first_shards_by_name(
    tiny: Recipe, measured: tuple[Path, Path], tmp_path: Path
) -> None:
    data = tmp_path / "data"
    shutil.copytree(measured[0], data)
    recipe = replace(tiny, classifier=replace(tiny.classifier, held_out=6))
    complete = LabelledPictures(data, "classifier", recipe.classifier.size)
    # What they are where all shards were there at once.
    assert held_out_rows(recipe, complete).tolist() == list(range(6))
    for suffix in (".tar", ".jsonl"):
        (data / "classifier-00000.tar").with_suffix(suffix).rename(tmp_path / f"late{suffix}")
    late = LabelledPictures(data, "classifier", recipe.classifier.size)
    one = replace(recipe, classifier=replace(recipe.classifier, held_out=2))
    for training in (one, recipe):
        with pytest.raises(MissingStageError, match="--split classifier"):
            train(training, data, tmp_path / "checkpoints", 0, Group(0, 1))
    with pytest.raises(MissingStageError, match="no classifier-00000.tar"):
        held_out(data, one, late)
    for suffix in (".jsonl", ".tar"):
        (tmp_path / f"late{suffix}").rename((data / "classifier-00000.tar").with_suffix(suffix))
    late.refresh()
    assert held_out_rows(recipe, late).tolist() == [4, 5, 6, 7, 0, 1]
    for a, b in zip(held_out(data, recipe, complete), held_out(data, recipe, late)):
        np.testing.assert_array_equal(a, b)
    # More than there will ever be.
    with pytest.raises(MissingStageError, match="8 pictures"):
        held_out_rows(replace(recipe, classifier=replace(recipe.classifier, held_out=9)), late)


def test_held_out_shards_that_were_taken_over_have_all_before_them(tiny: Recipe, tmp_path: Path) -> None:
    from types import SimpleNamespace

    recipe = replace(tiny, data=replace(tiny.data, classifier=0, also="other"))

    def of(*numbers: int) -> Any:
        rows = {f"classifier-{number}": range(4 * i, 4 * i + 4) for i, number in enumerate(numbers)}
        return SimpleNamespace(folder=tmp_path, rows=rows)

    assert held_out_rows(recipe, of(10001, 10000)).tolist() == [4, 5]
    with pytest.raises(MissingStageError, match="classifier-10000"):
        held_out_rows(recipe, of(10001))


def test_the_classifier_learns_where_the_object_is_and_what_colour_it_has(tiny: Recipe) -> None:
    """Discs of four colours anywhere in the picture: far above chance in a few dozen steps."""
    from torch.nn import functional as F

    from underpaint_training.training import Optimizers

    # Threads of tiny layers only wait for each other.
    torch.set_num_threads(1)
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    model = build(tiny.classifier)
    optimizers = Optimizers([model], 0.05, 3e-3, Group(0, 1))
    palette = torch.tensor([[1.0, -1, -1], [-1, 1, -1], [-1, -1, 1], [1, 1, 1]])
    y, x = np.mgrid[:64, :64]

    def batch(count: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        colors = torch.from_numpy(rng.integers(0, len(palette), count))
        centres = rng.uniform(20, 44, (count, 2))
        masks = np.stack([(x - a) ** 2 + (y - b) ** 2 < 150 for a, b in centres])
        mask = torch.from_numpy(masks).float()
        return torch.where(mask[:, None] > 0, palette[colors][:, :, None, None], torch.zeros(1)), mask, colors

    for _ in range(90):
        pictures, mask, colors = batch(16)
        reading = model(pictures)
        where = F.adaptive_avg_pool2d(mask[:, None], reading.mask.shape[1:])[:, 0]
        loss = F.cross_entropy(reading.logits["color"], colors)
        loss = loss + F.binary_cross_entropy_with_logits(reading.mask, where)
        loss.backward()
        optimizers.step(1.0)
    model.eval()
    pictures, mask, colors = batch(128)
    with torch.no_grad():
        reading = model(pictures)
    assert (reading.logits["color"].argmax(1) == colors).float().mean() > 0.8
    found = F.interpolate(reading.mask[:, None], size=64)[:, 0] > 0
    overlap = (found & (mask > 0)).sum() / (found | (mask > 0)).sum()
    assert overlap > 0.4
