"""What an encoder makes of a source's frames when nothing else takes part."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, cast

import av
from av.codec.context import Flags
from av.stream import Disposition
from av.video.reformatter import ColorRange

if TYPE_CHECKING:
    from pathlib import Path

    from av.video.stream import VideoStream

    from tests.matrix.pairwise import Case

DEFAULTS = {
    "libx264": {"preset": "veryfast", "crf": "16"},
    "libx264rgb": {"preset": "veryfast", "crf": "16"},
    "libx265": {"preset": "veryfast", "crf": "16", "x265-params": "log-level=error"},
    "libsvtav1": {"preset": "8", "crf": "20"},
}
"""What the help promises of each encoder."""
_SAME_RANGE = {"src_color_range": ColorRange.JPEG, "dst_color_range": ColorRange.JPEG}
LOSSLESS = {
    "ffv1": {},
    "libx264": {"qp": "0"},
    "libx265": {"x265-params": "lossless=1"},
    "libvpx-vp9": {"lossless": "1", "crf": "0"},
}


def lossless_encoder(case: Case) -> str:
    """FFmpeg's name of an encoder that gives a case's samples back in its target."""
    if case["target"] == "webm":
        return "libvpx-vp9"
    if case["pixels"] == "gbrp":
        return "libx265"
    if case["target"] in ("mkv", "avi"):
        return "ffv1"
    return "libx265" if case["pixels"].endswith("le") else "libx264"


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
        pixels = str(old.pix_fmt)
        taken = [form.name for form in context.codec.video_formats or []]
        if pixels not in taken:  # the same samples by another name, or in another order
            pixels = "rgb24" if pixels == "gbrp" else pixels.replace("yuvj", "yuv")
        context.width, context.height, context.pix_fmt = old.width, old.height, pixels
        context.time_base = made.time_base = Fraction(video.time_base or 1)
        context.thread_type = "AUTO"
        context.flags |= Flags.frame_duration
        for name in ("color_range", "color_primaries", "color_trc", "colorspace"):
            setattr(context, name, getattr(old, name))
        for number, frame in enumerate(read.decode(video)):
            if read.format.name == "avi":  # its frames have no times, or wrong ones
                frame.pts = number
            shown = frame.reformat(format=pixels, **_SAME_RANGE)
            shown.pict_type = 0
            write.mux(made.encode(shown))
        write.mux(made.encode(None))
    return target
