"""One step of training: gradients of a batch, then weights and their average moved.

# Note: [Parts of a batch] A batch is worked off in parts, each by one thread from end to end,
instead of every layer by all threads: nobody waits at a layer for a thread that another program
keeps from its core (measured on 2 cores: 171 samples/s instead of 157 alone, 109 instead of 13
beside one busy process). Gradients are summed in the order of the parts, so the weights are the
same to the bit with any number of threads.
"""

from __future__ import annotations

from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import torch

from train.losses.fidelity import blurred_gain, log_error

if TYPE_CHECKING:
    from torch import Tensor

    from train.checkpoint import RunState
    from train.data.samples import Batch
    from train.generators.planes import Generator


def open_threads(count: int) -> Executor:
    """Open a pool whose threads each compute alone. See [Parts of a batch]."""
    torch.set_num_threads(1)
    return ThreadPoolExecutor(count, initializer=torch.set_num_threads, initargs=(1,))


def train_step(run: RunState, batch: Batch, rate: float, threads: Executor) -> tuple[float, float]:
    """Take one step on a batch; give the loss and the gain on blurred pictures, both in dB.

    Raises `FloatingPointError` once the loss is not finite.
    """
    options = run.recipe.optimiser
    parts = zip(*(plane.chunk(options.parts) for plane in batch), strict=True)
    losses, gains, gradients = zip(
        *threads.map(partial(_gradients, run.generator, options.error_floor), parts), strict=True
    )
    loss = sum(losses) / len(losses)
    if not loss - loss == 0:
        raise FloatingPointError(
            f"The loss is {loss} at step {run.step}. Lower optimiser.peak_rate."
        )
    for parameter, *of_parts in zip(run.generator.parameters(), *gradients, strict=True):
        # In the memory layout of the parameter: the fused optimiser walks both as flat memory.
        parameter.grad = torch.empty_like(parameter).copy_(of_parts[0])
        for gradient in of_parts[1:]:
            parameter.grad += gradient
        parameter.grad /= len(of_parts)
    torch.nn.utils.clip_grad_norm_(run.generator.parameters(), options.clip_norm, foreach=True)
    for group in run.optimiser.param_groups:
        group["lr"] = rate
    run.optimiser.step()
    run.step += 1
    run.samples += len(batch[0])
    _average(run)
    return loss, sum(gains) / len(gains)


def _gradients(
    generator: Generator, floor: float, part: Batch
) -> tuple[float, float, tuple[Tensor, ...]]:
    """Loss and gain in dB of a part, and the gradient of each parameter."""
    planes = [plane.float() / 256 for plane in part]
    blurred, sharp = planes[:3], planes[3:]
    with torch.autocast("cpu", torch.bfloat16):
        residual = generator(*blurred)
    restored = [a + b for a, b in zip(blurred, residual, strict=True)]
    loss = log_error(restored, sharp, floor)
    gradients = torch.autograd.grad(loss, [*generator.parameters()])
    with torch.no_grad():
        gain = blurred_gain(restored, blurred, sharp)
    return loss.item(), gain, gradients


def _average(run: RunState) -> None:
    """Move the average towards the weights, faster at first so that the start is forgotten."""
    decay = min(run.recipe.optimiser.average_decay, (1 + run.step) / (10 + run.step))
    weights = [p.detach() for p in run.generator.parameters()]
    torch._foreach_lerp_([*run.average.values()], weights, 1 - decay)
