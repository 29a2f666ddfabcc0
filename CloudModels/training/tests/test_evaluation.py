"""Metrics on inputs whose figures are known, and whole reports of folders whose pictures are known."""

from __future__ import annotations

import json
import re
import shutil
import stat
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import PaintedDiscs
from PIL import Image

from underpaint_training.attributes import (
    ATTRIBUTES,
    CLASSES,
    label_array,
    labels,
    mention_mask,
    mirrored_labels,
)
from underpaint_training.augmentation import augmented, blurred
from underpaint_training.captions import mirrored
from underpaint_training.data.generate import render_shard
from underpaint_training.data.grammar import sample_fields
from underpaint_training.evaluation.folder import PictureFolderError, load_prompts, load_records
from underpaint_training.evaluation.metrics import (
    Mean,
    edge_strength,
    frechet,
    nearest,
    psnr,
    sliced_wasserstein,
)
from underpaint_training.evaluation.painting import ARMS, ArmPlan, Job, Program, jobs_of, paint
from underpaint_training.evaluation.markdown import pictures_section
from underpaint_training.evaluation.reference import training_renders
from underpaint_training.evaluation.report import share
from underpaint_training.evaluation.scores import Scores, ceiling_of
from underpaint_training.evaluation.stage import PictureOptions, evaluate_pictures
from underpaint_training.files import restore, save
from underpaint_training.instrument import instrument_file, keep_instrument, kept_instrument
from underpaint_training.latents import MissingStageError
from underpaint_training.parallel import Group
from underpaint_training.pictures import decode, fields, shards
from underpaint_training.prompts import standard_prompts
from underpaint_training.recipe import Recipe
from underpaint_training.train_classifier import (
    FrozenClassifier,
    LabelledPictures,
    build,
    fitted,
    held_out,
    held_out_rows,
    load_classifier,
    read,
    train,
)


def test_a_mean_knows_its_standard_error() -> None:
    mean = Mean.of(np.array([0.0, 1.0, 1.0, 1.0]))
    assert (mean.value, mean.count) == (0.75, 4)
    assert mean.error == pytest.approx(0.25)
    assert Mean.of(np.array([])).to_json()["value"] is None


def test_frechet_distance_of_gaussians_is_the_known_one() -> None:
    rng = np.random.default_rng(0)
    a = rng.standard_normal((20_000, 3))
    b = rng.standard_normal((20_000, 3)) * [1, 2, 1] + [3, 0, 0]
    # |mean|² + Σ (σa − σb)² = 9 + 1
    assert frechet(a, b) == pytest.approx(10, rel=0.03)
    assert frechet(a, a) == pytest.approx(0, abs=1e-6)


def test_sliced_wasserstein_distance_of_a_shift_is_its_length_over_the_root_of_the_dimension() -> None:
    rng = np.random.default_rng(1)
    a = rng.standard_normal((4000, 8))
    shift = np.zeros(8)
    shift[2] = 4.0
    assert sliced_wasserstein(a, a + shift) == pytest.approx(4 / np.sqrt(8), rel=0.1)
    assert sliced_wasserstein(a, a[:1000]) < 0.1


def test_nearest_finds_what_a_full_search_finds() -> None:
    rng = np.random.default_rng(2)
    queries, references = rng.standard_normal((300, 5)), rng.standard_normal((70, 5))
    distances, indices = nearest(queries, references, 3)
    full = np.linalg.norm(queries[:, None] - references[None], axis=-1)
    np.testing.assert_array_equal(indices, np.argsort(full, 1)[:, :3])
    np.testing.assert_allclose(distances, np.sort(full, 1)[:, :3], atol=1e-6)


def test_blur_lowers_edge_strength_and_keeps_the_mean() -> None:
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[:, 32:] = 200
    x = torch.from_numpy(picture).permute(2, 0, 1)[None].float()
    soft = blurred(x, torch.full((1, 1, 1, 1), 1.0))
    assert float(soft.mean()) == pytest.approx(float(x.mean()), rel=1e-4)
    strengths = [edge_strength(y[0].permute(1, 2, 0).byte().numpy()) for y in (x, soft)]
    assert strengths[1] < 0.7 * strengths[0]
    assert psnr(picture, picture) == 99
    assert psnr(picture, picture + np.uint8(2)) == pytest.approx(20 * np.log10(255 / 2))


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


