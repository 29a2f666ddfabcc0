"""Recipe files."""

from __future__ import annotations

from pathlib import Path

import pytest

from underpaint_training.recipe import RecipeError, load


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
