"""What is true of FFmpeg as a whole: its errors in our words, its formats, its colour numbers."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import av
from av.error import FFmpegError

from deblurvid.frames import ColourTags, PictureFormat, Source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, TypeAlias

    from av.packet import Packet

    from deblurvid.errors import DeblurvidError
    from deblurvid.frames import Matrix

if TYPE_CHECKING:
    AnyPacket: TypeAlias = Packet[Any]

# SVT-AV1 prints its settings to stderr, whatever FFmpeg's log level is, unless this says otherwise
# when the library is first used.
os.environ.setdefault("SVT_LOG", "1")

READABLE_FORMATS = (
    "mov,matroska,mpegts,mpeg,avi,flv,asf,ogg,mxf,ivf,h264,hevc,obu,m4v,mpegvideo,yuv4mpegpipe,"
    "dv,nut"
)
"""Demuxers that read nothing but the file they are given: no playlist, no concat list."""

READ_ONLY_FILES = {"protocol_whitelist": "file,pipe", "format_whitelist": READABLE_FORMATS}

WRITABLE_FORMATS = {
    ".mp4": "mp4",
    ".m4v": "mp4",
    ".mov": "mov",
    ".mkv": "matroska",
    ".webm": "webm",
    ".ts": "mpegts",
    ".m2ts": "mpegts",
}
"""FFmpeg's muxer by the target's suffix. AVI is not among them: it cannot hold timestamps."""

TS_CODECS = frozenset(
    (
        "mpeg1video", "mpeg2video", "mpeg4", "h264", "hevc", "vvc",
        "cavs", "dirac", "vc1", "mp1", "mp2", "mp3",
        "aac", "aac_latm", "ac3", "eac3", "dts", "truehd",
        "opus", "s302m", "dvb_subtitle", "dvb_teletext", "hdmv_pgs_subtitle",
    )
)  # fmt: skip
"""FFmpeg writes any codec into MPEG-TS, but finds only these again."""

_SAMPLINGS: dict[str, Source] = {
    "yuv420p": "yuv420",
    "yuv422p": "yuv422",
    "yuv444p": "yuv444",
    "gray": "gray",
    "gbrp": "rgb",
}
_DEPTHS = {"": 8, "10le": 10, "12le": 12, "16le": 16}

PICTURE_FORMATS: dict[str, PictureFormat] = {
    name + suffix: PictureFormat(source=source, depth=depth)
    for name, source in _SAMPLINGS.items()
    for suffix, depth in _DEPTHS.items()
}
"""Pixel formats whose planes are restored as they are."""
PICTURE_FORMATS |= {  # the same with the full range, by their old names
    "yuvj420p": PICTURE_FORMATS["yuv420p"],
    "yuvj422p": PICTURE_FORMATS["yuv422p"],
    "yuvj444p": PICTURE_FORMATS["yuv444p"],
}

_MATRICES: dict[int, Matrix] = {1: "bt709", 5: "bt601", 6: "bt601", 9: "bt2020", 10: "bt2020"}
"""AVColorSpace -> coefficients (ITU-T H.273, table 4)."""
_FULL_RANGE = 2
"""AVCOL_RANGE_JPEG."""


def colour_tags(frame: av.VideoFrame) -> ColourTags:
    """The frame's YCbCr coding; where it says nothing, by its size as players do."""
    guess: Matrix = "bt709" if frame.width >= 1280 or frame.height > 576 else "bt601"
    return ColourTags(
        matrix=_MATRICES.get(int(frame.colorspace), guess),
        full_range=int(frame.color_range) == _FULL_RANGE or frame.format.name.startswith("yuvj"),
    )


@contextmanager
def translated(error: type[DeblurvidError], action: str) -> Iterator[None]:
    """Raise `error` for FFmpeg's, saying what was being done and FFmpeg's reason."""
    try:
        yield
    except FFmpegError as exc:
        raise error(f"{action}: {exc.strerror or type(exc).__name__}") from exc


@contextmanager
def overheard(lines: list[str]) -> Iterator[None]:
    """Add FFmpeg's warnings, which say more than its error codes, to `lines`.

    FFmpeg's log is global to the process, so it is on only while files are opened.
    """
    av.logging.set_level(av.logging.WARNING)
    try:
        with av.logging.Capture(local=False) as logs:
            try:
                yield
            finally:
                lines.extend(text.strip() for _, _, text in logs if text.strip())
    finally:
        av.logging.set_level(None)
