"""What reads prompts and likeness off pictures, and the faults that it learns from."""

from __future__ import annotations

from dataclasses import asdict
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch

from underpaint_training.data.grammar import Fields, sample_fields
from underpaint_training.data.objects import STUDIO
from underpaint_training.export import answers_of
from underpaint_training.faults import FAULTS, contradiction, planted
from underpaint_training.latents import MissingStageError
from underpaint_training.likeness import Pairs
from underpaint_training.models.critic import LIKENESS, PROMPT, Critic
from underpaint_training.models.dit import DiT, position_embedding, rotary_angles
from underpaint_training.train_critic import (
    begin,
    continued,
    grown,
    likeness_measured,
    odds,
    ranked,
    told,
)

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
        found = critic(torch.randn(2, h, w, 4), torch.tensor([0.1, 0.4]), text, pooled)
        assert found.shape == (2, 2) and bool(found.isfinite().all())
    assert Critic(16, 2, 2, 2, 4, 8, 2, (PROMPT,))(torch.randn(2, 4, 4, 4), torch.ones(2), text, pooled).shape == (2, 1)


def test_ranks_are_shares_of_pairs_in_the_right_order() -> None:
    assert ranked(np.array([2.0, 3.0]), np.array([0.0, 1.0])) == 1
    assert ranked(np.array([0.0, 1.0]), np.array([2.0, 3.0])) == 0
    assert ranked(np.array([0.0, 3.0]), np.array([1.0, 2.0])) == 0.5


def _reader() -> Any:
    """Reads nothing: four words of zeros whatever is said."""

    def text(ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.zeros(len(ids), 4, 8), torch.zeros(len(ids), 8)

    return SimpleNamespace(tokenizer=SimpleNamespace(batch=lambda captions: torch.zeros(len(captions), 4)), text=text)


def test_a_critic_of_one_answer_learns_another() -> None:
    torch.manual_seed(0)
    former, critic = Critic(16, 2, 1, 2, 4, 8, 2, (PROMPT,)), Critic(16, 2, 1, 2, 4, 8, 2)
    for p in former.parameters():
        torch.nn.init.normal_(p, std=0.2)
    # The first ones did not say what they answer.
    state = {"model": {}, "average": former.state_dict(), "optimizers": {}, "step": 7, "samples": 28, "seconds": 90.0}
    found = grown(state, critic)
    assert "optimizers" not in found and (found["step"], found["samples"], found["seconds"]) == (7, 28, 90.0)
    anew = critic.final_proj.weight[1].clone()
    critic.load_state_dict(found["model"])
    assert 0 < anew.abs().max() < 0.2 and torch.equal(critic.final_proj.weight[1], anew)
    x, t, captions = torch.randn(2, 4, 4, 4), torch.tensor([0.2, 0.6]), ["a", "b"]
    before, after = (odds(c, _reader(), PROMPT, x, t, captions) for c in (former, critic))
    assert torch.equal(before, after)
    assert not torch.equal(odds(critic, _reader(), LIKENESS, x, t, captions), after)
    # What says the same as this one goes on as it is.
    whole = state | {"answers": [PROMPT, LIKENESS], "average": critic.state_dict()}
    assert continued(whole, critic, 1.0) is whole
    with pytest.raises(MissingStageError, match="give --minutes above 1.5"):
        continued(state, critic, 1.0)
    assert continued(state, critic, 2.0)["answers"] == [PROMPT, LIKENESS]
    with pytest.raises(MissingStageError, match="answers likeness too"):
        continued(whole, former, 2.0)


def test_the_loss_is_of_which_half_is_true() -> None:
    assert float(told(torch.tensor([9.0, 9.0, -9.0, -9.0]))) < 0.001 < 8 < float(told(torch.tensor([-9.0, 9.0])))


def test_likeness_is_measured_at_every_level() -> None:
    """By one that sees how bright a picture is: the verifier's are, of drafts one in four is brighter."""
    captions = ["a"] * 40
    drafted = torch.where(torch.arange(40)[:, None, None, None] % 4 == 0, 30.0, -30.0).expand(40, 2, 2, 4)
    own = torch.linspace(10, 20, 40)[:, None, None, None].expand(40, 2, 2, 4)
    pictures = {"drafted": drafted.half(), "own": own.half()}
    pairs = Pairs([{"number": 9, "captions": captions} | pictures], torch.device("cpu"))

    class Brightness:
        answers = (PROMPT, LIKENESS)

        def __call__(self, x: torch.Tensor, *_: torch.Tensor) -> torch.Tensor:
            return torch.stack([torch.zeros(len(x)), x.mean((1, 2, 3))], 1)

    found = likeness_measured(cast(Critic, Brightness()), _reader(), pairs)
    assert found.pop("pairs") == 40
    assert found == {level: {"ranked": 0.75, "rejected": 0.75} for level in ("0.43", "0.6", "0.75", "0.85", "0.92")}


def test_a_manifest_of_the_first_critics_is_of_one_answer() -> None:
    assert answers_of({"critic": {}}) == (PROMPT,)
    assert answers_of({"critic": {"answers": ["prompt", "likeness"]}}) == (PROMPT, LIKENESS)
