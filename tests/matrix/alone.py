"""What an encoder makes of a source's frames when nothing else takes part."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, cast

import av
from av.codec.context import Flags
from av.stream import Disposition

if TYPE_CHECKING:
    from pathlib import Path

    from av.video.stream import VideoStream

    from tests.matrix.pairwise import Case

DEFAULTS = {
    "libx264": {"preset": "veryfast", "crf": "16", "threads": "1"},
    "libx265": {"preset": "veryfast", "crf": "16", "x265-params": "log-level=error"},
    "libsvtav1": {"preset": "8", "crf": "20"},
}
"""What the help promises of each encoder; with several threads libx264 is not always the same."""
ASKED = {"libx264": {"threads": "1"}}
"""What of them is no default."""
LOSSLESS = {
    "ffv1": {},
    "libx264": {"qp": "0"},
    "libx265": {"x265-params": "lossless=1"},
    "libvpx-vp9": {"lossless": "1", "crf": "0"},
}


def encoder_of(case: Case) -> str:
    """FFmpeg's name of the encoder that a case runs with."""
    deep = case["pixels"] == "gbrp" or case["pixels"].endswith("le")
    target = case["target"]
    match case["encode"]:
        case "default":
            return "libsvtav1" if target == "webm" else "libx265" if deep else "libx264"
        case "lossless" if target == "webm":
            return "libvpx-vp9"
        case "lossless" if target in ("mp4", "mov", "ts"):
            return "libx265" if deep else "libx264"
        case "lossless":
            return "libx265" if case["pixels"] == "gbrp" else "ffv1"
    return case["encode"]


def encode_alone(source: Path, target: Path, codec: str) -> Path:
    """Encode the frames of the first video, as they are decoded, with the documented defaults.

    `target` is written, and given back.
    """
    with av.open(f"file:{source}") as read, av.open(f"file:{target}", "w") as write:
        video = next(s for s in read.streams.video if not s.disposition & Disposition.attached_pic)
        rate = video.average_rate or video.guessed_rate
        made = cast(
            "VideoStream", write.add_stream(codec, rate=rate, options=dict(DEFAULTS[codec]))
        )
        context, old = made.codec_context, video.codec_context
        context.width, context.height, context.pix_fmt = old.width, old.height, old.pix_fmt
        context.time_base = made.time_base = Fraction(video.time_base or 1)
        context.thread_type = "AUTO"
        context.flags |= Flags.frame_duration
        for name in ("color_range", "color_primaries", "color_trc", "colorspace"):
            setattr(context, name, getattr(old, name))
        for number, frame in enumerate(read.decode(video)):
            if read.format.name == "avi":  # its frames have no times, or wrong ones
                frame.pts = number
            frame.pict_type = 0
            write.mux(made.encode(frame))
        write.mux(made.encode(None))
    return target
