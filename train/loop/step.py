"""One step of training: gradients of a batch, then weights and their average moved."""

from __future__ import annotations

import math
from functools import partial
from statistics import fmean
from typing import TYPE_CHECKING

import torch

from train.loop.compute import set_gradients
from train.loop.critic import train_critic
from train.loop.objective import Objective, Told, to_critic
from train.losses.fidelity import blurred_gain
from train.optimisers import Muon
from train.pictures import from_codes

if TYPE_CHECKING:
    from torch import Tensor

    from train.checkpoint import RunState
    from train.data.samples import Batch
    from train.generators import Generator
    from train.loop.tools import Tools
    from train.pictures import Tensors

Figures = dict[str, float]
"""Means over a batch: `loss`; `gain`, in dB, of blurred pictures; each loss before its weight."""


def train_step(run: RunState, batch: Batch, rate: float, tools: Tools) -> Figures:
    """Take one step on a batch: the critic's updates if the recipe has one, then the generator's.

    What is random in it (dropout, the gradient penalty) is drawn from the seed and the step.

    Raises:
        FloatingPointError: a loss is not finite. No weight of the generator has moved.
    """
    seed = (run.seed * 1_000_003 + run.step * 4_099 + tools.ranks.rank) % (1 << 31)
    torch.manual_seed(seed)
    codes = tools.compute.to_device(batch)
    parts = zip(*(plane.chunk(tools.compute.parts) for plane in codes), strict=True)
    work = partial(_work_off, run, tools, rate, seed)
    of_parts, gradients = zip(*tools.compute.map(work, parts), strict=True)
    names = of_parts[0]
    means = tools.ranks.average(*(fmean(figures[name] for figures in of_parts) for name in names))
    figures = dict(zip(names, means, strict=True))
    _check(figures, run)
    parameters = [*run.generator.parameters()]
    set_gradients(parameters, gradients)
    tools.ranks.average_gradients(parameters)
    _move(run, rate, tools)
    run.samples += len(batch[0]) * tools.ranks.count
    return figures


def _work_off(
    run: RunState, tools: Tools, rate: float, seed: int, part: Tensors
) -> tuple[Figures, tuple[Tensor, ...]]:
    """Figures of a part of the batch, and the gradient of each parameter.

    With a critic the part is the whole batch, and one restored picture serves both: first the
    critic learns from it, then the generator from the critic.
    """
    blurred, sharp = _split(part)
    with tools.compute.autocast():
        restored, told = _restore(run.generator, blurred)
    learnt = _train_critic(run, tools, rate, seed, (sharp, restored))
    objective = Objective(
        recipe=run.recipe,
        perceptual=tools.perceptual,
        critic=run.adversary.critic if run.adversary else None,
    )
    with tools.compute.autocast():
        loss, figures = objective(restored, sharp, told)
    scaled = tools.compute.scaler.scale(loss)
    gradients = torch.autograd.grad(scaled, [*run.generator.parameters()])
    with torch.no_grad():
        gain = blurred_gain(restored, blurred, sharp)
    return {"loss": float(loss.detach()), "gain": gain} | figures | learnt, gradients


def _restore(generator: Generator, blurred: Tensors) -> tuple[Tensors, Told | None]:
    spectrum = getattr(generator, "spectrum", None)
    if spectrum is None:
        return _add(blurred, generator(*blurred)), None
    power = spectrum.power(blurred[0])
    told = Told(spectrum=spectrum, power=power, code=spectrum(power))
    return _add(blurred, generator(*blurred, told.code)), told


def _train_critic(
    run: RunState, tools: Tools, rate: float, seed: int, pictures: tuple[Tensors, Tensors]
) -> Figures:
    if run.adversary is None or run.recipe.adversarial is None:
        return {}
    sharp, restored = (to_critic(picture).detach() for picture in pictures)
    loss = train_critic(
        run.adversary,
        run.recipe.adversarial,
        (sharp, restored),
        seed=seed,
        rate=rate,
        tools=tools,
    )
    return {"critic": loss}


def _split(codes: Tensors) -> tuple[Tensors, Tensors]:
    half = len(codes) // 2
    return from_codes(codes[:half]), from_codes(codes[half:])


def _add(picture: Tensors, residual: Tensors) -> Tensors:
    return tuple(a + b for a, b in zip(picture, residual, strict=True))


def _check(figures: Figures, run: RunState) -> None:
    bad = [name for name, value in figures.items() if not math.isfinite(value)]
    if bad:
        raise FloatingPointError(
            f"Not finite at step {run.step}: {', '.join(bad)}. Lower optimiser.peak_rate."
        )


def _move(run: RunState, rate: float, tools: Tools) -> None:
    """Clip the gradient, take the optimiser's step, move the average towards the weights."""
    scaler, options = tools.compute.scaler, run.recipe.optimiser
    scaler.unscale_(run.optimiser)
    norm = torch.nn.utils.clip_grad_norm_(
        run.generator.parameters(), options.clip_norm, foreach=True
    )
    # In fp16 the scaler skips such a step and lowers its scale.
    if not scaler.is_enabled() and not math.isfinite(norm):
        raise FloatingPointError(
            f"The gradient is not finite at step {run.step}. Lower optimiser.peak_rate."
        )
    for group in run.optimiser.param_groups:
        group["lr"] = rate
    if isinstance(run.optimiser, Muon):
        run.optimiser.map = tools.compute.map
    scaler.step(run.optimiser)
    scaler.update()
    run.scaler = scaler.state_dict()
    tools.ranks.share_buffers(run.generator.buffers())
    run.step += 1
    # Faster at first, so that the start is forgotten.
    decay = min(options.average_decay, (1 + run.step) / (10 + run.step))
    weights = [p.detach() for p in run.generator.parameters()]
    torch._foreach_lerp_([*run.average.values()], weights, 1 - decay)
