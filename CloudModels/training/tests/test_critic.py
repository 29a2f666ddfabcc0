"""What reads prompts off pictures, and the faults that it learns from."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
import torch

from underpaint_training.data.grammar import Fields, sample_fields
from underpaint_training.data.objects import STUDIO
from underpaint_training.faults import FAULTS, contradiction, planted
from underpaint_training.models.critic import Critic
from underpaint_training.models.dit import DiT, position_embedding, rotary_angles
from underpaint_training.train_critic import begin, ranked

OBJECTS = list(STUDIO)


@pytest.mark.parametrize("fault", list(FAULTS))
def test_a_fault_changes_what_it_is_called_after_and_is_said(fault: str) -> None:
    rng = np.random.default_rng(3)
    seen = 0
    for _ in range(60):
        fields = sample_fields(rng, OBJECTS)
        wrong = planted(fields, fault, OBJECTS, rng)
        if wrong is None:
            continue
        changed = {k for k, v in asdict(fields).items() if v != asdict(wrong)[k]} - {"restricted"}
        assert (fields.object != wrong.object) if fault == "prompt" else changed == {fault}
        kind, own, other = contradiction(fields, OBJECTS, rng, 0.5, fault)
        assert kind == fault and own != other
        seen += 1
    assert seen > 10


def test_what_a_picture_cannot_have_wrong_is_not_planted() -> None:
    rng = np.random.default_rng(0)
    gold = Fields("vase", "gold", None, "linen cloth", "studio softbox", "eye level", "left")
    assert planted(gold, "color", OBJECTS, rng) is None
    with pytest.raises(ValueError, match="cannot have a fault of its color"):
        contradiction(gold, OBJECTS, rng, 0.0, "color")
    material = planted(gold, "material", OBJECTS, rng)
    # Another material that fixes the colour: one that does not would leave the caption without a word for it.
    assert material is not None and material.color is None and material.material != "gold"


def test_faults_are_drawn_as_often_as_they_shall_be() -> None:
    rng = np.random.default_rng(1)
    kinds = [contradiction(sample_fields(rng, OBJECTS), OBJECTS, rng, 0.0)[0] for _ in range(600)]
    assert kinds.count("object") > kinds.count("light") > 0 and set(kinds) == set(FAULTS)


def test_tokens_twice_as_large_stand_twice_as_far_apart() -> None:
    fine, coarse = rotary_angles(8, 12, 8), rotary_angles(4, 6, 8, spacing=2)
    # The middle of four fine tokens: angles are linear in the place.
    middle = fine.view(4, 2, 6, 2, -1).mean((1, 3)).flatten(0, 1)
    assert torch.allclose(coarse, middle, atol=1e-5)
    assert torch.equal(position_embedding(3, 3, 16, spacing=1.0), position_embedding(3, 3, 16))


def test_a_critic_begins_as_the_draft_and_reads_any_size() -> None:
    torch.manual_seed(0)
    draft = DiT(16, 2, 3, 1, 4, 8, guidance_embedding=True)
    for p in draft.parameters():
        torch.nn.init.normal_(p, std=0.2)
    critic = Critic(16, 2, 2, 2, 4, 8, spacing=2)
    assert begin(critic, draft) == ["final_proj.weight", "final_proj.bias"]
    assert torch.equal(critic.blocks[1].qkv.weight, draft.blocks[1].qkv.weight)
    text, pooled = torch.randn(2, 5, 8), torch.randn(2, 8)
    for h, w in ((4, 4), (6, 8)):
        odds = critic(torch.randn(2, h, w, 4), torch.tensor([0.1, 0.4]), text, pooled)
        assert odds.shape == (2,) and bool(odds.isfinite().all())


def test_ranks_are_shares_of_pairs_in_the_right_order() -> None:
    assert ranked(np.array([2.0, 3.0]), np.array([0.0, 1.0])) == 1
    assert ranked(np.array([0.0, 1.0]), np.array([2.0, 3.0])) == 0
    assert ranked(np.array([0.0, 3.0]), np.array([1.0, 2.0])) == 0.5
