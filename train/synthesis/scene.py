"""Blurred and sharp planes from a sharp photograph, as a pure function of a seed and a number.

The order is a camera's: light moves over the sensor (linear light), the sensor adds shot and read
noise, the curve and the rounding follow, then 4:2:0 planes and an encoder. The sharp target stands
at the exposure's centroid, so that nothing has to be shifted to compare the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from train.colour import (
    BT601_FULL,
    BT709,
    BT709_FULL,
    ColourSpace,
    image_from_planes,
    planes_from_image,
)
from train.scene import Kind, Picture, Scene
from train.synthesis import paths
from train.synthesis.compression import Plane8, through_h264, through_jpeg
from train.synthesis.light import Image8, Light, image_from_light, light_from_image
from train.synthesis.photos import Photo, choose_patch

if TYPE_CHECKING:
    from collections.abc import Sequence

_MARGIN = 32
"""Pixels cut off around a scene: more than half the longest blur, so that no border is invented."""
_VIEWS = 25
"""Views averaged where the camera also turns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlurRecipe:
    """Which blurs are drawn, how often. Shares are probabilities in [0, 1]."""

    sharp_share: float = 0.05
    """Pairs whose input is the target itself: what is sharp must stay as it is, grain and all."""
    soft_share: float = 0.0
    """Pictures whose view is soft before the camera moves, input and target alike: softness of the
    lens or of the focus is not motion, and is to stay."""
    softest: float = 1.5
    """Their Gaussian softness is uniform from 0.4 to this standard deviation in pixels."""
    short_share: float = 0.25
    """Of the blurred: lengths from `shortest` to `middle`, log-uniform."""
    shortest: float = 1.5
    middle: float = 8.0
    longest: float = 23.0
    """The other lengths are uniform from `middle` to `longest` pixels."""
    shaken_share: float = 0.5
    """Of the blurred: hand-held tremor instead of a pan."""
    turned_share: float = 0.15
    """Of the blurred: the camera also turns, by up to `turn_degrees` over the exposure."""
    turn_degrees: float = 0.5
    noisy_share: float = 0.9
    """Pictures with shot and read noise."""
    jpeg_share: float = 0.1
    h264_share: float = 0.1
    bt601_share: float = 0.1
    """Full-range BT.601 as in JPEG; another tenth is full-range BT.709, the rest limited BT.709."""

    def __post_init__(self) -> None:
        """Refuse lengths out of order and shares outside [0, 1]."""
        if not 0 < self.shortest <= self.middle <= self.longest <= 2 * (_MARGIN - 2):
            raise ValueError(
                f"Blur lengths must rise: shortest {self.shortest}, middle {self.middle},"
                f" longest {self.longest}"
                f" (at most {2 * (_MARGIN - 2)})."
            )
        for name in self.__slots__:
            if name.endswith("_share") and not 0 <= getattr(self, name) <= 1:
                raise ValueError(
                    f"{name} = {getattr(self, name)} is no share. Give a value from 0 to 1."
                )


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
    """Make scene `number` of a seed; `side` is even."""
    photos, recipe = source.photos, source.recipe
    rng = np.random.default_rng([seed, number])
    photo = photos[int(rng.integers(len(photos)))]
    patch = _flipped(rng, choose_patch(rng, photo, side + 2 * _MARGIN, 4))
    light = _softened(rng, recipe, light_from_image(patch))
    length = draw_length(rng, recipe)
    exposed = (
        expose(light, draw_path(rng, recipe, length), _draw_turn(rng, recipe)) if length else light
    )
    inner = (slice(_MARGIN, _MARGIN + side), slice(_MARGIN, _MARGIN + side))
    exposed, sharp = exposed[inner], light[inner]
    if rng.random() < recipe.noisy_share:
        exposed = add_noise(rng, exposed)
    space = _draw_space(rng, recipe)
    blurred = _through_encoder(rng, recipe, image_from_light(exposed), space)
    target = rounded_planes(image_from_light(sharp), space) if length else blurred
    if source.kind == "rgb":
        return Scene(
            blurred=_rgb(image_from_planes(blurred, space)),
            sharp=_rgb(image_from_planes(target, space)),
            length=length,
        )
    return Scene(blurred=_channels(blurred), sharp=_channels(target), length=length)


def _channels(planes: tuple[Plane8, ...]) -> Picture:
    return tuple(plane[None] for plane in planes)


def _rgb(image: Image8) -> Picture:
    return (np.ascontiguousarray(image.transpose(2, 0, 1)),)


