"""Weights that one recipe takes over from another."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from underpaint_training.models.dit import DiT, patchify
from underpaint_training.models.text import TextEncoder
from underpaint_training.start import StartError, fewer_blocks, guided_anew, state_of, take, unguided


def _taken_over(old_patch: int, new_patch: int) -> tuple[DiT, DiT]:
    """A denoiser of three channels, and one of another patch that began with all of its weights."""
    torch.manual_seed(0)
    old, new = (DiT(16, 2, 1, patch, 3, 8, guidance_embedding=False) for patch in (old_patch, new_patch))
    for p in old.parameters():
        torch.nn.init.normal_(p)
    assert take(new, old.state_dict(), patches=(old_patch, new_patch, 3)) == []
    return old, new


def test_a_larger_patch_sees_a_finer_picture_as_the_smaller_saw_the_coarse_one() -> None:
    old, new = _taken_over(2, 4)
    coarse = torch.randn(1, 8, 8, 3)
    fine = coarse.repeat_interleave(2, 1).repeat_interleave(2, 2)
    bias = old.patch_embed.bias
    # Four pixels for one, halved: noise keeps its variance, what all four share doubles.
    expected = 2 * (old.patch_embed(patchify(coarse, 2)) - bias)
    torch.testing.assert_close(new.patch_embed(patchify(fine, 4)) - bias, expected)
    noise = torch.randn(4000, 4, 4, 3)
    spread = (new.patch_embed(patchify(noise, 4)) - bias).std((0, 1))
    usual = (old.patch_embed(patchify(noise[:, :2, :2], 2)) - bias).std((0, 1))
    torch.testing.assert_close(spread, usual, rtol=0.08, atol=0)
    # Every pixel of a token of the output gets what the coarse pixel over it got.
    rows = new.final_proj.weight.view(4, 4, 3, 16)
    torch.testing.assert_close(rows[::2, ::2].reshape(12, 16), old.final_proj.weight)
    assert rows[0, 0].equal(rows[1, 1])


def test_a_smaller_patch_sees_what_is_the_same_all_over_a_larger_one() -> None:
    old, new = _taken_over(4, 2)
    tile = torch.randn(1, 2, 2, 3)
    bias = old.patch_embed.bias
    # One tile of four alike: its share of what the larger token saw, doubled, as a quarter of the noise has half its spread.
    expected = (old.patch_embed(patchify(tile.repeat(1, 2, 2, 1), 4)) - bias) / 4 * 2
    torch.testing.assert_close(new.patch_embed(patchify(tile, 2)) - bias, expected)
    # And it paints the mean of what the larger one painted into its four tiles.
    features = torch.randn(5, 16)
    painted = old.final_proj(features).view(5, 2, 2, 2, 2, 3).mean((1, 3)).reshape(5, 12)
    torch.testing.assert_close(new.final_proj(features), painted)


def test_the_edges_of_another_latent_begin_anew_and_the_blocks_do_not() -> None:
    old = DiT(16, 2, 1, 2, 3, 8, guidance_embedding=False)
    new = DiT(16, 2, 1, 1, 5, 8, guidance_embedding=False)
    before = new.patch_embed.weight.clone()
    fresh = take(new, old.state_dict(), patches=(2, 1, 5))
    assert fresh == ["patch_embed.weight", "final_proj.weight", "final_proj.bias"]
    assert new.patch_embed.weight.equal(before)
    assert new.blocks[0].qkv.weight.equal(old.blocks[0].qkv.weight)


def test_words_keep_their_embeddings_in_a_larger_vocabulary() -> None:
    torch.manual_seed(0)
    small, large = (TextEncoder(n, 8, 2, 1, 4) for n in (4, 5))
    before = large.token_embedding.weight[3].clone()
    fresh = take(large, small.state_dict(), words=(["<pad>", "<unknown>", "a", "mug"], ["<pad>", "<unknown>", "a", "box", "mug"]))
    assert fresh == []
    assert large.token_embedding.weight[4].equal(small.token_embedding.weight[3])
    assert large.token_embedding.weight[3].equal(before)


def test_a_guided_model_at_scale_one_is_a_plain_one() -> None:
    torch.manual_seed(0)
    guided, plain = (DiT(16, 2, 1, 2, 3, 8, guidance_embedding=g) for g in (True, False))
    for p in guided.parameters():
        torch.nn.init.normal_(p, std=0.3)
    assert take(plain, unguided(guided)) == []
    x, t = torch.randn(2, 4, 4, 3), torch.tensor([0.3, 0.8])
    text, pooled = torch.randn(2, 5, 8), torch.randn(2, 8)
    one = guided(x, t, text, pooled, torch.ones(2))
    torch.testing.assert_close(plain(x, t, text, pooled), one)
    assert not torch.allclose(one, guided(x, t, text, pooled, 3 * torch.ones(2)), atol=1e-2)


def test_a_verifier_that_went_on_is_guided_as_before() -> None:
    torch.manual_seed(0)
    former, verifier, again = (DiT(16, 2, 1, 2, 3, 8, guidance_embedding=g) for g in (True, False, True))
    for p in (*former.parameters(), *verifier.parameters()):
        torch.nn.init.normal_(p, std=0.3)
    assert take(again, guided_anew(verifier, former)) == []
    x, t = torch.randn(2, 4, 4, 3), torch.tensor([0.3, 0.8])
    text, pooled = torch.randn(2, 5, 8), torch.randn(2, 8)
    one = again(x, t, text, pooled, torch.ones(2))
    torch.testing.assert_close(verifier(x, t, text, pooled), one)
    assert not torch.allclose(one, again(x, t, text, pooled, 3 * torch.ones(2)), atol=1e-2)
    # Of the verifier that it was distilled from itself, it is the former one.
    take(verifier, unguided(former))
    for name, weight in guided_anew(verifier, former).items():
        torch.testing.assert_close(weight, former.state_dict()[name])


def test_a_draft_can_begin_as_some_of_the_verifiers_blocks() -> None:
    torch.manual_seed(0)
    verifier, draft = (DiT(16, 2, layers, 2, 3, 8, guidance_embedding=False) for layers in (4, 2))
    for p in verifier.parameters():
        torch.nn.init.normal_(p, std=0.3)
    assert take(draft, fewer_blocks(verifier.state_dict(), (0, 3))) == []
    for new, old in ((0, 0), (1, 3)):
        assert draft.blocks[new].qkv.weight.equal(verifier.blocks[old].qkv.weight)
    # The same as the verifier whose other blocks do nothing.
    verifier.blocks = torch.nn.ModuleList([verifier.blocks[0], verifier.blocks[3]])
    x, t = torch.randn(2, 4, 4, 3), torch.tensor([0.3, 0.8])
    text, pooled = torch.randn(2, 5, 8), torch.randn(2, 8)
    torch.testing.assert_close(draft(x, t, text, pooled, None), verifier(x, t, text, pooled, None))
    with pytest.raises(StartError, match="block 7"):
        fewer_blocks(verifier.state_dict(), (0, 7))


def test_what_does_not_fit_is_named_and_left_alone() -> None:
    torch.manual_seed(0)
    old, new = (DiT(width, 2, 2, 2, 3, 8, guidance_embedding=False) for width in (16, 24))
    before = {k: v.clone() for k, v in new.state_dict().items()}
    fresh = take(new, old.state_dict())
    assert "blocks.0.qkv.weight" in fresh
    assert all(new.state_dict()[k].equal(before[k]) for k in fresh)


def test_a_missing_start_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="adopt"):
        state_of("former", "verifier", tmp_path / "checkpoints" / "mine")
