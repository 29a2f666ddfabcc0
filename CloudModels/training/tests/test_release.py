"""What is trained, exported, brought home and adopted again."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from conftest import speak_up

from underpaint_training.recipe import Recipe

if TYPE_CHECKING:
    from underpaint_training.latents import LatentStore


def test_what_was_brought_home_is_what_was_trained(tiny: Recipe, trained: tuple[Path, Path], tmp_path: Path) -> None:
    from underpaint_training import distillation, train_decoder
    from underpaint_training.latents import LatentStore, MissingStageError
    from underpaint_training.parallel import Group
    from underpaint_training.slim import restore, slim
    from underpaint_training.train_critic import load_critic

    data, checkpoints = trained[0], tmp_path / "checkpoints"
    shutil.copytree(trained[1], checkpoints)
    distillation.train(tiny, data, checkpoints, None, Group(0, 1), "guided")
    train_decoder.train(tiny, data, checkpoints, 0.05, Group(0, 1))
    pieces = slim(checkpoints, tmp_path / "slim", piece=5000)
    assert len(pieces) > 2 and all(p.stat().st_size <= 5000 for p in pieces)
    home = tmp_path / "home"
    restore(tiny, tmp_path / "slim", home)
    there, here = (distillation.load_served(tiny, c)[0].state_dict() for c in (checkpoints, home))
    for name, weight in there.items():
        assert torch.equal(weight.bfloat16(), here[name].bfloat16()), name
    text = distillation.load_served(tiny, home)[0].text
    critics = [load_critic(tiny, c, text) for c in (checkpoints, home)]
    assert critics[0] is not None and critics[1] is not None
    for name, weight in critics[0][0].state_dict().items():
        assert torch.equal(weight.bfloat16(), critics[1][0].state_dict()[name].bfloat16()), name
    one, other = LatentStore(tiny, data, checkpoints), LatentStore(tiny, data, home)
    assert (one.mean == other.mean).all() and (one.deviation == other.deviation).all()
    # The rounded encoder has a name of its own, and training goes on with it.
    assert one.frozen.name != other.frozen.name
    before = {name: torch.load(home / f"{name}.pt", weights_only=True) for name in ("draft", "decoder")}
    distillation.train(tiny, data, home, before["draft"]["seconds"] / 60 + 0.02, Group(0, 1), "draft")
    train_decoder.train(tiny, data, home, before["decoder"]["seconds"] / 60 + 0.02, Group(0, 1))
    for name, state in before.items():
        assert torch.load(home / f"{name}.pt", weights_only=True)["step"] > state["step"], name
    pieces[-1].unlink()
    with pytest.raises(MissingStageError, match="last pieces"):
        restore(tiny, tmp_path / "slim", home)
    with pytest.raises(MissingStageError, match="slim.00"):
        restore(tiny, tmp_path / "nowhere", home)


def test_the_export_names_files_by_their_true_hashes(
    tiny: Recipe, trained: tuple[Path, Path], tmp_path: Path
) -> None:
    from underpaint_training.evaluate import evaluate
    from underpaint_training.release import release

    data, checkpoints = trained[0], tmp_path / "checkpoints"
    shutil.copytree(trained[1], checkpoints)
    speak_up(checkpoints)
    numbers = evaluate(tiny, data, checkpoints, tmp_path / "report")
    assert np.isfinite(numbers["vae"]["psnr"]) and (tmp_path / "report" / "arms.png").exists()
    release(tiny, data, checkpoints, tmp_path, tmp_path / "report")
    manifests = list(tmp_path.glob("*Models/*/manifest.json"))
    assert len(manifests) == 3
    card = tmp_path / "CloudModels" / "studio-verifier" / "MODEL_CARD.md"
    assert "## The critic" in card.read_text() and "| color |" in card.read_text()
    assert "sheet.webp" in card.read_text() and card.with_name("sheet.webp").stat().st_size > 100
    for path in manifests:
        manifest = json.loads(path.read_text())
        for file in manifest["files"].values():
            content = (path.parent / file["path"]).read_bytes()
            assert (len(content), hashlib.sha256(content).hexdigest()) == (file["bytes"], file["sha256"])
        if manifest["role"] == "verifier":
            # `underpaint lab calibrate` measures it.
            assert "check" not in manifest
            assert set(manifest["files"]) == {"weights", "critic"} and manifest["critic"]["tokenSpacing"] == 2
    _paints_from_the_export(tmp_path)


def test_a_critic_is_put_beside_an_exported_verifier(
    tiny: Recipe, trained: tuple[Path, Path], tmp_path: Path
) -> None:
    from underpaint_training.files import restore, save
    from underpaint_training.latents import MissingStageError
    from underpaint_training.release import release, release_critic

    data, checkpoints = trained[0], tmp_path / "checkpoints"
    shutil.copytree(trained[1], checkpoints)
    kept = (checkpoints / "critic.pt").rename(tmp_path / "critic.pt")
    release(tiny, data, checkpoints, tmp_path, tmp_path / "report")
    path = tmp_path / "CloudModels" / "studio-verifier" / "manifest.json"
    without = json.loads(path.read_text())
    assert "critic" not in without and set(without["files"]) == {"weights"}
    with pytest.raises(MissingStageError, match="run the stage 'critic'"):
        release_critic(tiny, checkpoints, tmp_path)
    # A check by the verifier itself stays as it was measured, one by another critic does not.
    kept.rename(checkpoints / "critic.pt")
    for check, stays in (({"rule": "promptShortfall"}, True), ({"critic": "0" * 64}, False)):
        path.write_text(json.dumps(without | {"check": check}))
        release_critic(tiny, checkpoints, tmp_path)
        found = json.loads(path.read_text())
        assert ("check" in found) == stays
        content = (path.parent / "critic.safetensors").read_bytes()
        assert found["files"]["critic"]["sha256"] == hashlib.sha256(content).hexdigest()
        assert {k: v for k, v in found["training"].items() if k != "critic"} == without["training"]
        held_out = found["training"]["critic"]["heldOut"]
        assert held_out["object"].keys() == held_out["likeness"]["0.43"].keys() == {"ranked", "rejected"}
        assert found["critic"]["answers"] == ["prompt", "likeness"]
        assert (found["training"]["critic"]["pairs"], held_out["likeness"]["pairs"]) == (20, 2)
        card = path.with_name("MODEL_CARD.md").read_text()
        assert card.count("## The critic") == card.count("| t | ranked | rejected |") == 1
        assert "| 0.43 |" in card and "| likeness |" not in card and "| pairs |" not in card
    # Together they are exported as one after the other.
    release(tiny, data, checkpoints, tmp_path, tmp_path / "report")
    again = json.loads(path.read_text())
    assert again == {k: v for k, v in found.items() if k != "check"}
    # A verifier that went on reads words its own way, and the critic of before is no part of it.
    speak_up(checkpoints)
    state = restore(checkpoints / "verifier.pt")
    assert state is not None
    state["average"]["text.norm.bias"] += 1
    save(state, checkpoints / "verifier.pt")
    with pytest.raises(MissingStageError, match="no critic.pt for this verifier"):
        release_critic(tiny, checkpoints, tmp_path)
    release(tiny, data, checkpoints, tmp_path, tmp_path / "report")
    assert "critic" not in json.loads(path.read_text()) and not path.with_name("critic.safetensors").exists()


def test_a_critic_of_one_answer_is_trained_on(
    tiny: Recipe, trained: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from underpaint_training import train_critic
    from underpaint_training.files import restore
    from underpaint_training.latents import MissingStageError
    from underpaint_training.parallel import Group
    from underpaint_training.release import release

    data, checkpoints = trained[0], tmp_path / "checkpoints"
    shutil.copytree(trained[1], checkpoints)
    path = checkpoints / "critic.pt"
    path.unlink()
    alone, words = Group(0, 1), replace(tiny, critic=replace(tiny.critic, pairs=0))
    train_critic.train(words, data, checkpoints, None, alone)
    former = restore(path)
    assert former is not None and former["answers"] == ["prompt"]
    assert "pairs" not in former and "likeness" not in former["heldOut"]
    release(words, data, checkpoints, tmp_path, tmp_path / "report")
    manifest = tmp_path / "CloudModels" / "studio-verifier" / "manifest.json"
    card = manifest.with_name("MODEL_CARD.md").read_text()
    assert json.loads(manifest.read_text())["critic"]["answers"] == ["prompt"] and "likeness" not in card
    with pytest.raises(MissingStageError, match="--minutes"):
        train_critic.train(tiny, data, checkpoints, 0.01, alone)
    # The pairs that are there serve again, unless they are other models'.
    pairs = {p: p.stat().st_mtime_ns for p in (checkpoints / "likeness").iterdir()}
    capsys.readouterr()
    train_critic.train(tiny, data, checkpoints, former["seconds"] / 60 + 0.02, alone)
    assert "began as a critic of prompt" in capsys.readouterr().out
    state = restore(path)
    assert state is not None and state["answers"] == ["prompt", "likeness"] and state["pairs"] == 20
    assert state["samples"] > former["samples"] and state["seconds"] > former["seconds"]
    assert {p: p.stat().st_mtime_ns for p in (checkpoints / "likeness").iterdir()} == pairs and len(pairs) == 11
    with pytest.raises(MissingStageError, match="answers likeness too"):
        train_critic.train(words, data, checkpoints, None, alone)
    speak_up(checkpoints)
    with pytest.raises(MissingStageError, match="pairs of other weights"):
        train_critic.train(tiny, data, checkpoints, state["seconds"] / 60 + 0.02, alone)


def test_what_the_engine_measured_stays_with_the_weights_that_it_is_of(
    tiny: Recipe, trained: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from underpaint_training.release import release

    data, checkpoints, report = trained[0], tmp_path / "checkpoints", tmp_path / "report"
    shutil.copytree(trained[1], checkpoints)
    path = tmp_path / "CloudModels" / "studio-verifier" / "manifest.json"

    def released() -> dict[str, Any]:
        release(tiny, data, checkpoints, tmp_path, report)
        return json.loads(path.read_text())

    path.parent.mkdir(parents=True)
    manifest = released()
    path.write_text(json.dumps(manifest | {"check": {"of": "these"}, "quality": {"of": "these"}}))
    again = released()
    assert again["check"] == again["quality"] == {"of": "these"}
    assert {k: v for k, v in again.items() if k not in ("check", "quality")} == manifest
    speak_up(checkpoints)
    assert not {"check", "quality"} & released().keys()
    # Figures of other checkpoints do not get into the manifest, from where the planner would take them.
    report.mkdir()
    (report / "numbers.json").write_text(json.dumps({"draft": {"samples": -1, "velocityGap": {}}}))
    capsys.readouterr()
    released()
    draft = json.loads((tmp_path / "EdgeModels" / "studio-draft" / "manifest.json").read_text())
    assert draft["training"]["metrics"] == {} and "run `evaluate`" in capsys.readouterr().out


def test_what_the_engine_measured_goes_with_what_it_depends_on(
    tiny: Recipe, trained: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from underpaint_training import export
    from underpaint_training.files import restore, save
    from underpaint_training.release import release

    data, checkpoints = trained[0], tmp_path / "checkpoints"
    shutil.copytree(trained[1], checkpoints)
    path = tmp_path / "CloudModels" / "studio-verifier" / "manifest.json"
    written: list[Path] = []
    write = export._write

    def noted(folder: Path, manifest: dict[str, Any]) -> None:
        written.append(folder)
        write(folder, manifest)

    monkeypatch.setattr(export, "_write", noted)

    def kept(recipe: Recipe) -> set[str]:
        """Of both sections, measured of what was exported last."""
        sections = {name: {"of": "these"} for name in ("check", "quality")}
        path.write_text(json.dumps(json.loads(path.read_text()) | sections))
        written.clear()
        release(recipe, data, checkpoints, tmp_path, tmp_path / "report")
        # With the one write, the verifier's manifest before those of what it was measured with.
        assert [f.name for f in written] == ["studio-verifier", "studio-draft", "studio-shared"]
        return sections.keys() & json.loads(path.read_text()).keys()

    release(tiny, data, checkpoints, tmp_path, tmp_path / "report")
    assert kept(tiny) == {"check", "quality"}
    more = replace(tiny, flow=replace(tiny.flow, draft_steps=tiny.flow.draft_steps + 1))
    assert kept(more) == set() and kept(more) == {"check", "quality"}
    guided = replace(more, flow=replace(more.flow, guidance=more.flow.guidance + 1))
    assert kept(guided) == set()
    shifted = replace(guided, flow=replace(guided.flow, shift=guided.flow.shift + 1))
    assert kept(shifted) == set() and kept(shifted) == {"check", "quality"}
    # Another decoder paints other pictures of the same latents.
    state = restore(checkpoints / "vae.pt")
    assert state is not None
    weights = state.get("frozen", state["average"])
    weights["decoder.conv_out.bias"] += 1
    save(state, checkpoints / "vae.pt")
    assert kept(shifted) == {"check"}


def _paints_from_the_export(root: Path) -> None:
    """The exported weights make pictures; a hand-off at no step at all is the verifier alone."""
    from underpaint_training.evaluation.folder import PictureFolderError
    from underpaint_training.evaluation.painting import ArmPlan, Job, Torch, paint

    maker = Torch(root)
    jobs = [Job("a red ceramic mug", 1), Job("a blue vase", 2)]
    paint(
        maker,
        [ArmPlan.parse(a) for a in ("draft", "verifier", "trust-0.0", "trust-0.6@3", "trust-0.6")],
        jobs,
        root / "p",
    )
    records = [json.loads(line) for line in (root / "p" / "pictures.jsonl").read_text().splitlines()]
    # Four steps are the draft's own, three the verifier's, which the hand-off after two comes into at the first.
    steps = [(r["handoffStep"], r["reentryStep"], r["verifierEvaluations"]) for r in records[::2]]
    assert steps == [(4, 3, 0), (0, 0, 3), (0, 0, 3), (2, 2, 1), (2, 1, 2)]
    assert [(r["stepCount"], r["verifierStepCount"]) for r in records[6::2]] == [(3, 3), (4, 3)]
    files = {r["file"]: (root / "p" / r["file"]).read_bytes() for r in records}
    assert files["verifier/1.png"] == files["trust-0.0/1.png"] != files["verifier/2.png"]
    with pytest.raises(PictureFolderError, match="--program"):
        paint(maker, [ArmPlan.parse("handoff-0.6")], jobs, root / "p")
    # Both models in the other order, and weights that were rounded, give other pictures from the same noise.
    others = ("large-first-0.6@3", "verifier:float32", "verifier:int8")
    paint(maker, [ArmPlan.parse(a) for a in others], jobs, root / "p")
    arms = ("verifier", "trust-0.6@3", "trust-0.6", *others)
    assert len({(root / "p" / arm / "1.png").read_bytes() for arm in arms}) == 6
    last = json.loads((root / "p" / "pictures.jsonl").read_text().splitlines()[10])
    assert (last["arm"], last["verifierEvaluations"], last["handoffStep"]) == ("large-first-0.6@3", 2, 2)
    (root / "EdgeModels" / "studio-draft" / "draft.safetensors").write_bytes(b"damaged")
    with pytest.raises(ValueError, match="draft.safetensors"):
        Torch(root)


def test_committed_models_are_adopted_and_trained_on(
    tiny: Recipe, trained: tuple[Path, Path], tmp_path: Path
) -> None:
    from underpaint_training import train_vae, train_verifier
    from underpaint_training.adopt import AdoptionError, adopt
    from underpaint_training.files import restore
    from underpaint_training.parallel import Group
    from underpaint_training.release import release
    from underpaint_training.train_critic import load_critic
    from underpaint_training.train_verifier import load_verifier

    data, checkpoints = trained
    release(tiny, data, checkpoints, tmp_path, tmp_path / "report")
    adopted = tmp_path / "checkpoints"
    adopt(tiny, adopted, tmp_path)
    before, original = restore(adopted / "verifier.pt"), restore(checkpoints / "verifier.pt")
    assert before is not None and original is not None
    assert before["samples"] == original["samples"] and before["vae"] is None
    critics = [restore(c / "critic.pt") for c in (adopted, checkpoints)]
    assert critics[0] is not None and critics[1] is not None
    for key in ("heldOut", "samples", "answers", "pairs"):
        assert critics[0][key] == critics[1][key], key
    assert load_critic(tiny, adopted, load_verifier(tiny, adopted)[0].text) is not None
    vae = restore(adopted / "vae.pt")
    assert vae is not None
    train_vae.train(tiny, data, adopted, 2 * vae["seconds"] / 60 + 0.02, Group(0, 1))
    after = restore(adopted / "vae.pt")
    assert after is not None
    for name, value in after["frozen"].items():
        moved = not value.equal(vae["model"][name])
        assert moved == name.startswith("encoder."), name
    train_verifier.train(tiny, data, adopted, 2 * before["seconds"] / 60 + 0.02, Group(0, 1))
    continued = restore(adopted / "verifier.pt")
    assert continued is not None and continued["step"] > before["step"]
    with pytest.raises(AdoptionError, match="move them away"):
        adopt(tiny, adopted, tmp_path)
