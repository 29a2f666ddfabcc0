"""Where data and checkpoints live: $UNDERPAINT_WORK, by default ~/.cache/underpaint."""

from __future__ import annotations

import os
from pathlib import Path


def work_folder() -> Path:
    return Path(os.environ.get("UNDERPAINT_WORK", "~/.cache/underpaint")).expanduser()
