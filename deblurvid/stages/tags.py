"""What players and editors read of a picture beside its samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import av

from deblurvid.stages.ffmpeg import READ_ONLY_FILES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from av.sidedata.sidedata import SideData
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

_COLOUR_FIELDS = {
    "color_range": "colour range",
    "color_primaries": "colour primaries",
    "color_trc": "colour transfer",
    "colorspace": "colour matrix",
}
_UNSPECIFIED = {"color_range": 0, "color_primaries": 2, "color_trc": 2, "colorspace": 2}
_SIDE_DATA = {
    "MASTERING_DISPLAY_METADATA": "HDR10's mastering display",
    "CONTENT_LIGHT_LEVEL": "HDR10's light level",
    "DYNAMIC_HDR_PLUS": "HDR10+",
    "DOVI_METADATA": "Dolby Vision",
    "ICC_PROFILE": "the ICC profile",
}


def picture_tags(video: VideoStream, first: VideoFrame) -> dict[str, str]:
    """Tags by their name for people; what says nothing is left out.

    Args:
        video: its container is open.
        first: a decoded frame of it: rotation and HDR are known only from frames.
    """
    context = video.codec_context
    tags = {}
    for field, name in _COLOUR_FIELDS.items():
        number = int(getattr(context, field))
        if number != _UNSPECIFIED[field]:
            tags[name] = str(number)
    ratio = video.sample_aspect_ratio
    if ratio and ratio != 1:
        tags["sample aspect ratio"] = f"{ratio.numerator}:{ratio.denominator}"
    if first.rotation:
        tags["rotation"] = str(first.rotation)
    for data in cast("Iterable[SideData]", first.side_data):
        if data.type.name in _SIDE_DATA:
            tags[_SIDE_DATA[data.type.name]] = "present"
    return tags


def lost_tags(path: Path, wanted: dict[str, str]) -> list[str]:
    """What of `wanted` the first video of a file does not say, each in words."""
    if not wanted:
        return []
    with av.open(f"file:{path}", options=READ_ONLY_FILES) as file:
        video = file.streams.video[0]
        found = picture_tags(video, next(file.decode(video)))
    return [
        name if value == "present" else f"{name} {value}"
        for name, value in wanted.items()
        if found.get(name) != value
    ]
