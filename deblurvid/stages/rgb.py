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
from deblurvid.frames import Damage
from deblurvid.stages.clock import Clock
from deblurvid.stages.decode import decode
from deblurvid.stages.demux import Span, demux, open_input, video_stream
from deblurvid.stages.ffmpeg import colour_tags, translated
from deblurvid.stages.layouts import LAYOUTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Any

    from av.video.plane import VideoPlane
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
        InputError: the file is no video, or a frame does not decode whole.
    """
    span, damage = Span(), Damage()
    to_rgb = rgb_converter()
    with open_input(path) as container:
        video = video_stream(container, path)
        packets = demux(container, video, span)
        items = decode(packets, video, span, Clock(video), on_corrupt="keep", damage=damage)
        for item in items:
            if isinstance(item, Packet):
                continue
            seconds = (item.pts or 0) * Fraction(item.time_base or 1)
            if damage.corrupt or damage.undecodable:
                raise InputError(
                    f"{path}: damaged at or before {float(seconds):.3f} s; {_NO_WORTH}"
                )
            with translated(InputError, f"{path}: cannot convert {item.format.name} to RGB"):
                converted = to_rgb(item, seconds)
            yield converted
    if damage.undecodable:
        raise InputError(f"{path}: damaged at its end; {_NO_WORTH}")


def rgb_converter() -> Callable[[VideoFrame, Fraction], RgbFrame]:
    """Make what converts decoded frames, each shown at so many seconds, as `rgb_frames` does."""
    reformatter = VideoReformatter()

    def convert(frame: VideoFrame, seconds: Fraction) -> RgbFrame:
        luma = _luma(frame)
        return RgbFrame(rgb=_rgb(frame, luma, reformatter), luma=luma, seconds=seconds)

    return convert


_NO_WORTH = "frames that do not decode whole have no figures. Cut them out of all files"


def _rgb(frame: VideoFrame, luma: Luma | None, reformatter: VideoReformatter) -> NDArray[Any]:
    depth = frame.format.components[0].bits
    if depth > 16:
        raise InputError(f"pixel format {frame.format.name} has {depth} bits; 16 are read at most")
    tags = colour_tags(frame)
    if luma is not None and len(frame.format.components) < len("yuv"):
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
        lines, target = _lines(plane), _lines(copy)
        width = min(lines.shape[1], target.shape[1])
        target[: plane.height, :width] = lines[: plane.height, :width]
    return bare


def _lines(plane: VideoPlane) -> NDArray[np.uint8]:
    """A view of a plane's memory, a row of it a row of the picture."""
    memory = np.frombuffer(plane, np.uint8)  # type: ignore[call-overload]
    lines: NDArray[np.uint8] = memory.reshape(-1, abs(plane.line_size))
    return lines[::-1] if plane.line_size < 0 else lines


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
    layout = LAYOUTS.get(frame.format.name)
    if layout is None or layout.picture.source == "rgb":
        return None
    kind = np.uint8 if layout.picture.depth == 8 else np.uint16
    codes = layout.rows(frame)[0] >> layout.low_zeros
    return Luma(codes=codes.astype(kind), depth=layout.picture.depth, colour=colour_tags(frame))
