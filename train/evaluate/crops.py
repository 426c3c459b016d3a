"""24 crops that a generator should leave alone: what is drawn, and photographs as cameras keep them.

Three of each kind. Photographs are those that scikit-image carries; noise, grain and compression are
put on them by the models of `train.synthesis`. All are the same on every machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from train.colour import BT709, image_from_planes
from train.evaluate import drawn
from train.synthesis.compression import rounded_planes, through_h264, through_jpeg
from train.synthesis.light import image_from_light, light_from_image
from train.synthesis.noise import Noise, with_noise

if TYPE_CHECKING:
    from train.synthesis.light import Image8

SIDE = drawn.SIDE


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Crop:
    """One picture to leave alone."""

    kind: str
    name: str
    image: Image8
    """(SIDE, SIDE, 3) RGB codes."""


def all_crops() -> list[Crop]:
    """Make the crops, three of each kind."""
    portrait = _photo("astronaut")
    face = _cut(portrait, 10, 150)
    far_face = _cut(cv2.resize(portrait, (256, 256), interpolation=cv2.INTER_AREA), 0, 40)
    fur, cup = _cut(_photo("chelsea"), 60, 120), _cut(_photo("coffee"), 120, 200)
    kinds: dict[str, dict[str, Image8]] = {
        "flat": {"grey": drawn.flat(), "sky": drawn.gradient(), "dark": drawn.dark_gradient()},
        "text": {
            "scan": _cut(_photo("page"), 20, 30),
            "small": drawn.text(0.35),
            "subtitle": drawn.text(0.8, on=cup),
        },
        "cartoon": {"hills": drawn.hills(), "shapes": drawn.shapes(), "hatching": drawn.hatching()},
        "screen": {
            "window": drawn.window(),
            "terminal": drawn.terminal(),
            "grid": drawn.grid(),
        },
        "face": {"near": face, "far": far_face, "cat": fur},
        "night": {
            "lights": drawn.lights(),
            "stars": _cut(_photo("hubble_deep_field"), 300, 300),
            "launch": _cut(_photo("rocket"), 200, 240),
        },
        "noise": {
            "sensor": _noisy(fur, Noise(shot=4e-4, read=1e-6)),
            "dim": _noisy(face // 4, Noise(shot=4e-4, read=1e-6)),
            "grain": _grainy(cup),
        },
        "compression": {
            "JPEG 40": through_jpeg(cup, 40),
            "H.264 28": _through_h264(face, 28),
            "H.264 36": _through_h264(fur, 36),
        },
    }
    return [
        Crop(kind=kind, name=name, image=image)
        for kind, pictures in kinds.items()
        for name, image in pictures.items()
    ]


def _photo(name: str) -> Image8:
    """One of scikit-image's own pictures, grey ones with three channels alike."""
    from skimage import data

    image = np.asarray(getattr(data, name)(), np.uint8)
    return np.dstack([image] * 3) if image.ndim == 2 else image


def _cut(image: Any, top: int, left: int) -> Image8:
    return np.ascontiguousarray(image[top : top + SIDE, left : left + SIDE])


def _noisy(image: Image8, noise: Noise) -> Image8:
    light = with_noise(np.random.default_rng(0), light_from_image(image), noise)
    return image_from_light(light)


def _grainy(image: Image8) -> Image8:
    """Grain of film: the same in all channels, shared by neighbours."""
    grain = np.random.default_rng(1).standard_normal((SIDE, SIDE)).astype(np.float32)
    grain = np.asarray(cv2.GaussianBlur(grain, (0, 0), 0.8), np.float32)
    codes = image + 8 * (grain / grain.std())[:, :, None]
    return np.asarray(np.clip(np.rint(codes), 0, 255), np.uint8)


def _through_h264(image: Image8, crf: int) -> Image8:
    return image_from_planes(through_h264(rounded_planes(image, BT709), crf), BT709)
