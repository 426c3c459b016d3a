"""What the blur is, told by the picture's local power spectra.

Motion blur multiplies a picture's spectrum by that of its path: dark lines across it, whose distance
and direction are the path's length and direction. Plain convolutions and ReLU learn power and
logarithm slowly, so they are given: Hann windows of 128 pixels of luma, every 32, the logarithm of
the power at each frequency, and of its means over 3 x 3 and 11 x 11 windows (Welch, IEEE Trans.
Audio 15, 1967). A dense layer, a 3x3 one over the windows and another dense one make of them what
gates the blocks of a U-Net. The last hears the mean of the windows around as well: one exposure
blurs all of a picture much alike, and what is in the picture averages out (Cannon, IEEE Trans. ASSP
24, 1976). Beside the gates they are taught to tell the spectrum of the blur itself.
"""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

STRIDE = 32
"""Pixels between two windows."""
CODE = 256
"""Channels that tell the blur."""
NEAR, AROUND = 1, 5
"""How many windows each way the means reach: 32 and 160 pixels."""
_WINDOW = 64
"""Side of a window in samples of luma at half resolution."""
HALF_STRIDE = STRIDE // 2
PADDING = (_WINDOW - HALF_STRIDE) // 2
ACROSS = 22
"""Frequencies across, from 0 on, in cycles a window: up to one in six pixels."""
_DOWN = 2 * ACROSS - 1
"""Frequencies down, both ways."""
BINS = ACROSS * _DOWN
_HIDDEN = 256
FLOOR = 2e-4
"""Of power: that of noise of about one code value of 256, which FP16 still holds."""
_AMPLITUDE = 0.25
"""Keeps the power of any picture within FP16."""


def windowed_waves() -> tuple[Tensor, Tensor, Tensor]:
    """Give the Fourier transform of a window as the weights of convolutions, rounded to FP16.

    Returns:
        Across, (2 * 22, 1, 1, 64): cosine and minus sine of each frequency, times Hann.
        Down, real and imaginary part of the whole, (22 * 43, 2, 64, 1) each, in 22 groups.
    """
    at = torch.arange(_WINDOW, dtype=torch.float64) + 0.5
    hann = torch.sin(math.pi * at / _WINDOW).square() * _AMPLITUDE**0.5
    turn = 2 * math.pi / _WINDOW * (at - _WINDOW / 2)
    across = torch.arange(ACROSS, dtype=torch.float64)[:, None] * turn
    rows = torch.stack([across.cos() * hann, -across.sin() * hann], 1)
    down = torch.arange(1 - ACROSS, ACROSS, dtype=torch.float64)[:, None] * turn
    cosine, sine = down.cos() * hann, down.sin() * hann
    # (a + ib)(cos - i sin) = (a cos + b sin) + i(b cos - a sin)
    parts = torch.stack([cosine, sine], 1), torch.stack([-sine, cosine], 1)
    real, imaginary = (part.repeat(ACROSS, 1, 1).half().float()[..., None] for part in parts)
    return rows.half().float().view(-1, 1, 1, _WINDOW), real, imaginary


def usual_logarithms() -> tuple[Tensor, Tensor]:
    """Give what logarithms usually are at each frequency, (BINS,) each, so that layers begin centred.

    Laws fitted by eye to 5,600 crops of blurred photographs.

    Returns:
        Of power, as 1 / k^3.3 and some noise with k in cycles a window; of blurred over sharp power.
    """
    across = torch.arange(ACROSS)[:, None].square()
    squares = (across + torch.arange(1 - ACROSS, ACROSS).square()).flatten().double()
    power = 38 / squares.clamp(min=0.25) ** 1.65 + 2 * FLOOR
    return power.log().float(), (-2.2 * squares / (squares + 45)).float()


