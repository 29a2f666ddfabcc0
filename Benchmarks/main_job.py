#!/usr/bin/env python3
"""The main job measured: the same prompts and seeds by draft alone, hybrid and verifier alone.

    python3 Benchmarks/main_job.py --out DIR [--program PATH] [--verifier embedded|URL] [--precision float32,int8]

Runs `underpaint generate` for every prompt of prompts.txt and writes DIR/sheet.webp (one row a prompt; columns draft
only, hybrid, verifier only), DIR/results.jsonl and the table of the README to standard output. Needs Pillow.
Several precisions take turns at every prompt and get a column each; the sheet shows the first, and pictures are compared
with it. Times are medians on whatever else the machine is doing: compare the columns, not two machines.
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


def generate(
    program: Path, prompt: str, handoff: float, seed: int, verifier: str, precision: str, file: Path
) -> dict:
    command = [program, "generate", prompt, "--handoff", handoff, "--seed", seed, "--verifier", verifier,
               "--precision", precision, "--json", "--quiet", "-o", file]
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


def figures(rows: dict[str, list[dict]], similarity: list[float]) -> list[tuple[str, str]]:
    hybrid, alone = rows["hybrid"], rows["verifier only"]
    median = lambda results, key: statistics.median(r["report"][key] for r in results)
    mean = lambda results, key: statistics.fmean(r["report"]["verification"][key] for r in results)
    entries = [r["report"]["verification"]["reentryStep"] for r in hybrid]
    report, entry = hybrid[0]["report"], hybrid[0]["entryStep"]
    kept = sum(e == entry for e in entries)
    return [
        ("steps of the draft / to the hand-off", f"{report['stepCount']} / {report['draftSteps']}"),
        ("steps of the verifier / from the hand-off", f"{report['verifierStepCount']} / {report['verifierStepCount'] - entry}"),
        ("edge: text + draft + coding", f"{median(hybrid, 'edgeSeconds') * 1e3:.0f} ms"),
        ("verifier: its graphs, once a process", f"{stage(hybrid, 'prepare'):.0f} ms"),
        ("verifier: check", f"{stage(hybrid, 'check'):.0f} ms"),
        ("verifier: refine", f"{stage(hybrid, 'refine'):.0f} ms"),
        ("verifier: decode + PNG", f"{stage(hybrid, 'decode') + stage(hybrid, 'encode'):.0f} ms"),
        ("verifier alone: refine", f"{stage(alone, 'refine'):.0f} ms"),
        ("latent raw fp16 / sent", f"{hybrid[0]['report']['rawLatentBytes']} / {median(hybrid, 'latentBytes'):.0f} bytes"),
        ("verifier evaluations with / without the draft",
         f"{mean(hybrid, 'verifierEvaluations'):.1f} / {mean(alone, 'verifierEvaluations'):.0f}"),
        ("drafts accepted / corrected / dropped",
         f"{kept} / {sum(0 < e < entry for e in entries)} / {sum(e == 0 for e in entries)} of {len(entries)}"),
        ("hybrid against verifier only, median PSNR", f"{statistics.median(similarity):.1f} dB"),
    ]


def table(columns: dict[str, list[tuple[str, str]]]) -> str:
    heads = list(columns) if len(columns) > 1 else [""]
    lines = [f"| | {' | '.join(heads)} |", "|---" * (1 + len(heads)) + "|"]
    for row in zip(*columns.values()):
        lines.append(f"| {row[0][0]} | {' | '.join(value for _, value in row)} |")
    return "\n".join(lines)


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
    parser.add_argument("--precision", default="float32", help="one or several of the program's, by commas")
    arguments = parser.parse_args()
    precisions = arguments.precision.split(",")
    prompts = (HERE / "prompts.txt").read_text().splitlines()
    rows: dict[str, dict[str, list[dict]]] = {p: {name: [] for name in COLUMNS} for p in precisions}
    files: dict[str, dict[str, list[Path]]] = {p: {name: [] for name in COLUMNS} for p in precisions}
    for precision in precisions:
        (arguments.out / precision).mkdir(parents=True, exist_ok=True)
    with open(arguments.out / "results.jsonl", "w") as log:
        for index, prompt in enumerate(prompts):
            for name, handoff in COLUMNS.items():
                for precision in precisions:
                    file = arguments.out / precision / f"{index:02}-{name.replace(' ', '-')}.png"
                    result = generate(
                        arguments.program, prompt, handoff, arguments.seed + index, arguments.verifier, precision, file)
                    log.write(json.dumps({"precision": precision} | result) + "\n")
                    rows[precision][name].append(result)
                    files[precision][name].append(file)
    first = files[precisions[0]]
    sheet(prompts, first, arguments.out / "sheet.webp")
    columns = {}
    for precision in precisions:
        own = files[precision]
        columns[precision] = figures(rows[precision], [psnr(a, b) for a, b in zip(own["hybrid"], own["verifier only"])])
        if len(precisions) > 1:
            for name in COLUMNS:
                near = statistics.median(psnr(a, b) for a, b in zip(own[name], first[name]))
                value = "–" if precision == precisions[0] else f"{near:.1f} dB"
                columns[precision].append((f"{name} against {precisions[0]}, median PSNR", value))
    print(table(columns))


if __name__ == "__main__":
    main()
