"""The generator of DeblurGAN (Kupyn et al., arXiv 1711.07064, section 4.2 and figure 3) on RGB.

A 7x7 stem, two convolutions of stride 2, residual blocks at a quarter of the size, two steps up, a
7x7 end and tanh. Against its two well-known codes: a residual block has both of its convolutions
(one code loses one to the precedence of an `if`), the skip adds and does not halve, and the last
convolution begins at zero, so that a fresh generator leaves every picture as it is.

With instance norm the network sums over the whole picture: the residual of a pixel depends on
pixels far away and on the picture's size. With batch norm that holds in training only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

from torch import Tensor, nn

SMALLEST_SIDE = 8
"""Pixels: a quarter of it, 2, is the least that can be padded by reflecting one pixel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeblurganArchitecture:
    """Shape of the generator."""

    kind: Literal["deblurgan"] = "deblurgan"
    norm: Literal["batch", "instance"]
    """Batch norm keeps running statistics and uses them in evaluation; instance norm has neither
    those nor weights: it is worked out from each picture alone, in training and in evaluation."""
    up: Literal["resize", "transposed"]
    """Nearest neighbour and a 3x3 convolution, or a transposed 3x3 convolution of stride 2: a
    quarter of the work of the former, but prone to checkerboards (Odena et al., Distill, 2016,
    "Deconvolution and Checkerboard Artifacts")."""
    blocks: int = 9
    width: int = 64
    """Channels at full size; twice and four times as many at a half and a quarter."""
    dropout: float
    """Share of values dropped between a block's two convolutions; 0.5 in the originals."""

    def __post_init__(self) -> None:
        """Refuse what is no network."""
        if self.blocks < 1 or self.width < 1:
            raise ValueError(f"blocks = {self.blocks} and width = {self.width} must be at least 1.")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout = {self.dropout} must be at least 0 and below 1.")

    @property
    def multiple_of(self) -> int:
        """Both sides of the picture must be a multiple of this."""
        return 4

    @property
    def picture(self) -> Literal["rgb"]:
        """What the generator takes: R'G'B'."""
        return "rgb"

    def count_flop(self, height: int, width: int) -> int:
        """Count the convolutions of one frame, its sides padded; a multiply-add is two."""
        quarter = -(-height // 4) * -(-width // 4)  # pixels at a quarter of the size
        macs = 2 * 16 * quarter * 49 * 3 * self.width  # stem and end
        # From full size to a half, and from there to a quarter: 9 taps for each output.
        down = (4 * quarter * 2 + quarter * 8) * 9 * self.width**2
        # The same up; a transposed convolution spends its taps on each input, a quarter as many.
        up = 4 * down if self.up == "resize" else down
        macs += down + up + quarter * self.blocks * 2 * 9 * (4 * self.width) ** 2
        return 2 * macs


class ResidualBlock(nn.Module):
    """x + norm(conv(dropout(relu(norm(conv(x)))))), 3x3, padded by reflection."""

    def __init__(self, width: int, architecture: DeblurganArchitecture) -> None:
        """Build a block of `width` channels."""
        super().__init__()
        dropout = [nn.Dropout(architecture.dropout)] if architecture.dropout else []
        self.layers = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(width, width, 3, bias=False),
            _norm(width, architecture),
            nn.ReLU(),
            *dropout,
            nn.ReflectionPad2d(1),
            nn.Conv2d(width, width, 3, bias=False),
            _norm(width, architecture),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> the same shape."""
        return cast("Tensor", x + self.layers(x))


class DeblurganGenerator(nn.Module):
    """The residual of an RGB picture. Freshly made, it gives exactly zero."""

    def __init__(self, architecture: DeblurganArchitecture) -> None:
        """Build the layers of `architecture`.

        Convolutions begin normal with deviation 0.02, batch norm's factors normal about 1 with the
        same, as in the code of the paper and of Isola et al. (arXiv 1611.07004, section 6.2).
        """
        super().__init__()
        self.architecture = architecture
        full = architecture.width
        half, quarter = 2 * full, 4 * full
        # No convolution before a norm has a bias: the norm would take it out again.
        self.layers = nn.Sequential(
            nn.ReflectionPad2d(3),
            nn.Conv2d(3, full, 7, bias=False),
            *(_norm(full, architecture), nn.ReLU()),
            nn.Conv2d(full, half, 3, stride=2, padding=1, bias=False),
            *(_norm(half, architecture), nn.ReLU()),
            nn.Conv2d(half, quarter, 3, stride=2, padding=1, bias=False),
            *(_norm(quarter, architecture), nn.ReLU()),
            *(ResidualBlock(quarter, architecture) for _ in range(architecture.blocks)),
            *_step_up(quarter, half, architecture),
            *(_norm(half, architecture), nn.ReLU()),
            *_step_up(half, full, architecture),
            *(_norm(full, architecture), nn.ReLU()),
            nn.ReflectionPad2d(3),
        )
        self.layers.apply(_begin)
        self.tail = nn.Conv2d(full, 3, 7)
        for parameter in self.tail.parameters():
            nn.init.zeros_(parameter)

    def forward(self, rgb: Tensor) -> tuple[Tensor]:
        """Give the residual, within -0.5 and 0.5, of R'G'B' in [0, 1]: both (N, 3, H, W).

        Raises:
            ValueError: a side is no multiple of 4, or below 8 pixels.
        """
        height, width = rgb.shape[-2:]
        if height % 4 or width % 4 or min(height, width) < SMALLEST_SIDE:
            raise ValueError(
                f"The picture is {width} x {height}; both sides must be multiples of 4 and at"
                f" least {SMALLEST_SIDE} pixels. Pad it."
            )
        return (0.5 * self.tail(self.layers(2 * rgb - 1)).tanh(),)


def _norm(width: int, architecture: DeblurganArchitecture) -> nn.Module:
    return nn.BatchNorm2d(width) if architecture.norm == "batch" else nn.InstanceNorm2d(width)


def _step_up(inputs: int, outputs: int, architecture: DeblurganArchitecture) -> list[nn.Module]:
    if architecture.up == "transposed":
        conv = nn.ConvTranspose2d(
            inputs, outputs, 3, stride=2, padding=1, output_padding=1, bias=False
        )
        return [conv]
    return [nn.Upsample(scale_factor=2), nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)]


def _begin(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, std=0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
