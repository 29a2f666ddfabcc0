"""Reports of folders whose pictures are known."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import PaintedDiscs, write_prompts
from PIL import Image

from underpaint_training.attributes import ATTRIBUTES, label_array
from underpaint_training.data.generate import render_shard
from underpaint_training.data.grammar import sample_fields
from underpaint_training.evaluation.folder import PictureFolderError, load_prompts, load_records
from underpaint_training.evaluation.markdown import pictures_section
from underpaint_training.evaluation.metrics import nearest
from underpaint_training.evaluation.reference import training_renders
from underpaint_training.evaluation.report import share
from underpaint_training.evaluation.scores import Scores, ceiling_of
from underpaint_training.evaluation.stage import PictureOptions, evaluate_pictures
from underpaint_training.pictures import decode, fields, shards
from underpaint_training.prompts import standard_prompts
from underpaint_training.recipe import Recipe
from underpaint_training.train_classifier import FrozenClassifier, build, fitted, load_classifier, read


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
    write_prompts(tmp_path / "prompts.jsonl", truth, ["object", "color", "light"])
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
    assert f"evaluate --recipe recipes/{tiny.name}.json --pictures DIR --prompts PROMPTS\n" in section and numbers["made"] is None
    # A precision goes without saying only if every arm names one.
    numbers["reference"] = "copy:bfloat16"
    numbers["arms"] = {f"{arm}:bfloat16": entry for arm, entry in arms.items()}
    section = pictures_section(numbers)
    assert "| copy | " in section and "In bfloat16 where" in section and "pictures of `copy` of" in section
    numbers["arms"]["other"] = arms["negative"]
    section = pictures_section(numbers)
    assert "| copy:bfloat16 | " in section and "| other | " in section and "In bfloat16 where" not in section
    assert pictures_section(None) == ""


def test_consistency_is_the_deviation_over_seeds(
    tiny: Recipe, measured: tuple[Path, Path], tmp_path: Path
) -> None:
    data, checkpoints = measured
    renders = decode(shards(data, "train")[0])[0]
    write_prompts(tmp_path / "prompts.jsonl", fields(shards(data, "train")[0])[:2], ["object"])
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
    write_prompts(tmp_path / "prompts.jsonl", [sample_fields(np.random.default_rng(0))], ["object"])
    (tmp_path / "pictures.jsonl").write_text(line)
    with pytest.raises(PictureFolderError, match=complaint):
        load_records(tmp_path, load_prompts(tmp_path / "prompts.jsonl"))


def test_the_committed_prompts_are_those_of_the_stage() -> None:
    path = Path(__file__).parents[3] / "Benchmarks" / "prompts.jsonl"
    assert [json.loads(line) for line in path.read_text().splitlines()] == standard_prompts()
    assert len(load_prompts(path)) == 512
