"""What all training loops share: a clock that survives restarts, averaged weights, the Muon optimiser."""

from __future__ import annotations

import copy
import os
import time
from typing import Any, Iterable

import torch
from torch import Tensor, nn

from .parallel import Group


class Clock:
    """Seconds trained so far, those before a restart counted in, against a budget; one of zero is spent at once."""

    def __init__(self, minutes: float, before: float = 0.0) -> None:
        self.budget = minutes * 60
        self._start = time.time() - before

    @property
    def seconds(self) -> float:
        return time.time() - self._start

    @property
    def fraction(self) -> float:
        return min(1.0, self.seconds / self.budget) if self.budget > 0 else 1.0


class Average:
    """Exponential moving average of a module's weights, with a short memory early on."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.module = copy.deepcopy(module).eval().requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def update(self, module: nn.Module, step: int) -> None:
        decay = min(self.decay, (step + 1) / (step + 10))
        torch._foreach_lerp_(list(self.module.parameters()), list(module.parameters()), 1 - decay)
        # Statistics of batch norms follow the weights; counters are copied.
        for a, b in zip(self.module.buffers(), module.buffers()):
            a.lerp_(b, 1 - decay) if a.is_floating_point() else a.copy_(b)


def trapezoid(fraction: float, step: int, warmup: int, decay: float = 0.25) -> float:
    """Learning rate factor: linear warm-up, constant, linear decay over the last share of the budget."""
    return min(1.0, (step + 1) / warmup) * min(1.0, max(0.02, (1 - fraction) / decay))


def orthogonalised(g: Tensor) -> Tensor:
    """Newton–Schulz iteration toward the nearest semi-orthogonal matrices, [batch, rows, columns]."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = g.bfloat16()
    tall = x.shape[-2] > x.shape[-1]
    x = x.mT if tall else x
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(5):
        s = x @ x.mT
        x = a * x + (b * s + c * s @ s) @ x
    return (x.mT if tall else x).to(g.dtype)


class Muon(torch.optim.Optimizer):
    """Momentum orthogonalised by Newton–Schulz (Jordan et al. 2024), batched by shape; a convolution is [out, rest]."""

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float,
        processes: Group,
        momentum: float = 0.95,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})
        self.processes = processes

    @torch.no_grad()
    def step(self, closure: None = None) -> None:
        for group in self.param_groups:
            shapes: dict[torch.Size, list[Tensor]] = {}
            for p in group["params"]:
                if p.grad is not None:
                    shapes.setdefault(p.shape, []).append(p)
            for shape, parameters in shapes.items():
                gradients = [p.grad for p in parameters]
                buffers = [self._momentum(p) for p in parameters]
                torch._foreach_lerp_(buffers, gradients, 1 - group["momentum"])
                updates = torch.stack(gradients).lerp(torch.stack(buffers), group["momentum"]).flatten(2)
                directions = self.processes.shared_map(orthogonalised, updates)
                scale = max(1.0, shape[0] / updates.shape[2]) ** 0.5
                torch._foreach_mul_(parameters, 1 - group["lr"] * group["weight_decay"])
                steps = directions.reshape(-1, *shape).unbind()
                torch._foreach_add_(parameters, steps, alpha=-group["lr"] * scale)

    def _momentum(self, parameter: Tensor) -> Tensor:
        state = self.state[parameter]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(parameter)
        return state["momentum"]


def _is_hidden_matrix(name: str, p: Tensor) -> bool:
    """Weights between hidden layers; embeddings, modulation, input and output layers are AdamW's."""
    if p.ndim == 4:
        return "conv_in" not in name and "conv_out" not in name
    return p.ndim == 2 and name.startswith("blocks.") and not name.endswith("table")


class Optimizers:
    """Muon for the matrices inside blocks, AdamW for all else, one rate factor for both."""

    def __init__(
        self, modules: Iterable[nn.Module], matrix_rate: float, rate: float, processes: Group
    ) -> None:
        matrices, others = [], []
        for module in modules:
            for name, p in module.named_parameters():
                (matrices if _is_hidden_matrix(name, p) else others).append(p)
        self.muon = Muon(matrices, matrix_rate, processes, weight_decay=0.01)
        self.adam = torch.optim.AdamW(others, rate, betas=(0.9, 0.99), weight_decay=0.0)
        self.rates = (matrix_rate, rate)

    def step(self, factor: float) -> None:
        for optimizer, rate in zip((self.muon, self.adam), self.rates):
            for group in optimizer.param_groups:
                group["lr"] = rate * factor
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)

    def state(self) -> dict[str, Any]:
        return {"muon": self.muon.state_dict(), "adam": self.adam.state_dict()}

    def resume(self, checkpoint: dict[str, Any], step: int) -> int:
        """Takes over a checkpoint's states; returns the step that warm-up counts from.

        A checkpoint of adopted weights has no states: warm-up then starts at its step.
        """
        if "optimizers" not in checkpoint:
            return step
        self.muon.load_state_dict(checkpoint["optimizers"]["muon"])
        self.adam.load_state_dict(checkpoint["optimizers"]["adam"])
        return checkpoint.get("first", 0)


def device_of(name: str, processes: int = 1) -> torch.device:
    if name == "cpu":
        torch.set_num_threads(max(1, (os.cpu_count() or 1) // processes))
    else:
        torch.set_float32_matmul_precision("high")
    return torch.device(name)
