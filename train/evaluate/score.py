"""How close a restored picture comes to the sharp one."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from train.synthesis.light import Image8

MAX_SHIFT = 3
"""Pixels a picture may lie beside the sharp one: where in an exposure that stands is convention."""

SSIM_SETTINGS = {
    "gaussian_weights": True,
    "use_sample_covariance": False,
    "data_range": 255,
    "channel_axis": -1,
}
"""Arguments of skimage.metrics.structural_similarity: at least four incompatible SSIMs are in use,
so these are printed with every result."""


def psnr(picture: Image8, sharp: Image8) -> float:
    """PSNR in dB over all samples of two 8-bit pictures; 100 where they are equal."""
    error = cv2.norm(picture, sharp, cv2.NORM_L2SQR) / sharp.size
    return 100.0 if error == 0 else 10 * float(np.log10(255**2 / error))


def psnr_shifted(picture: Image8, sharp: Image8) -> float:
    """Best PSNR in dB over whole shifts up to `MAX_SHIFT` pixels, on the same sharp interior."""
    m = MAX_SHIFT
    height, width = sharp.shape[:2]
    inner = sharp[m : height - m, m : width - m]
    shifts = product(range(2 * m + 1), repeat=2)
    return max(
        psnr(picture[dy : dy + height - 2 * m, dx : dx + width - 2 * m], inner) for dy, dx in shifts
    )


def ssim(picture: Image8, sharp: Image8) -> float:
    """SSIM of two 8-bit RGB pictures, by scikit-image with `SSIM_SETTINGS`; 1 where equal.

    Wang et al., Image Quality Assessment, IEEE TIP 13(4), 2004, section III: a Gaussian window of
    11x11 pixels, sigma 1.5; the mean over pixels and channels. Both sides at least 11 pixels.
    """
    from skimage.metrics import structural_similarity

    return float(structural_similarity(picture, sharp, **SSIM_SETTINGS))  # type: ignore[no-untyped-call]
