"""Consecutive frames of one camera path over a photograph, blurred and sharp."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from train.synthesis import paths
from train.synthesis.compression import draw_encoder
from train.synthesis.exposure import blur_same, kernel_maker
from train.synthesis.motion import Exposures, draw_exposures, draw_length
from train.synthesis.sensor import draw_sensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from train.synthesis.blur_recipe import BlurRecipe
    from train.synthesis.exposure import KernelMaker
    from train.synthesis.light import Image8, Light


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """Consecutive frames (H, W, 3) of one camera, RGB display codes."""

    blurred: list[Image8]
    """Exposed while the camera moves, with its noise and its encoder's traces."""
    sharp: list[Image8]
    """Each the view at its exposure's centroid, without noise."""
    exposures: Exposures
    """(frames, T, 2): where the middle of the picture looks in the photograph, x and y in pixels,
    while the shutter is open."""


def make_clip(
    image: Image8,
    recipe: BlurRecipe,
    rng: np.random.Generator,
    *,
    frames: int,
    size: tuple[int, int],
) -> Clip:
    """Move a camera of `size` (width, height) over a photograph for `frames` frames.

    Of the recipe, all counts that is the same for every pixel (not turns, homographies, layers,
    softness). One length is drawn for a clip, that of its longest blur; 0 keeps the camera still,
    input and target then being equal. A path that comes to the photograph's edge turns back there.

    Raises:
        ValueError: the photograph is too small for `size` and the recipe's longest blur, or a side
            of `size` is odd.
    """
    room = _room(image, recipe, size)
    sensor, encoder = draw_sensor(rng, recipe), draw_encoder(rng, recipe)
    length = draw_length(rng, recipe)
    exposures = _inside(rng, draw_exposures(rng, recipe, length, frames=frames), room)
    light = sensor.light(image)
    make_kernel = kernel_maker(recipe.method)
    still = [_seen(light, e.mean(0)[None], size, paths.kernel_from_path) for e in exposures]
    moved = [_seen(light, e, size, make_kernel) for e in exposures] if length else still
    blurred = encoder.images([sensor.picture(rng, frame) for frame in moved])
    sharp = [sensor.sharp(frame) for frame in still] if length else blurred
    return Clip(blurred=blurred, sharp=sharp, exposures=exposures)


def _room(image: Image8, recipe: BlurRecipe, size: tuple[int, int]) -> NDArray[np.float64]:
    """Where the middle of the picture may look: (2, 2), least and largest x and y."""
    least = 2 * recipe.margin + ceil(recipe.longest)
    have = (image.shape[1], image.shape[0])
    if any(side % 2 for side in size) or any(
        h < s + least for h, s in zip(have, size, strict=True)
    ):
        raise ValueError(
            f"A clip of {size[0]} x {size[1]} does not fit a photograph of {have[0]} x {have[1]}:"
            f" it takes even sides and {least} pixels more of each. Give a larger photograph."
        )
    border = (np.array(size) - 1) / 2 + recipe.margin
    return np.stack([border, np.array(have) - 1 - border])


def _inside(rng: np.random.Generator, exposures: Exposures, room: NDArray[np.float64]) -> Exposures:
    """Begin somewhere, and fold the path at the room's walls: its speed stays what it was."""
    span = room[1] - room[0]
    way = exposures + rng.uniform(0, 1, 2) * span
    return np.asarray(room[0] + span - np.abs(way % (2 * span) - span))


def _seen(light: Light, path: paths.Path, size: tuple[int, int], make: KernelMaker) -> Light:
    """Expose a picture of `size` whose middle follows `path` through the photograph."""
    corner = path - (np.array(size) - 1) / 2
    whole = np.rint(corner.mean(0)).astype(int)
    kernel = make(corner - whole)
    reach = kernel.shape[0] // 2
    left, top = whole - reach
    right, bottom = whole + size + reach
    exposed = blur_same(light[top:bottom, left:right], kernel)
    return exposed[reach : reach + size[1], reach : reach + size[0]]