class BlurSpectrum(nn.Module):
    """Tells, every 32 pixels, by what the picture is blurred."""

    usual: Tensor
    across: Tensor
    real: Tensor
    imaginary: Tensor

    def __init__(self) -> None:
        """Draw the layers; the waves are fixed."""
        super().__init__()
        for name, wave in zip(("across", "real", "imaginary"), windowed_waves(), strict=True):
            self.register_buffer(name, wave, persistent=False)
        usual, lost = usual_logarithms()
        self.register_buffer(
            "usual", usual.repeat(3).half().float().view(-1, 1, 1), persistent=False
        )
        self.first = nn.Conv2d(3 * BINS, _HIDDEN, 1)
        self.second = nn.Conv2d(_HIDDEN, CODE // 2, 3, padding=1)
        self.third = nn.Conv2d(CODE, CODE, 1)
        self.teacher = nn.Conv2d(CODE, BINS, 1)
        for conv in (self.first, self.second):
            nn.init.normal_(conv.weight, std=(2 / conv.weight[0].numel()) ** 0.5)
            nn.init.zeros_(cast("Tensor", conv.bias))
        # What is new to a trained code changes nothing before it has learnt something itself.
        for conv in (self.third, self.teacher):
            nn.init.zeros_(conv.weight)
        nn.init.zeros_(cast("Tensor", self.third.bias))
        self.teacher.bias = nn.Parameter(lost)

    @torch.no_grad()
    def power(self, y: Tensor) -> Tensor:
        """Give the power at each frequency, (N, BINS, H/32, W/32), of luma (N, 1, H, W).

        Both in float32, in code / 2^depth; whatever autocast says. Frequencies across are the outer
        ones, 0 to 21 cycles a window; those down run from -21 to 21.
        """
        with torch.autocast(y.device.type, enabled=False):
            half = functional.avg_pool2d(y - 0.5, 2)
            half = functional.pad(half, (PADDING,) * 4, mode="replicate")
            rows = functional.conv2d(half, self.across, stride=(1, HALF_STRIDE))
            parts = (
                functional.conv2d(rows, wave, stride=(HALF_STRIDE, 1), groups=ACROSS)
                for wave in (self.real, self.imaginary)
            )
            real, imaginary = (part.square() for part in parts)
            return real + imaginary

    def forward(self, power: Tensor) -> Tensor:
        """Give the code of the blur, (N, CODE, H/32, W/32), from power."""
        powers = torch.cat([power, _mean(power, NEAR), _mean(power, AROUND)], 1)
        features = (powers.add(FLOOR).log() - self.usual) / 2
        hidden = functional.relu(self.first(features))
        own = functional.relu(self.second(hidden))
        both = torch.cat([own, _mean(own, AROUND)], 1)
        return functional.relu(both + self.third(both))

    def error(self, code: Tensor, blurred: Tensor, sharp: Tensor) -> Tensor:
        """Squared error of what is told of the blur's spectrum, a scalar.

        Args:
            code: what tells it, of the blurred picture.
            blurred: power of the blurred picture.
            sharp: power of the sharp one. The truth is the logarithm of their ratio, each a mean
                over the picture.
        """
        told = self.teacher(code).float()
        means = [(power.mean((2, 3), keepdim=True) + FLOOR).log() for power in (blurred, sharp)]
        error: Tensor = (told - (means[0] - means[1])).square().mean()
        return error


def _mean(x: Tensor, around: int) -> Tensor:
    """Mean over the windows up to `around` away, those within the picture."""
    return functional.avg_pool2d(x, 2 * around + 1, 1, around, count_include_pad=False)


def count_macs(height: int, width: int) -> int:
    """Multiply-adds of the code's convolutions; sides in pixels, multiples of 32."""
    windows = height // STRIDE * (width // STRIDE)
    rows = (height // 2 + 2 * PADDING) * (width // STRIDE) * 2 * ACROSS * _WINDOW
    dense = 3 * BINS * _HIDDEN + 9 * _HIDDEN * CODE // 2 + CODE**2
    return rows + windows * (2 * BINS * 2 * _WINDOW + dense)
