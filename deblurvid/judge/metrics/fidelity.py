"""How close a restored picture comes to the sharp one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deblurvid.judge.metrics import Image

MOST_DB = 100.0
"""PSNR counts up to here, so that means stay finite where pictures are equal."""


def ssim_settings(data_range: int = 255) -> dict[str, Any]:
    """Arguments of skimage.metrics.structural_similarity for codes from 0 to `data_range`.

    At least four incompatible SSIMs are in use, so these are printed with every result.
    """
    return {
        "gaussian_weights": True,
        "use_sample_covariance": False,
        "data_range": data_range,
        "channel_axis": -1,
    }


def psnr(picture: Image, sharp: Image) -> float:
    """PSNR in dB over all samples of two pictures; `MOST_DB` at most."""
    return psnr_from_error(squared_error(picture, sharp, np.iinfo(sharp.dtype).max))


def squared_error(
    codes: NDArray[np.unsignedinteger], sharp: NDArray[np.unsignedinteger], peak: int
) -> float:
    """Mean squared difference of two arrays of uint8 or uint16 codes, as a share of peak^2."""
    apart = np.subtract(codes, sharp, dtype=np.float64).ravel()
    return float(np.dot(apart, apart)) / sharp.size / peak**2


def psnr_from_error(error: float) -> float:
    """10 log10(1 / error) dB for an error as a share of the squared peak; `MOST_DB` at most."""
    return min(MOST_DB, -10 * math.log10(error)) if error > 0 else MOST_DB


def ssim(picture: Image, sharp: Image) -> float:
    """SSIM of two RGB pictures, by scikit-image with `ssim_settings`; 1 where equal.

    Wang et al., Image Quality Assessment, IEEE TIP 13(4), 2004, section III: a Gaussian window of
    11x11 pixels, sigma 1.5; the mean over pixels and channels. Both sides at least 11 pixels.
    """
    from skimage.metrics import structural_similarity

    settings = ssim_settings(np.iinfo(sharp.dtype).max)
    return float(structural_similarity(picture, sharp, **settings))  # type: ignore[no-untyped-call]
