"""Times the Vulkan backend and PyTorch (compiled, bfloat16) on one device, turn by turn, and prints a table.

    Scripts/pack-gpu-benchmark.sh OUT          # where Swift is; OUT goes to the machine with the graphics card
    python OUT/gpu.py                          # there: needs torch, no network, no Swift

Both sides have the same weights and inputs (tensors.py), made where they run. Whole models are also compared with PyTorch
in float32: the normalised mean squared error of either side. Compiling takes PyTorch minutes for a large model;
`--only REGEX` splits the table into runs.

`--small` leaves out what a software device cannot do in a minute; without CUDA PyTorch computes on the processor and
uncompiled, which tells nothing about speed and everything about whether the benchmark runs.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
for folder in (HERE, HERE.parent / "CloudModels" / "training"):
    sys.path.insert(0, str(folder))

import torch  # noqa: E402
from torch.nn import functional as F  # noqa: E402
from underpaint_training.models.dit import DiT  # noqa: E402
from underpaint_training.models.vae import Decoder  # noqa: E402

from tensors import fill, given  # noqa: E402
from unet import SD1, SMALL, UNet  # noqa: E402

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
TYPE = torch.bfloat16 if DEVICE == "cuda" else torch.float32
# Products in float32 are compared with, so they must be that.
torch.backends.cudnn.allow_tf32 = False


def synchronise() -> None:
    if DEVICE == "cuda":
        torch.cuda.synchronize()


def fastest(run: Callable[[], object], seconds: float) -> float:
    """Seconds of the fastest of at least five runs, each until the device has finished."""
    for _ in range(3):
        run()
    synchronise()
    best, count, end = float("inf"), 0, time.perf_counter() + seconds
    while count < 5 or time.perf_counter() < end:
        start = time.perf_counter()
        run()
        synchronise()
        best, count = min(best, time.perf_counter() - start), count + 1
    return best


def tensor(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, device=DEVICE, dtype=TYPE)


def compiled(function: Callable[..., object], *inputs: torch.Tensor) -> Callable[[], object]:
    """A run of the compiled function; CUDA graphs take the launches out, as the command buffer does for Vulkan."""
    if DEVICE == "cuda":
        function = torch.compile(function, mode=OPTIONS.mode)
    return lambda: function(*inputs)


class Model:
    """A whole model in the precision that is timed, and its result in float32."""

    def __init__(self, model: torch.nn.Module, *inputs: torch.Tensor, channels_last: bool = False) -> None:
        """Tensors of four dimensions and models that take them are [batch, channel, H, W] where `channels_last`."""
        self.channels_last = channels_last
        if channels_last:
            model = model.to(memory_format=torch.channels_last)
            inputs = tuple(x.permute(0, 3, 1, 2) if x.ndim == 4 else x for x in inputs)
        model = fill(model.eval().to(DEVICE))
        self.exact = self.flat(model(*inputs))
        self.run = compiled(model.to(TYPE), *(x.to(TYPE) if x.ndim > 1 else x for x in inputs))

    def flat(self, result: torch.Tensor) -> torch.Tensor:
        """As the graph lays it out: channels innermost."""
        return (result.permute(0, 2, 3, 1) if self.channels_last else result).double().flatten()

    def error(self, result: torch.Tensor) -> float:
        """Normalised mean squared error of a flat result."""
        return float((result.to(self.exact) - self.exact).pow(2).sum() / self.exact.pow(2).sum())


def verifier(batch: int) -> Model:
    model = DiT(256, 4, 8, 2, 8, 192, guidance_embedding=False)
    inputs = given("latent", batch, 16, 16, 8, device=DEVICE), given("time", batch, device=DEVICE)
    return Model(model, *inputs, given("tokens", batch, 24, 192, device=DEVICE), given("pooled", batch, 192, device=DEVICE))


def decoder() -> Model:
    return Model(Decoder(8, (128, 96, 64), 2), given("latent", 1, 16, 16, 8, device=DEVICE), channels_last=True)


def unet(shape: dict, side: int, words: int, batch: int) -> Model:
    with torch.device(DEVICE):
        model = UNet(**shape)
    inputs = given("latent", batch, side, side, shape["channels"], device=DEVICE), given("time", batch, device=DEVICE)
    return Model(model, *inputs, given("tokens", batch, words, shape["text"], device=DEVICE), channels_last=True)


def linear(rows: int, inner: int, outputs: int) -> Callable[[], object]:
    return compiled(F.linear, tensor(rows, inner), tensor(outputs, inner), tensor(outputs))


def convolution(inputs: int, outputs: int, side: int, batch: int) -> Callable[[], object]:
    layout = torch.channels_last
    x, weight = tensor(batch, inputs, side, side), tensor(outputs, inputs, 3, 3)
    run = lambda x, w, b: F.conv2d(x, w, b, padding=1)  # noqa: E731
    return compiled(run, x.to(memory_format=layout), weight.to(memory_format=layout), tensor(outputs))


def attention(tokens: int, heads: int, width: int, batch: int) -> Callable[[], object]:
    q, k, v = (tensor(batch, tokens, heads, width).transpose(1, 2) for _ in range(3))
    return compiled(F.scaled_dot_product_attention, q, k, v)


def group_norm(channels: int, side: int, batch: int) -> Callable[[], object]:
    x = tensor(batch, channels, side, side).to(memory_format=torch.channels_last)
    run = lambda x, w, b: F.silu(F.group_norm(x, 32, w, b, 1e-5))  # noqa: E731
    return compiled(run, x, tensor(channels), tensor(channels))


def peer(name: str) -> Model | Callable[[], object] | None:
    """The same in PyTorch, None for what has no peer here."""
    numbers = [int(number) for number in re.findall(r"\d+", name)]
    if name.startswith("verifier step"):
        return verifier(numbers[0])
    if name.startswith("decoder"):
        return decoder()
    if name.startswith("SD 1.5 U-Net"):
        return unet(SD1, 8 if "at 8x8" in name else 64, 77, numbers[-1])
    if name.startswith("small U-Net"):
        return unet(SMALL, 16, 9, numbers[-1])
    if re.fullmatch(r"linear \d+x\d+x\d+", name):
        return linear(*numbers)
    if re.fullmatch(r"convolution \d+->\d+@\d+(, batch \d+)?", name):
        return convolution(*numbers[:3], batch=numbers[3] if len(numbers) > 3 else 1)
    if name.startswith("attention of"):
        return attention(*numbers)
    if name.startswith("group norm"):
        return group_norm(*numbers)
    return None


class Underpaint:
    """The benchmark program, kept running between the cases."""

    def __init__(self, program: Path) -> None:
        libraries = f"{HERE / 'lib'}:{os.environ.get('LD_LIBRARY_PATH', '')}".rstrip(":")
        environment = os.environ | {"LD_LIBRARY_PATH": libraries}
        self.process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def lines(self, command: str, last: str) -> list[str]:
        """What a command answers, up to a line that begins with `last` (or is empty, for an empty `last`)."""
        assert self.process.stdin and self.process.stdout
        print(command, file=self.process.stdin, flush=True)
        lines: list[str] = []
        while line := self.process.stdout.readline():
            if (line.startswith(last) if last else not line.strip()) or line.startswith('{"error"'):
                return lines + [line.rstrip()]
            lines.append(line.rstrip())
        raise SystemExit(f"the benchmark program ended at: {command}")

    def result(self, device: str, precision: str, case: str) -> torch.Tensor:
        """The result of a case, flat."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "result"
            answer = json.loads(self.lines(f"write {device} {precision} {path} {case}", "{")[-1])
            if "error" in answer:
                raise SystemExit(answer["error"])
            return torch.frombuffer(bytearray(path.read_bytes()), dtype=torch.float32)

    def measure(self, device: str, precision: str, seconds: float, case: str) -> dict[str, float]:
        return json.loads(self.lines(f"time {device} {precision} {seconds} {case}", "{")[-1])


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=Path, default=HERE / "underpaint-gpu-bench")
    parser.add_argument("--device", default="auto", help="Vulkan device: auto, an index or part of a name")
    parser.add_argument("--precision", default="float16", choices=["float32", "float16", "bfloat16", "int8"])
    parser.add_argument("--seconds", type=float, default=0.5, help="for each case and side")
    parser.add_argument("--small", action="store_true", help="only what a software device can do, too")
    parser.add_argument("--only", default="", help="regular expression: only cases that it matches somewhere")
    parser.add_argument("--skip-check", action="store_true", help="time without checking the kernels first")
    parser.add_argument("--errors", action="store_true", help="compare whole models with PyTorch and time nothing")
    parser.add_argument("--mode", default="max-autotune", help="of torch.compile; reduce-overhead compiles sooner")
    return parser.parse_args()


