"""Draws of how far and along which way a camera moves, over one exposure or several in a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from train.synthesis import paths
from train.synthesis.homography import (
    Pinhole,
    Views,
    landmarks,
    rolled_views,
    shifted_views,
    views_extent,
)
from train.synthesis.trajectory import FRACTIONS, STEPS, draw_hand, trajectory

if TYPE_CHECKING:
    from train.synthesis.blur_recipe import BlurRecipe
    from train.synthesis.homography import Size

Exposures = NDArray[np.float64]
"""(F, T, n): n coordinates at T times of each of F exposures, the shutter closed between them."""


def draw_length(rng: np.random.Generator, recipe: BlurRecipe) -> float:
    """Draw a blur length in pixels; 0 means a sharp pair."""
    if rng.random() < recipe.sharp_share:
        return 0.0
    return draw_blurred_length(rng, recipe)


def draw_blurred_length(rng: np.random.Generator, recipe: BlurRecipe) -> float:
    """Draw the length in pixels of a blur that is there."""
    if rng.random() < recipe.short_share:
        return float(np.exp(rng.uniform(np.log(recipe.shortest), np.log(recipe.middle))))
    return float(rng.uniform(recipe.middle, recipe.longest))


def draw_exposures(
    rng: np.random.Generator, recipe: BlurRecipe, length: float, *, frames: int = 1
) -> Exposures:
    """Draw the open parts of one camera path: (frames, T, 2), x and y in pixels.

    The longest exposure is `length` pixels long (all stand still at 0), the last one's centroid is
    the origin. Between exposures the path goes on for (1 - shutter) / shutter of an exposure.
    """
    if recipe.method == "kernel":
        times, points = round(STEPS * float(rng.choice(FRACTIONS))), STEPS
    else:
        times = points = paths.POINTS
    period = round(times / recipe.shutter)
    path = _draw_way(rng, recipe, (frames - 1) * period + times)
    shots = np.stack(
        [paths.resampled(path[at : at + times], points) for at in period * np.arange(frames)]
    )
    longest = max(paths.extent(shot) for shot in shots)
    return np.asarray((shots - shots[-1].mean(0)) * (length / max(longest, 1e-9)))


def _draw_way(rng: np.random.Generator, recipe: BlurRecipe, points: int) -> paths.Path:
    """Draw a path of any scale at `points` times."""
    if recipe.method == "kernel":
        return trajectory(rng, draw_hand(rng), points)
    make = paths.shaken_path if rng.random() < recipe.shaken_share else paths.straight_path
    return make(rng, 1.0, points)


def draw_shifts(
    rng: np.random.Generator, recipe: BlurRecipe, length: float, *, frames: int, size: Size
) -> list[Views]:
    """Draw the views of exposures in a row, oldest first, moved alone or turned about the middle.

    `length` is that of the path; a turn comes on top of it.
    """
    exposures = draw_exposures(rng, recipe, length, frames=frames)
    if rng.random() >= recipe.turned_share:
        return [shifted_views(path) for path in exposures]
    turn = np.deg2rad(rng.uniform(-recipe.turn_degrees, recipe.turn_degrees))
    even = np.linspace(-0.5, 0.5, exposures.shape[1])
    ages = (np.arange(frames) - (frames - 1)) / recipe.shutter
    return [
        rolled_views(path, turn * (even + age), size)
        for path, age in zip(exposures, ages, strict=True)
    ]


def draw_homographies(
    rng: np.random.Generator, recipe: BlurRecipe, length: float, *, frames: int, size: Size
) -> list[Views]:
    """Draw the views of a camera that pans, tilts, rolls and moves, oldest first.

    `length` is the largest extent over the longest exposure that any corner of the picture within
    `recipe.margin`, or its middle, has. The last exposure's parameters have mean zero: its centroid
    is the picture as it stands. The picture lies anywhere in one of about 1280 x 720 pixels.
    """
    middle = (np.array(size) - 1) / 2
    centre = middle + rng.uniform(-1, 1, 2) * (500, 250)
    camera = Pinhole(focal=float(rng.uniform(900, 1600)), centre=(centre[0], centre[1]))
    ways = [draw_exposures(rng, recipe, 1.0, frames=frames) for _ in range(3)]
    tilt_pan, shift, roll_zoom = (way * rng.uniform(0, 1) for way in ways)
    # a unit is about a pixel: in the middle, and 200 pixels from it for rolling and coming near
    turns = np.dstack([tilt_pan / camera.focal, roll_zoom[..., :1] / 200])
    moves = np.dstack([shift / camera.focal, roll_zoom[..., 1:] / 200])

    def views(scale: float) -> list[Views]:
        return [camera.views(r * scale, t * scale) for r, t in zip(turns, moves, strict=True)]

    points = landmarks(size, recipe.margin)
    scale = 1.0
    for _ in range(3):  # displacements are all but linear in the scale
        scale *= length / max(views_extent(v, points) for v in views(scale))
    return views(scale)


def draw_views(
    rng: np.random.Generator, recipe: BlurRecipe, length: float, *, frames: int, size: Size
) -> list[Views]:
    """Draw the views of exposures in a row by the recipe's shares, oldest first; 0 stands still."""
    if length == 0:
        return [shifted_views(np.zeros((paths.POINTS, 2)))] * frames
    flat = rng.random() >= recipe.homography_share
    draw = draw_shifts if flat else draw_homographies
    return draw(rng, recipe, length, frames=frames, size=size)
