"""What players and editors read of a picture beside its samples."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

from deblurvid.stages.ffmpeg import side_data, side_data_lines
from deblurvid.stages.streams import chapters_within, fresh_tags

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from deblurvid.stages.demux import Span
    from deblurvid.stages.readback import Written

_COLOUR_FIELDS = {
    "color_range": "colour range",
    "color_primaries": "colour primaries",
    "color_trc": "colour transfer",
    "colorspace": "colour matrix",
}
_COLOUR_NAMES = {
    "color_range": ColorRange,
    "color_primaries": ColorPrimaries,
    "color_trc": ColorTrc,
    "colorspace": Colorspace,
}
UNSPECIFIED = {"color_range": 0, "color_primaries": 2, "color_trc": 2, "colorspace": 2}
"""By the field of a stream's context and of a frame: the number that says nothing (H.273)."""
_ASSUMED = {"colour range": "mpeg"}
"""What players take for granted where nothing is said: the limited range, which x264 leaves out."""
_SIDE_DATA = {
    "MASTERING_DISPLAY_METADATA": "HDR10's mastering display",
    "CONTENT_LIGHT_LEVEL": "HDR10's light level",
    "DYNAMIC_HDR_PLUS": "HDR10+",
    "DOVI_METADATA": "Dolby Vision",
    "DOVI_RPU_BUFFER": "Dolby Vision",
    "A53_CC": "closed captions",
    "ICC_PROFILE": "the ICC profile",
}

_CROPPING = re.compile(r"Frame Cropping: (\S+)")


def picture_tags(video: VideoStream, first: VideoFrame) -> dict[str, str]:
    """Tags by their name for people; what says nothing is left out.

    Args:
        video: its container is open.
        first: a decoded frame of it: rotation and HDR are known only from frames.
    """
    tags = {}
    for field, number in stated_colour(video, first).items():
        if number != UNSPECIFIED[field]:
            tags[_COLOUR_FIELDS[field]] = _named(field, number)
    ratio = video.sample_aspect_ratio
    if ratio and ratio != 1:
        tags["sample aspect ratio"] = f"{ratio.numerator}:{ratio.denominator}"
    if first.rotation:
        tags["rotation"] = str(first.rotation)
    for name in side_data(first):
        if name in _SIDE_DATA:
            tags[_SIDE_DATA[name]] = "present"
    for line in side_data_lines(video):
        if found := _CROPPING.match(line):
            tags["cropping by the container (left/right/top/bottom)"] = found[1]
        elif line.startswith("DOVI"):
            tags["Dolby Vision"] = "present"
    return tags


def stated_colour(video: VideoStream, first: VideoFrame) -> dict[str, int]:
    """The four colour numbers by field: the frame's where it says one, else the stream's.

    Some files tag the container only and some the coded pictures only; where they disagree, the
    pictures are right, as for FFmpeg's decoders.
    """
    numbers = frame_colour(first)
    return {
        field: number if number != UNSPECIFIED[field] else int(getattr(video.codec_context, field))
        for field, number in numbers.items()
    }


def frame_colour(frame: VideoFrame) -> dict[str, int]:
    """The four colour numbers of a frame by field."""
    numbers = {field: int(getattr(frame, field)) for field in _COLOUR_FIELDS}
    if frame.format.name.startswith("yuvj"):
        numbers["color_range"] = int(ColorRange.JPEG)
    return numbers


def _named(field: str, number: int) -> str:
    """FFmpeg's name of a colour number, or the number where PyAV has none."""
    try:
        return _COLOUR_NAMES[field](number).name.lower()
    except ValueError:
        return str(number)


def lost_tags(wanted: dict[str, str], found: dict[str, str]) -> list[str]:
    """What of `wanted` a picture does not say, of which `found` is known; each in words."""
    return [
        name if value == "present" else f"{name} {value}"
        for name, value in wanted.items()
        if found.get(name, _ASSUMED.get(name)) != value
    ]


def lost_texts(source: InputContainer, span: Span, written: Written) -> list[str]:
    """Which of the source's chapters and tags a finished file does not have, in words."""
    names = {name.lower() for name in written.metadata}
    lost = []
    missing = len(chapters_within(source, span)) - written.chapters
    if missing > 0:
        lost.append(f"{missing} chapters")
    tags = [name for name in fresh_tags(source.metadata) if name.lower() not in names]
    if tags:
        lost.append(f"the tags {', '.join(tags)}")
    return lost
