"""The stage that trains the decoder alone, its discriminator, and the measure of textures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from conftest import PaintedDiscs
from torch import Tensor

from underpaint_training import train_decoder
from underpaint_training.data.generate import render_shard
from underpaint_training.files import restore, save
from underpaint_training.latents import load_vae
from underpaint_training.models.discriminator import Discriminator, SpectralConv
from underpaint_training.parallel import Group
from underpaint_training.recipe import Recipe
from underpaint_training.train_vae import build

ALONE = Group(0, 1)
STEPS = 6


class Steps:
    """Stands in for the clock, each step a second of a budget in seconds, so that a busy machine does as many."""

    def __init__(self, budget: float, before: float) -> None:
        self.budget, self.seconds = budget, before - 1

    @property
    def fraction(self) -> float:
        self.seconds += 1
        return min(1.0, self.seconds / self.budget)


@pytest.fixture(autouse=True)
def steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("underpaint_training.loop.Clock", Steps)
    monkeypatch.setattr(train_decoder, "device_of", torch.device)
    monkeypatch.setattr(train_decoder, "time", SimpleNamespace(time=lambda: 0.0))


@pytest.fixture(scope="module")
def data(tiny: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    for split, shard in (("basics", 0), ("holdout", 0)):
        render_shard(PaintedDiscs(*tiny.data.size_of(shard)), tiny.data, split, shard, folder)
    return folder


@pytest.fixture
def checkpoints(tiny: Recipe, tmp_path: Path) -> Path:
    torch.manual_seed(1)
    weights = build(tiny.vae).state_dict()
    save({"average": weights, "frozen": weights, "psnr": 12.0}, tmp_path / "vae.pt")
    return tmp_path


def _decoder(recipe: Recipe, checkpoints: Path) -> dict[str, Tensor]:
    return load_vae(recipe, checkpoints).vae.decoder.state_dict()


def _same(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    return all(torch.equal(a[k], b[k]) for k in a)


def test_the_decoder_goes_on_and_the_encoder_stays(tiny: Recipe, data: Path, checkpoints: Path) -> None:
    before, file = load_vae(tiny, checkpoints), (checkpoints / "vae.pt").read_bytes()
    train_decoder.train(tiny, data, checkpoints, STEPS, ALONE)
    state, after = restore(checkpoints / "decoder.pt"), load_vae(tiny, checkpoints)
    assert state is not None and state["vae"] == before.name == after.name and state["step"] == STEPS
    assert _same(before.vae.encoder.state_dict(), after.vae.encoder.state_dict())
    assert (checkpoints / "vae.pt").read_bytes() == file
    # What it made is what is decoded with.
    assert _same(state["average"], after.vae.decoder.state_dict()) and after.psnr == state["psnr"] != before.psnr
    assert not _same(before.vae.decoder.state_dict(), after.vae.decoder.state_dict())
    assert _same(before.vae.decoder.state_dict(), load_vae(tiny, checkpoints, tuned=False).vae.decoder.state_dict())

    train_decoder.train(tiny, data, checkpoints, state["seconds"] + STEPS, ALONE)
    later = restore(checkpoints / "decoder.pt")
    assert later is not None and later["step"] == 2 * STEPS and later["before"] == state["before"]
    # The discriminator goes on too: it does not begin again with steps of its own.
    steps = [int(s["critic"]["adam"]["state"][0]["step"]) for s in (state, later)]
    assert steps[1] - later["step"] == steps[0] - state["step"] == tiny.decoder.discriminator_steps


def test_a_decoder_of_another_autoencoder_is_ignored(
    tiny: Recipe, data: Path, checkpoints: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = _decoder(tiny, checkpoints)
    train_decoder.train(tiny, data, checkpoints, STEPS, ALONE)
    state = restore(checkpoints / "decoder.pt")
    assert state is not None
    save(state | {"vae": "another", "step": 10**6}, checkpoints / "decoder.pt")
    capsys.readouterr()
    assert _same(plain, _decoder(tiny, checkpoints))
    assert "decoder.pt belongs to another autoencoder: ignored" in capsys.readouterr().out
    train_decoder.train(tiny, data, checkpoints, STEPS, ALONE)
    anew = restore(checkpoints / "decoder.pt")
    assert anew is not None and anew["step"] < 10**6 and not _same(plain, _decoder(tiny, checkpoints))


def test_no_minutes_leave_the_decoder_as_it_is(tiny: Recipe, data: Path, checkpoints: Path) -> None:
    train_decoder.train(tiny, data, checkpoints, 0.0, ALONE)
    assert not (checkpoints / "decoder.pt").exists()
    with pytest.raises(train_decoder.ProcessesError, match="one process"):
        train_decoder.train(tiny, data, checkpoints, STEPS, SimpleNamespace(rank=0, size=2))  # type: ignore[arg-type]


def test_a_batch_that_is_not_finite_counts_for_nothing(
    tiny: Recipe, data: Path, checkpoints: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch, calls = train_decoder.Crops.batch, []

    def broken(self: train_decoder.Crops, count: int) -> Tensor:
        calls.append(count)
        return batch(self, count) * (float("nan") if len(calls) % 3 == 0 else 1)

    monkeypatch.setattr(train_decoder.Crops, "batch", broken)
    recipe = replace(tiny, decoder=replace(tiny.decoder, discriminator_steps=4))
    train_decoder.train(recipe, data, checkpoints, STEPS, ALONE)
    state = restore(checkpoints / "decoder.pt")
    assert state is not None and state["step"] == STEPS
    for weights in (state["model"], state["average"], state["critic"]["weights"]):
        assert all(w.isfinite().all() for w in weights.values())
    assert np.isfinite(list(state["costs"].values())).all()


def test_textures_that_cost_too_much_are_not_asked_for() -> None:
    costs = train_decoder.Costs(2.0, None, torch.device("cpu"))
    costs.begin([torch.tensor(0.01)], [torch.tensor(0.03)])
    left = []
    for loss in (0.0, 1.0, 1.5, 2.0, 5.0):
        costs.now = torch.tensor(0.01 * 10 ** (loss / 10))
        left.append(round(float(costs.left), 3))
    assert left == [1, 1, 0.5, 0, 0]


def test_a_score_sees_a_patch_of_texture() -> None:
    torch.manual_seed(1)
    model = Discriminator((8, 8, 8)).eval()
    x = torch.rand(1, 3, 96, 96, requires_grad=True)
    scores = model(x)
    scores[0, 0, scores.shape[2] // 2, scores.shape[3] // 2].backward()
    assert x.grad is not None
    rows, columns = np.nonzero(x.grad[0].abs().sum(0).numpy())
    # One more for the neighbour that the last pixel is compared with.
    assert np.ptp(rows) + 1 == np.ptp(columns) + 1 == 35
    layer = SpectralConv(6, 8, 1)
    for _ in range(60):
        layer(torch.zeros(1, 6, 8, 8))
    largest = float(torch.linalg.svdvals(layer.weight.flatten(1).detach())[0])
    x = torch.randn(1, 6, 4, 4)
    layer.eval()
    expected = torch.nn.functional.conv2d(x, layer.weight / largest, layer.bias, padding=1)
    assert torch.allclose(layer(x), expected, atol=1e-3)


def test_the_texture_measure_tells_a_weave_from_its_mean() -> None:
    from underpaint_training.evaluation.texture import Textured, kept, textured

    rng = np.random.default_rng(1)
    cloth = 120 + 8 * np.sin(np.arange(64) * np.pi / 2)[None, :, None, None]
    pictures = np.broadcast_to(cloth + rng.normal(0, 1, (3, 64, 64, 1)), (3, 64, 64, 3)).astype(np.uint8)
    backdrops = np.ones((3, 64, 64), bool)
    backdrops[:, 16:48, 16:48] = False
    of = Textured(torch.zeros(3, 3, 64, 64), backdrops, ["linen cloth", "linen cloth", "wooden table"])
    assert kept(pictures, pictures, of) == {"wooden table": 1.0, "linen cloth": 1.0}
    half = (120 + (pictures.astype(float) - 120) / 2).astype(np.uint8)
    assert all(0.4 < share < 0.6 for share in kept(half, pictures, of).values())
    assert all(share < 0.05 for share in kept(np.full_like(pictures, 120), pictures, of).values())
    # What is painted where an object stands does not count.
    other = np.where(backdrops[..., None], pictures, 0).astype(np.uint8)
    assert all(share > 0.7 for share in kept(other, pictures, of).values())
    assert textured(Path("nowhere")) is None
