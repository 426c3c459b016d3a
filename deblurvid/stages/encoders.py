"""Which encoder, with which options: chosen and checked before work begins."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import av
from av.codec.codec import UnknownCodecError

from deblurvid.errors import EncoderError
from deblurvid.stages.ffmpeg import TS_CODECS

if TYPE_CHECKING:
    from deblurvid.frames import VideoInfo

PARAMS = "x265-params"
"""An option that is itself a list of options."""

DEFAULT_OPTIONS: dict[str, dict[str, str]] = {
    "libx264": {"preset": "veryfast", "crf": "16"},
    "libx265": {"preset": "veryfast", "crf": "16", PARAMS: "log-level=error"},
    "libsvtav1": {"preset": "8", "crf": "20"},
    "libvpx-vp9": {"crf": "20", "b": "0", "deadline": "good", "cpu-used": "4", "row-mt": "1"},
}
"""Visually lossless and quick; other encoders run with FFmpeg's defaults."""

_RATE_OPTIONS = frozenset({"crf", "b", "qp", "cqp", "global_quality", "qscale"})
"""Ways to ask for a quality or size; one that the user names replaces the default's crf."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderChoice:
    """An encoder and its options, both known to exist."""

    codec: str
    options: dict[str, str]

    def __str__(self) -> str:
        shown = [f"{key}={value}" for key, value in self.options.items() if "params" not in key]
        return " ".join([self.codec, *shown])


def choose_encoder(
    info: VideoInfo, muxer: str, *, codec: str | None, options: dict[str, str]
) -> EncoderChoice:
    """The encoder for a video, with the user's options over the defaults.

    Args:
        info: the video; the encoder must take its pixel format, nothing is converted.
        muxer: the target's format.
        codec: FFmpeg's name of an encoder; None for one that plays everywhere.
        options: FFmpeg's private options by name (crf, preset ...).

    Raises:
        EncoderError: no such encoder, option or choice, or the encoder does not take the format.
    """
    name = codec or _default_codec(info, muxer)
    try:
        encoder = av.Codec(name, "w")
    except UnknownCodecError as exc:
        raise EncoderError(f"encoder {name!r} is not in this FFmpeg; see deblurvid doctor") from exc
    if encoder.type != "video":
        raise EncoderError(f"encoder {name!r} encodes {encoder.type}, not video")
    if muxer == "mpegts" and encoder.canonical_name not in TS_CODECS:
        raise EncoderError(f"mpegts cannot hold what {encoder.name} encodes; use another --codec")
    known = [f.name for f in encoder.video_formats or []]
    if known and info.pixel_format not in known:
        raise EncoderError(
            f"encoder {encoder.name} does not take {info.pixel_format}, and nothing is converted "
            f"behind your back; it takes {', '.join(known)}. Use another --codec, such as ffv1"
        )
    _check_options(encoder, options)
    defaults = DEFAULT_OPTIONS.get(encoder.name, {})
    if _RATE_OPTIONS & options.keys():
        defaults = {key: value for key, value in defaults.items() if key not in _RATE_OPTIONS}
    merged = {**defaults, **options}
    if PARAMS in defaults and PARAMS in options:
        merged[PARAMS] = f"{defaults[PARAMS]}:{options[PARAMS]}"  # the last of two wins
    return EncoderChoice(codec=encoder.name, options=merged)


def _default_codec(info: VideoInfo, muxer: str) -> str:
    if muxer == "webm":
        return "libsvtav1"
    return "libx264" if info.picture.depth == 8 and info.picture.source != "rgb" else "libx265"


def _check_options(encoder: av.Codec, options: dict[str, str]) -> None:
    """Refuse names that the encoder does not have; values are checked when it opens."""
    available = encoder.create("video").supported_options
    names = {option.name for option in (*available.private, *available.generic)}
    for name in options:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=3)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            raise EncoderError(f"encoder {encoder.name} has no option {name!r}{hint}")
