"""The axes of the matrix, what cannot stand together and why, and what is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.matrix.pairwise import Rule, covering

if TYPE_CHECKING:
    from tests.matrix.pairwise import Case

AXES = {
    "container": ("mp4", "mov", "mkv", "webm", "ts", "avi"),
    "codec": ("h264", "hevc", "vp9", "av1", "mpeg2", "prores", "mjpeg", "ffv1"),
    "pixels": (
        "yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv444p10le",
        "yuv420p12le", "yuv444p12le", "gray", "gray10le", "gbrp",
    ),
    "timing": ("cfr", "vfr", "bframes", "editlist", "late"),
    "streams": (
        "silent", "aac", "languages", "opus", "vorbis", "pcm", "srt", "ass", "movtext", "bitmap",
        "chapters", "attachment", "cover", "timecode", "twovideos",
    ),
    "look": ("plain", "bt709", "full", "pq", "sar", "rotated"),
    "encode": ("default", "lossless"),
    "target": ("mp4", "mov", "mkv", "webm", "ts"),
}  # fmt: skip

_CODECS = {
    "mp4": ("h264", "hevc", "vp9", "av1", "mpeg2", "mjpeg"),
    "mov": ("h264", "hevc", "mpeg2", "prores", "mjpeg", "ffv1"),
    "mkv": AXES["codec"],
    "webm": ("vp9", "av1"),
    "ts": ("h264", "hevc", "mpeg2"),
    "avi": ("h264", "mpeg2", "mjpeg", "ffv1"),
}
_YUV8 = ("yuv420p", "yuv422p", "yuv444p")
_YUV10 = ("yuv420p10le", "yuv422p10le", "yuv444p10le")
_YUV12 = ("yuv420p12le", "yuv444p12le")
_PIXELS = {
    "h264": (*_YUV8, *_YUV10, "gray", "gray10le", "gbrp"),
    "hevc": (*_YUV8, *_YUV10, *_YUV12, "gray", "gray10le", "gbrp"),
    "vp9": (*_YUV8, *_YUV10, *_YUV12, "gbrp"),
    "av1": (*_YUV8, *_YUV10, *_YUV12, "gray", "gray10le", "gbrp"),
    "mpeg2": ("yuv420p", "yuv422p"),
    "prores": ("yuv422p10le", "yuv444p12le"),
    "mjpeg": _YUV8,
    "ffv1": (*_YUV8, *_YUV10, *_YUV12, "gray", "gray10le"),
}
_STREAMS = {
    "mp4": (
        "silent", "aac", "languages", "opus", "movtext", "bitmap", "chapters", "cover", "timecode",
        "twovideos",
    ),
    "mov": ("silent", "aac", "languages", "pcm", "movtext", "chapters", "timecode", "twovideos"),
    "mkv": tuple(s for s in AXES["streams"] if s not in ("movtext", "timecode")),
    "webm": ("silent", "languages", "opus", "vorbis", "chapters", "twovideos"),
    "ts": ("silent", "aac", "languages", "opus", "bitmap", "twovideos"),
    "avi": ("silent", "pcm", "twovideos"),
}  # fmt: skip
_TIMINGS = {
    "avi": ("cfr", "bframes"),
    "mp4": AXES["timing"],
    "mov": AXES["timing"],
}
_ANY_START = tuple(t for t in AXES["timing"] if t != "editlist")
_FULL = ("h264", "hevc", "vp9", "av1", "mjpeg")
_PQ = ("h264", "hevc", "vp9", "av1")
_WEBM_LOSSLESS = (*_YUV8, "gbrp")
_WEBM_DEFAULT = ("yuv420p", "yuv420p10le")


def _webm_encodes(target: str, encode: str, pixels: str) -> bool:
    if target != "webm":
        return True
    return pixels in (_WEBM_LOSSLESS if encode == "lossless" else _WEBM_DEFAULT)


def _tagged(look: str, pixels: str, codec: str) -> bool:
    match look:
        case "bt709":
            return pixels != "gbrp"
        case "full":
            return pixels in (*_YUV8, *_YUV10) and codec in _FULL
        case "pq":
            return pixels in _YUV10 and codec in _PQ
        case _:
            return codec != "mjpeg" or look != "plain"


RULES = (
    Rule(
        ("container", "codec"),
        lambda container, codec: codec in _CODECS[container],
        "FFmpeg does not write this codec into this container, or does not find it again",
    ),
    Rule(
        ("codec", "pixels"),
        lambda codec, pixels: pixels in _PIXELS[codec],
        "the codec has no such samples; FFV1 has 8 bit RGB only as packed bgr0",
    ),
    Rule(
        ("container", "streams"),
        lambda container, streams: streams in _STREAMS[container],
        "the container cannot hold this set of streams",
    ),
    Rule(
        ("container", "timing"),
        lambda container, timing: timing in _TIMINGS.get(container, _ANY_START),
        "AVI has one rate and no start; only MP4 and MOV have edit lists",
    ),
    Rule(
        ("codec", "timing"),
        lambda codec, timing: (
            timing not in ("bframes", "editlist") or codec in ("h264", "hevc", "mpeg2")
        ),
        "the others have no B-frames, nor frames that an edit list has to hide",
    ),
    Rule(
        ("look", "pixels", "codec"),
        _tagged,
        "RGB has no matrix; full range and PQ are tagged by these codecs; MJPEG has the full range",
    ),
    Rule(
        ("container", "look"),
        lambda container, look: (
            (look != "rotated" or container in ("mp4", "mov"))
            and (look != "sar" or container != "avi")
        ),
        "ffmpeg 5 writes a rotation only into MP4 and MOV; AVI has no sample aspect ratio",
    ),
    Rule(
        ("target", "encode", "pixels"),
        _webm_encodes,
        "of WebM's codecs the wheel encodes these samples only",
    ),
)


@dataclass(frozen=True, slots=True)
class Refused:
    """A case that is refused before work begins."""

    case: Case
    error: str
    """What its message says."""
    reason: str


_REFUSED_BASE = {
    "container": "mkv", "codec": "ffv1", "pixels": "yuv422p10le", "timing": "cfr",
    "streams": "silent", "look": "plain", "encode": "default", "target": "mkv",
}  # fmt: skip

REFUSED = (
    Refused(
        _REFUSED_BASE | {"target": "webm"},
        "no usual encoder for webm holds",
        "WebM holds VP8, VP9 and AV1; the wheel encodes none of them at 4:2:2 and 10 bits",
    ),
    Refused(
        _REFUSED_BASE | {"encode": "ffv1", "target": "ts"},
        "mpegts cannot hold what ffv1 encodes",
        "MPEG-TS has no stream type for FFV1",
    ),
)

CASES = covering(AXES, RULES)


def name_of(case: Case) -> str:
    """The id of a case: its values in the order of the table."""
    return "-".join(case.values())
