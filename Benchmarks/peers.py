"""The cases of gpu.py in PyTorch: whole models and single nodes, compiled where there is a card."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import torch
from torch.nn import functional as F
from underpaint_training.models.critic import PROMPT, Critic
from underpaint_training.models.dit import DiT
from underpaint_training.models.vae import Decoder

from tensors import fill, given
from unet import SD1, SMALL, UNet

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
TYPE = torch.bfloat16 if DEVICE == "cuda" else torch.float32
# Products in float32 are compared with, so they must be that.
torch.backends.cudnn.allow_tf32 = False


# What is to be run, and what on.
Node = tuple[Callable[..., object], tuple[torch.Tensor, ...]]


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


def compiled(mode: str, function: Callable[..., object], inputs: tuple[torch.Tensor, ...]) -> Callable[[], object]:
    """A run of the compiled function; CUDA graphs take the launches out, as the command buffer does for Vulkan."""
    if DEVICE == "cuda":
        # For these shapes alone: a model that was compiled for another batch would else be compiled for any.
        function = torch.compile(function, mode=mode, dynamic=False)
    return lambda: function(*inputs)


def mixed(model: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    """The model with products in the type that is timed, whatever its sinusoids are in, as in training."""

    def run(*inputs: torch.Tensor) -> torch.Tensor:
        with torch.autocast(DEVICE, TYPE, enabled=TYPE is not torch.float32):
            return model(*inputs)

    return run


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
        model = model.to(TYPE)
        timed = mixed(model) if isinstance(model, DiT) else model
        self.node: Node = (timed, tuple(x.to(TYPE) if x.ndim > 1 else x for x in inputs))

    def compile(self, mode: str) -> Model:
        self.run = compiled(mode, *self.node)
        return self

    def flat(self, result: torch.Tensor) -> torch.Tensor:
        """As the graph lays it out: channels innermost."""
        return (result.permute(0, 2, 3, 1) if self.channels_last else result).double().flatten()

    def error(self, result: torch.Tensor) -> float:
        """Normalised mean squared error of a flat result."""
        # Else one number would be compared with each of several.
        if result.shape != self.exact.shape:
            raise ValueError(f"{len(result)} numbers instead of {len(self.exact)}")
        return float((result.to(self.exact) - self.exact).pow(2).sum() / self.exact.pow(2).sum())


def transformer(width: int, heads: int, layers: int, batch: int) -> Model:
    model = DiT(width, heads, layers, 1, 16, 256, guidance_embedding=True)
    inputs = given("latent", batch, 16, 16, 16, device=DEVICE), given("time", batch, device=DEVICE)
    text = given("tokens", batch, 24, 256, device=DEVICE), given("pooled", batch, 256, device=DEVICE)
    return Model(model, *inputs, *text, given("guidance", batch, device=DEVICE))


def critic() -> Model:
    inputs = given("latent", 1, 16, 16, 16, device=DEVICE), given("time", 1, device=DEVICE)
    text = given("tokens", 1, 24, 256, device=DEVICE), given("pooled", 1, 256, device=DEVICE)
    return Model(Critic(256, 4, 4, 2, 16, 256, spacing=2, answers=(PROMPT,)), *inputs, *text)


def decoder() -> Model:
    return Model(Decoder(16, (128, 128, 96, 64), 2), given("latent", 1, 16, 16, 16, device=DEVICE), channels_last=True)


def unet(shape: dict, side: int, words: int, batch: int) -> Model:
    with torch.device(DEVICE):
        model = UNet(**shape)
    inputs = given("latent", batch, side, side, shape["channels"], device=DEVICE), given("time", batch, device=DEVICE)
    return Model(model, *inputs, given("tokens", batch, words, shape["text"], device=DEVICE), channels_last=True)


def linear(rows: int, inner: int, outputs: int) -> Node:
    return F.linear, (tensor(rows, inner), tensor(outputs, inner), tensor(outputs))


def convolution(inputs: int, outputs: int, side: int, batch: int) -> Node:
    layout = torch.channels_last
    x, weight = tensor(batch, inputs, side, side), tensor(outputs, inputs, 3, 3)
    run = lambda x, w, b: F.conv2d(x, w, b, padding=1)  # noqa: E731
    return run, (x.to(memory_format=layout), weight.to(memory_format=layout), tensor(outputs))


def attention(tokens: int, heads: int, width: int, batch: int) -> Node:
    return F.scaled_dot_product_attention, tuple(tensor(batch, tokens, heads, width).transpose(1, 2) for _ in range(3))


def group_norm(channels: int, side: int, batch: int) -> Node:
    x = tensor(batch, channels, side, side).to(memory_format=torch.channels_last)
    run = lambda x, w, b: F.silu(F.group_norm(x, 32, w, b, 1e-5))  # noqa: E731
    return run, (x, tensor(channels), tensor(channels))


def peer(name: str, mode: str) -> Model | Callable[[], object] | None:
    """A case in PyTorch, compiled in a mode of `torch.compile`; None for what has no peer here."""
    found = case(name)
    if found is None:
        return None
    return found.compile(mode) if isinstance(found, Model) else compiled(mode, *found)


def is_model(name: str) -> bool:
    """Whether a case is a whole model, told without making it."""
    return name.startswith(("verifier step", "draft step", "critic", "decoder", "SD 1.5 U-Net", "small U-Net"))


def case(name: str) -> Model | Node | None:
    numbers = [int(number) for number in re.findall(r"\d+", name)]
    if name.startswith("verifier step"):
        return transformer(384, 6, 14, numbers[0])
    if name.startswith("draft step"):
        return transformer(256, 4, 4, numbers[0])
    if name.startswith("critic"):
        return critic()
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
