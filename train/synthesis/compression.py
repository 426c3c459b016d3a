"""What a camera's encoder does to pictures: JPEG and H.264, there and back."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from train.colour import (
    BT601_FULL,
    BT709,
    BT709_FULL,
    ColourSpace,
    image_from_planes,
    planes_from_image,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from train.synthesis.blur_recipe import BlurRecipe
    from train.synthesis.light import Image8

Plane8 = NDArray[np.uint8]
Planes8 = tuple[Plane8, ...]
"""Y (H, W), U and V (H/2, W/2): 8-bit codes."""
Codec = Literal["none", "jpeg", "h264", "h264_clip"]
"""h264: every picture by itself; h264_clip: the first by itself, the others from those before."""

CLIP_FRAMES = 3
"""Frames coded to get the last of a clip."""


def through_jpeg(image: Image8, quality: int) -> Image8:
    """Encode RGB codes as JPEG (4:2:0, OpenCV's default) at `quality` 1..100 and decode them."""
    encoded = cv2.imencode(".jpg", image[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR_RGB), dtype=np.uint8)


def through_h264(planes: Planes8, crf: int) -> Planes8:
    """Encode Y, U, V codes as one H.264 picture at `crf`, by one thread, and decode it."""
    return through_h264_clip([planes], crf)[0]


def through_h264_clip(frames: Sequence[Planes8], crf: int) -> list[Planes8]:
    """Encode pictures of one size as an H.264 stream at `crf` and decode all of them, in order.

    The first is coded by itself, each other may be predicted from those before it.
    """
    height, width = frames[0][0].shape
    encoder = av.VideoCodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.framerate, encoder.thread_count = Fraction(25), 1
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "crf": str(crf)}
    decoder = av.VideoCodecContext.create("h264", "r")
    decoder.thread_count = 1
    packets = [p for frame in frames for p in encoder.encode(_video_frame(frame))]
    decoded = [f for p in [*packets, *encoder.encode(None)] for f in decoder.decode(p)]
    return [_planes(frame) for frame in [*decoded, *decoder.decode(None)]]


def _video_frame(planes: Planes8) -> av.VideoFrame:
    height, width = planes[0].shape
    stacked = np.concatenate([plane.reshape(-1) for plane in planes])
    return av.VideoFrame.from_ndarray(stacked.reshape(height * 3 // 2, width), format="yuv420p")


def _planes(frame: av.VideoFrame) -> Planes8:
    codes: Plane8 = np.asarray(frame.to_ndarray(), np.uint8)
    luma, chroma = codes[: frame.height], codes[frame.height :]
    u, v = chroma.reshape(2, frame.height // 2, frame.width // 2)
    return luma, u, v


def rounded_planes(image: Image8, space: ColourSpace) -> Planes8:
    """Turn RGB codes into Y, U, V codes at 8 bit, rounded and clipped to 0..255."""
    return tuple(
        np.clip(np.rint(plane), 0, 255).astype(np.uint8)
        for plane in planes_from_image(image, space)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoder:
    """How pictures are stored."""

    codec: Codec
    strength: int
    """JPEG's quality, H.264's CRF; without meaning for none."""
    space: ColourSpace
    """Of planes; JPEG files have their own, BT.601 full range."""

    @property
    def frames(self) -> int:
        """How many frames in a row it takes to code the last."""
        return CLIP_FRAMES if self.codec == "h264_clip" else 1

    def images(self, frames: Sequence[Image8]) -> list[Image8]:
        """Code RGB pictures and give RGB codes; only a codec takes chroma from them."""
        if self.codec in {"none", "jpeg"}:
            return self._stills(frames)
        return [image_from_planes(planes, self.space) for planes in self.planes(frames)]

    def planes(self, frames: Sequence[Image8]) -> list[Planes8]:
        """Code RGB pictures, sides even, and give the planes of 4:2:0."""
        planes = [rounded_planes(image, self.space) for image in self._stills(frames)]
        if self.codec == "h264":
            return [through_h264(picture, self.strength) for picture in planes]
        if self.codec == "h264_clip":
            return through_h264_clip(planes, self.strength)
        return planes

    def _stills(self, frames: Sequence[Image8]) -> list[Image8]:
        if self.codec == "jpeg":
            return [through_jpeg(image, self.strength) for image in frames]
        return list(frames)


def draw_encoder(rng: np.random.Generator, recipe: BlurRecipe) -> Encoder:
    """Draw how pictures are stored, by a recipe's shares: JPEG 80..98, CRF 12..23."""
    space = _draw_space(rng, recipe)
    draw = rng.random()
    quality, crf = int(rng.integers(80, 99)), int(rng.integers(12, 24))
    shares: list[tuple[Codec, float, int]] = [
        ("jpeg", recipe.jpeg_share, quality),
        ("h264", recipe.h264_share, crf),
        ("h264_clip", recipe.h264_clip_share, crf),
    ]
    for codec, share, strength in shares:
        if draw < share:
            return Encoder(codec=codec, strength=strength, space=space)
        draw -= share
    return Encoder(codec="none", strength=0, space=space)


def _draw_space(rng: np.random.Generator, recipe: BlurRecipe) -> ColourSpace:
    draw = rng.random()
    if draw < recipe.bt601_share:
        return BT601_FULL
    return BT709_FULL if draw < recipe.bt601_share + 0.1 else BT709
