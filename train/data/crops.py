"""Crops of pictures on disk, in the form that a generator takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from train.colour import BT709, planes_from_image

if TYPE_CHECKING:
    from train.scene import Kind, Picture
    from train.synthesis.light import Image8

Place = tuple[slice, slice]
"""Rows and columns of a crop."""


def draw_place(rng: np.random.Generator, image: Image8, side: int) -> Place:
    """Draw where in a picture (H, W, 3) a crop of side x side lies, at even rows and columns.

    An odd place would move the chroma samples of 4:2:0 by half of their distance.

    Raises:
        ValueError: the picture is smaller than the crop.
    """
    height, width = image.shape[:2]
    if min(height, width) < side:
        raise ValueError(
            f"A scene of {side} x {side} pixels does not fit a picture of {width} x {height}."
            " Give a recipe with smaller scenes."
        )
    top = 2 * int(rng.integers((height - side) // 2 + 1))
    left = 2 * int(rng.integers((width - side) // 2 + 1))
    return slice(top, top + side), slice(left, left + side)


def picture_from_image(image: Image8, kind: Kind) -> Picture:
    """Turn RGB codes (H, W, 3), sides even, into limited BT.709 planes or (3, H, W) RGB."""
    if kind == "rgb":
        return (np.ascontiguousarray(image.transpose(2, 0, 1)),)
    return tuple(
        np.clip(np.rint(plane), 0, 255).astype(np.uint8)[None]
        for plane in planes_from_image(image, BT709)
    )
