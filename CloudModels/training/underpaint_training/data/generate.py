"""Renders shards of pictures. Every shard is claimed, rendered and renamed into place, so that any number of
processes may work on one folder and a kill at any moment loses at most one shard."""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import os
import tarfile
import time
from pathlib import Path
from typing import TextIO

import numpy as np
from PIL import Image

from ..pictures import TRAINING
from ..recipe import DataRecipe
from .grammar import BASICS, Fields, sample_fields
from .splits import HELD_OUT_GROUPS, HELD_OUT_INSTANCES, PAIRS, TRIPLES, group_of, sample_group

# The split's name enters every seed, so that no picture stands in two splits.
SPLITS = (*TRAINING, "holdout", "classifier", "pairs", "triples", "instances")


def count_of(recipe: DataRecipe, split: str) -> int:
    return recipe.count if split == "train" else getattr(recipe, split)


def seed_of(recipe: DataRecipe, split: str, index: int, attempt: int) -> int:
    """A 31-bit seed from what identifies a picture."""
    text = f"{recipe.seed}/{split}/{index}/{attempt}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "little") & 0x7FFFFFFF


def _claim(path: Path) -> TextIO | None:
    """Takes the claim file unless a living process holds it. The claim is the lock on the file, which ends with its
    process however that ends; a claim of before there were locks counts for as long as the process that it names lives.
    """
    while True:
        file = path.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        except OSError as error:
            file.close()
            raise RuntimeError(f"{path.parent} needs a file system that knows locks: {error}") from error
        # Whoever held it may have removed it since it was opened: that lock keeps nobody out.
        if _is_at(file, path):
            break
        file.close()
    file.seek(0)
    if _names_living_process(file.read()):
        file.close()
        return None
    file.truncate(0)
    # The end of line says that a lock goes with it, so that later nobody asks for a process of this number.
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file


def _is_at(file: TextIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _names_living_process(claim: str) -> bool:
    """Whether a claim without a lock is of a process that still lives."""
    return claim.isdecimal() and Path(f"/proc/{claim}").exists()


def _release(claim: TextIO, path: Path) -> None:
    if _is_at(claim, path):
        path.unlink(missing_ok=True)
    # Not before: else another process could take the file that is then removed.
    claim.close()


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))


def _encoded(image: Image.Image, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, **options)
    return buffer.getvalue()


def fields_of(recipe: DataRecipe, split: str, seed: int) -> Fields:
    """What a picture shows. The classifier judges held-out combinations too, so its own pictures hold them all."""
    rng = np.random.default_rng(seed)
    objects = list(recipe.objects) or None
    for group in HELD_OUT_GROUPS:
        if split == group:
            return sample_group(rng, group, objects)
    if split == "basics":
        objects = list(BASICS)
    if allowed(recipe, split):
        return sample_group(rng, None, objects)
    return sample_fields(rng, objects)


def allowed(recipe: DataRecipe, split: str) -> bool:
    """Whether held-out combinations may not stand in the split."""
    return recipe.held_out and split in (*TRAINING, "holdout")


def render_shard(studio, recipe: DataRecipe, split: str, shard: int, folder: Path) -> int:
    """Returns how many pictures the shard holds, those composed from a rendering after it."""
    stem = folder / f"{split}-{shard:05d}"
    lines: list[str] = []
    temporary = stem.with_suffix(f".{os.getpid()}.partial")
    with tarfile.open(temporary, "w") as tar:
        for index in range(shard * recipe.shard_size, (shard + 1) * recipe.shard_size):
            pictures, seed = [], 0
            for attempt in range(50):
                seed = seed_of(recipe, split, index, attempt)
                pictures = studio.pictures(fields_of(recipe, split, seed), seed, recipe.variations)
                if pictures:
                    break
            if not pictures:
                raise RuntimeError(
                    f"picture {index} of {split}: 50 attempts failed the coverage or contrast check"
                )
            for number, picture in enumerate(pictures):
                if number and allowed(recipe, split) and group_of(picture.fields) is not None:
                    continue
                name = f"{index:06d}" + (f"-{number}" if number else "")
                image = Image.fromarray(picture.pixels)
                mask = Image.fromarray(picture.mask.astype(np.uint8) * 255).convert("1")
                _add(tar, f"{name}.webp", _encoded(image, format="WEBP", lossless=True, method=3))
                _add(tar, f"{name}.mask.png", _encoded(mask, format="PNG"))
                record = {
                    "index": index,
                    "seed": seed,
                    "fields": picture.fields.to_json(),
                    "coverage": round(picture.coverage, 4),
                    "contrast": round(picture.contrast, 4),
                } | ({"variation": number} if number else {})
                lines.append(json.dumps(record, sort_keys=True))
    stem.with_suffix(".jsonl").write_text("\n".join(lines) + "\n")
    temporary.rename(stem.with_suffix(".tar"))
    return len(lines)


