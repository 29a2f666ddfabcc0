"""Times the Vulkan backend and PyTorch (compiled, bfloat16) on one device, turn by turn, and prints a table.

    Scripts/pack-gpu-benchmark.sh OUT          # where Swift is; OUT goes to the machine with the graphics card
    python OUT/gpu.py                          # there: needs torch, no network, no Swift

Both sides have the same weights and inputs (tensors.py), made where they run. Whole models are also compared with PyTorch
in float32: the normalised mean squared error of either side. Compiling takes PyTorch minutes for a large model;
`--only REGEX` splits the table into runs. Where time is short, `--ours-first` times everything here before PyTorch compiles
the first model, and `--warm`, in another process and earlier, fills the cache that `TORCHINDUCTOR_CACHE_DIR` names.

`--small` leaves out what a software device cannot do in a minute; without CUDA PyTorch computes on the processor and
uncompiled, which tells nothing about speed and everything about whether the benchmark runs.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
for folder in (HERE, HERE.parent / "CloudModels" / "training"):
    sys.path.insert(0, str(folder))

import torch  # noqa: E402
from peers import DEVICE, TYPE, Model, fastest, is_model, peer, synchronise, tensor  # noqa: E402


class Clock:
    """The card's clock in MHz while a block runs: the median of what it was every 20 ms, None where nobody tells.

    Short runs that the host waits for may leave a card at a low clock, and a long queue of them not.
    """

    def __init__(self) -> None:
        self.median: int | None = None
        self.samples: list[int] = []

    def __enter__(self) -> Clock:
        self.end = threading.Event()
        self.thread = threading.Thread(target=self.sample, daemon=True)
        self.thread.start()
        return self

    def sample(self) -> None:
        try:
            while DEVICE == "cuda" and not self.end.wait(0.02):
                self.samples.append(torch.cuda.clock_rate())
        except Exception:  # noqa: BLE001  it takes a module that PyTorch does not bring along
            self.samples = []

    def __exit__(self, *_: object) -> None:
        self.end.set()
        self.thread.join()
        if self.samples:
            self.median = sorted(self.samples)[len(self.samples) // 2]


class Fault(Exception):
    """What keeps one case from being measured, and not the next."""


class Underpaint:
    """The benchmark program, kept running between the cases, and started anew where it ends or takes too long."""

    # Seconds that a check of one variant may take at least: it compiles every kernel.
    CHECK = 180.0

    def __init__(self, program: Path, without: list[str]) -> None:
        """`without`: ways whose names hold one of these are not tried where all are measured."""
        self.program, self.without = program, without
        self.start()

    def start(self) -> None:
        libraries = f"{HERE / 'lib'}:{os.environ.get('LD_LIBRARY_PATH', '')}".rstrip(":")
        environment = os.environ | {"LD_LIBRARY_PATH": libraries}
        self.process = subprocess.Popen(
            [self.program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        for words in self.without:
            self.lines(f"without {words}", "{")

    def lines(self, command: str, last: str, limit: float | None = None) -> list[str]:
        """What a command answers, up to a line that begins with `last` (or is empty, for an empty `last`)."""
        assert self.process.stdin and self.process.stdout
        limit = threading.Timer(limit or threading.TIMEOUT_MAX, self.process.kill)
        limit.start()
        try:
            print(command, file=self.process.stdin, flush=True)
            lines: list[str] = []
            while line := self.process.stdout.readline():
                if line.startswith('{"error"'):
                    raise Fault(json.loads(line)["error"])
                if line.startswith(last) if last else not line.strip():
                    return lines + [line.rstrip()]
                lines.append(line.rstrip())
        except BrokenPipeError:
            pass
        finally:
            limit.cancel()
        self.process.kill()
        code = self.process.wait()
        self.start()
        raise Fault(f"the benchmark program ended ({code}) at: {command}")

    def check(self, device: str) -> None:
        """Every variant by itself: what a driver does not survive takes no other along."""
        for variant in filter(None, self.lines("variants", "")):
            try:
                limit = OPTIONS.limit and max(OPTIONS.limit, self.CHECK)
                print("\n".join(self.lines(f"check {device} {variant}", "{", limit)[:-1]), flush=True)
            except Fault as fault:
                print(f"BAD {variant}: {fault}", flush=True)

    def result(self, device: str, precision: str, case: str) -> torch.Tensor:
        """The result of a case, flat."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "result"
            self.lines(f"write {device} {precision} {path} {case}", "{", OPTIONS.limit)
            return torch.frombuffer(bytearray(path.read_bytes()), dtype=torch.float32)

    def measure(self, device: str, precision: str, seconds: float, case: str) -> dict[str, float]:
        return json.loads(self.lines(f"time {device} {precision} {seconds} {case}", "{", OPTIONS.limit)[-1])


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=Path, default=HERE / "underpaint-gpu-bench")
    parser.add_argument("--device", default="auto", help="Vulkan device: auto, an index or part of a name")
    ways = ["tiles", "single", "double", "workgroup"]
    stored = ["float32", "float16", "bfloat16"]
    precisions = [*stored, *(f"{kind}-tuned" for kind in stored), *(f"float16-{way}" for way in ways), "int8"]
    parser.add_argument("--precision", default="float16", choices=precisions, help="tiles: without matrix units; tuned: measured first")
    parser.add_argument("--seconds", type=float, default=0.5, help="for each case and side")
    parser.add_argument("--small", action="store_true", help="only what a software device can do, too")
    parser.add_argument(
        "--only",
        action="append",
        metavar="REGEX",
        help="only cases that it matches somewhere; given again, cases of the first come first",
    )
    parser.add_argument("--skip-check", action="store_true", help="time without checking the kernels first")
    parser.add_argument("--errors", action="store_true", help="compare whole models with PyTorch and time nothing")
    parser.add_argument("--ours-first", action="store_true", help="time every case here before PyTorch compiles one")
    parser.add_argument("--warm", action="store_true", help="only have PyTorch compile, for its cache")
    parser.add_argument("--limit", type=float, help="seconds that the benchmark program may take to answer")
    parser.add_argument("--without", action="append", default=[], metavar="WORDS", help="of -tuned: ways that are not tried")
    parser.add_argument("--mode", default="max-autotune", help="of torch.compile; reduce-overhead compiles sooner")
    return parser.parse_args()