def _softened(rng: np.random.Generator, recipe: BlurRecipe, light: Light) -> Light:
    if not recipe.soft_share or rng.random() >= recipe.soft_share:
        return light
    deviation = rng.uniform(0.4, recipe.softest)
    return np.asarray(cv2.GaussianBlur(light, (0, 0), deviation))


def draw_length(rng: np.random.Generator, recipe: BlurRecipe) -> float:
    """Draw a blur length in pixels; 0 means a sharp pair."""
    if rng.random() < recipe.sharp_share:
        return 0.0
    if rng.random() < recipe.short_share:
        return float(np.exp(rng.uniform(np.log(recipe.shortest), np.log(recipe.middle))))
    return float(rng.uniform(recipe.middle, recipe.longest))


def draw_path(rng: np.random.Generator, recipe: BlurRecipe, length: float) -> paths.Path:
    """Draw a straight or a shaken path of `length` pixels."""
    make = paths.shaken_path if rng.random() < recipe.shaken_share else paths.straight_path
    return make(rng, length)


def _draw_turn(rng: np.random.Generator, recipe: BlurRecipe) -> float:
    if rng.random() >= recipe.turned_share:
        return 0.0
    return float(np.deg2rad(rng.uniform(-recipe.turn_degrees, recipe.turn_degrees)))


def _draw_space(rng: np.random.Generator, recipe: BlurRecipe) -> ColourSpace:
    draw = rng.random()
    if draw < recipe.bt601_share:
        return BT601_FULL
    return BT709_FULL if draw < recipe.bt601_share + 0.1 else BT709


def _flipped(rng: np.random.Generator, patch: Image8) -> Image8:
    turned = np.rot90(patch, int(rng.integers(4)))
    return np.ascontiguousarray(turned[:, ::-1] if rng.random() < 0.5 else turned)


def expose(light: Light, path: paths.Path, turn: float) -> Light:
    """Expose linear light while the camera follows `path` and turns by `turn` radians.

    Without a turn every pixel sees the same path, so one correlation does it; with one, views are
    averaged.
    """
    if turn == 0.0:
        kernel = paths.kernel_from_path(path)
        return np.asarray(cv2.filter2D(light, -1, kernel, borderType=cv2.BORDER_REFLECT_101))
    height, width = light.shape[:2]
    total = np.zeros_like(light)
    times = np.linspace(0, len(path) - 1, _VIEWS).round().astype(int)
    shifts = path[times] - path[times].mean(0)
    for shift, angle in zip(shifts, np.linspace(-0.5, 0.5, _VIEWS) * turn, strict=True):
        total += _view(light, shift, angle, (width, height))
    return np.asarray(total / np.float32(_VIEWS))


def _view(light: Light, shift: paths.Path, angle: float, size: tuple[int, int]) -> Light:
    c, s = np.cos(angle), np.sin(angle)
    turn = np.array([[c, -s], [s, c]])
    middle = (np.array(size) - 1) / 2
    matrix = np.hstack([turn, (middle + shift - turn @ middle)[:, None]])
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpAffine(light, matrix, size, flags=flags, borderMode=cv2.BORDER_REFLECT_101)
    )


def add_noise(rng: np.random.Generator, light: Light) -> Light:
    """Add shot noise (variance as the light) and read noise (constant), both Gaussian.

    Strengths are log-uniform; in the middle they give about 1.5 display codes at mid grey.
    """
    shot = np.exp(rng.uniform(np.log(2e-5), np.log(4e-4)))
    read = np.exp(rng.uniform(np.log(5e-8), np.log(1e-6)))
    deviation = np.sqrt(np.maximum(light, 0) * np.float32(shot) + np.float32(read))
    noise = deviation * rng.standard_normal(light.shape, dtype=np.float32)
    return np.asarray(light + noise, np.float32)


def _through_encoder(
    rng: np.random.Generator, recipe: BlurRecipe, image: Image8, space: ColourSpace
) -> tuple[Plane8, ...]:
    draw = rng.random()
    if draw < recipe.jpeg_share:
        image = through_jpeg(image, int(rng.integers(80, 99)))
    planes = rounded_planes(image, space)
    if recipe.jpeg_share <= draw < recipe.jpeg_share + recipe.h264_share:
        return through_h264(planes, int(rng.integers(12, 24)))
    return planes


def rounded_planes(image: Image8, space: ColourSpace) -> tuple[Plane8, ...]:
    """Turn RGB codes into Y, U, V codes at 8 bit, rounded and clipped to 0..255."""
    return tuple(
        np.clip(np.rint(plane), 0, 255).astype(np.uint8)
        for plane in planes_from_image(image, space)
    )
