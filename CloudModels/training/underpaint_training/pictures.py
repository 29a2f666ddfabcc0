"""Rendered shards as arrays. Decoded pixels are kept in a cache beside the shards."""

from __future__ import annotations

import io
import json
import os
import tarfile
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from .data.grammar import Fields


# The splits that generators learn from.
TRAINING = ("basics", "train")


def shards(folder: Path, split: str) -> list[Path]:
    """Finished shards of a split, in order; "train" means all that generators learn from."""
    splits = TRAINING if split == "train" else (split,)
    return [shard for s in splits for shard in sorted(folder.glob(f"{s}-*.tar"))]


def new_shards(folder: Path, split: str, known: set[str]) -> list[Path]:
    """Finished shards that are not known yet, which then are: several renderers finish theirs in any order."""
    new = [s for s in shards(folder, split) if s.stem not in known]
    known.update(s.stem for s in new)
    return new


def cache_name(shard: Path) -> str:
    """What is made of a shard is kept under this name: another one when the shard is rendered anew."""
    found = shard.stat()
    return f"{shard.stem}-{zlib.crc32(f'{found.st_size} {found.st_mtime_ns}'.encode()):08x}"


def decode(shard: Path) -> tuple[np.ndarray, np.ndarray]:
    """Pixels [n, height, width, 3] and object masks [n, height, width], both uint8, through the cache."""
    cache = shard.parent / "decoded" / f"{cache_name(shard)}.npz"
    if cache.exists():
        with np.load(cache) as arrays:
            return arrays["pixels"], arrays["masks"]
    pixels, masks = [], []
    with tarfile.open(shard) as tar:
        for member in tar:
            data = tar.extractfile(member)
            if data is None:
                continue
            image = np.asarray(Image.open(io.BytesIO(data.read())))
            (masks if member.name.endswith(".mask.png") else pixels).append(image)
    arrays = np.stack(pixels), np.stack(masks).astype(np.uint8)
    cache.parent.mkdir(exist_ok=True)
    # Several stages may decode the same shard at once.
    partial = cache.with_suffix(f".{os.getpid()}.partial.npz")
    np.savez(partial, pixels=arrays[0], masks=arrays[1])
    partial.rename(cache)
    return arrays


def fields(shard: Path) -> list[Fields]:
    lines = shard.with_suffix(".jsonl").read_text().splitlines()
    return [Fields(**json.loads(line)["fields"]) for line in lines]
