"""Which encoder, with which options: chosen and checked before work begins."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import av
from av.codec.codec import UnknownCodecError

from deblurvid.errors import EncoderError
from deblurvid.stages.ffmpeg import TS_CODECS
from deblurvid.stages.hdr import hdr_parameters
from deblurvid.stages.layouts import LAYOUTS, layout_for

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from deblurvid.frames import VideoInfo

DEFAULT_OPTIONS: dict[str, dict[str, str]] = {
    "libx264": {"preset": "veryfast", "crf": "16"},
    "libx264rgb": {"preset": "veryfast", "crf": "16"},
    "libx265": {"preset": "veryfast", "crf": "16", "x265-params": "log-level=error"},
    "libsvtav1": {"preset": "8", "crf": "20"},
    "libvpx-vp9": {"crf": "20", "b": "0", "deadline": "good", "cpu-used": "4", "row-mt": "1"},
}
"""Visually lossless and quick; other encoders run with FFmpeg's defaults."""

DEFAULT_CODECS: dict[str, tuple[str, ...]] = {
    "mp4": ("libx264", "libx264rgb", "libx265", "libsvtav1", "libvpx-vp9"),
    "mov": ("libx264", "libx264rgb", "libx265", "prores_ks"),
    "matroska": ("libx264", "libx264rgb", "libx265", "libsvtav1", "libvpx-vp9", "ffv1"),
    "nut": ("libx264", "libx264rgb", "libx265", "ffv1"),
    "yuv4mpegpipe": ("wrapped_avframe",),
    "rawvideo": ("rawvideo",),
    "webm": ("libsvtav1", "libvpx-vp9"),
    "mpegts": ("libx264", "libx264rgb", "libx265"),
    "avi": ("libx264", "libx264rgb", "ffv1"),
}
"""By muxer, the widest played first: the first that holds the source's samples is the default."""

ONLY_8_BITS = frozenset({"libx264"})
"""Of more than 8 bits, few players show H.264."""

_RATE_OPTIONS = frozenset({"crf", "b", "qp", "cqp", "global_quality", "qscale"})
"""Ways to ask for a quality or size; one that the user names replaces the default's crf."""

X264, X264_MOST_CRF = ("libx264", "libx264rgb"), 51
"""More is taken for this, and not said; the other encoders refuse what they cannot do."""

QUALITY = {
    "mjpeg": "-e q=2, from 1, the best, to 31",
    "libwebp": "-e quality=95, up to 100, the best",
}
"""What takes the place of crf."""

PRESETS = (
    "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow",
    "placebo",
)  # fmt: skip
"""Of x264 and x265, which FFmpeg does not list; their numbers from 0 are taken too."""
NAMED_PRESETS = (*X264, "libx265")

_EVEN_ONLY = frozenset({"h264", "hevc"})
"""Codecs that count a picture's size in whole samples of chroma."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderChoice:
    """An encoder and its options, both known to exist."""

    codec: str
    options: dict[str, str]
    pixel_format: str
    """What it is given: the source's, or another layout of the same samples."""
    losses: tuple[str, ...] = ()
    """What of the source's picture it cannot hold, in words."""

    def __str__(self) -> str:
        shown = [f"{key}={value}" for key, value in self.options.items() if "params" not in key]
        return " ".join([self.codec, *shown])


def choose_encoder(
    info: VideoInfo, muxer: str, *, codec: str | None, options: dict[str, str]
) -> EncoderChoice:
    """The encoder for a video, with the user's options over the defaults.

    Args:
        info: the video; the encoder must hold its samples as they are, nothing is converted.
        muxer: the target's format.
        codec: FFmpeg's name of an encoder; None for one that plays everywhere.
        options: FFmpeg's private options by name (crf, preset ...).

    Raises:
        EncoderError: no such encoder, option or choice, or the encoder does not hold the samples.
    """
    encoder = _encoder(codec or _default_codec(info, muxer))
    if muxer == "mpegts" and encoder.canonical_name not in TS_CODECS:
        raise EncoderError(f"mpegts cannot hold what {encoder.name} encodes; use another --codec")
    source = LAYOUTS[info.pixel_format]
    layout = layout_for(source, _formats(encoder) or [info.pixel_format])
    if layout is None:
        raise EncoderError(
            f"encoder {encoder.name} does not take {info.pixel_format}, and nothing is converted "
            f"behind your back; it takes {', '.join(_formats(encoder))}. Use another --codec, "
            "such as ffv1"
        )
    if why := _refuses_size(encoder, info):
        raise EncoderError(f"encoder {encoder.name} does not take {why}; {_other_codecs(info)}")
    _check_options(encoder, options)
    losses = []
    if source.has_alpha and not layout.has_alpha:
        losses.append(
            f"transparency is left out, because encoder {encoder.name} holds none of "
            f"{info.pixel_format}"
        )
    return EncoderChoice(
        codec=encoder.name,
        options=_merged(encoder.name, info, options),
        pixel_format=layout.name,
        losses=tuple(losses),
    )


def check_codec(codec: str, options: dict[str, str]) -> None:
    """Refuse an encoder, or a name of an option, that there is not; EncoderError says which."""
    _check_options(_encoder(codec), options)


