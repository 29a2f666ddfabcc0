from __future__ import annotations

import torch

from underpaint_training.models import dit
from underpaint_training.models.flow import entered, schedule, walk
from underpaint_training.models.vae import VAE
from underpaint_training.train_vae import decorrelated
from underpaint_training.training import orthogonalised


def test_patchify_is_undone_by_unpatchify() -> None:
    x = torch.randn(2, 4, 6, 3)
    assert torch.equal(dit.unpatchify(dit.patchify(x, 2), 2, 4, 6), x)


def test_rotation_keeps_the_products_of_tokens_at_equal_offsets() -> None:
    angles = dit.rotary_angles(4, 4, 8)
    q, k = (torch.randn(8).expand(1, 1, 16, 8) for _ in range(2))
    scores = (dit.rotate(q, angles.cos(), angles.sin()) @ dit.rotate(k, angles.cos(), angles.sin()).mT)[0, 0]
    torch.testing.assert_close(scores[0, 5], scores[5, 10])
    # But not at others: neither back, nor along the other axis.
    assert not torch.allclose(scores[0, 1], scores[1, 0]) and not torch.allclose(scores[0, 1], scores[0, 4])


def test_a_fresh_denoiser_predicts_zero_at_any_size() -> None:
    model = dit.DiT(16, 2, 1, 2, 8, 16, guidance_embedding=True)
    v = model(
        torch.randn(1, 4, 10, 8),
        torch.tensor([0.5]),
        torch.randn(1, 24, 16),
        torch.randn(1, 16),
        torch.tensor([3.0]),
    )
    assert v.shape == (1, 4, 10, 8)
    assert not v.any()


def test_the_autoencoder_sees_the_same_in_a_crop() -> None:
    torch.manual_seed(0)
    vae = VAE(8, (8, 8, 8), (8, 8, 8), 1).eval()
    z = torch.randn(1, 8, 24, 24)
    whole, crop = vae.decoder(z), vae.decoder(z[..., 4:20, 4:20])
    torch.testing.assert_close(whole[..., 96:128, 96:128], crop[..., 64:96, 64:96])


def test_the_schedule_runs_from_noise_to_picture_and_is_shifted() -> None:
    times = schedule(25, 3.0)
    assert times[0] == 1 and times[-1] == 0
    torch.testing.assert_close(times[20], torch.tensor(0.6 / 1.4), rtol=1e-6, atol=0)


def test_a_state_comes_into_a_schedule_at_the_nearest_inner_step() -> None:
    times = schedule(8, 3.0)
    assert [round(float(t), 3) for t in entered(times, 3 / 7)] == [0.429, 0.3, 0.0]
    # At its own times it is the schedule; near the noise or the picture the first or the last inner step.
    assert torch.equal(entered(times, float(times[3])), times[3:])
    assert len(entered(times, 0.999)) == 8 and len(entered(times, 0.01)) == 2
    assert entered(times, 0.0).tolist() == [0.0]


def test_a_walk_follows_a_straight_flow_exactly() -> None:
    x0, noise = torch.randn(2, 4, 4, 8), torch.randn(2, 4, 4, 8)
    states = walk(lambda x, t: noise - x0, noise, schedule(7, 3.0))
    torch.testing.assert_close(states[-1], x0)


def test_a_walk_is_of_second_order_but_for_its_ends() -> None:
    # With a velocity of 2·t the state at s is x + s² − t²: exact for every step but the first and the last.
    times = schedule(6, 3.0)
    states = walk(lambda x, t: 2 * t.view(-1, 1, 1, 1).expand_as(x), torch.zeros(1, 1, 1, 1), times)
    changes = [float(b - a) for a, b in zip(states, states[1:])]
    for number, (t, s) in enumerate(zip(times[:-1].tolist(), times[1:].tolist())):
        euler = (s - t) * 2 * t
        assert abs(changes[number] - (euler if number in (0, 5) else s * s - t * t)) < 1e-6


def test_orthogonalisation_brings_singular_values_near_one() -> None:
    values = torch.linalg.svdvals(orthogonalised(torch.randn(2, 16, 40)))
    assert values.min() > 0.5 and values.max() < 1.4


def test_decorrelation_changes_latents_but_not_pictures() -> None:
    torch.manual_seed(0)
    vae = VAE(8, (8, 8, 8), (8, 8, 8), 1).eval()
    pictures = torch.randn(16, 3, 64, 64)
    rotated = decorrelated(vae, pictures)
    with torch.no_grad():
        torch.testing.assert_close(rotated(pictures), vae(pictures), rtol=1e-4, atol=1e-4)
        z = rotated.encoder(pictures).permute(1, 0, 2, 3).flatten(1)
    covariance = torch.cov(z)
    assert (covariance - covariance.diag().diag()).abs().max() < 1e-3 * covariance.diag().max()
    assert (covariance.diag().diff() <= 1e-4).all()
