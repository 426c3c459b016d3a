"""Blurred and sharp pictures from a sharp photograph, as a pure function of a seed and a number.

The order is a camera's: light moves over the sensor (linear light), the sensor adds shot and read
noise, the curve and the rounding follow, then an encoder. The sharp target stands at the exposure's
centroid, so that nothing has to be shifted to compare the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from train.scene import Kind, Picture, Scene
from train.synthesis.blur_recipe import BlurRecipe
from train.synthesis.compression import Encoder, Planes8, draw_encoder, rounded_planes
from train.synthesis.defocus import draw_defocus
from train.synthesis.drawing import draw_over
from train.synthesis.motion import draw_length
from train.synthesis.photos import Photo, choose_patch
from train.synthesis.sensor import draw_sensor
from train.synthesis.shot import Shot, draw_layered_shot, draw_shot

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from train.synthesis.light import Image8, Light

__all__ = ["BlurRecipe", "SynthesisSource", "make_scene"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SynthesisSource:
    """Scenes blurred on the fly from photographs; a `SceneSource`."""

    photos: Sequence[Photo]
    recipe: BlurRecipe
    kind: Kind

    @property
    def description(self) -> str:
        """How many photos."""
        return f"{len(self.photos)} photos, blurred on the fly"

    def __call__(self, seed: int, number: int, side: int) -> Scene:
        """Make scene `number` of a seed, the same on any machine and in any order."""
        return make_scene(self, seed, number, side)


def make_scene(source: SynthesisSource, seed: int, number: int, side: int) -> Scene:
    """Make scene `number` of a seed; `side` is even.

    Raises:
        ValueError: a photo drawn has less than `side` + 2 `recipe.margin` pixels on a side.
    """
    recipe = source.recipe
    rng = np.random.default_rng([seed, number])
    sensor, encoder = draw_sensor(rng, recipe), draw_encoder(rng, recipe)

    def light() -> Light:
        photo = _draw_patch(rng, source.photos, side + 2 * recipe.margin)
        patch = draw_over(rng, recipe, photo)
        return draw_defocus(rng, recipe, _softened(rng, recipe, sensor.light(patch)))

    shot = _draw_shot(rng, recipe, light, encoder.frames)
    inner = slice(recipe.margin, recipe.margin + side)
    frames = [sensor.picture(rng, exposed[inner, inner]) for exposed in shot.exposed]
    sharp = sensor.sharp(shot.sharp[inner, inner]) if shot.length else None
    make = _rgb_pair if source.kind == "rgb" else _planes_pair
    blurred, target = make(encoder, frames, sharp)
    return Scene(blurred=blurred, sharp=target, length=shot.length)


def _draw_patch(rng: np.random.Generator, photos: Sequence[Photo], side: int) -> Image8:
    photo = photos[int(rng.integers(len(photos)))]
    height, width = photo.image.shape[:2]
    if min(height, width) < side:
        raise ValueError(
            f"{photo.name} has {width} x {height} pixels, a scene with its margin takes {side} x"
            f" {side}. Leave smaller photos out, or make samples.scene or blur.longest smaller."
        )
    turned = np.rot90(choose_patch(rng, photo, side, 4), int(rng.integers(4)))
    return np.ascontiguousarray(turned[:, ::-1] if rng.random() < 0.5 else turned)


def _softened(rng: np.random.Generator, recipe: BlurRecipe, light: Light) -> Light:
    if rng.random() >= recipe.soft_share:
        return light
    deviation = rng.uniform(0.4, recipe.softest)
    return np.asarray(cv2.GaussianBlur(light, (0, 0), deviation))


def _draw_shot(
    rng: np.random.Generator, recipe: BlurRecipe, draw_light: Callable[[], Light], frames: int
) -> Shot:
    light = draw_light()
    length = draw_length(rng, recipe)
    if not length:
        return Shot(exposed=[light] * frames, sharp=light, length=0.0)
    if rng.random() < recipe.layered_share:
        layers = (light, draw_light())
        return draw_layered_shot(rng, recipe, layers, length=length, frames=frames)
    return draw_shot(rng, recipe, light, length=length, frames=frames)


def _planes_pair(
    encoder: Encoder, frames: list[Image8], sharp: Image8 | None
) -> tuple[Picture, Picture]:
    """Code the frames; give the last as it comes back, and its target (without one: itself)."""
    blurred = encoder.planes(frames)[-1]
    target = blurred if sharp is None else rounded_planes(sharp, encoder.space)
    return _channels(blurred), _channels(target)


def _rgb_pair(
    encoder: Encoder, frames: list[Image8], sharp: Image8 | None
) -> tuple[Picture, Picture]:
    """Do the same in RGB: the target keeps all of its chroma, whatever the encoder took."""
    blurred = encoder.images(frames)[-1]
    return _rgb(blurred), _rgb(blurred if sharp is None else sharp)


def _channels(planes: Planes8) -> Picture:
    return tuple(plane[None] for plane in planes)


def _rgb(image: Image8) -> Picture:
    return (np.ascontiguousarray(image.transpose(2, 0, 1)),)
