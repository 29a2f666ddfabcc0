"""Model cards whose sections are written at different times."""

from __future__ import annotations

from pathlib import Path

import pytest
from underpaint_training import cards
from underpaint_training.evaluation.markdown import MEASURED

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
