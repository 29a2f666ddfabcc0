"""The loop of every training stage: a batch, gradients averaged over the processes, a step, the log, checkpoints, and all
of that again after a kill."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any, Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from .files import save
from .parallel import Group
from .recipe import LoopRecipe
from .training import Average, Clock, Optimizers, trapezoid

REFRESH_SECONDS = 120


class Loop:
    """One stage's training of `module`, of which the optimisers change `parts`.

    `state` is the stage's last checkpoint, None where it begins with the weights that the module has.
    """

    def __init__(
        self,
        recipe: LoopRecipe,
        module: nn.Module,
        parts: Sequence[nn.Module],
        state: dict[str, Any] | None,
        path: Path,
        group: Group,
    ) -> None:
        self.recipe, self.module, self.path, self.group = recipe, module, path, group
        self.parameters = [p for part in parts for p in part.parameters()]
        self.optimizers = Optimizers(parts, recipe.matrix_rate, recipe.rate, group)
        self.average = Average(module, recipe.ema)
        self.step, self.first, self.before = 0, 0, 0.0
        if state:
            module.load_state_dict(state["model"])
            self.average.module.load_state_dict(state["average"])
            self.step, self.before = state["step"], state["seconds"]
            self.first = self.optimizers.resume(state, self.step)

    @property
    def share(self) -> int:
        """Samples of a batch that are this process's."""
        return self.recipe.batch // self.group.size

    def rng(self) -> np.random.Generator:
        """A generator of this process's own, another one after every restart."""
        return np.random.default_rng((self.recipe.seed, self.step, self.group.rank))

    def generator(self, device: torch.device) -> torch.Generator:
        """On the device, where a large one would wait for the processor's noise."""
        return torch.Generator(device).manual_seed(1000 * self.step + 10 * self.recipe.seed + self.group.rank)

    def run(
        self,
        loss: Callable[[], Tensor],
        minutes: float | None,
        *,
        facts: Callable[[], dict[str, Any]] = dict,
        kept: Callable[[], dict[str, Any]] = dict,
        logged: Sequence[str] = (),
        report_steps: int | None = None,
        refresh: Callable[[], Any] | None = None,
        decay: float = 0.25,
        clip: float = 1.0,
    ) -> None:
        """Trains until `minutes` are spent (the recipe's where there are none), earlier runs included.

        `loss` draws a batch. `facts` go into every line of the log, one every `report_steps`; `kept` goes into the
        checkpoints, and a line with those of it that are `logged`, if any, into the log. `refresh` takes in new data. The rates fall over the last `decay` of the budget.
        """
        clock = Clock(self.recipe.minutes if minutes is None else minutes, self.before)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        log = self.path.with_suffix(".jsonl").open("a")
        # Read only where they are reported: each reading waits for the device.
        losses: list[Tensor] = []
        saved = refreshed = time.time()

        def report(extra: dict[str, Any]) -> None:
            line = {
                "step": self.step,
                "samples": self.step * self.recipe.batch,
                "seconds": round(clock.seconds),
                "loss": round(float(torch.stack(losses).mean()), 4) if losses else None,
            }
            line |= facts() | extra
            losses.clear()
            log.write(json.dumps(line) + "\n")
            log.flush()
            print(line, flush=True)

        def checkpoint() -> None:
            extra = kept()
            self._save(extra, clock.seconds)
            if logged:
                report({k: extra[k] for k in logged})

        fraction = clock.fraction
        while fraction < 1:
            value = loss()
            value.backward()
            fraction = self.group.average_gradients(self.parameters, clock.fraction)
            torch.nn.utils.clip_grad_norm_(self.parameters, clip)
            since = self.step - self.first
            self.optimizers.step(trapezoid(fraction, since, self.recipe.warmup, decay))
            self.average.update(self.module, since)
            if self.group.leads:
                losses.append(value.detach())
            self.step += 1
            if self.group.leads and report_steps is not None and self.step % report_steps == 0:
                report({})
            if self.group.leads and time.time() - saved > self.recipe.checkpoint_minutes * 60:
                checkpoint()
                saved = time.time()
            if refresh is not None and time.time() - refreshed > REFRESH_SECONDS:
                refresh()
                refreshed = time.time()
        if self.group.leads:
            checkpoint()
        log.close()

    def _save(self, extra: dict[str, Any], seconds: float) -> None:
        state = {
            "model": self.module.state_dict(),
            "average": self.average.module.state_dict(),
            "optimizers": self.optimizers.state(),
            "step": self.step,
            "first": self.first,
            "samples": self.step * self.recipe.batch,
            "seconds": seconds,
        }
        save(state | extra, self.path)