class Row:
    """A case of the table: what is known of it so far."""

    def __init__(self, underpaint: Underpaint, case: str) -> None:
        self.underpaint, self.case = underpaint, case
        self.times: dict[str, float] = {}
        self.theirs = float("nan")
        self.clocks: list[int | None] = []
        self.errors = self.fault = ""

    @functools.cached_property
    def peer(self) -> Model | Callable[[], object] | None:
        return peer(self.case, OPTIONS.mode)

    def measure(self) -> None:
        """Times and errors of this side, all that needs no compiling by PyTorch."""
        if not OPTIONS.errors:
            # Compiled, uploaded and, where it is wanted, tuned: the clock of none of that is looked at.
            self.underpaint.measure(OPTIONS.device, OPTIONS.precision, 0, self.case)
            with Clock() as clock:
                self.times = self.underpaint.measure(OPTIONS.device, OPTIONS.precision, OPTIONS.seconds, self.case)
            self.clocks.append(clock.median)
        if isinstance(self.peer, Model):
            found = self.underpaint.result(OPTIONS.device, OPTIONS.precision, self.case)
            self.errors = f"{self.peer.error(found):.1e}"

    def compare(self) -> None:
        """Times and errors of PyTorch."""
        if not self.peer:
            return
        # Else one function in many shapes is, after eight of them, not compiled any more.
        torch._dynamo.reset()
        run = self.peer
        if isinstance(run, Model):
            self.errors += f", PyTorch {run.error(run.flat(run.run())):.1e}"
            run = run.run
        # Compiled, as above.
        for _ in range(3):
            run()
        synchronise()
        with Clock() as clock:
            self.theirs = fastest(run, OPTIONS.seconds)
        self.clocks.append(clock.median)
        # Large models do not all fit on a card at once.
        del self.peer

    def print(self, peak: float) -> None:
        run, nodes = self.times.get("run", float("nan")), self.times.get("nodes", float("nan"))
        share = self.times.get("operations", float("nan")) / nodes / peak
        numbers = [f"{1e3 * run:.3f}", f"{1e3 * nodes:.3f}", f"{share:.0%}", f"{1e3 * self.theirs:.3f}"]
        numbers = ["" if "nan" in number else number for number in [*numbers, f"{self.theirs / run:.2f}"]]
        clocks = ", ".join(f"{clock}" for clock in self.clocks if clock is not None)
        print(f"| {' | '.join([self.case, *numbers, clocks, self.fault or self.errors])} |", flush=True)


