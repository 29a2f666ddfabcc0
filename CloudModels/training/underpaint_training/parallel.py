"""Data-parallel training by single-threaded processes that average their gradients.

On a busy machine two processes of one thread lose far less to preemption than one process of two threads, which waits
at every parallel region for the slower thread.
"""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Callable, Iterable

import torch
import torch.distributed as dist
from torch import Tensor


class Group:
    """This process among `size` of them; alone, every method is a no-op."""

    def __init__(self, rank: int, size: int, rendezvous: Path | None = None) -> None:
        self.rank, self.size = rank, size
        if size > 1:
            assert rendezvous is not None
            dist.init_process_group(
                "gloo",
                init_method=f"file://{rendezvous}",
                rank=rank,
                world_size=size,
                timeout=timedelta(minutes=30),
            )

    @property
    def leads(self) -> bool:
        return self.rank == 0

    def barrier(self) -> None:
        if self.size > 1:
            dist.barrier()

    def average_gradients(self, parameters: Iterable[Tensor], value: float) -> float:
        """Averages all gradients in place; returns the leader's `value`, so that all processes act on the same one."""
        if self.size == 1:
            return value
        gradients = [p.grad for p in parameters if p.grad is not None]
        flat = torch.cat(
            [g.flatten() for g in gradients] + [torch.tensor([value * self.size if self.leads else 0.0])]
        )
        dist.all_reduce(flat)
        flat /= self.size
        offset = 0
        for g in gradients:
            g.copy_(flat[offset : offset + g.numel()].view_as(g))
            offset += g.numel()
        return float(flat[-1])

    def shared_map(self, function: Callable[[Tensor], Tensor], batch: Tensor) -> Tensor:
        """`function` of a batch [n, …] of equal shape, each process computing its share of the n."""
        if self.size == 1:
            return function(batch)
        result = torch.zeros_like(batch)
        if self.rank < len(batch):
            result[self.rank :: self.size] = function(batch[self.rank :: self.size])
        dist.all_reduce(result)
        return result


def join(processes: int, folder: Path) -> Group:
    """Starts the other processes with this one's command line, and joins them."""
    folder.mkdir(parents=True, exist_ok=True)
    rank = os.environ.get("UNDERPAINT_RANK")
    if rank is not None:
        return Group(int(rank), processes, Path(os.environ["UNDERPAINT_RENDEZVOUS"]))
    if processes == 1:
        return Group(0, 1)
    rendezvous = folder / f"rendezvous-{os.getpid()}"
    rendezvous.unlink(missing_ok=True)
    for other in range(1, processes):
        environment = os.environ | {"UNDERPAINT_RANK": str(other), "UNDERPAINT_RENDEZVOUS": str(rendezvous)}
        subprocess.Popen(
            [sys.executable, "-m", "underpaint_training", *sys.argv[1:]],
            env=environment,
            start_new_session=True,
        )
    return Group(0, processes, rendezvous)
