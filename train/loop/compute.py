"""What computes a step: a device, a precision, and the threads of a CPU.

# Note: [Parts of a batch] On a CPU a batch may be worked off in parts, each by one thread from end
to end, instead of every layer by all threads: nobody waits at a layer for a thread that another
program keeps from its core (measured on 2 cores: 171 samples/s instead of 157 alone, 109 instead of
13 beside one busy process). Gradients are summed in the order of the parts, so the weights are the
same to the bit with any number of threads.
"""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from train.recipe import ComputeRecipe

_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
_SIDE = 2048
"""Of the matrices that the peak is measured with."""
A = TypeVar("A")
B = TypeVar("B")


@dataclass(frozen=True, slots=True)
class Compute:
    """Where and how a step is computed."""

    device: torch.device
    dtype: torch.dtype
    parts: int
    threads: int
    """Of a CPU, for all parts together."""
    map: Callable[[Callable[[A], B], Iterable[A]], Iterable[B]]
    """Like `map`, each call in a thread of its own where there are parts."""
    scaler: torch.amp.GradScaler
    """Scales the loss so that gradients do not vanish in fp16; otherwise idle."""

    def autocast(self) -> torch.autocast:
        """Open the precision's autocast."""
        return torch.autocast(self.device.type, self.dtype, enabled=self.dtype is not torch.float32)

    def critic_autocast(self) -> torch.autocast:
        """Open the critic's: it has no loss scale of its own, and without one fp16 loses it."""
        return torch.autocast(
            self.device.type, torch.bfloat16, enabled=self.dtype is torch.bfloat16
        )

    def to_device(self, tensors: Iterable[torch.Tensor]) -> tuple[torch.Tensor, ...]:
        """Bring a batch to the device."""
        return tuple(tensor.to(self.device, non_blocking=True) for tensor in tensors)


@contextmanager
def open_compute(recipe: ComputeRecipe, where: torch.device, threads: int) -> Iterator[Compute]:
    """Open a device for a run; `threads` are shared out among the parts.

    Raises:
        ValueError: the precision is not for the device.
    """
    if recipe.precision == "fp16" and where.type == "cpu":
        raise ValueError(
            "compute.precision = 'fp16' is for GPUs: its range is too small for a CPU's kernels,"
            " and no faster there. Take bf16."
        )
    scaler = torch.amp.GradScaler(where.type, enabled=recipe.precision == "fp16")
    parts = recipe.parts if where.type == "cpu" else 1
    each = max(1, threads // parts)
    torch.set_num_threads(each)
    dtype = _DTYPES[recipe.precision]
    if parts == 1:
        yield Compute(where, dtype, 1, threads, map, scaler)
        return
    workers = min(parts, threads)
    with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(each,)) as pool:
        yield Compute(where, dtype, parts, threads, pool.map, scaler)


def find_device(name: str) -> torch.device:
    """Find the device that `--device` names; of several processes each takes a GPU of its own.

    Raises:
        ValueError: there is no such device.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and "LOCAL_RANK" in os.environ:
        name = f"cuda:{os.environ['LOCAL_RANK']}"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ValueError(f"--device {name}: give cpu, cuda, cuda:N or auto.") from error
    if device.type not in ("cpu", "cuda"):
        raise ValueError(f"--device {name}: give cpu, cuda, cuda:N or auto.")
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ValueError(f"--device {name}: torch sees no GPU here. Take cpu, or auto.")
    return device


def measure_peak(compute: Compute) -> float:
    """Measure what the machine's matrix units reach in the precision, in TFLOP/s.

    The fastest of a few products of two 2048 x 2048 matrices, by all threads.
    """
    a, b = (torch.randn(_SIDE, _SIDE, device=compute.device, dtype=compute.dtype) for _ in "ab")
    fastest = float("inf")
    before = torch.get_num_threads()
    torch.set_num_threads(compute.threads)
    for _ in range(6):
        start = time.perf_counter()
        (a @ b)[0, 0].item()
        fastest = min(fastest, time.perf_counter() - start)
    torch.set_num_threads(before)
    return 2 * _SIDE**3 / fastest / 1e12


def set_gradients(
    parameters: Iterable[torch.nn.Parameter], of_parts: Iterable[Iterable[torch.Tensor]]
) -> None:
    """Set the gradient of every parameter to the mean over the parts, summed in their order."""
    for parameter, *gradients in zip(parameters, *of_parts, strict=True):
        first: Any = gradients[0]
        # In the memory layout of the parameter: the fused optimisers walk both as flat memory.
        parameter.grad = torch.empty_like(parameter).copy_(first)
        for gradient in gradients[1:]:
            parameter.grad += gradient
        parameter.grad /= len(gradients)
