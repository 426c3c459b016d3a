"""The generator: a plain U-Net on YUV 4:2:0 planes that gives residuals.

Y is folded by pixel-unshuffle until it lines up with U and V, so one picture becomes one tensor
without any resampling. Then dense 3x3 convolutions, residual blocks and ReLU, gated by the spectrum
of windows where the architecture has it: no normalisation, no pooling over the picture, nothing
whose result depends on the picture's size or can leave the range of FP16.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from train.generators.spectrum import CODE, STRIDE, BlurSpectrum, count_macs


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanesArchitecture:
    """Shape of the U-Net."""

    kind: Literal["planes"] = "planes"
    block: Literal["residual", "gated"] = "residual"
    """What a level is made of. See `ResidualBlock` and `GatedBlock`."""
    fold: int = 4
    """Luma pixels per side of a cell of the first level: 2 or 4."""
    widths: tuple[int, ...] = (48, 96, 192)
    """Channels of each level, multiples of 16; each level has half the resolution of the last."""
    encoder_blocks: tuple[int, ...] = (1, 1, 3)
    """Residual blocks on the way down, one number a level; the last is the bottom."""
    decoder_blocks: tuple[int, ...] = (1, 1)
    """Residual blocks on the way up, the first level first."""
    spectrum: bool = False
    """Whether local power spectra tell the blur, and gate every block. See `generators.spectrum`."""

    def __post_init__(self) -> None:
        """Refuse shapes that do not fit together."""
        if self.fold not in (2, 4):
            raise ValueError(f"fold = {self.fold} is neither 2 nor 4.")
        if any(width % 16 for width in self.widths):
            raise ValueError(f"widths {self.widths} must be multiples of 16.")
        if (len(self.encoder_blocks), len(self.decoder_blocks)) != (
            len(self.widths),
            len(self.widths) - 1,
        ):
            raise ValueError(
                f"{len(self.widths)} widths need {len(self.widths)} encoder_blocks and"
                f" {len(self.widths) - 1} decoder_blocks, not {self.encoder_blocks} and"
                f" {self.decoder_blocks}."
            )
        if self.spectrum and self._cell > STRIDE:
            raise ValueError(
                f"The deepest cells are {self._cell} pixels wide, wider than the {STRIDE} between two"
                " windows of the spectrum. Take fewer widths, or a smaller fold."
            )

    @property
    def multiple_of(self) -> int:
        """Both sides of the luma plane must be a multiple of this."""
        return STRIDE if self.spectrum else self._cell

    @property
    def _cell(self) -> int:
        """Luma pixels per side of a cell of the last level."""
        return self.fold << (len(self.widths) - 1)

    @property
    def picture(self) -> Literal["planes"]:
        """What the generator takes: Y, U and V."""
        return "planes"

    @property
    def channels(self) -> int:
        """Channels of a folded picture: fold^2 of Y, (fold/2)^2 each of U and V."""
        return self.fold**2 * 3 // 2

    def count_flop(self, height: int, width: int) -> int:
        """Count the operations of one frame, its sides padded; a multiply-add is two."""
        height, width = (
            -(-side // self.multiple_of) * self.multiple_of for side in (height, width)
        )
        cells = height // self.fold * (width // self.fold)
        macs = 2 * cells * 9 * self.channels * self.widths[0]  # head and tail
        blocks = [*self.encoder_blocks]
        for level, count in enumerate(self.decoder_blocks):
            blocks[level] += count
        convs = _BLOCKS[self.block].inner + 1
        for level, (channels, count) in enumerate(zip(self.widths, blocks, strict=True)):
            macs += (cells >> 2 * level) * count * convs * 9 * channels**2
        for level, (fine, coarse) in enumerate(pairwise(self.widths)):
            macs += (cells >> 2 * (level + 1)) * 2 * 4 * fine * coarse  # down and up
        if self.spectrum:
            gated = sum(n * channels for n, channels in zip(blocks, self.widths, strict=True))
            macs += count_macs(height, width) + height * width // STRIDE**2 * CODE * gated
        return 2 * macs


class ResidualBlock(nn.Module):
    """x + conv(gates * relu(conv(x))), 3x3; the gates are 1 without a spectrum."""

    inner = 1
    """Channels the first convolution gives, in widths."""

    def __init__(self, width: int, *, spectrum: bool) -> None:
        """Start close to the identity: the second convolution begins small, the gate at 1."""
        super().__init__()
        self.first = nn.Conv2d(width, self.inner * width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        for conv, gain in ((self.first, 2.0), (self.second, 0.02)):
            nn.init.normal_(conv.weight, std=(gain / (9 * width)) ** 0.5)
            _zero(conv.bias)
        self.gate = nn.Conv2d(CODE, width, 1) if spectrum else None
        if self.gate is not None:
            _zero(self.gate.weight)
            nn.init.ones_(cast("Tensor", self.gate.bias))

    def forward(self, x: Tensor, code: Tensor | None) -> Tensor:
        """(N, C, H, W) -> the same shape; the inner channels are multiplied by gates of the code."""
        inner = self.between(self.first(x))
        if self.gate is not None:
            gates = self.gate(code)
            scale = x.shape[-1] // gates.shape[-1]
            inner = inner * functional.interpolate(gates, scale_factor=scale, mode="bilinear")
        return cast("Tensor", x + self.second(inner))

    def between(self, inner: Tensor) -> Tensor:
        """Give what lies between the convolutions."""
        return functional.relu(inner)


class GatedBlock(ResidualBlock):
    """x + conv(a * b) with (a, b) = conv(x), 3x3: the gate of Chen et al., arXiv 2204.04676, 3.2."""

    inner = 2

    def between(self, inner: Tensor) -> Tensor:
        """Multiply the halves."""
        a, b = inner.chunk(2, 1)
        return a * b


_BLOCKS = {"residual": ResidualBlock, "gated": GatedBlock}


def _zero(parameter: Tensor | None) -> None:
    if parameter is not None:
        nn.init.zeros_(parameter)


SIZES = {
    "small": PlanesArchitecture(
        widths=(32, 64, 128), encoder_blocks=(1, 1, 2), decoder_blocks=(1, 1)
    ),
    "fast": PlanesArchitecture(),
    "base": PlanesArchitecture(encoder_blocks=(1, 2, 6), decoder_blocks=(2, 1), spectrum=True),
}
"""The U-Net by name: 15, 38 and 67 GFLOP a 720p frame."""


class PlanesGenerator(nn.Module):
    """Residuals of Y, U, V from Y, U, V. Freshly made, it gives exactly zero."""

    def __init__(self, architecture: PlanesArchitecture) -> None:
        """Build the layers of `architecture`."""
        super().__init__()
        self.architecture = architecture
        widths = architecture.widths
        steps = list(pairwise(widths))
        block = _BLOCKS[architecture.block]
        self.spectrum = BlurSpectrum() if architecture.spectrum else None
        self.head = nn.Conv2d(architecture.channels, widths[0], 3, padding=1)
        self.encoder = nn.ModuleList(
            nn.ModuleList(block(width, spectrum=architecture.spectrum) for _ in range(count))
            for width, count in zip(widths, architecture.encoder_blocks, strict=True)
        )
        self.down = nn.ModuleList(nn.Conv2d(fine, coarse, 2, stride=2) for fine, coarse in steps)
        self.up = nn.ModuleList(nn.Conv2d(coarse, 4 * fine, 1) for fine, coarse in steps)
        self.decoder = nn.ModuleList(
            nn.ModuleList(block(width, spectrum=architecture.spectrum) for _ in range(count))
            for width, count in zip(widths, architecture.decoder_blocks, strict=False)
        )
        self.tail = nn.Conv2d(widths[0], architecture.channels, 3, padding=1)
        _zero(self.tail.weight)
        _zero(self.tail.bias)

    def forward(
        self, y: Tensor, u: Tensor, v: Tensor, code: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Give dy, du, dv for y (N, 1, H, W), u and v (N, 1, H/2, W/2), in code / 2^depth.

        `code` is what the spectrum tells of y's blur, for callers that have it already.
        """
        fold = self.architecture.fold
        planes = [functional.pixel_unshuffle(y, fold)]
        planes += [functional.pixel_unshuffle(c, fold // 2) for c in (u, v)]
        if self.spectrum is not None and code is None:
            code = self.spectrum(self.spectrum.power(y))
        # Centred, so that the zero padding of the convolutions is a mid grey.
        x = self.head(torch.cat(planes, 1) - 0.5)
        skips = []
        for blocks, down in zip(self.encoder, self.down, strict=False):
            x = _through(blocks, x, code)
            skips.append(x)
            x = functional.relu(down(x))
        x = _through(self.encoder[-1], x, code)
        for skip, up, blocks in reversed(list(zip(skips, self.up, self.decoder, strict=True))):
            x = _through(blocks, skip + functional.pixel_shuffle(up(x), 2), code)
        residual = self.tail(x)
        luma, chroma = fold**2, fold**2 // 4
        dy, du, dv = residual.split([luma, chroma, chroma], 1)
        half = fold // 2
        return (
            functional.pixel_shuffle(dy, fold),
            functional.pixel_shuffle(du, half),
            functional.pixel_shuffle(dv, half),
        )


def _through(blocks: nn.Module, x: Tensor, code: Tensor | None) -> Tensor:
    for block in blocks.children():
        x = block(x, code)
    return x
