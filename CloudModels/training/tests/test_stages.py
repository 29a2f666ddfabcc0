"""Training on a tiny recipe: stages that go on, take over and share, and what they learn from."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from conftest import speak_up

from underpaint_training.data.grammar import Fields
from underpaint_training.recipe import Recipe

if TYPE_CHECKING:
    from underpaint_training.latents import LatentStore
    from underpaint_training.sampling import Painter
    from underpaint_training.train_verifier import Conditioned


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
    speak_up(checkpoints)
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
