"""Where data and checkpoints live: $UNDERPAINT_WORK, by default ~/.cache/underpaint."""

from __future__ import annotations

import os
from pathlib import Path


def work_folder() -> Path:
    return Path(os.environ.get("UNDERPAINT_WORK", "~/.cache/underpaint")).expanduser()


def report_folder(recipe: str) -> Path:
    """Where `evaluate` writes, and `export` reads, the figures of a recipe's checkpoints."""
    return work_folder() / "reports" / recipe


def pictures_report(report: Path) -> Path:
    """Where the figures of measured pictures lie: beside those of the checkpoints."""
    return report.with_name(f"{report.name}-pictures")
