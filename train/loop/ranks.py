"""Several processes that train one run, started by torchrun.

Each works off its share of the global batch; gradients are averaged over all of them before the
step, as DistributedDataParallel does (Li et al., arXiv 2006.15704, section 3). The wrapper itself
is not used: its hooks want one backward pass a step, and here are several (parts of a batch, the
critic's updates, the gradient penalty).
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import distributed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from torch import Tensor, nn


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranks:
    """Which of the processes this is."""

    rank: int = 0
    count: int = 1

    @property
    def is_first(self) -> bool:
        """The first writes, reports and validates; the others only train."""
        return self.rank == 0

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Set every gradient to its mean over all processes."""
        if self.count > 1:
            gradients = [p.grad for p in parameters if p.grad is not None]
            flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
            distributed.all_reduce(flat)
            flat /= self.count
            pieces = torch.split(flat, [gradient.numel() for gradient in gradients])
            for gradient, piece in zip(gradients, pieces, strict=True):
                gradient.copy_(piece.view(gradient.shape))

    def average(self, *values: float) -> tuple[float, ...]:
        """Give the means of numbers over all processes."""
        if self.count == 1:
            return values
        tensor = torch.tensor(values, dtype=torch.float64)
        distributed.all_reduce(tensor)
        return tuple((tensor / self.count).tolist())

    def from_first(self, value: float) -> float:
        """Give the first process's number to all."""
        if self.count == 1:
            return value
        tensor = torch.tensor(value, dtype=torch.float64)
        distributed.broadcast(tensor, 0)
        return float(tensor)

    def share_buffers(self, buffers: Iterable[Tensor]) -> None:
        """Take the first process's statistics of batch norm, which are not averaged."""
        if self.count > 1:
            for buffer in buffers:
                distributed.broadcast(buffer, 0)

    def wait(self) -> None:
        """Wait for the others."""
        if self.count > 1:
            distributed.barrier()


@contextmanager
def join_ranks(device: torch.device) -> Iterator[Ranks]:
    """Join the processes that torchrun started; alone where it did not start this one."""
    if "RANK" not in os.environ:
        yield Ranks()
        return
    distributed.init_process_group("gloo" if device.type == "cpu" else "cpu:gloo,cuda:nccl")
    try:
        yield Ranks(rank=distributed.get_rank(), count=distributed.get_world_size())
    finally:
        distributed.destroy_process_group()