def main() -> None:
    options = OPTIONS
    underpaint = Underpaint(options.program)
    print("\n".join(underpaint.lines("devices", "")))
    if not options.skip_check:
        check = underpaint.lines(f"check {options.device}", "{")
        if "error" in (end := json.loads(check[-1])):
            raise SystemExit(end["error"])
        print("\n".join(check), flush=True)

    with torch.inference_mode():
        side = 8192 if DEVICE == "cuda" else 512
        a, b = tensor(side, side), tensor(side, side)
        peak = 2 * side**3 / fastest(lambda: a @ b, options.seconds)
        name = torch.cuda.get_device_name() if DEVICE == "cuda" else "the processor"
        print(f"\nVulkan {options.precision} on {options.device} beside torch {torch.__version__}, {TYPE}, on {name};")
        print(f"peak: {peak / 1e12:.1f} TFLOP/s in a product of {side}³ by PyTorch\n")
        print("| case | Vulkan, ms | in nodes, ms | share of peak | PyTorch, ms | Vulkan against PyTorch | errors |")
        print("|---|---|---|---|---|---|---|")
        for case in [line for line in underpaint.lines("list", "") if line]:
            is_large = re.search(r"batch (2|8|16)$|SD 1.5|^linear \d{4}|10240", case)
            if (options.small and is_large) or not re.search(options.only, case):
                continue
            if options.errors:
                run = peer(case)
                if isinstance(run, Model):
                    found = underpaint.result(options.device, options.precision, case)
                    print(f"| {case} | | | | | | {run.error(found):.1e} |", flush=True)
                continue
            ours = underpaint.measure(options.device, options.precision, options.seconds, case)
            if "error" in ours:
                print(f"| {case} | {ours['error']} | | | | | |", flush=True)
                continue
            run = peer(case)
            errors = ""
            if isinstance(run, Model):
                found = underpaint.result(options.device, options.precision, case)
                errors = f"{run.error(found):.1e}, PyTorch {run.error(run.flat(run.run())):.1e}"
                run = run.run
            theirs = fastest(run, options.seconds) if run else float("nan")
            share = ours["operations"] / ours["nodes"] / peak
            print(
                f"| {case} | {1e3 * ours['run']:.3f} | {1e3 * ours['nodes']:.3f} | {share:.0%} "
                f"| {1e3 * theirs:.3f} | {theirs / ours['run']:.2f} | {errors} |",
                flush=True,
            )


if __name__ == "__main__":
    OPTIONS = arguments()
    main()
