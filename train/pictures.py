"""Pictures as tensors, in the units of the generators, and their way to RGB for whoever looks.

A picture of a `planes` generator is (y, u, v): (N, 1, H, W) and twice (N, 1, H/2, W/2), 8-bit codes
/ 256, as the package's contract has it. That of an `rgb` generator is (rgb,): (N, 3, H, W), R'G'B'
codes / 255. What a generator gives is the residual, in the same shapes and units.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from train.colour import BT709, ColourSpace

if TYPE_CHECKING:
    from collections.abc import Sequence

Tensors = tuple[Tensor, ...]
"""One picture, or one residual: three planes or one RGB tensor."""


def from_codes(codes: Sequence[Tensor]) -> Tensors:
    """Turn uint8 codes of a picture into float32 of its unit."""
    scale = 1 / 256 if len(codes) == 3 else 1 / 255
    return tuple(plane.float() * scale for plane in codes)


def to_rgb(picture: Sequence[Tensor], space: ColourSpace = BT709) -> Tensor:
    """Turn a picture into R'G'B' (N, 3, H, W), 0 black, 1 the brightest code; differentiable.

    Chroma is interpolated linearly between the middles of its 2x2 pixels. Nothing is clipped.
    """
    if len(picture) == 1:
        return picture[0]
    y, *chroma = picture
    large = [functional.interpolate(c, scale_factor=2, mode="bilinear") for c in chroma]
    ycc = torch.cat([y, *large], 1) * (256 / 255) - _offset(space).to(y.device)
    back = torch.linalg.inv(torch.from_numpy(space.matrix())).to(ycc)
    return torch.einsum("ij,njhw->nihw", back, ycc)


def _offset(space: ColourSpace) -> Tensor:
    return torch.from_numpy(space.offset() / 255).float().view(1, 3, 1, 1)
