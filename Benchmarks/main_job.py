#!/usr/bin/env python3
"""The main job measured: the same prompts and seeds by draft alone, hybrid and verifier alone.

    python3 Benchmarks/main_job.py --out DIR [--program PATH] [--verifier embedded|URL]

Runs `underpaint generate` for every prompt of prompts.txt and writes DIR/sheet.webp (one row a prompt; columns draft
only, hybrid, verifier only), DIR/results.jsonl and the table of the README to standard output. Needs Pillow.
Times are medians on whatever else the machine is doing: compare the columns, not two machines.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import subprocess
import sys
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageStat

HERE = Path(__file__).resolve().parent
COLUMNS = {"draft only": 1.0, "hybrid": 0.8, "verifier only": 0.0}


def generate(program: Path, prompt: str, handoff: float, seed: int, verifier: str, file: Path) -> dict:
    command = [program, "generate", prompt, "--handoff", handoff, "--seed", seed, "--verifier", verifier,
               "--json", "--quiet", "-o", file]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{prompt!r} at --handoff {handoff}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def psnr(a: Path, b: Path) -> float:
    difference = ImageChops.difference(Image.open(a).convert("RGB"), Image.open(b).convert("RGB"))
    mean = statistics.fmean(ImageStat.Stat(difference).sum2) / (difference.width * difference.height)
    return math.inf if mean == 0 else 10 * math.log10(255**2 / mean)


def stage(results: list[dict], name: str) -> float:
    """The median milliseconds of a verifier stage."""
    return statistics.median(
        sum(s["milliseconds"] for s in r["report"]["verification"]["stages"] if s["name"] == name) for r in results)


def table(rows: dict[str, list[dict]], similarity: list[float]) -> str:
    hybrid, alone = rows["hybrid"], rows["verifier only"]
    median = lambda results, key: statistics.median(r["report"][key] for r in results)
    mean = lambda results, key: statistics.fmean(r["report"]["verification"][key] for r in results)
    entries = [r["report"]["verification"]["reentryStep"] for r in hybrid]
    steps, drafted = hybrid[0]["report"]["stepCount"], hybrid[0]["report"]["draftSteps"]
    kept = sum(e == drafted for e in entries)
    lines = [
        ("steps in all / by the draft", f"{steps} / {drafted}"),
        ("edge: text + draft + coding", f"{median(hybrid, 'edgeSeconds') * 1e3:.0f} ms"),
        ("verifier: check", f"{stage(hybrid, 'check'):.0f} ms"),
        ("verifier: refine", f"{stage(hybrid, 'refine'):.0f} ms"),
        ("verifier: decode + PNG", f"{stage(hybrid, 'decode') + stage(hybrid, 'encode'):.0f} ms"),
        ("verifier alone: refine", f"{stage(alone, 'refine'):.0f} ms"),
        ("latent raw fp16 / sent", f"{hybrid[0]['report']['rawLatentBytes']} / {median(hybrid, 'latentBytes'):.0f} bytes"),
        ("verifier evaluations with / without the draft",
         f"{mean(hybrid, 'verifierEvaluations'):.1f} / {mean(alone, 'verifierEvaluations'):.0f}"),
        ("drafts accepted / corrected / dropped",
         f"{kept} / {sum(0 < e < drafted for e in entries)} / {sum(e == 0 for e in entries)} of {len(entries)}"),
        ("hybrid against verifier only, median PSNR", f"{statistics.median(similarity):.1f} dB"),
    ]
    return "\n".join(["| | |", "|---|---|"] + [f"| {name} | {value} |" for name, value in lines])


def sheet(prompts: list[str], files: dict[str, list[Path]], out: Path) -> None:
    tile, gap, half = 224, 4, (len(prompts) + 1) // 2
    block = len(COLUMNS) * (tile + gap)
    picture = Image.new("RGB", (2 * block + 2 * gap, half * (tile + gap + 14) + 18), "white")
    draw = ImageDraw.Draw(picture)
    for index, prompt in enumerate(prompts):
        left, top = (index // half) * (block + 2 * gap), (index % half) * (tile + gap + 14) + 18
        draw.text((left, top), prompt, fill="black")
        for column, name in enumerate(COLUMNS):
            draw.text((left + column * (tile + gap), 2), name, fill="black")
            tile_picture = Image.open(files[name][index]).convert("RGB").resize((tile, tile))
            picture.paste(tile_picture, (left + column * (tile + gap), top + 14))
    picture.save(out, quality=85, method=6)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, default=HERE.parent / ".build/release/underpaint")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--verifier", default="embedded")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    prompts = (HERE / "prompts.txt").read_text().splitlines()
    rows: dict[str, list[dict]] = {name: [] for name in COLUMNS}
    files: dict[str, list[Path]] = {name: [] for name in COLUMNS}
    with open(arguments.out / "results.jsonl", "w") as log:
        for index, prompt in enumerate(prompts):
            for name, handoff in COLUMNS.items():
                file = arguments.out / f"{index:02}-{name.replace(' ', '-')}.png"
                result = generate(arguments.program, prompt, handoff, arguments.seed + index, arguments.verifier, file)
                log.write(json.dumps(result) + "\n")
                rows[name].append(result)
                files[name].append(file)
    similarity = [psnr(a, b) for a, b in zip(files["hybrid"], files["verifier only"])]
    sheet(prompts, files, arguments.out / "sheet.webp")
    print(table(rows, similarity))


if __name__ == "__main__":
    main()
