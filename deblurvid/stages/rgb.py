"""bytes -> RGB pictures, for whoever judges them; nothing that is restored comes this way."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, cast

import numpy as np
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

from deblurvid.errors import InputError
from deblurvid.stages.decode import Clock, decode
from deblurvid.stages.demux import Span, demux, open_input, video_stream
from deblurvid.stages.ffmpeg import PICTURE_FORMATS, colour_tags, translated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

    from numpy.typing import NDArray

    from deblurvid.frames import ColourTags, Matrix

_COLORSPACES: dict[Matrix, Colorspace] = {
    "bt601": Colorspace.SMPTE170M,
    "bt709": Colorspace.ITU709,
    "bt2020": Colorspace.BT2020,
}
# Note: [Flags of swscale] Without ACCURATE_RND and FULL_CHR_H_INT, 8-bit 4:2:0 comes out darker by a
# code or two. With BILINEAR in place of BICUBIC, the two flags turn deep 4:2:0 green.
_FLAGS = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
_TOP = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class Luma:
    """Y' as it was decoded."""

    codes: NDArray[Any]
    """(H, W), uint8 or, above 8 bits, uint16."""
    depth: int
    """Bits a sample."""
    colour: ColourTags


@dataclass(frozen=True, slots=True, kw_only=True)
class RgbFrame:
    """A picture in R'G'B', and when it is shown."""

    rgb: NDArray[np.uint8] | NDArray[np.uint16]
    """(H, W, 3): 0 is black, 255 or 65535 white."""
    luma: Luma | None = None
    """None of a source in RGB, or of a pixel format that is not restored."""
    seconds: Fraction | None = None
    """None of an image file."""


def rgb_frames(path: Path) -> Iterator[RgbFrame]:
    """Decode a video file and yield its pictures in the order of presentation.

    swscale converts them, with the matrix and the range that a frame is tagged with, or else those
    that players take by its size. Chroma is interpolated bicubically, and taken to lie in the middle
    of its pixels whatever is tagged, as the graph has it. 8 bits give uint8, more give uint16. A
    rotation that is noted in the file is not applied.

    Raises:
        InputError: the file is no video, or cannot be decoded.
    """
    span = Span()
    reformatter = VideoReformatter()
    with open_input(path) as container:
        video = video_stream(container, path)
        for item in decode(demux(container, video, span), video, span, Clock(video)):
            if isinstance(item, Packet):
                continue
            seconds = (item.pts or 0) * Fraction(item.time_base or 1)
            with translated(InputError, f"{path}: cannot convert {item.format.name} to RGB"):
                rgb = _rgb(item, reformatter)
            yield RgbFrame(rgb=rgb, luma=_luma(item), seconds=seconds)


def _rgb(frame: VideoFrame, reformatter: VideoReformatter) -> NDArray[Any]:
    depth = frame.format.components[0].bits
    if depth > 16:
        raise InputError(f"pixel format {frame.format.name} has {depth} bits; 16 are read at most")
    tags = colour_tags(frame)
    if (luma := _luma(frame)) is not None and frame.format.name.startswith("gray"):
        # swscale takes grey for full range whatever it is tagged with.
        return np.repeat(_grey_table(depth, full_range=tags.full_range)[luma.codes, None], 3, 2)
    space = _COLORSPACES[tags.matrix]
    converted = reformatter.reformat(
        _bare(frame),
        format="rgb24" if depth <= 8 else "rgb48le",
        src_colorspace=space,
        dst_colorspace=space,
        src_color_range=ColorRange.JPEG if tags.full_range else ColorRange.MPEG,
        dst_color_range=ColorRange.JPEG,
        interpolation=_FLAGS,
    )
    rgb = converted.to_ndarray()
    if depth <= 8 or frame.format.is_rgb:
        return rgb
    return cast("NDArray[Any]", _white_table(depth, full_range=tags.full_range)[rgb])


def _bare(frame: VideoFrame) -> VideoFrame:
    """The samples of a picture whose chroma is smaller, in a frame without tags.

    Codecs differ in whether they tag the place of chroma: swscale would shift it by half a pixel in
    one file and not in the next, and errors of 100 codes stand at edges that are the same. It would
    also take fields apart.
    """
    if all(part.width == frame.width for part in frame.format.components):
        return frame
    bare = VideoFrame(frame.width, frame.height, frame.format.name)
    for plane, copy in zip(frame.planes, bare.planes, strict=True):
        lines, target = (
            np.frombuffer(p, np.uint8).reshape(-1, p.line_size)  # type: ignore[call-overload]
            for p in (plane, copy)
        )
        width = min(plane.line_size, copy.line_size)
        target[: plane.height, :width] = lines[: plane.height, :width]
    return bare


@cache
def _white_table(depth: int, *, full_range: bool) -> NDArray[np.uint16]:
    """Swscale's 16 bits of deep YCbCr -> codes whose white is 65535.

    It shifts codes where it ought to stretch them: white is 255 * 256, or the largest code shifted.
    """
    white = ((1 << depth) - 1) << (16 - depth) if full_range else 255 << 8
    stretched = np.rint(np.arange(_TOP + 1) * (_TOP / white))
    return np.asarray(np.minimum(stretched, _TOP), np.uint16)


@cache
def _grey_table(depth: int, *, full_range: bool) -> NDArray[Any]:
    """Codes of luma -> codes whose white is 255 or 65535 (ITU-R BT.709-6, section 3.4)."""
    codes = np.arange(1 << depth)
    step = 2 ** (depth - 8)
    light = codes / (len(codes) - 1) if full_range else (codes / step - 16) / 219
    top, kind = (255, np.uint8) if depth == 8 else (_TOP, np.uint16)
    return np.rint(np.clip(light, 0, 1) * top).astype(kind)


def _luma(frame: VideoFrame) -> Luma | None:
    picture = PICTURE_FORMATS.get(frame.format.name)
    if picture is None or picture.source == "rgb":
        return None
    plane = frame.planes[0]
    kind = np.uint8 if picture.depth == 8 else np.uint16
    memory = np.frombuffer(plane, kind)  # type: ignore[call-overload]
    lines = memory.reshape(-1, plane.line_size // np.dtype(kind).itemsize)
    return Luma(
        codes=lines[: frame.height, : frame.width], depth=picture.depth, colour=colour_tags(frame)
    )
