"""The networks that judge whether a picture is sharp by nature or restored.

Both take R'G'B' (N, 3, H, W) in [-1, 1] and give scores that grow with the belief that the picture
is real: one a picture, or one a patch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Sequence

End = Literal["linear", "sigmoid"]
"""A critic's end: any number, or a probability."""
Norm = Literal["batch", "instance", "none"]
SIDE = 256
"""Pixels: the one size that the dense critic takes."""
SMALLEST_PATCH_SIDE = 70
"""Pixels: the patch critic's receptive field (see `PatchCritic`)."""
_DENSE_CONVOLUTIONS = ((64, 2), (64, 2), (128, 2), (256, 2), (512, 1), (1, 1))
_PATCH_CONVOLUTIONS = ((64, 2), (128, 2), (256, 2), (512, 1), (1, 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class CriticRecipe:
    """Which critic."""

    kind: Literal["deblurgan-dense", "patch"]
    norm: Norm
    """Between convolutions; instance norm is without weights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CriticRow:
    """A layer of the dense critic as a table shows it."""

    layer: Literal["convolution", "dense"]
    filters: int
    """Channels or units it gives."""
    stride: int
    """1 for a dense layer."""
    inputs: int
    """Channels or units it takes."""
    side: int
    """Height and width of what it gives; 1 for a dense layer."""


class DenseCritic(nn.Module):
    """One score for a picture of 256 x 256: convolutions, then two dense layers over all places.

    The critic of the Keras DeblurGAN, layer by layer (see `rows`). Between convolutions stand a
    norm, from the second on, and LeakyReLU 0.2; the sixth has neither, its 16 x 16 values go into
    the dense layers as they are. Padding is TensorFlow's 'same': for a 4x4 kernel of stride 1 that
    is one pixel before and two after; for stride 2 on even sides, one on each.

    The table printed with that critic says that its last convolution takes 256 channels. It takes
    the 512 that the one before it gives.
    """

    def __init__(self, norm: Norm, end: End) -> None:
        """Build the layers; convolutions begin normal, dense layers as Glorot's (Keras)."""
        super().__init__()
        self.convolutions = _convolutions(_DENSE_CONVOLUTIONS, norm, same=True)
        self.hidden = nn.Linear((SIDE // 16) ** 2, 1024)
        self.score = nn.Linear(1024, 1)
        for dense in (self.hidden, self.score):
            nn.init.xavier_uniform_(dense.weight)
            nn.init.zeros_(dense.bias)
        self.end = end

    def forward(self, rgb: Tensor) -> Tensor:
        """Give a score for each picture: (N, 3, 256, 256) in [-1, 1] -> (N, 1).

        Raises:
            ValueError: the pictures are of another size.
        """
        if tuple(rgb.shape[-2:]) != (SIDE, SIDE):
            raise ValueError(
                f"The deblurgan-dense critic takes {SIDE} x {SIDE} pixels, not {rgb.shape[-1]} x"
                f" {rgb.shape[-2]}. Crop to that, or take the patch critic."
            )
        places = self.convolutions(rgb).flatten(1).float()  # (N, 256)
        # In float32 whatever is around: scores differ by less than bf16 can tell.
        with torch.autocast(rgb.device.type, enabled=False):
            return _finish(self.score(torch.tanh(self.hidden(places))), self.end)

    def rows(self) -> list[CriticRow]:
        """List the layers with weights, in order."""
        rows, side = [], SIDE
        for conv in (m for m in self.convolutions if isinstance(m, nn.Conv2d)):
            stride = conv.stride[0]
            side //= stride
            rows.append(
                CriticRow(
                    layer="convolution",
                    filters=conv.out_channels,
                    stride=stride,
                    inputs=conv.in_channels,
                    side=side,
                )
            )
        rows += [
            CriticRow(
                layer="dense",
                filters=dense.out_features,
                stride=1,
                inputs=dense.in_features,
                side=1,
            )
            for dense in (self.hidden, self.score)
        ]
        return rows


class PatchCritic(nn.Module):
    """One score for each patch of 70 x 70: C64-C128-C256-C512 and a last convolution, 4x4.

    Isola et al., arXiv 1611.07004, section 6.1.2: strides 2, 2, 2, 1, 1, LeakyReLU 0.2, the norm
    not in the first; every convolution padded by one pixel.
    """

    def __init__(self, norm: Norm, end: End) -> None:
        """Build the layers; convolutions begin normal."""
        super().__init__()
        self.convolutions = _convolutions(_PATCH_CONVOLUTIONS, norm, same=False)
        self.end = end

    def forward(self, rgb: Tensor) -> Tensor:
        """Give a score for each patch: (N, 3, H, W) in [-1, 1] -> (N, 1, H // 8 - 2, W // 8 - 2).

        Raises:
            ValueError: a side is below 70 pixels: no whole patch would fit.
        """
        if min(rgb.shape[-2:]) < SMALLEST_PATCH_SIDE:
            raise ValueError(
                f"The patch critic takes sides of at least {SMALLEST_PATCH_SIDE} pixels, not"
                f" {rgb.shape[-1]} x {rgb.shape[-2]}. Crop larger."
            )
        return _finish(self.convolutions(rgb), self.end)


def make_critic(recipe: CriticRecipe, end: End) -> nn.Module:
    """Make a fresh critic. The loss decides its end (see `AdversarialRecipe.end`)."""
    if recipe.kind == "patch":
        return PatchCritic(recipe.norm, end)
    return DenseCritic(recipe.norm, end)


def _convolutions(table: Sequence[tuple[int, int]], norm: Norm, *, same: bool) -> nn.Sequential:
    """Stack 4x4 convolutions by filters and stride; the last, of one filter, stands bare."""
    layers: list[nn.Module] = []
    inputs = 3
    for filters, stride in table:
        normed = norm != "none" and inputs > 3 and filters > 1
        if same and stride == 1:
            layers.append(nn.ZeroPad2d((0, 1, 0, 1)))
        # A norm would take a bias out again.
        layers.append(nn.Conv2d(inputs, filters, 4, stride, padding=1, bias=not normed))
        if normed:
            layers.append(
                nn.BatchNorm2d(filters) if norm == "batch" else nn.InstanceNorm2d(filters)
            )
        if filters > 1:
            layers.append(nn.LeakyReLU(0.2))
        inputs = filters
    return nn.Sequential(*layers).apply(_begin)


def _finish(scores: Tensor, end: End) -> Tensor:
    # In float32: in bf16 every score above 6.24 would be the probability 1.
    return torch.sigmoid(scores.float()) if end == "sigmoid" else scores


def _begin(module: nn.Module) -> None:
    """Begin as the code of DeblurGAN and Isola et al. (arXiv 1611.07004, section 6.2) do."""
    if isinstance(module, nn.Conv2d):
        nn.init.normal_(module.weight, std=0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
