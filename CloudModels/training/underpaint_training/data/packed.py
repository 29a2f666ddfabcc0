"""Stage `pack`: a data set made small enough to be carried to a machine with a graphics card.

Pictures are written as AVIF without chroma subsampling, in a quarter of the lossless bytes; what that loses is less than
what an autoencoder does. The other stages read them as they do the originals.
"""

from __future__ import annotations

import io
import tarfile
from functools import partial
from multiprocessing import Pool
from pathlib import Path

from PIL import Image

QUALITY = 85


def pack_shard(shard: Path, folder: Path, quality: int = QUALITY) -> int:
    """Writes <folder>/<shard>.tar and .jsonl, which the other stages read as they do the original; returns its bytes."""
    target = folder / shard.name
    if target.exists():
        return target.stat().st_size
    partial_file = target.with_suffix(".partial")
    with tarfile.open(shard) as source, tarfile.open(partial_file, "w") as packed:
        for member in source:
            file = source.extractfile(member)
            if file is None:
                continue
            data, name = file.read(), member.name
            if name.endswith(".webp"):
                buffer = io.BytesIO()
                with Image.open(io.BytesIO(data)) as image:
                    image.save(buffer, format="AVIF", quality=quality, subsampling="4:4:4", speed=7)
                data, name = buffer.getvalue(), name.removesuffix(".webp") + ".avif"
            info = tarfile.TarInfo(name)
            info.size = len(data)
            packed.addfile(info, io.BytesIO(data))
    target.with_suffix(".jsonl").write_bytes(shard.with_suffix(".jsonl").read_bytes())
    partial_file.rename(target)
    return target.stat().st_size


def pack(data: Path, folder: Path, processes: int) -> int:
    """All finished shards that are not there yet; returns the bytes of all."""
    folder.mkdir(parents=True, exist_ok=True)
    with Pool(processes) as pool:
        return sum(pool.imap_unordered(partial(pack_shard, folder=folder), sorted(data.glob("*.tar"))))
