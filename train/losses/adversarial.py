"""Losses of a generator and its critic against each other, and what keeps the critic Lipschitz.

Scores are a critic's: (N, 1), or (N, 1, h, w) for patches; every loss is a mean over all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from train.critics import CriticRecipe  # noqa: TC001 - recipes are read by their annotations

if TYPE_CHECKING:
    from train.critics import End


@dataclass(frozen=True, slots=True, kw_only=True)
class AdversarialRecipe:
    """How a critic is trained, and how much the generator heeds it."""

    loss: Literal["wasserstein", "hinge", "least-squares", "cross-entropy"]
    critic: CriticRecipe
    lipschitz: Literal["clip", "gradient-penalty", "none"]
    """What bounds the critic's slope; only the Wasserstein loss needs it, and has to have it."""
    clip: float = 0.01
    """Largest weight of the critic. See `clip_weights`."""
    penalty: float = 10.0
    """Weight of the gradient penalty in the critic's loss. See `gradient_penalty`."""
    updates: int = 5
    """Steps of the critic for each step of the generator."""
    weight: float = 1.0
    """Weight of `generator_loss` beside the generator's other losses."""

    def __post_init__(self) -> None:
        """Refuse values out of range and parts that do not go together."""
        for name, value in (("clip", self.clip), ("penalty", self.penalty)):
            if value <= 0:
                raise ValueError(f"adversarial.{name} = {value} must be positive.")
        if self.updates < 1:
            raise ValueError(f"adversarial.updates = {self.updates} must be at least 1.")
        if self.weight < 0:
            raise ValueError(f"adversarial.weight = {self.weight} is below zero.")
        if self.loss == "wasserstein" and self.lipschitz == "none":
            raise ValueError(
                "adversarial.loss = 'wasserstein' with lipschitz = 'none': without a bound on its"
                " slope the critic's loss has no minimum. Take 'clip' or 'gradient-penalty'."
            )
        if self.loss != "wasserstein" and self.lipschitz != "none":
            raise ValueError(
                f"adversarial.lipschitz = {self.lipschitz!r} belongs to the Wasserstein loss, not"
                f" to {self.loss!r}. Take lipschitz = 'none'."
            )
        if self.lipschitz == "gradient-penalty" and self.critic.norm == "batch":
            raise ValueError(
                "adversarial.lipschitz = 'gradient-penalty' with critic.norm = 'batch': the penalty"
                " is on the gradient of each sample's own score, and batch norm makes a score"
                " depend on the whole batch (arXiv 1704.00028, section 4). Take critic.norm ="
                " 'instance' or 'none', or lipschitz = 'clip'."
            )

    @property
    def end(self) -> End:
        """The critic's end that the loss needs."""
        return "sigmoid" if self.loss == "cross-entropy" else "linear"


def critic_loss(real: Tensor, fake: Tensor, recipe: AdversarialRecipe) -> Tensor:
    """Give what the critic lowers, from its scores of sharp and of restored pictures: a scalar.

    - wasserstein: mean(fake) - mean(real), Arjovsky et al., arXiv 1701.07875, algorithm 1. The
      gradient penalty is not in it.
    - hinge: mean(relu(1 - real)) + mean(relu(1 + fake)), Miyato et al., arXiv 1802.05957, eq. 16.
    - least-squares: (mean((real - 1)^2) + mean(fake^2)) / 2, Mao et al., arXiv 1611.04076, eq. 9.
    - cross-entropy: -mean(log real) - mean(log(1 - fake)), Goodfellow et al., arXiv 1406.2661,
      eq. 1; scores are probabilities.
    """
    real, fake = real.float(), fake.float()
    match recipe.loss:
        case "wasserstein":
            return fake.mean() - real.mean()
        case "hinge":
            return functional.relu(1 - real).mean() + functional.relu(1 + fake).mean()
        case "least-squares":
            return 0.5 * ((real - 1).square().mean() + fake.square().mean())
        case "cross-entropy":
            return _entropy(real, 1.0) + _entropy(fake, 0.0)


def generator_loss(fake: Tensor, recipe: AdversarialRecipe) -> Tensor:
    """Give what the generator lowers, from the critic's scores of restored pictures: a scalar.

    - wasserstein and hinge: -mean(fake), arXiv 1701.07875, algorithm 1; 1802.05957, eq. 17.
    - least-squares: mean((fake - 1)^2) / 2, arXiv 1611.04076, eq. 9.
    - cross-entropy: -mean(log fake), the one that does not saturate, arXiv 1406.2661, section 3.

    `recipe.weight` is not in it.
    """
    fake = fake.float()
    match recipe.loss:
        case "wasserstein" | "hinge":
            return -fake.mean()
        case "least-squares":
            return 0.5 * (fake - 1).square().mean()
        case "cross-entropy":
            return _entropy(fake, 1.0)


def gradient_penalty(critic: nn.Module, real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
    """Give the mean of (|gradient of a score| - 1)^2 at points between real and fake: a scalar.

    Gulrajani et al., arXiv 1704.00028, eq. 3: each sample gets one point, its own uniform share
    between its two pictures; the norm is over all of the sample's C x H x W. A patch critic's score
    of a sample is the mean over its patches. In float32, whatever the surrounding precision.

    Args:
        critic: takes (N, 3, H, W); without batch norm.
        real: sharp pictures (N, 3, H, W).
        fake: restored pictures, the same shape; nothing flows back into their generator.
        rng: draws the shares.
    """
    share = torch.rand(len(real), 1, 1, 1, generator=rng, device=rng.device).to(real.device)
    with torch.autocast(real.device.type, enabled=False):
        between = torch.lerp(real.detach().float(), fake.detach().float(), share).requires_grad_()
        scores = critic(between).flatten(1).mean(1)
        (slope,) = torch.autograd.grad(scores.sum(), between, create_graph=True)
        norms: Tensor = torch.linalg.vector_norm(slope.flatten(1), dim=1)
        return (norms - 1).square().mean()


@torch.no_grad()
def clip_weights(critic: nn.Module, bound: float) -> None:
    """Clip every parameter of `critic` to [-bound, bound], after each of its steps.

    Arjovsky et al., arXiv 1701.07875, algorithm 1, line 7: all of them, a norm's factors and the
    biases as well.
    """
    for parameter in critic.parameters():
        parameter.clamp_(-bound, bound)


def _entropy(probability: Tensor, truth: float) -> Tensor:
    # Autocast refuses this function, even on the float32 that is given here.
    with torch.autocast(probability.device.type, enabled=False):
        return functional.binary_cross_entropy(probability, torch.full_like(probability, truth))
