"""What the Swift parity tests are held to."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

COMMITTED = Path(__file__).parents[3] / "Tests" / "Fixtures"


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from underpaint_training.fixtures import write_fixtures

    folder = tmp_path_factory.mktemp("fixtures")
    write_fixtures(folder)
    return folder


def test_fixtures_are_the_same_every_time(fresh: Path, tmp_path: Path) -> None:
    from underpaint_training.fixtures import write_fixtures

    write_fixtures(tmp_path)
    assert (tmp_path / "FIXTURES.json").read_text() == (fresh / "FIXTURES.json").read_text()


def test_the_models_of_now_compute_what_the_committed_fixtures_say(fresh: Path) -> None:
    # Whoever changes the mathematics here has to make the fixtures anew, by which the engine then fails or follows.
    now, then = (json.loads((folder / "FIXTURES.json").read_text()) for folder in (fresh, COMMITTED))
    assert now["files"].keys() == then["files"].keys() and now["cases"] == then["cases"]
    assert now["tokenizer"] == then["tokenizer"]
    for name in then["files"]:
        if name.endswith(".json"):
            assert _without_sums(fresh / name) == _without_sums(COMMITTED / name), name
            continue
        tensors, expected = load_file(fresh / name), load_file(COMMITTED / name)
        assert tensors.keys() == expected.keys(), name
        for key, value in expected.items():
            torch.testing.assert_close(
                tensors[key], value, rtol=1e-4, atol=1e-5, msg=lambda text: f"{name}, {key}: {text}"  # noqa: B023
            )


def _without_sums(path: Path) -> str:
    """A manifest but for sums of files, which the last bit of a weight may change, and dates."""

    def kept(value: object) -> object:
        if isinstance(value, dict):
            return {k: kept(v) for k, v in value.items() if k != "date"}
        if isinstance(value, list):
            return [kept(v) for v in value]
        return "sum" if isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) else value

    return json.dumps(kept(json.loads(path.read_text())), sort_keys=True)
