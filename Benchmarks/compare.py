"""Times the CPU backend and PyTorch on the same shapes, turn by turn, and prints a table of ratios.

    swift build -c release --product underpaint-bench
    python Benchmarks/compare.py .build/release/underpaint-bench
    python Benchmarks/compare.py .build/release/underpaint-bench --precision bfloat16     # models by torch.compile, then
    python Benchmarks/compare.py .build/release/underpaint-bench --precision int8         # PyTorch's dynamic quantization

On a machine with other work put `chrt -r 5` before `python` (both sides then run undisturbed for some seconds).
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

# For both sides: long spins hold back the threads that are waited for when the machine has other work.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "CloudModels" / "training"))

import torch  # noqa: E402
from torch.nn import functional as F  # noqa: E402
from underpaint_training.models.critic import PROMPT, Critic  # noqa: E402
from underpaint_training.models.dit import DiT  # noqa: E402
from underpaint_training.models.vae import Decoder  # noqa: E402

THREADS = int(os.environ.get("THREADS", "2"))
SECONDS = 0.1
ROUNDS = 3


def fastest(run: Callable[[], object], seconds: float) -> float:
    """Seconds of the fastest of many runs."""
    run()
    best, count, end = float("inf"), 0, time.perf_counter() + seconds
    while count < 5 or time.perf_counter() < end:
        start = time.perf_counter()
        run()
        best, count = min(best, time.perf_counter() - start), count + 1
    return best


class Peak:
    """Operations a second of multiply-adds alone, on all threads."""

    def __init__(self, narrow: bool) -> None:
        library = Path(tempfile.mkdtemp()) / "peak.so"
        source = str(HERE / "peak.c")
        subprocess.run(["cc", "-O3", "-march=native", "-shared", "-fPIC", source, "-o", str(library)], check=True)
        functions = ctypes.CDLL(str(library))
        if narrow and not hasattr(functions, "narrow_multiply_adds"):
            sys.exit("this processor has no instructions for bfloat16")
        self.function = functions.narrow_multiply_adds if narrow else functions.multiply_adds
        self.function.argtypes, self.function.restype = [ctypes.c_long], ctypes.c_double
        self.operations = functions.narrow_operations() if narrow else 12 * 16 * 2

    def measure(self) -> float:
        turns = 300_000

        def all_threads() -> None:
            threads = [threading.Thread(target=self.function, args=(turns,)) for _ in range(THREADS)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        return THREADS * turns * self.operations / fastest(all_threads, SECONDS)


class Underpaint:
    """The benchmark program, kept running between the cases."""

    def __init__(self, program: str) -> None:
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def measure(self, library: str, case: str) -> dict[str, float]:
        assert self.process.stdin and self.process.stdout
        print(f"time {library} {THREADS} {SECONDS} {case}", file=self.process.stdin, flush=True)
        times = json.loads(self.process.stdout.readline())
        # Operations work inside PyTorch's memory, models take and give tensors.
        return times | {"best": times["run"] if "batch" in case else times["nodes"]}


Run = Callable[[], object]


def kind(precision: str) -> torch.dtype:
    return torch.bfloat16 if precision == "bfloat16" else torch.float32


def prepared(model: torch.nn.Module, precision: str) -> torch.nn.Module:
    """A model as people run it in that precision."""
    if precision == "bfloat16":
        return torch.compile(model.bfloat16())
    if precision == "int8":
        # Weights in bytes, rows brought to bytes as they come: what ours does, too.
        return torch.ao.quantization.quantize_dynamic(model, {torch.nn.Linear}, dtype=torch.qint8)
    return model


def convolution(inputs: int, outputs: int, side: int, precision: str) -> Run:
    weight = torch.randn(outputs, inputs, 3, 3, dtype=kind(precision))
    bias = torch.randn(outputs, dtype=kind(precision))
    x = torch.randn(1, inputs, side, side, dtype=kind(precision)).to(memory_format=torch.channels_last)
    weight = weight.to(memory_format=torch.channels_last)
    return lambda: F.conv2d(x, weight, bias, padding=1)


def linear(rows: int, inner: int, outputs: int, precision: str, gelu: bool = False) -> Run:
    x = torch.randn(rows, inner, dtype=kind(precision))
    layer = torch.nn.Linear(inner, outputs, dtype=kind(precision))
    if precision == "int8":
        layer = prepared(torch.nn.Sequential(layer), precision)
    return (lambda: F.gelu(layer(x), approximate="tanh")) if gelu else (lambda: layer(x))


def attention(batch: int, heads: int, queries: int, keys: int, width: int, precision: str) -> Run:
    q = torch.randn(batch, queries, heads, width, dtype=kind(precision)).transpose(1, 2)
    k, v = (torch.randn(batch, keys, heads, width, dtype=kind(precision)).transpose(1, 2) for _ in range(2))
    return lambda: F.scaled_dot_product_attention(q, k, v)


def transformer(width: int, heads: int, layers: int, batch: int, precision: str) -> Run:
    model = prepared(DiT(width, heads, layers, 1, 16, 256, guidance_embedding=True).eval(), precision)
    x, t, guidance = torch.randn(batch, 16, 16, 16), torch.full((batch,), 0.5), torch.full((batch,), 3.0)
    tokens, pooled = torch.randn(batch, 24, 256), torch.randn(batch, 256)
    return lambda: model(x, t, tokens, pooled, guidance)


def critic(precision: str) -> Run:
    model = prepared(Critic(256, 4, 4, 2, 16, 256, spacing=2, answers=(PROMPT,)).eval(), precision)
    x, t = torch.randn(1, 16, 16, 16), torch.full((1,), 0.25)
    tokens, pooled = torch.randn(1, 24, 256), torch.randn(1, 256)
    return lambda: model(x, t, tokens, pooled)


def decoder(precision: str) -> Run:
    model = prepared(Decoder(16, (128, 128, 96, 64), 2).eval().to(memory_format=torch.channels_last), precision)
    z = torch.randn(1, 16, 16, 16).to(memory_format=torch.channels_last)
    return lambda: model(z)


def repeated(function: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor) -> Run:
    def run() -> torch.Tensor:
        y = x
        for _ in range(8):
            y = function(y)
        return y

    return run


def rms_norm_silu(_: str) -> Run:
    weight = torch.ones(64)
    return repeated(lambda x: F.silu(F.rms_norm(x, (64,), weight, 1e-6)), torch.randn(1, 64, 64, 64))


def layer_norm_modulation(_: str) -> Run:
    shift, scale = torch.randn(2, 1, 256), torch.randn(2, 1, 256)
    return repeated(lambda x: F.layer_norm(x, (256,), eps=1e-6) * (1 + scale) + shift, torch.randn(2, 64, 256))


# Each takes the precision; norms alone are in float32 in all.
CASES: dict[str, Callable[[str], Run]] = {
    "verifier step, batch 1": partial(transformer, 384, 6, 14, 1),
    "verifier step, batch 2": partial(transformer, 384, 6, 14, 2),
    "verifier step, batch 8": partial(transformer, 384, 6, 14, 8),
    "draft step, batch 1": partial(transformer, 256, 4, 4, 1),
    "critic, batch 1": critic,
    "decoder, batch 1": decoder,
    "linear 64x256x768": partial(linear, 64, 256, 768),
    "linear 128x256x1024": partial(linear, 128, 256, 1024),
    "linear 128x1024x256": partial(linear, 128, 1024, 256),
    "linear 512x256x768": partial(linear, 512, 256, 768),
    "linear + gelu 128x256x1024": partial(linear, 128, 256, 1024, gelu=True),
    "attention 2x4x64x88x64": partial(attention, 2, 4, 64, 88, 64),
    "attention 1x8x1024x1024x40": partial(attention, 1, 8, 1024, 1024, 40),
    "convolution 8->128@16": partial(convolution, 8, 128, 16),
    "convolution 128->128@16": partial(convolution, 128, 128, 16),
    "convolution 96->96@32": partial(convolution, 96, 96, 32),
    "convolution 64->64@64": partial(convolution, 64, 64, 64),
    "convolution 64->12@64": partial(convolution, 64, 12, 64),
    "8 rms norm + silu 64x64x64": rms_norm_silu,
    "8 layer norm + modulation 2x64x256": layer_norm_modulation,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="underpaint-bench of a release build")
    parser.add_argument("--precision", choices=("float32", "bfloat16", "int8"), default="float32")
    options = parser.parse_args()
    precision = options.precision
    torch.set_num_threads(THREADS)
    peak, underpaint = Peak(precision == "bfloat16"), Underpaint(options.program)
    of = "; the peak is float32's" if precision == "int8" else ""
    print(f"{THREADS} threads, torch {torch.__version__}, {precision}; the median of {ROUNDS} rounds{of}\n")
    other = "OpenBLAS" if precision == "float32" else "oneDNN float32"
    kernels = ("onednn", "openblas") if precision == "float32" else (f"onednn-{precision}", "onednn")
    print(f"| case | oneDNN, share of peak | PyTorch, share of peak | oneDNN against PyTorch | {other} against PyTorch |")
    print("|---|---|---|---|---|")
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
        for name, make in CASES.items():
            # Bytes are of linear layers alone.
            if precision == "int8" and not ("step" in name or "linear" in name):
                continue
            run = make(precision)
            rows = []
            for _ in range(ROUNDS):
                top, theirs = peak.measure(), fastest(run, SECONDS)
                first, second = (underpaint.measure(kernel, name) for kernel in kernels)
                done = first["operations"] / top
                rows.append((done / first["best"], done / theirs, theirs / first["best"], theirs / second["best"]))
            ours, torchs, ratio, another = (statistics.median(column) for column in zip(*rows))
            print(f"| {name} | {ours:.0%} | {torchs:.0%} | {ratio:.2f} | {another:.2f} |", flush=True)


if __name__ == "__main__":
    main()
