"""What a yuv4mpegpipe stream says in its first line, and PyAV neither reads nor sets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from deblurvid.stages.raw import frame_bytes

if TYPE_CHECKING:
    from fractions import Fraction

    from deblurvid.frames import VideoInfo
    from deblurvid.stages.source import Source

MARK = len("FRAME\n")
"""Bytes before the samples of every frame."""
LONGEST_HEADER = 256
"""FFmpeg's own bound."""

_SITINGS = {b"420jpeg": "center", b"420mpeg2": "left", b"420paldv": "topleft"}


def siting(source: Source, info: VideoInfo) -> str:
    """Where the samples of 4:2:0's chroma lie, by FFmpeg's name.

    Left of their four samples of luma, as in MPEG-2 and all that followed, unless the source is a
    JPEG or a yuv4mpegpipe that says otherwise.
    """
    if source.container.format.name == "yuv4mpegpipe":
        first_line = source.head(LONGEST_HEADER).split(b"\n")[0]
        found = re.search(rb" C(\S+)", first_line)
        return _SITINGS.get(found[1], "left") if found else "center"
    return "center" if info.codec == "mjpeg" else "left"


def ends_inside_a_frame(source: Source, info: VideoInfo) -> bool:
    """Whether a stream that has been read to its end is no whole number of frames long.

    FFmpeg leaves such an end out without a word; so ends what its maker did not finish.
    """
    if source.container.format.name != "yuv4mpegpipe":
        return False
    header, end, rest = source.head(LONGEST_HEADER).partition(b"\n")
    if rest.startswith(b"FRAME "):  # parameters of any length
        return False
    size = source.size_bytes - len(header) - len(end)
    return bool(size % (MARK + frame_bytes(info.pixel_format, info.width, info.height)))


def with_ratio(data: bytes, ratio: Fraction) -> bytes:
    """The beginning of a stream, with a sample's shape in place of "unknown"."""
    return data.replace(b" A0:0", f" A{ratio.numerator}:{ratio.denominator}".encode(), 1)
