"""Pairs of frames -> pairs of pictures in RGB, and what tells them apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from deblurvid.judge.metrics.fidelity import psnr
from deblurvid.judge.metrics.sharpness import laplacian_variance
from deblurvid.stages.rgb import rgb_converter

if TYPE_CHECKING:
    from collections.abc import Callable
    from fractions import Fraction

    from numpy.typing import NDArray

    from deblurvid.judge.metrics import Image
    from deblurvid.stages.clip import Pair

BLOCK = 32
"""Pixels of a side, by which the place is found in which most is changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """Two pictures of one size and type, and when they are seen."""

    first: Image
    second: Image
    seconds: Fraction

    @property
    def in_eight_bits(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """As screens and image files show them."""
        return _eight_bits(self.first), _eight_bits(self.second)

    @property
    def place(self) -> tuple[float, float]:
        """Where most is changed: the middle of a block, as shares of width and height."""
        apart = _apart(self.first, self.second).mean(2, dtype=np.float32)
        sides = [range(0, side, BLOCK) for side in apart.shape]
        sums = np.add.reduceat(np.add.reduceat(apart, sides[0], 0), sides[1], 1)
        blocks = zip(np.unravel_index(np.argmax(sums), sums.shape), apart.shape, strict=True)
        y, x = (min(1.0, (int(at) + 0.5) * BLOCK / side) for at, side in blocks)
        return x, y


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What is measured of a sight."""

    seconds: Fraction
    sharpness: tuple[float, float]
    """Variance of the Laplacian of the first and the second; see `metrics.sharpness`."""
    psnr_db: float
    """Of the second to the first, over RGB; see `metrics.fidelity`."""
    mean_change: float
    """Of the samples of RGB, in codes of 255, without their signs."""
    largest_change: float
    to_sharp_db: tuple[float, float] | None
    """PSNR of the first and of the second to the sharp truth, where there is one."""


def sight_maker() -> Callable[[Pair], Sight]:
    """Make what converts pairs of frames to RGB; 8 bits beside more are brought to 16."""
    convert = rgb_converter()

    def sight(pair: Pair) -> Sight:
        pictures = [convert(frame, pair.seconds).rgb for frame in (pair.first, pair.second)]
        first, second = _alike(*pictures)
        return Sight(first=first, second=second, seconds=pair.seconds)

    return sight


def measured(sight: Sight, sharp: Image | None = None) -> Figures:
    """Measure one sight, also by the sharp picture if there is one."""
    pair = sight.first, sight.second
    first, second = (laplacian_variance(picture) for picture in pair)
    to_sharp = None
    if sharp is not None:
        one, other = (psnr(*_alike(picture, sharp)) for picture in pair)
        to_sharp = one, other
    apart = _apart(sight.first, sight.second)
    unit = np.iinfo(apart.dtype).max / 255
    return Figures(
        seconds=sight.seconds,
        sharpness=(first, second),
        psnr_db=psnr(sight.second, sight.first),
        mean_change=float(apart.mean()) / unit,
        largest_change=float(apart.max()) / unit,
        to_sharp_db=to_sharp,
    )


def _apart(one: Image, other: Image) -> Image:
    """The differences without their signs, of the same type."""
    return np.maximum(one, other) - np.minimum(one, other)


def _alike(one: Image, other: Image) -> tuple[Image, Image]:
    """Both with 8 bits, or both with 16."""
    return (one, other) if one.dtype == other.dtype else (_sixteen_bits(one), _sixteen_bits(other))


def _sixteen_bits(image: Image) -> Image:
    """The same light: white is 255 * 257 = 65535."""
    return image.astype(np.uint16) * np.uint16(257) if image.dtype == np.uint8 else image


def _eight_bits(image: Image) -> NDArray[np.uint8]:
    scaled = image if image.dtype == np.uint8 else np.rint(image / 257)
    return scaled.astype(np.uint8, copy=False)
