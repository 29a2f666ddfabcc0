"""Linear colours of accents and details: caps, handles, fittings, which keep theirs whatever colour the object has."""

from __future__ import annotations

Color = tuple[float, float, float]

GOLD: Color = (0.8, 0.58, 0.25)
BLACK: Color = (0.025, 0.025, 0.025)
WHITE: Color = (0.82, 0.82, 0.8)
SILVER: Color = (0.62, 0.62, 0.64)
CHROME: Color = (0.6, 0.6, 0.62)
STEEL: Color = (0.58, 0.58, 0.6)
DULL_STEEL: Color = (0.55, 0.55, 0.57)


def metallic_of(color: Color) -> float:
    return 1.0 if color in (GOLD, SILVER) else 0.0