def attempt(row: Row, step: Callable[[], None]) -> None:
    """A step of a row, whose failure is that row's."""
    try:
        step()
    except Exception as fault:  # noqa: BLE001  whatever PyTorch's compiler throws, too
        lines = str(fault).strip().splitlines() or [type(fault).__name__]
        row.fault = f"{row.errors} {lines[0]}".strip()


def chosen(underpaint: Underpaint) -> list[str]:
    """The cases that the options ask for, in their order."""
    names = [line for line in underpaint.lines("list", "") if line]
    if OPTIONS.small:
        is_large = re.compile(r"batch (2|4|8|16)$|SD 1.5|^linear \d{4}|10240")
        names = [name for name in names if not is_large.search(name)]
    ordered = [name for only in OPTIONS.only or [""] for name in names if re.search(only, name)]
    return list(dict.fromkeys(ordered))


def warm(cases: list[str]) -> None:
    for case in cases:
        start = time.perf_counter()
        torch._dynamo.reset()
        run = peer(case, OPTIONS.mode)
        if run:
            (run.run if isinstance(run, Model) else run)()
            synchronise()
        print(f"{case}: {time.perf_counter() - start:.1f} s", flush=True)


def main() -> None:
    underpaint = Underpaint(OPTIONS.program, OPTIONS.without)
    if OPTIONS.warm:
        with torch.inference_mode():
            return warm(chosen(underpaint))
    print("\n".join(underpaint.lines("devices", "")))
    if not OPTIONS.skip_check:
        underpaint.check(OPTIONS.device)

    with torch.inference_mode():
        side = 8192 if DEVICE == "cuda" else 512
        a, b = tensor(side, side), tensor(side, side)
        peak = 2 * side**3 / fastest(lambda: a @ b, OPTIONS.seconds)
        name = torch.cuda.get_device_name() if DEVICE == "cuda" else "the processor"
        print(f"\nVulkan {OPTIONS.precision} on {OPTIONS.device} beside torch {torch.__version__}, {TYPE}, on {name};")
        print(f"peak: {peak / 1e12:.1f} TFLOP/s in a product of {side}³ by PyTorch\n")
        print("| case | Vulkan, ms | in nodes, ms | share of peak | PyTorch, ms | Vulkan against PyTorch | clock, MHz | errors |")
        print("|---|---|---|---|---|---|---|---|")
        later: list[Row] = []
        for case in chosen(underpaint):
            row = Row(underpaint, case)
            if OPTIONS.errors and not is_model(case):
                continue
            attempt(row, row.measure)
            if OPTIONS.ours_first:
                later.append(row)
            elif not OPTIONS.errors and not row.fault:
                attempt(row, row.compare)
            row.print(peak)
        for row in later:
            attempt(row, row.compare)
            row.print(peak)


if __name__ == "__main__":
    OPTIONS = arguments()
    try:
        main()
    except Fault as fault:
        raise SystemExit(str(fault)) from None
