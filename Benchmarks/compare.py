"""Times the CPU backend and PyTorch on the same shapes, turn by turn, and prints a table of ratios.

    swift build -c release --product underpaint-bench
    python Benchmarks/compare.py .build/release/underpaint-bench

On a machine with other work put `chrt -r 5` before `python` (both sides then run undisturbed for some seconds).
"""

from __future__ import annotations

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
from pathlib import Path

# For both sides: long spins hold back the threads that are waited for when the machine has other work.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "CloudModels" / "training"))

import torch  # noqa: E402
from torch.nn import functional as F  # noqa: E402
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
    """Float32 operations a second of fused multiply-adds alone, on all threads."""

    def __init__(self) -> None:
        library = Path(tempfile.mkdtemp()) / "peak.so"
        source = str(HERE / "peak.c")
        subprocess.run(["cc", "-O3", "-march=native", "-shared", "-fPIC", source, "-o", str(library)], check=True)
        self.function = ctypes.CDLL(str(library)).multiply_adds
        self.function.argtypes, self.function.restype = [ctypes.c_long], ctypes.c_double

    def measure(self) -> float:
        turns = 300_000

        def all_threads() -> None:
            threads = [threading.Thread(target=self.function, args=(turns,)) for _ in range(THREADS)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        return THREADS * turns * 12 * 16 * 2 / fastest(all_threads, SECONDS)


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


def convolution(inputs: int, outputs: int, side: int) -> Callable[[], object]:
    weight, bias = torch.randn(outputs, inputs, 3, 3), torch.randn(outputs)
    x = torch.randn(1, inputs, side, side).to(memory_format=torch.channels_last)
    weight = weight.to(memory_format=torch.channels_last)
    return lambda: F.conv2d(x, weight, bias, padding=1)


def linear(rows: int, inner: int, outputs: int, gelu: bool = False) -> Callable[[], object]:
    x, weight, bias = torch.randn(rows, inner), torch.randn(outputs, inner), torch.randn(outputs)
    if gelu:
        return lambda: F.gelu(F.linear(x, weight, bias), approximate="tanh")
    return lambda: F.linear(x, weight, bias)


def attention(batch: int, heads: int, queries: int, keys: int, width: int) -> Callable[[], object]:
    q = torch.randn(batch, queries, heads, width).transpose(1, 2)
    k, v = (torch.randn(batch, keys, heads, width).transpose(1, 2) for _ in range(2))
    return lambda: F.scaled_dot_product_attention(q, k, v)


def verifier(batch: int) -> Callable[[], object]:
    return transformer(384, 6, 14, batch)


def draft() -> Callable[[], object]:
    return transformer(256, 4, 4, 1)


def transformer(width: int, heads: int, layers: int, batch: int) -> Callable[[], object]:
    model = DiT(width, heads, layers, 1, 16, 256, guidance_embedding=True).eval()
    x, t, guidance = torch.randn(batch, 16, 16, 16), torch.full((batch,), 0.5), torch.full((batch,), 3.0)
    tokens, pooled = torch.randn(batch, 24, 256), torch.randn(batch, 256)
    return lambda: model(x, t, tokens, pooled, guidance)


def decoder() -> Callable[[], object]:
    model = Decoder(16, (128, 128, 96, 64), 2).eval().to(memory_format=torch.channels_last)
    z = torch.randn(1, 16, 16, 16).to(memory_format=torch.channels_last)
    return lambda: model(z)


def repeated(function: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor) -> Callable[[], object]:
    def run() -> torch.Tensor:
        y = x
        for _ in range(8):
            y = function(y)
        return y

    return run


def rms_norm_silu() -> Callable[[], object]:
    weight = torch.ones(64)
    return repeated(lambda x: F.silu(F.rms_norm(x, (64,), weight, 1e-6)), torch.randn(1, 64, 64, 64))


def layer_norm_modulation() -> Callable[[], object]:
    shift, scale = torch.randn(2, 1, 256), torch.randn(2, 1, 256)
    return repeated(lambda x: F.layer_norm(x, (256,), eps=1e-6) * (1 + scale) + shift, torch.randn(2, 64, 256))


CASES: dict[str, Callable[[], Callable[[], object]]] = {
    "verifier step, batch 1": lambda: verifier(1),
    "verifier step, batch 2": lambda: verifier(2),
    "verifier step, batch 8": lambda: verifier(8),
    "draft step, batch 1": draft,
    "decoder, batch 1": decoder,
    "linear 64x256x768": lambda: linear(64, 256, 768),
    "linear 128x256x1024": lambda: linear(128, 256, 1024),
    "linear 128x1024x256": lambda: linear(128, 1024, 256),
    "linear 512x256x768": lambda: linear(512, 256, 768),
    "linear + gelu 128x256x1024": lambda: linear(128, 256, 1024, gelu=True),
    "attention 2x4x64x88x64": lambda: attention(2, 4, 64, 88, 64),
    "attention 1x8x1024x1024x40": lambda: attention(1, 8, 1024, 1024, 40),
    "convolution 8->128@16": lambda: convolution(8, 128, 16),
    "convolution 128->128@16": lambda: convolution(128, 128, 16),
    "convolution 96->96@32": lambda: convolution(96, 96, 32),
    "convolution 64->64@64": lambda: convolution(64, 64, 64),
    "convolution 64->12@64": lambda: convolution(64, 12, 64),
    "8 rms norm + silu 64x64x64": rms_norm_silu,
    "8 layer norm + modulation 2x64x256": layer_norm_modulation,
}


def main() -> None:
    torch.set_num_threads(THREADS)
    peak, underpaint = Peak(), Underpaint(sys.argv[1])
    print(f"{THREADS} threads, torch {torch.__version__}, float32; the median of {ROUNDS} rounds\n")
    print("| case | oneDNN, share of peak | PyTorch, share of peak | oneDNN against PyTorch | OpenBLAS against PyTorch |")
    print("|---|---|---|---|---|")
    with torch.inference_mode():
        for name, make in CASES.items():
            run = make()
            rows = []
            for _ in range(ROUNDS):
                top, theirs = peak.measure(), fastest(run, SECONDS)
                onednn, openblas = (underpaint.measure(library, name) for library in ("onednn", "openblas"))
                done = onednn["operations"] / top
                rows.append(
                    (done / onednn["best"], done / theirs, theirs / onednn["best"], theirs / openblas["best"])
                )
            ours, torchs, ratio, portable = (statistics.median(column) for column in zip(*rows))
            print(f"| {name} | {ours:.0%} | {torchs:.0%} | {ratio:.2f} | {portable:.2f} |", flush=True)


if __name__ == "__main__":
    main()