def _encoder(name: str) -> av.Codec:
    try:
        encoder = av.Codec(name, "w")
    except UnknownCodecError as exc:
        raise EncoderError(f"encoder {name!r} is not in this FFmpeg; see deblurvid doctor") from exc
    if encoder.type != "video":
        raise EncoderError(f"encoder {name!r} encodes {encoder.type}, not video")
    return encoder


def _formats(encoder: av.Codec) -> list[str]:
    """Pixel formats that it takes, in its order; none where it takes any."""
    return [f.name for f in encoder.video_formats or []]


def _default_codec(info: VideoInfo, muxer: str) -> str:
    for name in DEFAULT_CODECS[muxer]:
        if _suits(name, info):
            return name
    raise EncoderError(
        f"no usual encoder for {muxer} holds {info.width}x{info.height} {info.pixel_format}; "
        "use an output that ends in .mkv, or name a --codec"
    )


def _suits(name: str, info: VideoInfo) -> bool:
    """Whether an encoder of the defaults holds the video as it is."""
    if name in ONLY_8_BITS and info.picture.depth > 8:
        return False
    try:
        encoder = _encoder(name)
    except EncoderError:  # an FFmpeg without it
        return False
    layout = layout_for(LAYOUTS[info.pixel_format], _formats(encoder))
    return layout is not None and _refuses_size(encoder, info) is None


def _refuses_size(encoder: av.Codec, info: VideoInfo) -> str | None:
    """The size in words, where the codec cannot hold it with this sampling of chroma."""
    source = info.picture.source
    odd_width = info.width % 2 and source in ("yuv420", "yuv422")
    odd_height = info.height % 2 and source == "yuv420"
    if encoder.canonical_name in _EVEN_ONLY and (odd_width or odd_height):
        return f"{info.width}x{info.height}, an odd size, with {info.pixel_format}"
    return None


def _other_codecs(info: VideoInfo) -> str:
    able = [name for name in ("libsvtav1", "libvpx-vp9", "ffv1") if _suits(name, info)]
    return f"these do: {', '.join(able)}" if able else "use another --codec"


def _merged(encoder: str, info: VideoInfo, options: dict[str, str]) -> dict[str, str]:
    """Defaults, what the picture's metadata ask for, and the user's, which win."""
    defaults = DEFAULT_OPTIONS.get(encoder, {})
    if _RATE_OPTIONS & options.keys():
        defaults = {key: value for key, value in defaults.items() if key not in _RATE_OPTIONS}
    merged = dict(defaults)
    for key, value in (*hdr_parameters(encoder, info.hdr).items(), *options.items()):
        nested = key.endswith("-params") and key in merged
        merged[key] = f"{merged[key]}:{value}" if nested else value  # the last of two wins
    return merged


def _check_options(encoder: av.Codec, options: dict[str, str]) -> None:
    """Refuse names that the encoder does not have; most values are checked when it opens."""
    available = encoder.create("video").supported_options
    names = {option.name for option in (*available.private, *available.generic)}
    for name in options:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=3)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            if name == "crf" and encoder.name in QUALITY:
                hint = f"; its quality is {QUALITY[encoder.name]}"
            raise EncoderError(f"encoder {encoder.name} has no option {name!r}{hint}")
    if "preset" in options:
        _check_preset(encoder.name, available.private, options["preset"])
    if encoder.name in X264 and _number(options.get("crf", "")) > X264_MOST_CRF:
        raise EncoderError(
            f"crf is {options['crf']}; encoder {encoder.name} takes 0 to {X264_MOST_CRF}"
        )


def _check_preset(encoder: str, available: Iterable[Any], value: str) -> None:
    """Refuse a preset that the encoder does not have, and name those that it has."""
    option = next((option for option in available if option.name == "preset"), None)
    if option is None:
        return
    if encoder in NAMED_PRESETS:
        names, numbers = list(PRESETS), range(len(PRESETS))
    else:
        names = [choice.name for choice in option.choices or ()]
        numbers = range(int(option.min), int(option.max) + 1)
    if value.lower() in names or value in map(str, numbers):
        return
    known = names if encoder in NAMED_PRESETS else [*names, f"{numbers[0]} to {numbers[-1]}"]
    raise EncoderError(
        f"preset is {value!r}, which encoder {encoder} does not have; it has {', '.join(known)}"
    )


def _number(text: str) -> float:
    """What is no number is 0: it is refused when the encoder opens."""
    try:
        return float(text)
    except ValueError:
        return 0.0


_COMPLAINTS = ("nknown option", "parsing option", "nvalid value for")
"""How FFmpeg's log speaks of what stands in x264-params, x265-params and svtav1-params."""


def refuse_unread(choice: EncoderChoice, left: set[str], lines: list[str]) -> None:
    """Refuse options that an encoder passed over when it opened.

    Args:
        choice: the encoder.
        left: options that it did not take.
        lines: what FFmpeg logged meanwhile: only there are names inside such as x264-params found.

    Raises:
        EncoderError: there is one.
    """
    if unread := sorted(left & choice.options.keys()):
        raise EncoderError(f"encoder {choice.codec} does not know: {', '.join(unread)}")
    for line in lines:
        if any(words in line for words in _COMPLAINTS):
            raise EncoderError(f"encoder {choice.codec} does not take an option: {line}")
