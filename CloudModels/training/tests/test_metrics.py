"""Metrics on inputs whose figures are known."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from underpaint_training.augmentation import blurred
from underpaint_training.evaluation.metrics import (
    Mean,
    edge_strength,
    frechet,
    nearest,
    psnr,
    sliced_wasserstein,
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
