"""YCbCr and RGB: the coefficients, and the nodes that apply them.

Every value follows from the luma weights Kr and Kb that the recommendations state: BT.601-7
(2.5.1), BT.709-6 (3.2), BT.2020-2 (table 4); code values from BT.2100-2 (table 9).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deblurvid.frames import ColourTags, Matrix
    from deblurvid.graph.nodes import Builder

LUMA_WEIGHTS: dict[Matrix, tuple[float, float]] = {
    "bt601": (0.299, 0.114),
    "bt709": (0.2126, 0.0722),
    "bt2020": (0.2627, 0.0593),
}
"""Kr and Kb; Kg is what is left to 1."""

COLOUR_INPUTS = {"matrix": (3, 3), "inverse": (3, 3), "offset": (3,), "scale": (3,)}
"""Inputs of a graph that turns YCbCr into RGB, float32, and their shapes."""


def yuv_from_rgb(matrix: Matrix) -> NDArray[np.float64]:
    """The 3x3 matrix from R'G'B' in [0,1] to Y' in [0,1] and Cb, Cr in [-0.5, 0.5]."""
    kr, kb = LUMA_WEIGHTS[matrix]
    luma = np.array([kr, 1 - kr - kb, kb])
    blue = (np.array([0, 0, 1.0]) - luma) / (2 * (1 - kb))
    red = (np.array([1.0, 0, 0]) - luma) / (2 * (1 - kr))
    return np.stack([luma, blue, red])


def rgb_from_yuv(matrix: Matrix) -> NDArray[np.float64]:
    """The inverse of `yuv_from_rgb`."""
    return np.linalg.inv(yuv_from_rgb(matrix)).astype(np.float64)


def offset_and_scale(
    depth: int, *, full_range: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Code of zero and codes a unit for Y', Cb and Cr, each of shape [3]."""
    step = 2.0 ** (depth - 8)
    if full_range:
        top = 2.0**depth - 1
        return np.array([0, 128 * step, 128 * step]), np.array([top, top, top])
    return np.array([16, 128, 128]) * step, np.array([219, 224, 224]) * step


def coefficients(tags: ColourTags, depth: int) -> dict[str, NDArray[np.float32]]:
    """Values for COLOUR_INPUTS of a frame with these tags."""
    offset, scale = offset_and_scale(depth, full_range=tags.full_range)
    values = {
        "matrix": rgb_from_yuv(tags.matrix),
        "inverse": yuv_from_rgb(tags.matrix),
        "offset": offset,
        "scale": scale,
    }
    return {name: value.astype(np.float32) for name, value in values.items()}


def column(b: Builder, matrix: str, index: int) -> str:
    """Column `index` of a [3,3] value as [1,3,1,1], to be spread over a picture."""
    taken = b.op("Slice", matrix, b.integers([index]), b.integers([index + 1]), b.integers([1]))
    return b.op("Reshape", taken, b.integers([1, 3, 1, 1]))


def transformed(b: Builder, matrix: str, planes: list[str]) -> str:
    """`matrix` [3,3] times three planes [N,1,H,W], as [N,3,H,W].

    Three products and two sums, not a 1x1 convolution. See Note: [FP32 tail] in wrap.py.
    """
    parts = [b.op("Mul", plane, column(b, matrix, i)) for i, plane in enumerate(planes)]
    total = parts[0]
    for part in parts[1:]:
        total = b.add(total, part)
    return total


def element(b: Builder, vector: str, index: int) -> str:
    """Element `index` of a [3] value as [1], which spreads over any picture."""
    return b.op("Slice", vector, b.integers([index]), b.integers([index + 1]))
