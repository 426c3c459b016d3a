"""Optimisers by name: Adam, AdamW, and Muon for the convolutions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
"""Coefficients of the quintic iteration of [Muon]."""
_ITERATIONS = 5
_TOGETHER = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimiserRecipe:
    """The optimiser, its rate over a run, and the average of the weights."""

    kind: Literal["adamw", "adam", "muon"] = "adamw"
    peak_rate: float = 1e-3
    warmup_steps: int = 200
    """Steps of linear warm-up."""
    decay: Literal["cosine", "none"] = "cosine"
    """After the warm-up: half a cosine down to zero at the end, or the peak throughout."""
    weight_decay: float = 1e-4
    """Decoupled; adam takes none."""
    betas: tuple[float, float] = (0.9, 0.99)
    clip_norm: float = 1.0
    """Largest norm of the generator's gradient; a longer one is scaled down to it."""
    average_decay: float = 0.998
    """Decay a step of the moving average that is kept as the result; less at the start."""

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if self.peak_rate <= 0 or self.clip_norm <= 0:
            raise ValueError(
                f"peak_rate = {self.peak_rate} and clip_norm = {self.clip_norm} must be positive."
            )
        if not 0 <= self.average_decay < 1:
            raise ValueError(f"average_decay = {self.average_decay} must be within 0 and 1.")


def make_optimiser(module: nn.Module, recipe: OptimiserRecipe) -> torch.optim.Optimizer:
    """Make the optimiser of a recipe for all parameters of `module`."""
    parameters = [p for p in module.parameters() if p.requires_grad]
    rate, betas = recipe.peak_rate, recipe.betas
    if recipe.kind == "muon":
        return Muon(parameters, lr=rate, betas=betas, weight_decay=recipe.weight_decay)
    if recipe.kind == "adam":
        return torch.optim.Adam(parameters, lr=rate, betas=betas, fused=True)
    return torch.optim.AdamW(
        parameters, lr=rate, betas=betas, weight_decay=recipe.weight_decay, fused=True
    )


class Muon(torch.optim.Optimizer):
    """Momentum whose step is made orthogonal, for weights of convolutions; AdamW for the rest.

    # Note: [Muon] Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024: a
    weight (O, I, h, w) is a matrix (O, I h w); five Newton-Schulz iterations drive the singular
    values of its momentum towards 1. The step is scaled by 0.2 sqrt(max(O, I h w)) (Liu et al.,
    arXiv 2502.16982, section 2.2), so that its entries are as large as AdamW's and one rate serves
    both. Biases take AdamW's step.
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        *,
        lr: float,
        betas: tuple[float, float],
        weight_decay: float,
    ) -> None:
        """Take parameters; those of two or more dimensions are orthogonalised."""
        super().__init__(parameters, {"lr": lr, "betas": betas, "weight_decay": weight_decay})
        self.map: Callable[..., Iterable[Any]] = map
        """How work is shared out; a thread pool's map spreads it over threads."""

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Move every parameter that has a gradient."""
        if closure is not None:
            raise ValueError("Muon takes no closure. Compute the gradients before step().")
        for group in self.param_groups:
            moved = [p for p in group["params"] if p.grad is not None]
            for parameter in moved:
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
            for parameter in (p for p in moved if p.ndim < 2):
                parameter.add_(self._adam(parameter, group["betas"]), alpha=-group["lr"])
            self._step_matrices([p for p in moved if p.ndim >= 2], group)

    def _step_matrices(self, parameters: list[Tensor], group: dict[str, Any]) -> None:
        """Move weights; a few of one shape are made orthogonal together, which is faster."""
        of_shape: dict[torch.Size, list[Tensor]] = {}
        for parameter in sorted(parameters, key=Tensor.numel, reverse=True):
            of_shape.setdefault(parameter.shape, []).append(parameter)
        jobs = [
            weights[first : first + _TOGETHER]
            for weights in of_shape.values()
            for first in range(0, len(weights), _TOGETHER)
        ]
        for _ in self.map(partial(self._step_job, group), jobs):
            pass

    @torch.no_grad()
    def _step_job(self, group: dict[str, Any], weights: list[Tensor]) -> None:
        matrices = torch.stack([self._ahead(w, group["betas"][0]).flatten(1) for w in weights])
        steps = orthogonalised(matrices) * (0.2 * max(matrices.shape[1:]) ** 0.5)
        for weight, step in zip(weights, steps, strict=True):
            weight.add_(step.view(weight.shape), alpha=-group["lr"])

    def _ahead(self, parameter: Tensor, beta: float) -> Tensor:
        """Update the momentum and give Nesterov's look ahead."""
        gradient = _gradient(parameter)
        momentum: Tensor = self.state[parameter].setdefault("momentum", torch.zeros_like(parameter))
        momentum.lerp_(gradient, 1 - beta)
        ahead: Tensor = gradient.lerp(momentum, beta)
        return ahead

    def _adam(self, parameter: Tensor, betas: tuple[float, float]) -> Tensor:
        state, gradient = self.state[parameter], _gradient(parameter)
        first: Tensor = state.setdefault("exp_avg", torch.zeros_like(parameter))
        second: Tensor = state.setdefault("exp_avg_sq", torch.zeros_like(parameter))
        count = state.setdefault("step", torch.zeros(()))
        count += 1
        first.lerp_(gradient, 1 - betas[0])
        second.lerp_(gradient.square(), 1 - betas[1])
        steps = float(count)
        unbiased: Tensor = (second / (1 - betas[1] ** steps)).sqrt_().add_(1e-8)
        direction: Tensor = first / (1 - betas[0] ** steps) / unbiased
        return direction


def _gradient(parameter: Tensor) -> Tensor:
    if parameter.grad is None:
        raise ValueError("A parameter without a gradient cannot be moved.")
    return parameter.grad


def orthogonalised(matrices: Tensor) -> Tensor:
    """Drive the singular values of matrices (N, R, C) towards 1, in bfloat16. See [Muon]."""
    a, b, c = _NEWTON_SCHULZ
    tall = matrices.shape[1] > matrices.shape[2]
    x = (matrices.mT if tall else matrices).bfloat16()
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(_ITERATIONS):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    result: Tensor = (x.mT if tall else x).to(matrices.dtype)
    return result
