"""The whole way on a tiny recipe: shards, autoencoder, verifier, draft, evaluation, export."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from conftest import PaintedDiscs

from underpaint_training.data.generate import render_shard, write_manifest
from underpaint_training.data.grammar import Fields, sample_fields
from underpaint_training.recipe import Recipe, RecipeError, load

if TYPE_CHECKING:
    from underpaint_training.latents import LatentStore
    from underpaint_training.sampling import Painter
    from underpaint_training.train_verifier import Conditioned


@pytest.fixture(scope="module")
def trained(tiny: Recipe, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    from underpaint_training import distillation, train_critic, train_vae, train_verifier
    from underpaint_training.parallel import Group

    folder = tmp_path_factory.mktemp("work")
    data, checkpoints = folder / "data", folder / "checkpoints"
    data.mkdir()
    for split, shard in (("basics", 0), ("train", 1), ("holdout", 0)):
        render_shard(PaintedDiscs(*tiny.data.size_of(shard)), tiny.data, split, shard, data)
    write_manifest(tiny.data, data)
    alone = Group(0, 1)
    train_vae.train(tiny, data, checkpoints, None, alone)
    train_verifier.train(tiny, data, checkpoints, None, alone)
    distillation.train(tiny, data, checkpoints, None, alone)
    train_critic.train(tiny, data, checkpoints, None, alone)
    return data, checkpoints


def test_a_later_run_continues_where_the_former_stopped(
    tiny: Recipe, trained: tuple[Path, Path], tmp_path: Path
) -> None:
    from underpaint_training import train_verifier
    from underpaint_training.files import restore
    from underpaint_training.parallel import Group

    # A verifier that goes on is another one, whose words the critic of the others' checkpoints does not know.
    data, checkpoints = trained[0], tmp_path / "checkpoints"
    shutil.copytree(trained[1], checkpoints)
    before = restore(checkpoints / "verifier.pt")
    assert before is not None
    train_verifier.train(tiny, data, checkpoints, 2 * before["seconds"] / 60, Group(0, 1))
    after = restore(checkpoints / "verifier.pt")
    assert after is not None and after["step"] > before["step"] and after["seconds"] > before["seconds"]


def test_a_stage_of_no_minutes_takes_over_the_latent_space_it_starts_from(
    tiny: Recipe, trained: tuple[Path, Path], tmp_path: Path
) -> None:
    from underpaint_training import train_vae
    from underpaint_training.latents import LatentStore
    from underpaint_training.parallel import Group
    from underpaint_training.start import StartError

    data, former = trained[0], tmp_path / "former"
    shutil.copytree(trained[1], former)
    recipe = replace(tiny, name="next", start="former", vae=replace(tiny.vae, minutes=0))
    train_vae.train(recipe, data, tmp_path / "next", None, Group(0, 1))
    one, other = (LatentStore(tiny, data, c) for c in (former, tmp_path / "next"))
    assert one.frozen.name == other.frozen.name
    assert (one.mean == other.mean).all() and (one.deviation == other.deviation).all()
    # Without the denoisers' statistics there is no telling how their latents were scaled.
    shutil.rmtree(former / "latents")
    with pytest.raises(StartError, match="run the stage 'verifier' of former"):
        train_vae.train(recipe, data, tmp_path / "other", None, Group(0, 1))


def test_an_autoencoder_with_another_latent_begins_anew(
    tiny: Recipe, trained: tuple[Path, Path], tmp_path: Path
) -> None:
    from underpaint_training import train_vae
    from underpaint_training.files import restore
    from underpaint_training.parallel import Group
    from underpaint_training.start import StartError

    shutil.copytree(trained[1], tmp_path / "former")
    vae = replace(tiny.vae, latent_channels=tiny.vae.latent_channels + 3, minutes=0)
    recipe = replace(tiny, name="next", start="former", vae=vae)
    with pytest.raises(StartError, match="another shape"):
        train_vae.train(recipe, trained[0], tmp_path / "next", None, Group(0, 1))
    train_vae.train(recipe, trained[0], tmp_path / "next", 0.001, Group(0, 1))
    state = restore(tmp_path / "next" / "vae.pt")
    # A latent space of its own: turned to its axes, and scaled by its own pictures.
    assert state is not None and "statistics" not in state
    assert state["frozen"]["encoder.conv_out.weight"].shape[0] == vae.latent_channels


def test_processes_encode_a_share_each(tiny: Recipe, trained: tuple[Path, Path], tmp_path: Path) -> None:
    from underpaint_training.latents import LatentStore, encode_share

    former = LatentStore(tiny, *trained).cache
    checkpoints = tmp_path / "checkpoints"
    shutil.copytree(trained[1], checkpoints, ignore=shutil.ignore_patterns("latents"))
    counts = []
    for rank in range(2):
        encode_share(tiny, trained[0], checkpoints, "train", SimpleNamespace(rank=rank, size=2))  # type: ignore[arg-type]
        counts.append(len(list(checkpoints.glob("latents/*/*.npy"))))
    whole = sorted(former.glob("[bt]*.npy"))
    assert counts == [(len(whole) + 1) // 2, len(whole)]
    for path in whole:
        assert (np.load(path) == np.load(checkpoints / "latents" / former.name / path.name)).all()


def test_guidance_is_distilled_into_the_verifier(
    tiny: Recipe, trained: tuple[Path, Path], tmp_path: Path
) -> None:
    from underpaint_training import distillation, train_verifier
    from underpaint_training.adopt import adopt
    from underpaint_training.files import restore
    from underpaint_training.parallel import Group
    from underpaint_training.release import release
    from underpaint_training.start import unguided

    data, checkpoints = tmp_path / "data", tmp_path / "checkpoints"
    shutil.copytree(trained[0], data)
    shutil.copytree(trained[1], checkpoints)
    distillation.train(tiny, data, checkpoints, None, Group(0, 1), "guided")
    served, state = distillation.load_served(tiny, checkpoints)
    assert served.dit.g_embed is not None and state["guided"]["samples"] > 0
    # A verifier that is trained on takes the guided one along, here without a step of its own.
    verifier = restore(checkpoints / "verifier.pt")
    assert verifier is not None
    train_verifier.train(tiny, data, checkpoints, verifier["seconds"] / 60 + 0.02, Group(0, 1))
    distillation.train(tiny, data, checkpoints, 0, Group(0, 1), "guided")
    teacher, state = train_verifier.load_verifier(tiny, checkpoints)
    student, followed = distillation.load_student(tiny, checkpoints, "guided")
    assert followed["teacher"] == state["step"] > verifier["step"]
    for name, weight in unguided(student).items():
        torch.testing.assert_close(weight, teacher.dit.state_dict()[name])
    served, _ = distillation.load_served(tiny, checkpoints)
    # The draft goes on from the new teacher, with trajectories of its own.
    before = restore(checkpoints / "draft.pt")
    assert before is not None
    distillation.train(tiny, data, checkpoints, 2 * before["seconds"] / 60 + 0.02, Group(0, 1), "draft")
    assert (checkpoints / "trajectories-guided-0-of-1.pt").exists()
    release(tiny, data, checkpoints, tmp_path, tmp_path / "report")
    manifest = json.loads((tmp_path / "CloudModels/studio-verifier/manifest.json").read_text())
    assert manifest["architecture"]["guidanceEmbedding"] is True
    # Adopted again it is what was exported, beside a verifier without the scale, which training goes on with.
    adopt(tiny, tmp_path / "adopted", tmp_path)
    adopted = restore(tmp_path / "adopted" / "verifier.pt")
    assert adopted is not None and not any("g_embed" in name for name in adopted["model"])
    again, _ = distillation.load_served(tiny, tmp_path / "adopted")
    for name, weight in served.dit.state_dict().items():
        assert torch.equal(weight.bfloat16(), again.dit.state_dict()[name].bfloat16()), name


def _taught(tiny: Recipe, trained: tuple[Path, Path], tmp_path: Path) -> tuple[LatentStore, Conditioned, Painter]:
    """Latents, a verifier whose velocity depends on its words, and the painter of both."""
    from underpaint_training.distillation import painter
    from underpaint_training.latents import LatentStore
    from underpaint_training.train_verifier import load_verifier

    checkpoints = tmp_path / "checkpoints"
    shutil.copytree(trained[1], checkpoints)
    _speak_up(checkpoints)
    store = LatentStore(tiny, trained[0], checkpoints)
    teacher, _ = load_verifier(tiny, checkpoints)
    return store, teacher, painter(tiny, store, teacher)


def test_without_a_caption_the_target_is_the_same_at_every_scale(
    tiny: Recipe, trained: tuple[Path, Path], tmp_path: Path
) -> None:
    from underpaint_training.trajectories import NoisedPictures

    store, teacher, brush = _taught(tiny, trained, tmp_path)
    fresh = NoisedPictures(tiny, store, brush, teacher.dit, 1.0, torch.Generator().manual_seed(1))
    s = fresh.batch(np.random.default_rng(1), 6, next(iter(store.sizes)))
    assert len(s.scale.unique()) > 1 and s.velocity.abs().max() > 0.01
    plain = brush.prompted(teacher.dit, [""] * 6, 1.0)(s.x, s.t)
    assert torch.allclose(s.velocity, plain, atol=0.05 * float(plain.abs().max()))


def test_states_in_flight_follow_the_one_they_belong_to(
    tiny: Recipe, trained: tuple[Path, Path], tmp_path: Path
) -> None:
    from underpaint_training.rollouts import Rollouts

    store, teacher, brush = _taught(tiny, trained, tmp_path)
    rng, generator = np.random.default_rng(1), torch.Generator().manual_seed(1)
    recipe = replace(tiny.draft, rollouts=40, own_share=0.5)
    flying = Rollouts(tiny, recipe, store, brush, teacher.dit, rng, generator)
    flight = flying.flights[0]
    # Every batch holds all times from the beginning.
    assert sorted(set(flight.step)) == list(range(tiny.flow.steps))
    steps = flight.step.copy()
    for _ in range(3 * tiny.flow.steps):
        s = flying.batch(rng, 6)
        drawn = flying.drawn
        assert drawn is not None and torch.equal(s.t, flying.times[torch.from_numpy(drawn.flight.step[drawn.rows])])
        before, step = s.x.clone(), drawn.flight.step[drawn.rows].copy()
        flying.moved(torch.full_like(s.velocity, 7.0))
        length = (flying.times[step + 1] - flying.times[step])[:, None, None, None]
        own = drawn.flight.own[drawn.where][:, None, None, None]
        expected = before + length * torch.where(own, torch.tensor(7.0), s.velocity)
        going = torch.from_numpy(step + 1 < flying.steps)
        assert torch.allclose(drawn.flight.x[drawn.where][going], expected[going], atol=1e-5)
        # What has arrived begins again.
        assert (drawn.flight.step[drawn.rows][~going.numpy()] == 0).all()
    assert (steps != flight.step).any()
    with pytest.raises(ValueError, match="rollouts"):
        flying.batch(rng, 41)


def test_a_draft_learns_from_its_own_states(tiny: Recipe, trained: tuple[Path, Path], tmp_path: Path) -> None:
    from underpaint_training import distillation
    from underpaint_training.files import restore
    from underpaint_training.parallel import Group

    checkpoints = tmp_path / "checkpoints"
    shutil.copytree(trained[1], checkpoints, ignore=shutil.ignore_patterns("draft*", "trajectories*"))
    recipe = replace(tiny, draft=replace(tiny.draft, rollouts=8, own_share=0.5))
    distillation.train(recipe, trained[0], checkpoints, None, Group(0, 1))
    state = restore(checkpoints / "draft.pt")
    assert state is not None and state["samples"] > 0 and not list(checkpoints.glob("trajectories*"))


def test_a_data_set_takes_over_the_pictures_of_another(tiny: Recipe, trained: tuple[Path, Path], tmp_path: Path) -> None:
    from underpaint_training.data.generate import take_over
    from underpaint_training.data.packed import pack
    from underpaint_training.pictures import decode, shards

    folder = tmp_path / "data"
    folder.mkdir()
    assert take_over(trained[0], folder) == take_over(trained[0], folder) == 1
    (shard,) = shards(folder, "train")
    assert shard.name == "basics-10001.tar"
    with pytest.raises(FileNotFoundError, match="render that one first"):
        take_over(tmp_path, folder)
    # Carried elsewhere it is the same shard of nearly the same pictures.
    pack(folder, tmp_path / "packed", 1)
    (small,) = shards(tmp_path / "packed", "train")
    (pixels, masks), (lossy, same) = decode(shard), decode(small)
    assert pixels.shape == lossy.shape and (masks == same).all()
    assert np.mean((pixels.astype(float) - lossy) ** 2) < 30 and (pixels != lossy).any()
    assert shard.with_suffix(".jsonl").read_text() == small.with_suffix(".jsonl").read_text()


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
    distillation.train(tiny, data, home, 0.05, Group(0, 1), "draft")
    train_decoder.train(tiny, data, home, 0.1, Group(0, 1))
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
    _speak_up(checkpoints)
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
    _speak_up(checkpoints)
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
    _speak_up(checkpoints)
    with pytest.raises(MissingStageError, match="pairs of other weights"):
        train_critic.train(tiny, data, checkpoints, state["seconds"] / 60 + 0.02, alone)


def test_a_critic_is_measured_on_pictures_that_cannot_have_every_fault(
    tiny: Recipe, trained: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from underpaint_training import train_critic
    from underpaint_training.latents import LatentStore, MissingStageError
    from underpaint_training.parallel import Group
    from underpaint_training.train_verifier import load_verifier

    data, checkpoints = trained
    store, (reader, _) = LatentStore(tiny, data, checkpoints, "holdout"), load_verifier(tiny, checkpoints)
    found = train_critic.load_critic(tiny, checkpoints, reader.text)
    assert found is not None
    gold = Fields("vase", "gold", None, "linen cloth", "studio softbox", "eye level", "left")
    monkeypatch.setattr(store, "fields", [gold for _ in store.fields])
    held_out = train_critic.measured(found[0], reader, store, ["vase", "bowl"])
    assert "color" not in held_out and 0 <= held_out["object"]["ranked"] <= 1
    with pytest.raises(MissingStageError, match="no minutes"):
        train_critic.train(tiny, data, checkpoints, 0, Group(0, 1))


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
    _speak_up(checkpoints)
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


def test_statistics_that_others_read_are_replaced_whole_and_only_by_others(
    tiny: Recipe, trained: tuple[Path, Path], tmp_path: Path
) -> None:
    from underpaint_training.files import restore, save
    from underpaint_training.latents import LatentStore
    from underpaint_training.train_vae import STATISTICS

    checkpoints = tmp_path / "checkpoints"
    shutil.copytree(trained[1], checkpoints)
    store = LatentStore(tiny, trained[0], checkpoints)
    path = store.cache / STATISTICS
    state = restore(checkpoints / "vae.pt")
    assert state is not None
    save(state | {"statistics": json.loads(path.read_text())}, checkpoints / "vae.pt")
    before = path.stat()
    LatentStore(tiny, trained[0], checkpoints)
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    with path.open() as reader:
        path_text = reader.read(1)
        others = {k: [2 * v for v in values] for k, values in json.loads(path.read_text()).items()}
        save(state | {"statistics": others}, checkpoints / "vae.pt")
        assert LatentStore(tiny, trained[0], checkpoints).mean[0] == np.float32(others["mean"][0])
        # Who was reading reads the former one to its end.
        assert json.loads(path_text + reader.read()) != others == json.loads(path.read_text())
    assert not list(store.cache.glob("*.partial*"))


def test_a_shard_that_is_rendered_anew_is_read_anew(tiny: Recipe, trained: tuple[Path, Path], tmp_path: Path) -> None:
    from underpaint_training.latents import LatentStore
    from underpaint_training.pictures import decode, shards

    data, checkpoints = tmp_path / "data", tmp_path / "checkpoints"
    shutil.copytree(trained[0], data)
    shutil.copytree(trained[1], checkpoints)
    first, second = shards(data, "train")[:2]
    before = LatentStore(tiny, data, checkpoints)
    pixels = decode(first)[0]
    for suffix in (".tar", ".jsonl"):
        shutil.copyfile(second.with_suffix(suffix), first.with_suffix(suffix))
    assert not np.array_equal(decode(first)[0], pixels)
    after = LatentStore(tiny, data, checkpoints)
    assert not torch.equal(before.usual.latents, after.usual.latents)


def _speak_up(checkpoints: Path) -> None:
    """Denoisers whose output, zero at first, is far from it however few steps a busy machine had time for."""
    from underpaint_training.files import restore, save

    generator = torch.Generator().manual_seed(1)
    for stage, name in (("verifier", "dit.final_proj.weight"), ("draft", "final_proj.weight")):
        state = restore(checkpoints / f"{stage}.pt")
        assert state is not None
        state["average"][name] += 0.3 * torch.randn(state["average"][name].shape, generator=generator)
        save(state, checkpoints / f"{stage}.pt")


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


def test_fixtures_are_the_same_every_time(tmp_path: Path) -> None:
    from underpaint_training.fixtures import write_fixtures

    write_fixtures(tmp_path / "a")
    write_fixtures(tmp_path / "b")
    assert (tmp_path / "a/FIXTURES.json").read_text() == (tmp_path / "b/FIXTURES.json").read_text()


def test_an_unknown_key_in_a_recipe_is_named(tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text('{"name": "x", "vae": {"widht": 3}}')
    with pytest.raises(RecipeError, match="widht"):
        load(path)


def test_a_recipe_can_share_the_data_set_of_another(tmp_path: Path) -> None:
    (tmp_path / "vae").mkdir()
    (tmp_path / "first.json").write_text('{"name": "first", "data": {"name": "set", "count": 7}}')
    second = tmp_path / "vae" / "second.json"
    second.write_text('{"name": "second", "data": "../first.json"}')
    assert load(second).data == load(tmp_path / "first.json").data
    (tmp_path / "third.json").write_text('{"name": "third", "data": "vae/second.json"}')
    with pytest.raises(RecipeError, match="name that one"):
        load(tmp_path / "third.json")
    (tmp_path / "fourth.json").write_text('{"name": "fourth", "data": "nowhere.json"}')
    with pytest.raises(RecipeError, match="nowhere.json"):
        load(tmp_path / "fourth.json")


def test_the_renderer_makes_a_picture_with_the_object_in_it(tiny: Recipe) -> None:
    pytest.importorskip("mitsuba")
    if not Path("/usr/lib/x86_64-linux-gnu/libLLVM-19.so").exists():
        pytest.skip("the renderer needs libllvm19")
    from underpaint_training.data.compose import Studio

    studio = Studio(*tiny.data.size_of(0), tiny.data.samples)
    seed = next(s for s in range(2000) if sample_fields(np.random.default_rng(s)).object == "mug")
    fields = sample_fields(np.random.default_rng(seed))
    [picture, *_] = studio.pictures(fields, seed, 2)
    assert picture.pixels.shape == (64, 64, 3) and 0.07 <= picture.coverage <= 0.65
    assert picture.pixels.std() > 5 and picture.fields == fields


def test_a_composed_picture_is_near_the_rendered_one(tiny: Recipe) -> None:
    pytest.importorskip("mitsuba")
    if not Path("/usr/lib/x86_64-linux-gnu/libLLVM-19.so").exists():
        pytest.skip("the renderer needs libllvm19")
    from underpaint_training.data.check import Comparison

    comparison = Comparison(replace(tiny.data, samples=8))
    fields = Fields("mug", "matte", "white", "grey background", "studio softbox", "eye level", "centered")
    for what in ("object", "backdrop"):
        pair = next(p for seed in range(20) if (p := comparison.compare(fields, seed, what)))
        assert pair[0] > 24, what
    gold = replace(fields, material="gold", color=None)
    assert comparison.compare(gold, 0, "object") is None


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
