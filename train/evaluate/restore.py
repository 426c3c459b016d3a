"""One picture in, the restored one out, whatever the generator takes and whoever runs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from train.colour import BT709, planes_from_image

if TYPE_CHECKING:
    from train.generators import Generator
    from train.scene import Kind
    from train.synthesis.light import Image8

Array = NDArray[np.float32]
Arrays = tuple[Array, ...]
Run = Callable[[Arrays], Arrays]
"""A generator on numpy: one picture -> its residual, both in the units of `train.pictures`: y
(1, 1, H, W) with u and v (1, 1, H/2, W/2) as code / 256, or rgb (1, 3, H, W) as code / 255."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restorer:
    """Restores RGB codes (H, W, 3) of any size with a generator."""

    run: Run
    kind: Kind
    multiple_of: int
    """Both sides of what the generator is fed; pictures are padded by their edge."""

    def __call__(self, image: Image8) -> Image8:
        """Add the generator's residual to RGB codes (H, W, 3), rounded and clipped.

        The picture itself never goes through a matrix: a residual of nothing gives it back.
        """
        residual = self.run(arrays_from_image(image, self.kind, self.multiple_of))
        change = _codes_from_residual(residual, image.shape[:2])
        return np.asarray(np.clip(np.rint(image + change), 0, 255), np.uint8)


def restorer_from_generator(generator: Generator) -> Restorer:
    """Let a torch generator of either kind restore pictures, in float32 where it lies."""
    architecture = generator.architecture
    return Restorer(
        run=runner_from_generator(generator),
        kind=architecture.picture,
        multiple_of=architecture.multiple_of,
    )


def runner_from_generator(generator: Generator) -> Run:
    """Let a torch generator run on numpy arrays."""
    device = next(generator.parameters()).device

    def run(picture: Arrays) -> Arrays:
        with torch.inference_mode():
            residual = generator(*(torch.from_numpy(array).to(device) for array in picture))
        return tuple(array.cpu().numpy() for array in residual)

    return run


def arrays_from_image(image: Image8, kind: Kind, multiple_of: int) -> Arrays:
    """Turn RGB codes (H, W, 3) into a generator's picture, grown by its edge to a multiple.

    Chroma of a `planes` picture is BT.709, limited range, the mean of each 2x2 block; planes are
    padded after that, as the package's graph does.
    """
    if kind == "rgb":
        return (_grown(image.transpose(2, 0, 1) / np.float32(255), multiple_of),)
    height, width = image.shape[:2]
    even = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    multiples = (multiple_of, multiple_of // 2, multiple_of // 2)
    planes = planes_from_image(even, BT709)
    return tuple(_grown(p[None] / 256, m) for p, m in zip(planes, multiples, strict=True))


def _grown(channels: NDArray[np.floating], multiple: int) -> Array:
    """Pad (C, H, W) by the edge to a multiple: (1, C, ., .)."""
    tail = [(0, 0), *((0, -side % multiple) for side in channels.shape[1:])]
    return np.ascontiguousarray(np.pad(channels, tail, mode="edge")[None], np.float32)


def _codes_from_residual(residual: Arrays, size: tuple[int, ...]) -> NDArray[np.floating]:
    """Crop a residual and turn it into the change of RGB codes (H, W, 3).

    Residuals of chroma are interpolated linearly between the middles of their 2x2 pixels.
    """
    height, width = size
    if len(residual) == 1:
        return 255 * residual[0][0, :, :height, :width].transpose(1, 2, 0)
    rows, columns = height + height % 2, width + width % 2
    dy = residual[0][0, 0, :rows, :columns]
    chroma = [c[0, 0, : rows // 2, : columns // 2] for c in residual[1:]]
    large = [cv2.resize(c, (columns, rows), interpolation=cv2.INTER_LINEAR) for c in chroma]
    ycc = 256 * np.stack([dy, *large], 2)
    change = ycc @ np.linalg.inv(BT709.matrix()).T
    return np.asarray(change[:height, :width])
