"""RGB to and from Y'CbCr, as matrices built from the primaries' luma weights.

Formulas: ITU-R BT.709-6 and BT.601-7; with kr, kb: Y' = kr R' + (1 - kr - kb) G' + kb B', Cb = (B'
- Y') / (2 (1 - kb)), Cr = (R' - Y') / (2 (1 - kr)). Limited range at 8 bit: Y' takes 16..235,
chroma 16..240 about 128; full range: 0..255 about 128.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from train.synthesis.light import Image8

Matrix = NDArray[np.float64]
Plane = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class ColourSpace:
    """How Y'CbCr codes at 8 bit stand for R'G'B' codes."""

    kr: float
    """Weight of red in luma."""
    kb: float
    """Weight of blue in luma."""
    full_range: bool
    """Codes use 0..255; otherwise 16..235 (luma) and 16..240 (chroma)."""

    def matrix(self) -> Matrix:
        """(3, 3): R'G'B' codes (0..255) to Y'CbCr codes, before the offset."""
        luma = np.array([self.kr, 1 - self.kr - self.kb, self.kb])
        blue = (np.array([0.0, 0.0, 1.0]) - luma) / (2 * (1 - self.kb))
        red = (np.array([1.0, 0.0, 0.0]) - luma) / (2 * (1 - self.kr))
        scale = np.array([1.0, 1.0, 1.0] if self.full_range else [219 / 255, 224 / 255, 224 / 255])
        return np.asarray(np.stack([luma, blue, red]) * scale[:, None])

    def offset(self) -> NDArray[np.float64]:
        """(3,): what is added behind the matrix."""
        return np.array([0.0 if self.full_range else 16.0, 128.0, 128.0])


BT709 = ColourSpace(kr=0.2126, kb=0.0722, full_range=False)
BT709_FULL = ColourSpace(kr=0.2126, kb=0.0722, full_range=True)
BT601 = ColourSpace(kr=0.299, kb=0.114, full_range=False)
BT601_FULL = ColourSpace(kr=0.299, kb=0.114, full_range=True)


def planes_from_image(image: Image8, space: ColourSpace) -> tuple[Plane, ...]:
    """Turn RGB codes (H, W, 3), sides even, into Y (H, W), U and V (H/2, W/2): 8-bit codes.

    Chroma is the mean of each 2x2 block. Nothing is rounded.
    """
    affine = np.hstack([space.matrix(), space.offset()[:, None]]).astype(np.float32)
    ycc = np.asarray(cv2.transform(image.astype(np.float32), affine), np.float32)
    size = (image.shape[1] // 2, image.shape[0] // 2)
    small = np.asarray(cv2.resize(ycc[:, :, 1:], size, interpolation=cv2.INTER_AREA), np.float32)
    return ycc[:, :, 0], small[:, :, 0], small[:, :, 1]


def image_from_planes(planes: tuple[NDArray[np.uint8], ...], space: ColourSpace) -> Image8:
    """Turn 8-bit codes Y (H, W), U and V (H/2, W/2) into RGB codes (H, W, 3), rounded and clipped.

    Chroma is interpolated linearly between the middles of its 2x2 pixels.
    """
    size = (planes[0].shape[1], planes[0].shape[0])
    large = [
        cv2.resize(p.astype(np.float32), size, interpolation=cv2.INTER_LINEAR) for p in planes[1:]
    ]
    ycc = np.stack([planes[0].astype(np.float32), *large], 2)
    back = np.linalg.inv(space.matrix())
    affine = np.hstack([back, -(back @ space.offset())[:, None]]).astype(np.float32)
    rgb = cv2.transform(ycc, affine)
    return np.asarray(np.clip(np.rint(rgb), 0, 255), np.uint8)


def plane_weights(space: ColourSpace) -> tuple[float, float, float]:
    """Weights (y, u, v) that make y mse_y + u mse_u + v mse_v the error in R'G'B'.

    A luma error moves R', G' and B' alike; a chroma error moves them by a column of the inverse
    matrix, so each plane counts by the mean square of its column. Errors of different planes are
    taken to be uncorrelated, and chroma is counted once per pixel of the full-size picture. For
    BT.709 full range: 1, 1.159, 0.900; limited: 1.356, 1.502, 1.166.
    """
    y, u, v = (np.linalg.inv(space.matrix()) ** 2).mean(0).tolist()
    return y, u, v
