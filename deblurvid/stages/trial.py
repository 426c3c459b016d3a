"""What the FFmpeg at hand can truly do, found by trying."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import TYPE_CHECKING, cast

import av
from av.codec.codec import Capabilities, UnknownCodecError
from av.error import FFmpegError
from av.video.frame import VideoFrame

from deblurvid.errors import EncoderError
from deblurvid.stages.encoders import DEFAULT_OPTIONS
from deblurvid.stages.ffmpeg import overheard
from deblurvid.stages.layouts import LAYOUTS

if TYPE_CHECKING:
    from av.video.stream import VideoStream

    from deblurvid.stages.encoders import EncoderChoice

ENCODERS = (
    "libx264",
    "libx265",
    "libsvtav1",
    "libvpx-vp9",
    "ffv1",
    "prores_ks",
    "libx264rgb",
    "mpeg2video",
    "mpeg4",
    "mjpeg",
    "png",
    "h264_nvenc",
    "hevc_nvenc",
    "av1_nvenc",
    "h264_qsv",
    "hevc_qsv",
    "av1_qsv",
    "h264_amf",
    "hevc_amf",
    "h264_vaapi",
    "hevc_vaapi",
    "h264_videotoolbox",
    "hevc_videotoolbox",
)
"""Encoders that are commonly asked for; FFmpeg has many more."""

TRIAL_SIZE = (256, 144)
"""Hardware encoders refuse much smaller pictures."""


def ffmpeg_versions() -> dict[str, str]:
    """FFmpeg and its libraries, as PyAV brings them."""
    libraries = {name: ".".join(map(str, v)) for name, v in sorted(av.library_versions.items())}
    return {"ffmpeg": av.ffmpeg_version_info, **libraries}


def why_not(name: str) -> str | None:
    """Encode one picture with an encoder into memory; None if it works, else FFmpeg's reason."""
    try:
        encoder = av.Codec(name, "w")
    except UnknownCodecError:
        return "not in this FFmpeg"
    formats = [f.name for f in encoder.video_formats or []]
    taken = [f for f in formats or ["yuv420p"] if f in LAYOUTS]
    if not taken:
        return f"takes only {', '.join(formats)}, and nothing is converted to these"
    return _why_not(name, taken[0], DEFAULT_OPTIONS.get(name, {}))


def refuse_absent_hardware(choice: EncoderChoice) -> None:
    """Try an encoder that needs a device, before any work is done for it.

    Raises:
        EncoderError: it does not encode here.
    """
    needs = av.Codec(choice.codec, "w").capabilities & (Capabilities.hardware | Capabilities.hybrid)
    if not needs:
        return
    if reason := _why_not(choice.codec, choice.pixel_format, choice.options):
        raise EncoderError(
            f"encoder {choice.codec} does not work here: {reason}. deblurvid doctor tries all; "
            "leave --codec out for one that needs no device"
        )


def _why_not(name: str, pixel_format: str, options: dict[str, str]) -> str | None:
    lines: list[str] = []
    try:
        with overheard(lines):
            _encode_one(name, pixel_format, options)
    except (FFmpegError, ValueError) as exc:
        # The first complaint is the cause, the others are what came of it.
        return lines[0] if lines else str(getattr(exc, "strerror", None) or exc)
    return None


def _encode_one(name: str, pixel_format: str, options: dict[str, str]) -> None:
    with av.open(io.BytesIO(), "w", format="mpegts") as scratch:
        stream = cast("VideoStream", scratch.add_stream(name, rate=25, options=dict(options)))
        context = stream.codec_context
        context.width, context.height = TRIAL_SIZE
        context.pix_fmt = pixel_format
        frame = VideoFrame(*TRIAL_SIZE, pixel_format)
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        frame.pts, frame.time_base = 0, Fraction(1, 25)
        for packet in (*stream.encode(frame), *stream.encode(None)):
            scratch.mux(packet)
