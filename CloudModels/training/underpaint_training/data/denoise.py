"""The denoiser: denoise.c, compiled at first use into the work folder."""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import subprocess
from pathlib import Path

import numpy as np

from ..paths import work_folder

SOURCE = Path(__file__).with_name("denoise.c")


@functools.cache
def _library() -> ctypes.CDLL:
    digest = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]
    target = work_folder() / "build" / f"denoise-{digest}.so"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_suffix(f".{os.getpid()}")
        command = [
            "gcc",
            "-O3",
            "-march=native",
            "-ffast-math",
            "-shared",
            "-fPIC",
            str(SOURCE),
            "-o",
            str(temporary),
            "-lm",
        ]
        subprocess.run(command, check=True)
        temporary.rename(target)
    return ctypes.CDLL(str(target))


def denoise(radiance: np.ndarray, guide: np.ndarray, levels: int = 4, strength: float = 1.2) -> np.ndarray:
    """Filters radiance [h,w,3] guided by [h,w,7] = albedo, normal, depth."""
    height, width = radiance.shape[:2]
    rgb = np.ascontiguousarray(radiance.transpose(2, 0, 1), dtype=np.float32)
    planes = np.ascontiguousarray(guide.transpose(2, 0, 1), dtype=np.float32)
    pointer = ctypes.POINTER(ctypes.c_float)
    _library().denoise(
        rgb.ctypes.data_as(pointer),
        planes.ctypes.data_as(pointer),
        height,
        width,
        levels,
        ctypes.c_float(strength),
    )
    return rgb.transpose(1, 2, 0)
