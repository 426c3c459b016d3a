"""How close a restored picture comes to the sharp one, and restoring RGB stills."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from train.colour import BT709, ColourSpace, planes_from_image

if TYPE_CHECKING:
    from train.synthesis.light import Image8

Plane = NDArray[np.float32]
RunPlanes = Callable[[Plane, Plane, Plane], tuple[Plane, Plane, Plane]]
"""A generator on numpy: y (1, 1, H, W), u and v (1, 1, H/2, W/2), code / 256 -> dy, du, dv."""

MAX_SHIFT = 3
"""Pixels a picture may lie beside the sharp one: where in an exposure that stands is convention."""


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


def restore_image(
    run: RunPlanes, image: Image8, multiple_of: int, *, space: ColourSpace = BT709
) -> Image8:
    """Restore RGB codes (H, W, 3); only the residual goes through the matrix.

    Planes are padded by their edge to the generator's multiple, residuals cropped again and
    those of chroma interpolated linearly between the middles of their 2x2 pixels, as the graph
    of the package does.
    """
    height, width = image.shape[:2]
    even = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    planes = planes_from_image(even, space)
    multiples = (multiple_of, multiple_of // 2, multiple_of // 2)
    y, u, v = (_fed(p, m) for p, m in zip(planes, multiples, strict=True))
    dy, *chroma = (
        256 * residual[0, 0, : plane.shape[0], : plane.shape[1]]
        for plane, residual in zip(planes, run(y, u, v), strict=True)
    )
    size = (even.shape[1], even.shape[0])
    large = [cv2.resize(c, size, interpolation=cv2.INTER_LINEAR) for c in chroma]
    rgb = np.stack([dy, *large], 2) @ np.linalg.inv(space.matrix()).T  # (H, W, 3)
    restored = np.clip(np.rint(image + rgb[:height, :width]), 0, 255)
    return np.asarray(restored, np.uint8)


def _fed(plane: Plane, multiple: int) -> Plane:
    """Grow (H, W) codes by their edge to a multiple and take them as code / 256: (1, 1, ., .)."""
    tail = [(0, -side % multiple) for side in plane.shape]
    return np.ascontiguousarray(np.pad(plane / 256, tail, mode="edge")[None, None], np.float32)
