"""What the Swift parity tests are held to."""

from __future__ import annotations

from pathlib import Path


def test_fixtures_are_the_same_every_time(tmp_path: Path) -> None:
    from underpaint_training.fixtures import write_fixtures

    write_fixtures(tmp_path / "a")
    write_fixtures(tmp_path / "b")
    assert (tmp_path / "a/FIXTURES.json").read_text() == (tmp_path / "b/FIXTURES.json").read_text()
