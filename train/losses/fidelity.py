"""Losses that compare the restored picture with the sharp one, sample by sample.

Pictures are those of `train.pictures`: (y, u, v) or (rgb,). An error in a plane counts by what it
does to R'G'B' in [0, 1] (see `colour.plane_weights`), so that both kinds of generator are judged
alike.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from train.colour import BT709, plane_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# Planes are in codes / 256 and R'G'B' in codes / 255.
_WEIGHTS = tuple((256 / 255) ** 2 * weight for weight in plane_weights(BT709))
_CHARBONNIER = 1e-3
"""Epsilon of Zamir et al., arXiv 2102.02808, section 3.1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FidelityRecipe:
    """How much of each loss is in the sum; 0 leaves it out."""

    psnr: float = 1.0
    """Minus the PSNR in dB. See `log_error`."""
    l1: float = 0.0
    charbonnier: float = 0.0
    fourier: float = 0.0
    """L1 between the spectra. See `fourier_l1`."""
    error_floor: float = 1e-5
    """Squared error below which improving a picture stops paying in psnr: 50 dB."""

    def __post_init__(self) -> None:
        """Refuse weights below zero."""
        for name in ("psnr", "l1", "charbonnier", "fourier"):
            if getattr(self, name) < 0:
                raise ValueError(f"fidelity.{name} = {getattr(self, name)} is below zero.")
        if self.error_floor <= 0:
            raise ValueError(f"fidelity.error_floor = {self.error_floor} must be positive.")

    @property
    def is_zero(self) -> bool:
        """Whether nothing is left in the sum."""
        return not any(getattr(self, f.name) for f in fields(self) if f.name != "error_floor")


def fidelity_loss(
    restored: Sequence[Tensor], sharp: Sequence[Tensor], recipe: FidelityRecipe
) -> Tensor:
    """Sum the losses of a recipe, each the mean over the pictures: a scalar."""
    total = torch.zeros((), device=restored[0].device)
    if recipe.psnr:
        total = total + recipe.psnr * log_error(restored, sharp, recipe.error_floor)
    for weight, loss in (
        (recipe.l1, l1),
        (recipe.charbonnier, charbonnier),
        (recipe.fourier, fourier_l1),
    ):
        if weight:
            total = total + weight * loss(restored, sharp)
    return total


def rgb_error(restored: Sequence[Tensor], sharp: Sequence[Tensor]) -> Tensor:
    """Mean squared error of each picture as RGB would show it: (N,).

    Chroma samples are means over their plane, so each counts per full-size pixel whatever the
    sampling. Planes are taken for BT.709 of limited range.
    """
    errors = [
        (a.float() - b.float()).square().mean((1, 2, 3))
        for a, b in zip(restored, sharp, strict=True)
    ]
    return _weighted(errors, 1.0)


def log_error(restored: Sequence[Tensor], sharp: Sequence[Tensor], floor: float) -> Tensor:
    """Mean over pictures of 10 log10(error + floor): minus the PSNR that is judged.

    The loss of Chen et al., arXiv 2105.06086, with a floor: below `floor` (of the unit, squared)
    improving a picture stops paying. Without one the few pairs whose input is already sharp would
    outweigh all others.
    """
    return 10 * torch.log10(rgb_error(restored, sharp) + floor).mean()


def l1(restored: Sequence[Tensor], sharp: Sequence[Tensor]) -> Tensor:
    """Mean absolute error."""
    return _mean_of(restored, sharp, lambda a, b: (a - b).abs().mean((1, 2, 3)))


def charbonnier(restored: Sequence[Tensor], sharp: Sequence[Tensor]) -> Tensor:
    """Mean of sqrt(d^2 + epsilon^2), epsilon 1e-3 (Charbonnier et al., ICIP 1994)."""
    return _mean_of(
        restored,
        sharp,
        lambda a, b: ((a - b).square() + _CHARBONNIER**2).sqrt().mean((1, 2, 3)),
    )


def fourier_l1(restored: Sequence[Tensor], sharp: Sequence[Tensor]) -> Tensor:
    """Mean absolute difference of the spectra's real and imaginary parts.

    Cho et al., arXiv 2108.05054, equation 7. The transform is unitary ("ortho"), so that the value
    does not grow with the crop.
    """

    def difference(a: Tensor, b: Tensor) -> Tensor:
        spectrum = torch.fft.rfft2(a - b, norm="ortho")
        return torch.view_as_real(spectrum).abs().mean((1, 2, 3, 4))

    return _mean_of(restored, sharp, difference)


def _mean_of(
    restored: Sequence[Tensor],
    sharp: Sequence[Tensor],
    error: Callable[[Tensor, Tensor], Tensor],
) -> Tensor:
    """Mean over pictures of an error that grows as the first power of the difference."""
    errors = [error(a.float(), b.float()) for a, b in zip(restored, sharp, strict=True)]
    return _weighted(errors, 0.5).mean()


def _weighted(errors: Sequence[Tensor], power: float) -> Tensor:
    """Add the planes' errors, (N,) each, by their weights to `power`."""
    if len(errors) == 1:
        return errors[0]
    y, u, v = (w**power * error for w, error in zip(_WEIGHTS, errors, strict=True))
    total: Tensor = y + u + v
    return total


def blurred_gain(
    restored: Sequence[Tensor], blurred: Sequence[Tensor], sharp: Sequence[Tensor]
) -> float:
    """Mean gain in dB over the pictures whose input is not the target itself; 0 where all are."""
    before, after = rgb_error(blurred, sharp), rgb_error(restored, sharp)
    gains = 10 * torch.log10(before / after)[before > 0]
    return gains.mean().item() if len(gains) else 0.0
