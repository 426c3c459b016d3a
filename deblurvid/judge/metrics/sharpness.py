"""The score of the DeblurGAN write-up's statistics: the variance of the Laplacian of a picture.

Pertuz et al., Pattern Recognition 46(5), 2013, LAP4. It tells how much fine detail a picture holds,
wanted or not: noise, ringing and checkerboards raise it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from deblurvid.judge.metrics import Image

Samples = NDArray[np.float64]

LUMA = (0.299, 0.587, 0.114)
"""Weights of R', G' and B' in grey: ITU-R BT.601-7, section 2.5.1."""


def laplacian_variance(image: Image, size: tuple[int, int] | None = None) -> float:
    """Variance of the Laplacian of a picture, in 8-bit codes squared, in float64 throughout.

    Args:
        image: both sides at least 2; codes of 16 bits are brought to the scale of 0 to 255.
        size: height and width that the picture is brought to first (see `resize_bilinear`);
            scores of different sizes cannot be compared.

    Returns:
        The variance over all pixels of the response to the kernel 0 1 0 / 1 -4 1 / 0 1 0, the
        grey picture mirrored about its outermost pixels.
    """
    samples = image if size is None else resize_bilinear(image, *size)
    scale = 255 / np.iinfo(image.dtype).max
    grey = np.pad(samples @ np.array(LUMA) * scale, 1, mode="reflect")
    beside = grey[1:-1, :-2] + grey[1:-1, 2:]
    above = grey[:-2, 1:-1] + grey[2:, 1:-1]
    return float(np.var(beside + above - 4 * grey[1:-1, 1:-1]))


def resize_bilinear(image: Image, height: int, width: int) -> Samples:
    """Bring (H, W, C) to `height` x `width` by linear interpolation between four pixels.

    The middles of pixels are what is aligned, and nothing is low-passed before: OpenCV's
    INTER_LINEAR. Nothing is rounded.
    """
    rows = _blend(image.astype(np.float64), height)
    return _blend(rows.swapaxes(0, 1), width).swapaxes(0, 1)


def _blend(samples: Samples, count: int) -> Samples:
    """Interpolate the first axis to `count` samples."""
    old = samples.shape[0]
    position = np.clip((np.arange(count) + 0.5) * old / count - 0.5, 0, old - 1)
    first = np.minimum(position.astype(np.intp), max(old - 2, 0))
    share = (position - first)[:, None, None]
    second = np.minimum(first + 1, old - 1)
    return np.asarray(samples[first] * (1 - share) + samples[second] * share)
