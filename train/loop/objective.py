"""What a generator lowers: fidelity, perceptual distance, what the critic thinks, spectral error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from train.losses.adversarial import generator_loss
from train.losses.fidelity import fidelity_loss
from train.pictures import to_rgb

if TYPE_CHECKING:
    from torch import Tensor, nn

    from train.generators.spectrum import BlurSpectrum
    from train.losses.perceptual import PerceptualLoss
    from train.pictures import Tensors
    from train.recipe import Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a generator's spectrum told of a blurred picture on the way to the restored one."""

    spectrum: BlurSpectrum
    power: Tensor
    code: Tensor

    def error(self, sharp: Tensors) -> Tensor:
        """How wrong that is. See `BlurSpectrum.error`."""
        return self.spectrum.error(self.code, self.power, self.spectrum.power(sharp[0]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """The weighted sum of a recipe's losses."""

    recipe: Recipe
    perceptual: PerceptualLoss | None = None
    critic: nn.Module | None = None

    def __call__(
        self, restored: Tensors, sharp: Tensors, told: Told | None
    ) -> tuple[Tensor, dict[str, float]]:
        """Give the sum, a scalar, and each loss in it before it is weighted."""
        recipe = self.recipe
        fidelity = fidelity_loss(restored, sharp, recipe.fidelity)
        total, parts = fidelity, {"fidelity": float(fidelity.detach())}
        if self.perceptual is not None and recipe.perceptual is not None:
            distance = self.perceptual(to_rgb(restored), to_rgb(sharp))
            total = total + recipe.perceptual.weight * distance
            parts["perceptual"] = float(distance.detach())
        if self.critic is not None and recipe.adversarial is not None:
            verdict = generator_loss(self.critic(to_critic(restored)), recipe.adversarial)
            total = total + recipe.adversarial.weight * verdict
            parts["adversarial"] = float(verdict.detach())
        if told is not None:
            error = told.error(sharp)
            total = total + recipe.spectrum * error
            parts["spectrum"] = float(error.detach())
        return total, parts


def to_critic(picture: Tensors) -> Tensor:
    """Turn a picture into what critics look at: R'G'B' (N, 3, H, W) in [-1, 1]."""
    return 2 * to_rgb(picture) - 1
