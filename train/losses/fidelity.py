"""What training lowers: the logarithm of each picture's error, weighted as RGB shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from train.colour import BT709, chroma_weights

if TYPE_CHECKING:
    from collections.abc import Sequence

_WEIGHT_U, _WEIGHT_V = chroma_weights(BT709)


def rgb_error(restored: Sequence[Tensor], sharp: Sequence[Tensor]) -> Tensor:
    """Mean squared error of each picture as RGB would show it: planes y, u, v (N, 1, ., .) -> (N,).

    Chroma samples are means over their plane, so each counts per full-size pixel whatever the
    sampling. For the weights see `colour.chroma_weights` (BT.709, limited range: u 1.108, v 0.860).
    """
    y, u, v = (
        (a.float() - b.float()).square().mean((1, 2, 3))
        for a, b in zip(restored, sharp, strict=True)
    )
    return y + _WEIGHT_U * u + _WEIGHT_V * v


def log_error(restored: Sequence[Tensor], sharp: Sequence[Tensor], floor: float) -> Tensor:
    """Mean over pictures of 10 log10(error + floor): minus the PSNR that is judged.

    Below `floor` (of code / 2^depth, squared) improving a picture stops paying. Without one the
    few pairs whose input is already sharp would outweigh all others.
    """
    return 10 * torch.log10(rgb_error(restored, sharp) + floor).mean()


def blurred_gain(
    restored: Sequence[Tensor], blurred: Sequence[Tensor], sharp: Sequence[Tensor]
) -> float:
    """Mean gain in dB over the pictures whose input is not the target itself; 0 where all are."""
    before, after = rgb_error(blurred, sharp), rgb_error(restored, sharp)
    gains = 10 * torch.log10(before / after)[before > 0]
    return gains.mean().item() if len(gains) else 0.0
