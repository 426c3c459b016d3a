"""frames -> frames: into the samples that image files and yuv4mpegpipe hold, where they differ.

The one place where a whole picture is converted, because a target was asked for that cannot hold
the source's samples. Everywhere else an encoder takes them as they are, or is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import av
import numpy as np
from av.packet import Packet
from av.video.format import VideoFormat
from av.video.reformatter import ColorRange, Colorspace, Interpolation

from deblurvid.stages.ffmpeg import colour_tags

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame

    from deblurvid.frames import Matrix, VideoInfo
    from deblurvid.stages.ffmpeg import AnyPacket

_SWSCALE: dict[Matrix, Colorspace] = {
    "bt601": Colorspace.ITU601,
    "bt709": Colorspace.ITU709,
    "bt2020": Colorspace.BT2020,
}
_EXACT = (
    Interpolation.BICUBIC
    | Interpolation.ACCURATE_RND
    | Interpolation.FULL_CHR_H_INT
    | Interpolation.FULL_CHR_H_INP
    | Interpolation.BITEXACT
)
_ENDS = {"png": "be", "tiff": "le"}
"""Byte order in which the encoder takes samples of 16 bits."""
_BT470BG = 5
"""AVCOL_SPC_BT470BG, which is BT.601."""
_NAMES = {
    (False, False): {8: "rgb24", 16: "rgb48{}"},
    (False, True): {8: "rgba", 16: "rgba64{}"},
    (True, False): {8: "gray", 16: "gray16{}"},
    (True, True): {8: "ya8", 16: "ya16{}"},
}
"""Of PNG and TIFF: by whether it is grey, whether it has alpha, and the depth."""
_JPEG = {"yuv420": "yuvj420p", "yuv422": "yuvj422p"}
"""By the source's sampling; all others become 4:4:4."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """What the target's codec takes in place of the source's samples."""

    codec: str
    pixel_format: str
    depth: int
    """Bits a sample that the target keeps."""
    jpeg: bool
    """YCbCr as JFIF has it: BT.601 with the full range."""

    def tag(self, context: VideoCodecContext) -> None:
        """Let the encoder expect what `reformat` gives."""
        context.pix_fmt = self.pixel_format
        if self.jpeg:
            context.color_range, context.colorspace = ColorRange.JPEG, _BT470BG
        elif self.codec != "wrapped_avframe":
            context.color_range = ColorRange.JPEG
            context.colorspace = 0 if self.pixel_format[:4] != "gray" else context.colorspace

    def remark(self, info: VideoInfo) -> str | None:
        """What becomes of the samples, in words, where it is more than another name."""
        if _renamed(info.pixel_format) == _renamed(self.pixel_format):
            return None
        lost = info.picture.depth > self.depth
        bits = f", and {info.picture.depth} bits to {self.depth}" if lost else ""
        return (
            f"{self.codec.removeprefix('lib')} holds no {info.pixel_format}: frames are converted "
            f"to {self.pixel_format}{bits}"
        )


def conversion_for(info: VideoInfo, codec: str) -> Conversion | None:
    """How frames of `info` become what the encoder `codec` takes; None if it takes them as is."""
    source = info.picture.source
    deep = 16 if info.picture.depth > 8 else 8
    if codec == "mjpeg":
        name = _JPEG.get(source, "yuvj444p")
        same = info.pixel_format == name and info.colour.matrix == "bt601"
        made = Conversion(codec=codec, pixel_format=name, depth=8, jpeg=True)
        return None if same else made
    if codec == "wrapped_avframe":
        if not info.pixel_format.startswith("yuvj"):
            return None
        name = _renamed(info.pixel_format)
        return Conversion(codec=codec, pixel_format=name, depth=8, jpeg=False)
    if codec not in (*_ENDS, "libwebp"):
        return None
    if source in ("gray", "rgb") and _takes(codec, info.pixel_format):
        return None
    if codec == "libwebp":
        return Conversion(codec=codec, pixel_format="bgra", depth=8, jpeg=False)
    alpha = any(part.is_alpha for part in VideoFormat(info.pixel_format, 16, 16).components)
    name = _NAMES[source == "gray", alpha][deep].format(_ENDS[codec])
    return Conversion(codec=codec, pixel_format=name, depth=deep, jpeg=False)


def _takes(codec: str, pixel_format: str) -> bool:
    return pixel_format in {known.name for known in av.Codec(codec, "w").video_formats or []}


def _renamed(pixel_format: str) -> str:
    """The name without the old mark of the full range."""
    return pixel_format.replace("yuvj", "yuv")


def reformat(
    items: Iterable[VideoFrame | AnyPacket], conversion: Conversion | None
) -> Iterator[VideoFrame | AnyPacket]:
    """Convert each frame, by its own colour tags; hand on packets, or all where nothing is to do.

    The timestamp goes along.
    """
    if conversion is None:
        yield from items
        return
    for item in items:
        yield item if isinstance(item, Packet) else _converted(item, conversion)


def _converted(frame: VideoFrame, conversion: Conversion) -> VideoFrame:
    tags = colour_tags(frame)
    full = tags.full_range or frame.format.is_rgb
    renamed = _renamed(frame.format.name) == _renamed(conversion.pixel_format)
    matrix = _SWSCALE[tags.matrix]
    to_full = full if renamed and not conversion.jpeg else True
    made = frame.reformat(
        format=conversion.pixel_format,
        src_colorspace=matrix,
        dst_colorspace=Colorspace.ITU601 if conversion.jpeg else matrix,
        interpolation=_EXACT,
        src_color_range=ColorRange.JPEG if full else ColorRange.MPEG,
        dst_color_range=ColorRange.JPEG if to_full else ColorRange.MPEG,
        threads=1,
    )
    if conversion.depth == 16 and made.format.is_rgb and not frame.format.is_rgb:
        _stretch(made)
    made.pts, made.time_base = frame.pts, frame.time_base
    return made


def _stretch(frame: VideoFrame) -> None:
    """Bring packed RGB's white from 65280, which is 255 * 256 and swscale's, to 65535."""
    order = ">u2" if frame.format.name.endswith("be") else "<u2"
    codes = np.frombuffer(frame.planes[0], order)  # type: ignore[call-overload]
    np.minimum(codes, 0xFF00, out=codes)
    np.add(codes, codes >> 8, out=codes)
