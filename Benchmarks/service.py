#!/usr/bin/env python3
"""The verifier service measured: pictures a second for many clients at once, by how many jobs it takes forward together.

    python3 Benchmarks/service.py [--parallel 1,2,4,8] [--clients 8] [--pictures 4] [--rounds 3]
                                  [--serve "--backend cpu --precision bfloat16"] [--generate "--handoff 0 --mode trust"]

Every round starts a server for each value of --parallel in turn, warms it with one picture a client, and lets the clients
ask for their pictures at once, over the loopback interface. By default the verifier makes the whole picture, so that next
to nothing is left to the clients, which share the machine. Prints the medians over the rounds and the ratio to the first
value; needs release builds of both programs.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROMPTS = HERE / "prompts.txt"


def lines(client: int, count: int) -> str:
    """A client's prompts; every picture has a seed of its own."""
    prompts = PROMPTS.read_text().splitlines()
    entries = ({"prompt": prompts[(client + i) % len(prompts)], "seed": 1000 * client + i} for i in range(count))
    return "".join(json.dumps(e) + "\n" for e in entries)


class Server:
    def __init__(self, program: Path, options: list[str]) -> None:
        self.process = subprocess.Popen(
            [str(program), "serve", "--port", "0", "--child", "--log-level", "error", *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()
        if not self.address:
            sys.exit(f"the server ended with {self.process.wait()}")

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def crowd(
    program: Path, address: str, options: list[str], clients: int, pictures: int, folder: Path
) -> tuple[float, list[float]]:
    """Seconds until the last picture, and each picture's seconds at the verifier as its client saw them."""
    command = [str(program), "generate", "--prompt-file", "-", "--verifier", address, "--json", "--quiet", *options]
    start = time.monotonic()
    running = []
    for client in range(clients):
        process = subprocess.Popen(
            [*command, "-o", str(folder / f"{client}.png")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=os.environ | {"XDG_STATE_HOME": str(folder), "XDG_CACHE_HOME": str(folder)})
        assert process.stdin is not None
        process.stdin.write(lines(client, pictures))
        process.stdin.close()
        running.append(process)
    seconds: list[float] = []
    for process in running:
        assert process.stdout is not None
        results = [json.loads(line) for line in process.stdout]
        if process.wait() != 0 or len(results) != pictures:
            sys.exit(f"a client ended with {process.returncode} after {len(results)} of {pictures} pictures")
        seconds += [r["report"]["verifierSeconds"] for r in results]
    return time.monotonic() - start, seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=Path, default=HERE.parent / ".build/release", help="folder of both programs")
    parser.add_argument("--parallel", default="1,2,4,8", help="of `serve`, by commas")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--pictures", type=int, default=4, help="of each client")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--serve", default="", help="further options of `underpaint-verifier serve`")
    parser.add_argument("--generate", default="--handoff 0 --mode trust", help="options of `underpaint generate`")
    arguments = parser.parse_args()
    values = [int(v) for v in arguments.parallel.split(",")]
    rates: dict[int, list[float]] = {v: [] for v in values}
    waits: dict[int, list[float]] = {v: [] for v in values}
    generate, serve = shlex.split(arguments.generate), shlex.split(arguments.serve)
    edge, cloud = (arguments.programs / name for name in ("underpaint", "underpaint-verifier"))
    for number in range(arguments.rounds):
        for value in values if number % 2 == 0 else reversed(values):
            queue = ["--queue", str(arguments.clients)]
            server = Server(cloud, ["--parallel", str(value), *queue, *serve])
            with tempfile.TemporaryDirectory() as folder:
                crowd(edge, server.address, generate, arguments.clients, 1, Path(folder))
                taken, seconds = crowd(
                    edge, server.address, generate, arguments.clients, arguments.pictures, Path(folder))
            server.end()
            rates[value].append(arguments.clients * arguments.pictures / taken)
            waits[value].append(statistics.median(seconds))
            print(f"round {number + 1}, --parallel {value}: {rates[value][-1]:.2f} pictures a second", file=sys.stderr)
    print(f"| --parallel | pictures a second | times --parallel {values[0]} | median seconds a picture |")
    print("|---|---|---|---|")
    for value in values:
        ratio = statistics.median(a / b for a, b in zip(rates[value], rates[values[0]]))
        rate, wait = statistics.median(rates[value]), statistics.median(waits[value])
        print(f"| {value} | {rate:.2f} | {ratio:.2f} | {wait:.2f} |")


if __name__ == "__main__":
    main()
