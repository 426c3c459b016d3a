"""What is true of FFmpeg as a whole: its errors in our words, its formats, its colour numbers."""

from __future__ import annotations

import ctypes
import gc
import os
import re
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import av
from av.dictionary import Dictionary
from av.error import FFmpegError
from av.sidedata.sidedata import Type as SideDataType

from deblurvid.frames import MOST_PIXELS, ColourTags

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from typing import TypeAlias

    from av.packet import Packet
    from av.sidedata.sidedata import SideData
    from av.stream import Stream
    from av.video.frame import VideoFrame

    from deblurvid.errors import DeblurvidError
    from deblurvid.frames import Matrix

if TYPE_CHECKING:
    AnyPacket: TypeAlias = Packet[Any]

# SVT-AV1 prints its settings to stderr, whatever FFmpeg's log level is, unless this says otherwise
# when the library is first used.
os.environ.setdefault("SVT_LOG", "1")


def _unknown_type(cls: type[SideDataType], number: Any) -> SideDataType:
    """A member for side data that FFmpeg knows and PyAV does not, such as EXIF.

    PyAV lets one such entry put all side data of its frame out of reach.
    """
    member = object.__new__(cls)
    member._name_, member._value_ = f"TYPE_{number}", number
    return member


SideDataType._missing_ = classmethod(_unknown_type)  # type: ignore[assignment]


def side_data(frame: VideoFrame) -> dict[str, SideData]:
    """What a decoded frame carries beside its picture, by FFmpeg's name of it.

    PyAV frees the words that belong to such an entry, as if they were not the frame's own, and the
    process dies of it: an ICC profile in a PNG has a name. So these objects are never freed.
    """
    found = list(cast("Iterable[SideData]", frame.side_data))
    for words in gc.get_referents(*found):
        if isinstance(words, Dictionary) and len(words):
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(words))
    return {data.type.name: data for data in found}


LETS_GO_SECONDS = 0.005
"""For which Python's lock is given up after FFmpeg's log was on."""

READABLE_FORMATS = (
    "mov,matroska,mpegts,mpeg,avi,flv,asf,ogg,mxf,ivf,h264,hevc,obu,m4v,mpegvideo,yuv4mpegpipe,"
    "dv,nut,mjpeg,gif,apng"
)
"""Demuxers that read nothing but the file they are given: no playlist, no concat list."""

READ_ONLY_FILES = {
    "protocol_whitelist": "file",
    "format_whitelist": READABLE_FORMATS,
    "max_pixels": str(MOST_PIXELS),
}
"""Options with which every file is opened. FFmpeg bounds the number of streams to 1000 itself."""

READ_NOTHING_ELSE = {"protocol_whitelist": "none"}
"""On top of these where Python reads the bytes, so that FFmpeg opens nothing by itself."""

WRITABLE_FORMATS = {
    ".mp4": "mp4",
    ".m4v": "mp4",
    ".mov": "mov",
    ".mkv": "matroska",
    ".webm": "webm",
    ".ts": "mpegts",
    ".m2ts": "mpegts",
    ".mts": "mpegts",
    ".avi": "avi",
    ".nut": "nut",
    ".y4m": "yuv4mpegpipe",
}
"""FFmpeg's muxer by the target's suffix."""

VIDEO_SUFFIXES = frozenset(
    (*WRITABLE_FORMATS, ".mpg", ".mpeg", ".flv", ".wmv", ".ogv", ".mxf", ".ivf", ".dv", ".vob", ".3gp",
     ".qt", ".f4v")
)  # fmt: skip
"""What a folder is searched for. A file that is named itself may be called anything."""


def kept_suffix(source: Path) -> str:
    """The suffix of an output that holds what the source holds: its own, or Matroska's."""
    return source.suffix if source.suffix.lower() in WRITABLE_FORMATS else ".mkv"


NON_NEGATIVE_MUXERS = frozenset({"mpegts", "matroska", "webm", "avi", "nut"})
"""Formats without negative times, and without edit lists that would hide what lies there: FFmpeg
moves the whole file later instead."""

WRITABLE_NAMES = (*dict.fromkeys(WRITABLE_FORMATS.values()), "rawvideo")
"""Muxers that can be asked for by name."""

PICTURES_ONLY = {
    "image2": "a sequence of images",
    "yuv4mpegpipe": "yuv4mpegpipe",
    "rawvideo": "rawvideo",
}
"""Muxers that hold the pictures of one video and nothing else, not even their times; by name."""

TS_CODECS = frozenset(
    (
        "mpeg1video", "mpeg2video", "mpeg4", "h264", "hevc", "vvc",
        "cavs", "dirac", "vc1", "mp1", "mp2", "mp3",
        "aac", "aac_latm", "ac3", "eac3", "dts", "truehd",
        "opus", "s302m", "dvb_subtitle", "dvb_teletext", "hdmv_pgs_subtitle",
    )
)  # fmt: skip
"""FFmpeg writes any codec into MPEG-TS, but finds only these again."""

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
    with _logging(av.logging.WARNING), av.logging.Capture(local=False) as logs:
        try:
            yield
        finally:
            lines.extend(text.strip() for _, _, text in logs if text.strip())


def side_data_lines(stream: Stream) -> list[str]:
    """What a container says beside a stream (cropping, Dolby Vision ...), as FFmpeg prints it.

    PyAV has no other way to it.
    """
    with _logging(av.logging.INFO):
        text = stream.container.dumps_format()  # type: ignore[attr-defined]
    found = re.search(rf"Stream #0:{stream.index}\b.*?(?=Stream #|\Z)", text, re.DOTALL)
    _, _, side_data = found[0].partition("Side data:") if found else ("", "", "")
    return [line.strip() for line in side_data.splitlines() if line.strip()]


@contextmanager
def _logging(level: int) -> Iterator[None]:
    """Turn FFmpeg's log on. PyAV leaves out a line that is as the last one was, unless told."""
    av.logging.set_level(level)
    skips = av.logging.get_skip_repeated()
    av.logging.set_skip_repeated(v=False)
    try:
        yield
    finally:
        av.logging.set_skip_repeated(skips)
        av.logging.set_level(None)
        # A decoder's thread that has logged meanwhile waits for Python's lock, and whoever closes
        # the decoder holds that and waits for the thread, for ever.
        time.sleep(LETS_GO_SECONDS)
