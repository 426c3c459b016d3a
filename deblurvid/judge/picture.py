"""A moving picture with detail everywhere and noise, made of numbers alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from deblurvid.frames import PictureFormat

_ROOM = 64
"""Pixels by which the scene is larger than the picture that moves over it."""
_NOISE = 1.5
"""Standard deviation of the noise, in codes at 8 bits."""
_SEED = 7


def moving_picture(
    size: tuple[int, int], picture: PictureFormat, frames: int
) -> Iterator[tuple[NDArray[np.unsignedinteger], ...]]:
    """Yield the planes of each frame, [height, width] in codes: the same for the same arguments."""
    rng = np.random.default_rng(_SEED)
    sizes = picture.plane_sizes(*size)
    scenes = [_scene(rng, sides, sharp=number == 0) for number, sides in enumerate(sizes)]
    grain = rng.standard_normal((sizes[0][0] + _ROOM, sizes[0][1] + _ROOM), np.float32) * _NOISE
    unit, top = 2.0 ** (picture.depth - 8), 2**picture.depth - 1
    dtype = np.uint8 if picture.bytes_per_sample == 1 else np.uint16
    for number in range(frames):
        shift = _at(number)
        planes = []
        for (height, width), scene in zip(sizes, scenes, strict=True):
            x, y = (round(side * width / size[0]) for side in shift)
            noise_x, noise_y = rng.integers(_ROOM, size=2)
            codes = scene[y : y + height, x : x + width].copy()
            codes += grain[noise_y : noise_y + height, noise_x : noise_x + width]
            planes.append(np.clip(np.rint(codes * unit), 0, top).astype(dtype))
        yield tuple(planes)


def _at(number: int) -> tuple[int, int]:
    """Where the picture stands on the scene: a slow ellipse, as of a hand."""
    angle = number / 9
    half = _ROOM / 2 - 1
    return round(half + half * np.cos(angle)), round(half + half * np.sin(1.7 * angle))


def _scene(rng: np.random.Generator, sides: tuple[int, int], *, sharp: bool) -> NDArray[np.float32]:
    """Noise of all sizes as in nature; with hard-edged blocks and stripes if `sharp`."""
    height, width = sides[0] + _ROOM, sides[1] + _ROOM
    scene = np.full((height, width), 128, np.float32)
    for step in (2, 4, 8, 16, 32, 64):
        coarse = rng.standard_normal((-(-height // step), -(-width // step)), np.float32)
        fine = coarse.repeat(step, 0).repeat(step, 1)[:height, :width]
        scene += fine * np.float32(2.5 * step**0.4)
    if sharp:
        for _ in range(height * width // 12_000):
            y, x = int(rng.integers(height)), int(rng.integers(width))
            block = scene[y : y + int(rng.integers(4, 60)), x : x + int(rng.integers(4, 60))]
            stripes = np.arange(block.shape[1]) // int(rng.integers(1, 8)) % 2
            block[:] = float(rng.uniform(30, 190)) + 40 * stripes
    return np.clip(scene, 16, 235)