def write_manifest(recipe: DataRecipe, folder: Path) -> dict:
    """Hashes of all finished shards; the manifest's own hash names the data set."""
    shards = []
    for tar in sorted(folder.glob("*.tar")):
        jsonl = tar.with_suffix(".jsonl")
        fields = jsonl.read_bytes()
        shards.append(
            {
                "name": tar.stem,
                "count": fields.count(b"\n"),
                "pictures": hashlib.sha256(tar.read_bytes()).hexdigest(),
                "fields": hashlib.sha256(fields).hexdigest(),
            }
        )
    manifest = {
        "format": 2,
        "seed": recipe.seed,
        "sizes": recipe.sizes,
        "samplesPerPixel": recipe.samples,
        "variations": recipe.variations,
        "shards": shards,
    }
    if recipe.held_out:
        manifest["heldOut"] = {"pairs": PAIRS, "triples": TRIPLES, "instances": HELD_OUT_INSTANCES}
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n")
    return manifest


def plan(recipe: DataRecipe, split: str | None = None) -> list[tuple[str, int]]:
    """Shards (split, number) in the order of rendering: those of one split, or of what the generators need."""

    def of(name: str, count: int) -> list[tuple[str, int]]:
        return [(name, i) for i in range(-(-count // recipe.shard_size))]

    if split is not None:
        return of(split, count_of(recipe, split))
    train, holdout = of("basics", recipe.basics) + of("train", recipe.count), of("holdout", recipe.holdout)
    # One of each first, so that training can begin and be measured while the others are being rendered.
    return train[:1] + holdout[:1] + train[1:] + holdout[1:]


# Shards that were taken over are numbered from here.
TAKEN = 10_000


def take_over(other: Path, folder: Path) -> int:
    """Links the shards of another data set into this one, as the splits that they serve here; returns how many."""
    count = 0
    for source, target in (("train", "basics"), ("classifier", "classifier")):
        for tar in sorted(other.glob(f"{source}-*.tar")):
            number = TAKEN + int(tar.stem.rpartition("-")[2])
            for file in (tar.with_suffix(".jsonl"), tar):
                link = folder / f"{target}-{number:05d}{file.suffix}"
                if not link.exists():
                    link.hardlink_to(file)
            count += 1
    if not count:
        raise FileNotFoundError(f"no shards in {other}, whose pictures this data set takes over: render that one first")
    return count


def generate(recipe: DataRecipe, folder: Path, split: str | None = None) -> None:
    from .compose import Studio

    folder.mkdir(parents=True, exist_ok=True)
    if recipe.also:
        take_over(folder.parent / recipe.also, folder)
    studios: dict[tuple[int, int], Studio] = {}
    for name, shard in plan(recipe, split):
        stem = folder / f"{name}-{shard:05d}"
        if (folder / "STOP").exists():
            print("stopped by the STOP file")
            return
        tar, claimed = stem.with_suffix(".tar"), stem.with_suffix(".claim")
        if tar.exists() or (claim := _claim(claimed)) is None:
            continue
        try:
            # Another process may have finished it just before its claim was free.
            if tar.exists():
                continue
            # Whoever has the claim is alone with the shard: these are of processes that were killed.
            for partial in folder.glob(f"{stem.name}.*partial"):
                partial.unlink(missing_ok=True)
            size = recipe.size_of(shard)
            if size not in studios:
                studios[size] = Studio(*size, recipe.samples)
            start, cpu = time.time(), time.process_time()
            count = render_shard(studios[size], recipe, name, shard, folder)
            seconds, used = time.time() - start, time.process_time() - cpu
            print(f"{stem.name}: {count} pictures, {seconds:.0f} s, {used / count:.3f} CPU-s each", flush=True)
        finally:
            _release(claim, claimed)
    write_manifest(recipe, folder)
