"""States in flight: trajectories that go on while the student learns from them, one step each time they are drawn.

Some follow the teacher, some the student itself, since a draft meets the states of its own errors (on-policy distillation,
Agarwal et al., arXiv 2306.13649). The teacher's velocity is the target at either.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .latents import LatentStore
from .models.dit import DiT
from .recipe import DistillationRecipe, Recipe
from .sampling import Painter
from .trajectories import DROP_FIELD, Sample, counts_of_sizes, scales

# What the teacher evaluates at once while the states are being spread over the steps.
CHUNK = 512


@dataclass
class Flight:
    """States of one size of picture; `own` are the student's. Steps are counted where the rows are drawn, so that no
    device is waited for."""

    x: Tensor  # [n, H, W, C]
    step: np.ndarray  # [n]
    ids: Tensor  # [n, token]
    scale: Tensor  # [n]
    own: Tensor  # [n] bool


@dataclass(frozen=True)
class Drawn:
    """A batch of states: which they are, and what the teacher says of them."""

    flight: Flight
    rows: np.ndarray  # [batch]
    where: Tensor  # the rows, on the device
    times: Tensor  # [batch]
    target: Tensor  # [batch, H, W, C]


class Rollouts:
    """As many states for every size of picture as its share of the shards."""

    def __init__(
        self,
        recipe: Recipe,
        student: DistillationRecipe,
        store: LatentStore,
        brush: Painter,
        verifier: DiT,
        rng: np.random.Generator,
        generator: torch.Generator,
    ) -> None:
        self.recipe, self.store, self.brush, self.verifier = recipe, store, brush, verifier
        self.rng, self.generator = rng, generator
        self.times = brush.times()
        self.flights = [
            self._begun(count, brush.shape_of(size), student.own_share)
            for size, count in counts_of_sizes(recipe, store, brush, student.rollouts)
        ]
        counts = np.array([len(f.x) for f in self.flights])
        self.shares = counts / counts.sum()
        self.drawn: Drawn | None = None

    @property
    def steps(self) -> int:
        return len(self.times) - 1

    def _renewed(self, flight: Flight, rows: np.ndarray) -> None:
        """These rows begin again: other noise, another caption."""
        count, device = len(rows), self.brush.device
        where = torch.from_numpy(rows).to(device)
        flight.x[where] = torch.randn(count, *flight.x.shape[1:], generator=self.generator, device=device)
        flight.step[rows] = 0
        flight.scale[where] = scales(self.recipe, count, self.generator)
        numbers, mirrors = self.rng.integers(0, len(self.store.fields), count), self.rng.integers(0, 2, count)
        captions = [self.store.wording(n, bool(m), self.rng, DROP_FIELD) for n, m in zip(numbers, mirrors)]
        flight.ids[where] = self.brush.tokenizer.batch(captions).to(device)

    @torch.no_grad()
    def _begun(self, count: int, shape: tuple[int, int, int], own_share: float) -> Flight:
        """Spread evenly over the steps by the teacher, so that every batch holds all times."""
        device = self.brush.device
        flight = Flight(
            torch.zeros(count, *shape, device=device),
            np.zeros(count, np.int64),
            torch.zeros(count, self.brush.tokenizer.length, dtype=torch.long, device=device),
            torch.zeros(count, device=device),
            torch.rand(count, generator=self.generator, device=device) < own_share,
        )
        everything = np.arange(count)
        self._renewed(flight, everything)
        goal = everything % self.steps
        for number in range(self.steps - 1):
            late = everything[goal > number]
            for rows in np.array_split(late, -(-len(late) // CHUNK)) if len(late) else ():
                drawn = self._draw(flight, rows)
                self._step(drawn, drawn.target)
        return flight

    def _draw(self, flight: Flight, rows: np.ndarray) -> Drawn:
        where = torch.from_numpy(rows).to(self.brush.device)
        times = self.times[torch.from_numpy(flight.step[rows]).to(self.brush.device)]
        velocity = self.brush.velocity(self.verifier, flight.ids[where], flight.scale[where])
        return Drawn(flight, rows, where, times, velocity(flight.x[where], times))

    def _step(self, drawn: Drawn, velocity: Tensor) -> None:
        flight = drawn.flight
        after = self.times[torch.from_numpy(flight.step[drawn.rows] + 1).to(self.brush.device)]
        flight.x[drawn.where] += (after - drawn.times)[:, None, None, None] * velocity
        flight.step[drawn.rows] += 1

    @torch.no_grad()
    def batch(self, rng: np.random.Generator, count: int) -> Sample:
        flight = self.flights[rng.choice(len(self.flights), p=self.shares)]
        if count > len(flight.x):
            raise ValueError(f"{len(flight.x)} states in flight are too few for {count} of a batch: raise \"rollouts\"")
        d = self.drawn = self._draw(flight, rng.choice(len(flight.x), count, replace=False))
        return Sample(flight.x[d.where], d.times, flight.ids[d.where], flight.scale[d.where], d.target)

    @torch.no_grad()
    def moved(self, velocity: Tensor) -> None:
        """The student's velocity [batch, H, W, C] at the states drawn last: all go one step on."""
        assert self.drawn is not None
        d, flight = self.drawn, self.drawn.flight
        own = flight.own[d.where][:, None, None, None]
        self._step(d, torch.where(own, velocity, d.target))
        ended = d.rows[flight.step[d.rows] == self.steps]
        if len(ended):
            self._renewed(flight, ended)
