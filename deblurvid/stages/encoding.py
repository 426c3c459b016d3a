"""What is encoded, and by which encoder: the conversion and the choice belong together."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from deblurvid.errors import EncoderError, UsageError
from deblurvid.stages.encoders import choose_encoder
from deblurvid.stages.ffmpeg import PICTURES_ONLY
from deblurvid.stages.reformat import conversion_for
from deblurvid.stages.y4m import siting

if TYPE_CHECKING:
    from pathlib import Path

    from av.video.stream import VideoStream

    from deblurvid.frames import VideoInfo
    from deblurvid.options import RunOptions
    from deblurvid.stages.encoders import EncoderChoice
    from deblurvid.stages.reformat import Conversion
    from deblurvid.stages.source import Source

_IMAGE_CODECS = {
    ".png": "png",
    ".jpg": "mjpeg",
    ".jpeg": "mjpeg",
    ".tif": "tiff",
    ".tiff": "tiff",
    ".webp": "libwebp",
}
_IMAGE_OPTIONS = {
    "mjpeg": {"flags": "+qscale", "global_quality": "236"},
    "libwebp": {"quality": "95"},
    "tiff": {"compression_algo": "deflate"},
}
"""Visually lossless where the user says nothing; JPEG's 236 is q 2."""
JPEG_Q = range(1, 32)
NEAR = Fraction(1, 100)
"""How far apart two rates are that mean the same."""
_ONLY_CODECS = {"yuv4mpegpipe": "wrapped_avframe", "rawvideo": "rawvideo"}


def even_rate(info: VideoInfo, video: VideoStream, muxer: str) -> VideoInfo:
    """`info` with the frame rate that a format without times notes.

    The average of rounded times, 23.98 in Matroska, is not what was meant; FFmpeg guesses that.
    """
    guess = video.guessed_rate
    if muxer not in PICTURES_ONLY or not guess or not info.frame_rate:
        return info
    near = abs(guess / info.frame_rate - 1) < NEAR
    return replace(info, frame_rate=Fraction(guess)) if near else info


def choose_encoding(
    source: Source, info: VideoInfo, muxer: str, target: Path, options: RunOptions
) -> tuple[Conversion | None, EncoderChoice]:
    """What frames of `info` are converted to for `target`, if anything, and the encoder for them.

    Raises:
        UsageError: a codec was named for a target that has one of its own.
        EncoderError: as `choose_encoder`.
    """
    own = _IMAGE_CODECS[target.suffix.lower()] if muxer == "image2" else _ONLY_CODECS.get(muxer)
    if own and options.codec not in (None, own):
        raise UsageError(f"--codec {options.codec}: {target} is always encoded by {own}")
    codec = own or options.codec
    conversion = conversion_for(info, own) if own else None
    taken = info if conversion is None else replace(info, pixel_format=conversion.pixel_format)
    named = dict(options.encoder_options)
    if codec == "mjpeg":
        named = _with_quality(named)
    if own and not named:
        named = dict(_IMAGE_OPTIONS.get(own, {}))
        if own == "libwebp" and info.codec == "webp" and info.picture.source == "rgb":
            named = {"lossless": "1"}  # what is lossy is YCbCr, and comes so out of the decoder
    if muxer == "yuv4mpegpipe" and info.picture.source == "yuv420":
        named = {"chroma_sample_location": siting(source, info)} | named
    choice = choose_encoder(taken, muxer, codec=codec, options=named)
    return conversion, choice


def _with_quality(named: dict[str, str]) -> dict[str, str]:
    """Options of JPEG's encoder, with FFmpeg's -q in words that the encoder itself understands.

    Raises:
        EncoderError: no such quality.
    """
    if "q" not in named:
        return named
    q = named["q"]
    if q not in map(str, JPEG_Q):
        raise EncoderError(f"q is {q!r}; JPEG takes {JPEG_Q[0]} (best) to {JPEG_Q[-1]}")
    rest = {key: value for key, value in named.items() if key != "q"}
    # FFmpeg's program notes the quality in each frame, which PyAV cannot; both ends bound it alike.
    return {"flags": "+qscale", "qmin": q, "qmax": q} | rest