@pytest.fixture(scope="module")
def measured(tiny: Recipe, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Painted discs in all splits, and a classifier trained on its own."""

    folder = tmp_path_factory.mktemp("measured")
    data, checkpoints = folder / "data", folder / "checkpoints"
    data.mkdir()
    studio, plain = PaintedDiscs(*tiny.data.size_of(0)), replace(tiny.data, variations=0)
    for split, shard in (("train", 0), ("train", 1), ("holdout", 0), ("classifier", 0), ("classifier", 1)):
        render_shard(studio, plain, split, shard, data)
    train(tiny, data, checkpoints, None, Group(0, 1))
    return data, checkpoints


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
    tiny: Recipe, measured: tuple[Path, Path]
) -> None:
    data, checkpoints = measured
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


def _prompts(path: Path, many: list, mentioned: list[str]) -> None:
    lines = [
        {"prompt": f"picture {i}", "seed": i + 1, "fields": f.to_json(), "mentioned": mentioned}
        for i, f in enumerate(many)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def _folder(folder: Path, arms: dict[str, np.ndarray], seeds: list[int] | None = None) -> None:
    lines = []
    for arm, pictures in arms.items():
        (folder / arm).mkdir(parents=True)
        for i, picture in enumerate(pictures):
            Image.fromarray(picture).save(folder / arm / f"{i + 1}.png")
            record = {"arm": arm, "seed": i + 1, "prompt": f"picture {i}", "file": f"{arm}/{i + 1}.png"}
            lines.append(
                record | {"verifierEvaluations": 8, "reentryStep": 20, "handoffStep": 20, "stepCount": 25}
            )
    (folder / "pictures.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_joint_accuracy_asks_only_for_what_the_words_say() -> None:
    n = len(ATTRIBUTES)
    correct, mentioned = np.ones((3, n), bool), np.ones((3, n), bool)
    correct[0, 2] = correct[1, 2] = False
    mentioned[0, 2] = False
    scores = Scores(correct, mentioned, np.ones((3, 5)), np.zeros((3, 1)))
    assert scores.joint.tolist() == [True, False, True]
    # Two of three renders are wrong in one attribute, which one of three wordings leaves out: (1 + 1/3 + 1/3) / 3.
    ceiling = ceiling_of(correct, mentioned)
    assert ceiling["joint"] == pytest.approx(5 / 9)
    assert ceiling[ATTRIBUTES[2]] == pytest.approx(1 / 3) and ceiling[ATTRIBUTES[0]] == 1


def test_a_row_of_the_training_features_leads_to_its_picture(tiny: Recipe, tmp_path: Path) -> None:
    class Noise(PaintedDiscs):
        def pictures(self, fields, seed: int, variations: int = 0):
            found = super().pictures(fields, seed, variations)
            for number, picture in enumerate(found):
                rng = np.random.default_rng((seed, number))
                picture.pixels = rng.integers(0, 256, picture.pixels.shape, np.uint8)
            return found

    for shard in (0, 1):
        render_shard(Noise(*tiny.data.size_of(shard)), tiny.data, "train", shard, tmp_path)
    torch.manual_seed(0)
    classifier = FrozenClassifier(build(tiny.classifier).eval(), "random", 64, np.zeros((1, 7), bool), {})
    training = training_renders(classifier, tmp_path, tmp_path / "cache")
    pixels = [picture for s in shards(tmp_path, "train") for picture in decode(s)[0]]
    assert training.count == len(pixels) > 8 and len({p.shape for p in pixels}) == 2
    for i, picture in enumerate([*pixels, *(p[:, ::-1] for p in pixels)]):
        np.testing.assert_array_equal(training.picture(i), picture)
        features = read(classifier.model, fitted(picture, 64)[None].copy()).features[0] / training.scale
        distance, index = nearest(features[None], training.features, 1)
        assert index[0, 0] == i and distance[0, 0] < 0.1
    # A second time from the cache.
    again = training_renders(classifier, tmp_path, tmp_path / "cache")
    np.testing.assert_array_equal(again.features, training.features)


def test_a_report_of_known_pictures(tiny: Recipe, measured: tuple[Path, Path], tmp_path: Path) -> None:
    data, checkpoints = measured
    shard = shards(data, "train")[0]
    renders, truth = decode(shard)[0], fields(shard)
    _prompts(tmp_path / "prompts.jsonl", truth, ["object", "color", "light"])
    negative = 255 - renders
    _folder(tmp_path / "pictures", {"verifier": renders, "copy": renders, "negative": negative})
    options = PictureOptions(tmp_path / "pictures", tmp_path / "prompts.jsonl")
    numbers = evaluate_pictures(tiny, data, checkpoints, options, tmp_path / "report")
    assert numbers == json.loads((tmp_path / "report" / "numbers.json").read_text())
    arms = numbers["arms"]
    classifier = load_classifier(tiny, checkpoints)
    right = read(classifier.model, renders).predictions() == label_array(truth)
    columns = [ATTRIBUTES.index(n) for n in ("object", "color", "light")]
    assert arms["verifier"]["accuracy"]["joint"]["value"] == pytest.approx(
        right[:, columns].all(1).mean(), abs=1e-5
    )
    assert arms["verifier"]["accuracy"]["color"]["count"] == len(renders)
    assert arms["verifier"]["accuracy"]["surface"]["count"] == 0
    held = classifier.correct[:, columns]
    assert arms["verifier"]["accuracy"]["joint"]["ceiling"] == pytest.approx(held.all(1).mean(), abs=1e-5)
    # Equal pictures differ by nothing; the pictures of the training split are found as copies of it.
    assert arms["copy"]["paired"]["composite"] == {"value": 0, "standardError": 0, "count": len(renders)}
    assert arms["copy"]["paired"]["identical"] == len(renders)
    assert arms["negative"]["paired"]["psnrMedian"] < 30
    assert numbers["nearest"]["closest"][0]["psnr"] == 99
    assert numbers["nearest"]["verifier"]["p50"] < 0.05
    # True of any features, however little a busy machine had time to learn.
    assert numbers["nearest"]["negative"]["p50"] > numbers["nearest"]["verifier"]["p50"]
    assert all(arms[arm]["distances"]["frechet"] >= 0 for arm in ("negative", "verifier"))
    assert arms["verifier"]["program"]["verifierEvaluations"]["value"] == 8
    assert 1 <= arms["verifier"]["axes"]["composite"]["value"] <= 10
    page = (tmp_path / "report" / "report.html").read_text()
    assert page.count("data:image/webp;base64,") >= 3 * len(renders)
    assert not re.search(r"""(src|href)=["'](?!data:)""", page)
    section = pictures_section(numbers)
    for arm in ("verifier", "copy", "negative"):
        assert f"| {arm} | {share(arms[arm]['accuracy']['object'])} | " in section
    rows = [line for line in section.splitlines() if line.startswith("|")]
    # Columns of the attributes that a prompt asks for, here object, colour and light.
    assert len(rows) == 2 * 2 + 3 + 1 + 3 and {row.count("|") for row in rows[:6]} == {7}
    numbers["reference"] = "copy"
    assert "PSNR beside the pictures of `copy`" in pictures_section(numbers)
    assert pictures_section(None) == ""


def test_consistency_is_the_deviation_over_seeds(
    tiny: Recipe, measured: tuple[Path, Path], tmp_path: Path
) -> None:
    data, checkpoints = measured
    renders = decode(shards(data, "train")[0])[0]
    _prompts(tmp_path / "prompts.jsonl", fields(shards(data, "train")[0])[:2], ["object"])
    records = []
    for arm, pictures in (("same", [renders[0]] * 5), ("mixed", [*renders, 255 - renders[0]])):
        (tmp_path / "p" / arm).mkdir(parents=True)
        for k, picture in enumerate(pictures):
            Image.fromarray(picture).save(tmp_path / "p" / arm / f"{k + 1}.png")
            records.append({"arm": arm, "seed": k + 1, "prompt": "picture 0", "file": f"{arm}/{k + 1}.png"})
    (tmp_path / "p" / "pictures.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records))
    options = PictureOptions(tmp_path / "p", tmp_path / "prompts.jsonl", reference="same")
    arms = evaluate_pictures(tiny, data, checkpoints, options, tmp_path / "report")["arms"]
    assert arms["same"]["consistency"]["value"] == 0 and arms["same"]["consistency"]["seeds"] == 5
    assert arms["mixed"]["consistency"]["value"] > 0
    assert arms["mixed"]["standardPictures"] == 1


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{", "not JSON"),
        ('{"arm": "a", "seed": 1}', "prompt"),
        ('{"arm": "a", "seed": 1, "prompt": "an unlisted one"}', "not in the prompts file"),
        ('{"arm": "a", "seed": 1, "prompt": "picture 0"}\n' * 2, "second picture"),
        ("", "lists no pictures"),
    ],
)
def test_a_damaged_list_is_named(tmp_path: Path, line: str, complaint: str) -> None:
    _prompts(tmp_path / "prompts.jsonl", [sample_fields(np.random.default_rng(0))], ["object"])
    (tmp_path / "pictures.jsonl").write_text(line)
    with pytest.raises(PictureFolderError, match=complaint):
        load_records(tmp_path, load_prompts(tmp_path / "prompts.jsonl"))


def test_the_committed_prompts_are_those_of_the_stage() -> None:
    path = Path(__file__).parents[3] / "Benchmarks" / "prompts.jsonl"
    assert [json.loads(line) for line in path.read_text().splitlines()] == standard_prompts()
    assert len(load_prompts(path)) == 512


def test_arms_are_read_from_their_names() -> None:
    plans = {a: ArmPlan.parse(a) for a in ARMS}
    assert (plans["draft"].handoff, plans["verifier"].handoff, plans["verifier"].steps) == (1.0, 0.0, None)
    assert (plans["trust-0.75@8"].handoff, plans["trust-0.75@8"].mode, plans["trust-0.75@8"].steps) == (
        0.75,
        "trust",
        8,
    )
    first = plans["large-first-0.2"]
    assert (first.handoff, first.mode, first.precision) == (0.2, "large-first", None)
    assert plans["trust-0.8:int8"].precision == "int8"
    best = ArmPlan.parse("handoff-0.8x4@8:int8")
    assert (best.candidates, best.handoff, best.steps, best.precision) == (4, 0.8, 8, "int8")
    assert plans["draft"].candidates == 1
    for wrong in ("handoff", "draft-0.2", "verifier:int3", "large-first", "trust-1.5", "verifier@", "x", "draftx0", "verifierx4"):
        with pytest.raises(ValueError, match="arm"):
            ArmPlan.parse(wrong)


FAKE = """#!{python}
import json, sys
a = sys.argv[1:]
value = lambda k: a[a.index(k) + 1]
assert a[0] == "generate" and "--json" in a and "--quiet" in a and value("--prompt-file") == "-"
with open({log!r}, "a") as log:
    log.write(json.dumps(a) + "\\n")
for number, line in enumerate(sys.stdin, 1):
    entry = json.loads(line)
    path = value("-o")[:-4] + f"-{{number}}.png"
    open(path, "wb").write(bytes(str(entry["seed"]), "ascii"))
    report = {{"draftSteps": 20, "stepCount": 25, "verifierStepCount": 8}}
    report["verification"] = {{"verifierEvaluations": 9, "reentryStep": 4}}
    if "--candidates" in a:
        entry["seed"] += 1 << 32
    print(json.dumps({{"path": path, **entry, "report": report}}))
"""


def test_the_program_is_run_once_for_a_list_and_never_twice_for_a_picture(tmp_path: Path) -> None:
    log = tmp_path / "log"
    program = tmp_path / "underpaint"
    program.write_text(FAKE.format(python=sys.executable, log=str(log)))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    _prompts(
        tmp_path / "prompts.jsonl", [sample_fields(np.random.default_rng(s)) for s in range(3)], ["object"]
    )
    prompts = load_prompts(tmp_path / "prompts.jsonl")
    jobs = jobs_of(list(prompts.values()), consistency=1)
    assert len(jobs) == 13
    arms = [ArmPlan.parse("handoff-0.8"), ArmPlan.parse("verifier@8")]
    for _ in range(2):
        paint(Program(program, None), arms, jobs, tmp_path / "out", chunk=5)
    calls = [json.loads(line) for line in log.read_text().splitlines()]
    # Thirteen pictures are three chunks of at most five.
    assert len(calls) == 2 * 3
    assert "--steps" not in calls[0] and calls[-1][calls[-1].index("--steps") + 1] == "8"
    # Another program makes them in other steps: they do not go together.
    program.write_text(program.read_text().replace('"verifierStepCount": 8', '"verifierStepCount": 9'))
    with pytest.raises(PictureFolderError, match="other steps"):
        paint(Program(program, None), arms, [*jobs, Job(jobs[0].prompt, 77)], tmp_path / "out")
    records = load_records(tmp_path / "out", prompts)
    assert len(records) == 2 * len(jobs)
    for r in records:
        assert r.file.read_bytes() == str(r.seed).encode()
    assert records[0].telemetry == {
        "verifierEvaluations": 9,
        "reentryStep": 4,
        "handoffStep": 20,
        "stepCount": 25,
        "verifierStepCount": 8,
    }


class PaintsNothing:
    """A maker that lists pictures without painting them."""

    def __init__(self, **made: str) -> None:
        self._made = made

    def made(self) -> dict[str, Any]:
        return dict(self._made)

    def refusal(self, arm: ArmPlan) -> str | None:
        return None

    def make(self, arm: ArmPlan, jobs: list[Job], folder: Path) -> list[dict[str, Any]]:
        return [{"arm": arm.name, "seed": j.seed, "prompt": j.prompt} for j in jobs]


def test_a_folder_takes_no_pictures_of_another_maker(tmp_path: Path) -> None:
    draft, verifier, jobs = ArmPlan.parse("draft"), ArmPlan.parse("verifier"), [Job("a mug", 1)]
    path = tmp_path / "pictures.jsonl"
    paint(PaintsNothing(maker="one"), [draft], jobs, tmp_path)
    paint(PaintsNothing(maker="one"), [draft, verifier], jobs, tmp_path)
    listed = path.read_text()
    assert [json.loads(line)["made"] for line in listed.splitlines()] == [{"maker": "one"}] * 2
    for arms in ([draft], [ArmPlan.parse("trust-0.8")]):
        with pytest.raises(PictureFolderError, match="choose another folder"):
            paint(PaintsNothing(maker="two"), arms, jobs, tmp_path)
    # Records of before say nothing: what is complete stays as it is, but nothing is added.
    path.write_text("".join(json.dumps({"arm": a, "seed": 1, "prompt": "a mug"}) + "\n" for a in ("draft", "verifier")))
    paint(PaintsNothing(maker="two"), [draft, verifier], jobs, tmp_path)
    with pytest.raises(PictureFolderError, match="can be measured .* choose another folder"):
        paint(PaintsNothing(maker="two"), [draft, ArmPlan.parse("trust-0.8")], jobs, tmp_path)
    assert len(path.read_text().splitlines()) == 2


def test_a_maker_is_its_version_its_sampler_and_the_weights(tmp_path: Path) -> None:
    program = tmp_path / "underpaint"
    program.write_text("#!/bin/sh\necho 1.2.3\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    made = Program(program, None).made()
    assert made == {"maker": "program 1.2.3", "sampler": "LMS (order 2)", "weights": {}}
    checkout = Path(__file__).parents[3]
    weights = Program(program, checkout).made()["weights"]
    for folder in ("EdgeModels/studio-shared", "EdgeModels/studio-draft", "CloudModels/studio-verifier"):
        manifest = json.loads((checkout / folder / "manifest.json").read_text())
        for key, file in manifest["files"].items():
            assert weights[f"{manifest['id']}/{key}"] == file["sha256"][:12]
    program.write_text("#!/bin/sh\nexit 64\n")
    assert Program(program, None).made()["maker"] == "program underpaint"


@pytest.mark.parametrize(
    "rest", [b'{"arm": "draft", "se', b'{"arm": "draft", "se\n', b"\0\0\0\0", b"\xff\n", b'{"arm": "draft"}']
)
def test_a_line_that_a_kill_left_unfinished_is_made_again(tmp_path: Path, rest: bytes) -> None:
    maker, arms, jobs = PaintsNothing(), [ArmPlan.parse("draft")], [Job("a mug", 1), Job("a mug", 2)]
    path = tmp_path / "pictures.jsonl"
    paint(maker, arms, jobs, tmp_path)
    whole = path.read_bytes()
    first = whole.splitlines(keepends=True)[0]
    for before, after in ((first, whole), (b"", whole), (whole, whole)):
        path.write_bytes(before + rest)
        paint(maker, arms, jobs, tmp_path)
        assert path.read_bytes() == after


def test_what_a_maker_cannot_paint_is_refused_before_anything_is_painted(tmp_path: Path) -> None:
    log = tmp_path / "log"
    program = tmp_path / "underpaint"
    program.write_text(FAKE.format(python=sys.executable, log=str(log)))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    jobs = [Job("a mug", 1)]
    with pytest.raises(PictureFolderError, match="only PyTorch"):
        paint(Program(program, None), [ArmPlan.parse(a) for a in ("draft", "large-first-0.2")], jobs, tmp_path / "out")
    assert not log.exists()
    paint(Program(program, None), [ArmPlan.parse("verifier:bfloat16")], jobs, tmp_path / "out")
    call = json.loads(log.read_text())
    assert call[call.index("--precision") + 1] == "bfloat16"
    # The best of several drafts is of another seed, and is paired by the job's all the same.
    paint(Program(program, None), [ArmPlan.parse("draftx3")], jobs, tmp_path / "out")
    assert json.loads(log.read_text().splitlines()[-1])[-2:] == ["--candidates", "3"]
    last = json.loads((tmp_path / "out" / "pictures.jsonl").read_text().splitlines()[-1])
    assert (last["arm"], last["seed"], last["file"]) == ("draftx3", 1, "draftx3/1.png")
    refused = [a for a in ARMS if Program(program, None).refusal(ArmPlan.parse(a)) is not None]
    assert refused == ["large-first-0.2"]


def test_a_failing_program_is_quoted(tmp_path: Path) -> None:
    program = tmp_path / "underpaint"
    program.write_text("#!/bin/sh\necho no models here >&2\nexit 66\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    with pytest.raises(PictureFolderError, match="no models here"):
        Program(program, None).make(ArmPlan.parse("draft"), [Job("a mug", 1)], tmp_path)


def test_the_error_of_cells_is_a_grid_and_noise_is_none() -> None:
    from underpaint_training.evaluation.autoencoder import grid

    rng = np.random.default_rng(1)
    target = rng.integers(60, 180, (4, 64, 64, 3)).astype(np.uint8)
    noise = (target + rng.integers(-9, 10, target.shape)).astype(np.uint8)
    cells = np.repeat(np.repeat(rng.integers(-9, 10, (4, 8, 8, 1)), 8, 1), 8, 2)
    assert abs(grid(noise, target, 8) - 1) < 0.05
    assert grid((target + cells + rng.integers(-1, 2, target.shape)).astype(np.uint8), target, 8) > 3


def test_coded_bits_are_those_of_what_cannot_be_predicted() -> None:
    from underpaint_training.evaluation.autoencoder import coded_bits

    flat = np.full((3, 2, 16, 16), 7)
    assert coded_bits(flat) == 0
    rng = np.random.default_rng(2)
    # Four symbols alike in one channel of two: two bits for each of 256 elements.
    flat[:, 1] = rng.integers(0, 4, (3, 16, 16))
    assert abs(coded_bits(flat) - 2 * 256) < 12
    ramp = np.broadcast_to(np.arange(16), (3, 1, 16, 16)).copy()
    assert coded_bits(ramp) < 100 < 4 * 256


def test_an_autoencoder_that_only_fades_scores_so() -> None:
    from underpaint_training.evaluation.autoencoder import autoencoder_figures

    class Faded(torch.nn.PixelShuffle):
        scale = 8

        def forward(self, z: torch.Tensor) -> torch.Tensor:
            return super().forward(0.9 * z)

    vae = torch.nn.Module()
    vae.encoder, vae.decoder = torch.nn.PixelUnshuffle(8), Faded(8)
    pictures = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(1)) * 2 - 1
    figures = autoencoder_figures(vae, torch.ones(192), pictures, torch.device("cpu"))  # type: ignore[arg-type]
    assert abs(figures["psnr"] + 20 * np.log10(0.1 / np.sqrt(3) / 2)) < 0.3
    assert abs(figures["edges"] - 0.9) < 0.02 and figures["colourShift"] < 0.5
    # All of the noise takes bits, but not as many as its bytes.
    assert 3 * 32 * 32 / 4 < figures["bytesWithin0.1dB"] < 3 * 32 * 32
