"""Model cards whose sections are written at different times."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from underpaint_training import cards, release
from underpaint_training.evaluation.markdown import MEASURED
from underpaint_training.paths import pictures_report
from underpaint_training.recipe import Recipe

CARD = f"# A verifier\n\n## Training\n\nLong.\n\n## {cards.OBSERVED}\n\nA mug.\n\n## Data and licence\n\nOurs.\n"


def _titles(card: str) -> list[str]:
    return [line[3:] for line in card.splitlines() if line.startswith("## ")]


def test_sections_stand_in_their_order_whenever_they_are_written() -> None:
    written = {title: f"\n## {title}\n\nNew.\n" for title in cards.SECTIONS}
    order = ["Training", MEASURED, cards.READER, cards.OBSERVED, "Data and licence"]
    for first, second in ((MEASURED, cards.READER), (cards.READER, MEASURED)):
        card = CARD
        for title in (first, second, cards.OBSERVED, first):
            card = cards.with_section(card, title, written[title])
        assert _titles(card) == order and card.count("New.") == 3 and "A mug." not in card
        assert "\n\n\n" not in card and card.startswith("# A verifier") and card.endswith("Ours.\n")
    with pytest.raises(ValueError, match="export the pair anew"):
        cards.with_section("# A verifier\n", MEASURED, written[MEASURED])


def test_a_card_is_renewed_with_what_was_seen(tmp_path: Path) -> None:
    (tmp_path / cards.CARD).write_text(CARD)
    cards.renew(tmp_path, None, "Two mugs.")
    card = (tmp_path / cards.CARD).read_text()
    assert card == CARD.replace("A mug.", "Two mugs.")
    # With its contact sheet, where there is one.
    (tmp_path / cards.SHEET).touch()
    cards.renew(tmp_path, None, "Three mugs.")
    card = (tmp_path / cards.CARD).read_text()
    assert f"({cards.SHEET})" in card and "Three mugs." in card and "Two mugs." not in card


def test_a_card_takes_no_figures_of_other_weights(
    tiny: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report, notes = tmp_path / "report", tmp_path / "notes"
    monkeypatch.setattr(release, "NOTES", notes)
    with pytest.raises(FileNotFoundError, match="what the pictures show"):
        release.renew_card(tiny, tmp_path, report)
    notes.mkdir()
    (notes / f"{tiny.name}.md").write_text("Two mugs.")
    for folder, name in (("EdgeModels", "shared"), ("EdgeModels", "draft"), ("CloudModels", "verifier")):
        path = tmp_path / folder / f"studio-{name}"
        path.mkdir(parents=True)
        manifest = {"id": f"studio-{name}", "files": {"weights": {"sha256": name.encode().hex()}}}
        (path / "manifest.json").write_text(json.dumps(manifest))
    (path / cards.CARD).write_text(CARD)
    numbers = pictures_report(report) / "numbers.json"
    numbers.parent.mkdir()
    numbers.write_text(json.dumps({"made": {"weights": {"studio-verifier/weights": "0000"}}}))
    with pytest.raises(ValueError, match="of another studio-verifier/weights"):
        release.renew_card(tiny, tmp_path, report)
    assert (path / cards.CARD).read_text() == CARD
    # Of these weights, and of a model that is not exported here.
    made = {"studio-verifier/weights": b"verifier".hex()[:12], "another/weights": "0000"}
    arm = {"pictures": 1, "distances": {}}
    figures = {"classifier": {"pictures": 1, "heldOutRenders": 1}, "reference": "verifier", "date": "2026-11-27"}
    numbers.write_text(json.dumps(figures | {"made": {"weights": made}, "arms": {"verifier": arm}}))
    release.renew_card(tiny, tmp_path, report)
    assert "Two mugs." in (path / cards.CARD).read_text() and f"## {MEASURED}" in (path / cards.CARD).read_text()
    # What was measured stays where nothing new was.
    numbers.unlink()
    release.renew_card(tiny, tmp_path, report)
    assert f"## {MEASURED}" in (path / cards.CARD).read_text()
