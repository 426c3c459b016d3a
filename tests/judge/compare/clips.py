"""Small lossless clips whose every sample is known, and their frames read back."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import numpy as np
from av.video.frame import VideoFrame

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

Planes = list["NDArray[Any]"]


def write_clip(
    path: Path,
    pictures: Sequence[Planes],
    pixel_format: str = "yuv420p",
    *,
    rate: Fraction | int = 25,
    first: Fraction | int = 0,
    rotation: int = 0,
    colour: Mapping[str, int] | None = None,
) -> Path:
    """Write planes, [height, width] each in the order of FFmpeg's, without loss.

    Args:
        path: ends in .mkv.
        pictures: of one size.
        pixel_format: FFmpeg's name; planar.
        rate: frames a second.
        first: seconds at which the first frame is shown.
        rotation: degrees that a player turns the picture by.
        colour: fields of the encoder's context.
    """
    rate = Fraction(rate)
    height, width = pictures[0][0].shape
    held = "bgr0" if pixel_format == "gbrp" else pixel_format  # so FFV1 holds RGB of 8 bits
    with av.open(f"file:{path}", "w") as target:
        video = target.add_stream("ffv1", rate=rate)
        context = video.codec_context
        context.width, context.height, context.pix_fmt = width, height, held
        context.time_base = Fraction(1, 1000)
        for name, value in (colour or {}).items():
            setattr(context, name, value)
        if rotation:
            video.set_display_rotation(rotation)
        for number, planes in enumerate(pictures):
            frame = VideoFrame(width, height, held)
            for view, plane in zip(_places(frame), planes, strict=True):
                view[:] = plane
            frame.pts = round((first + number / rate) * 1000)
            frame.time_base = Fraction(1, 1000)
            for name, value in (colour or {}).items():
                setattr(frame, name, value)
            target.mux(video.encode(frame))
        target.mux(video.encode(None))
    return path


def _places(frame: VideoFrame) -> list[NDArray[Any]]:
    """Where each plane of `write_clip` belongs: in bgr0 green, blue and red lie side by side."""
    if frame.format.name != "bgr0":
        return views(frame)
    memory = np.frombuffer(memoryview(frame.planes[0]), np.uint8)
    rows = memory.reshape(frame.height, -1)[:, : 4 * frame.width]
    return [rows[:, at::4] for at in (1, 0, 2)]


def noise(
    count: int, size: tuple[int, int], pixel_format: str = "yuv420p", *, seed: int = 0
) -> list[Planes]:
    """Pictures of random codes within the limited range; `size` is width and height."""
    rng = np.random.default_rng(seed)
    frame = VideoFrame(*size, pixel_format)
    depth = frame.format.components[0].bits
    unit = 1 << (depth - 8)
    shapes = [view.shape for view in views(frame)]
    kind = np.uint8 if depth == 8 else np.uint16
    return [
        [rng.integers(16 * unit, 235 * unit, shape, kind) for shape in shapes] for _ in range(count)
    ]


def flat(codes: Sequence[int], size: tuple[int, int] = (32, 32)) -> list[Planes]:
    """4:2:0 pictures, grey, each of one code of luma that tells which it is."""
    width, height = size
    chroma = np.full((height // 2, width // 2), 128, np.uint8)
    return [[np.full((height, width), code, np.uint8), chroma, chroma] for code in codes]


def read_clip(path: Path) -> list[Planes]:
    """The planes of all frames."""
    with av.open(f"file:{path}") as source:
        return [[view.copy() for view in views(f)] for f in source.decode(video=0)]


def views(frame: VideoFrame) -> list[NDArray[Any]]:
    """The planes' own memory, without the padding of their rows."""
    kind = np.uint8 if frame.format.components[0].bits == 8 else np.uint16
    return [
        np.frombuffer(memoryview(plane), kind).reshape(plane.height, -1)[:, : plane.width]
        for plane in frame.planes
    ]
