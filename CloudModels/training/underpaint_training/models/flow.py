"""Rectified flow: schedule, guidance and the sampler (arXiv 2209.03003), t from 1, noise, to 0, picture."""

from __future__ import annotations

from typing import Callable

import torch
from torch import Tensor

Velocity = Callable[[Tensor, Tensor], Tensor]

# What `walk` and the program's `FlowWalk` step by; pictures name it, for those of another do not go with them.
SAMPLER = "LMS (order 2)"


def schedule(steps: int, shift: float) -> Tensor:
    """Times t_0 = 1 … t_N = 0, [steps + 1]."""
    u = 1 - torch.arange(steps + 1, dtype=torch.float64) / steps
    return (shift * u / (1 + (shift - 1) * u)).float()


def noised_state(picture: Tensor, noise: Tensor, t: Tensor) -> Tensor:
    """Pictures [batch, H, W, C] under this noise at the times t [batch]."""
    mix = t[:, None, None, None]
    return (1 - mix) * picture + mix * noise


def entered(times: Tensor, time: float) -> Tensor:
    """The times of a schedule [steps + 1] that are left for a state at `time`, which comes first: of the steps between the
    first and the last, that whose time is nearest begins there. At the schedule's end that is its end alone."""
    if time <= 0:
        return times[-1:]
    step = 1 + int((times[1:-1] - time).abs().argmin())
    return torch.cat([times.new_tensor([time]), times[step + 1 :]])


def walk(velocity: Velocity, start: Tensor, times: Tensor) -> list[Tensor]:
    """States at the times, from [batch, H, W, C] at the first: by the two-step Adams–Bashforth method for steps of unlike
    length, by Euler's where there is no step before and at the last one, to 0 (`FlowWalk` of the program)."""
    states, before = [start], None
    for t, s in zip(times[:-1], times[1:]):
        x = states[-1]
        v = velocity(x, t.expand(x.shape[0]))
        mean = v
        if before is not None and s > 0:
            u, w = before
            mean = v + (s - t) / (2 * (t - u)) * (v - w)
        before = (t, v)
        states.append(x + (s - t) * mean)
    return states


def guided(
    model: torch.nn.Module,
    text: Tensor,
    pooled: Tensor,
    empty: Tensor,
    empty_pooled: Tensor,
    scale: Tensor | float,
) -> Velocity:
    """Classifier-free guidance, conditional and unconditional rows in one batch. `scale` is a number or [batch]."""

    def velocity(x: Tensor, t: Tensor) -> Tensor:
        n = x.shape[0]
        both = model(
            torch.cat([x, x]),
            torch.cat([t, t]),
            torch.cat([text, empty.expand(n, -1, -1)]),
            torch.cat([pooled, empty_pooled.expand(n, -1)]),
        ).float()
        c, u = both.chunk(2)
        w = scale.view(-1, 1, 1, 1) if isinstance(scale, Tensor) else scale
        return u + w * (c - u)

    return velocity
