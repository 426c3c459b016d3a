"""A video -> how much moves along it, found by a few decoded frames.

Note: [Where it is busy]
Sizes of packets would cost less, but tell little of what is restored: cameras hold their rate, so
that all seconds are about as large, and of codecs without prediction the blurred frames are the
small ones. So pairs of neighbouring frames are compared at places spread evenly over the video. A
pair begins at a key frame, which costs two or three decoded frames wherever it lies, and it lies
in one scene. Where key frames are too few for that, or nothing can be searched, all of the video is
decoded; such videos are mostly short.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

import av
import numpy as np
from av.error import FFmpegError
from av.packet import Packet
from av.video.reformatter import Interpolation

from deblurvid.frames import Damage
from deblurvid.stages.clock import Clock
from deblurvid.stages.decode import decode
from deblurvid.stages.demux import span_of, video_stream
from deblurvid.stages.source import open_source
from deblurvid.stages.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from deblurvid.options import RunOptions
    from deblurvid.stages.demux import Span
    from deblurvid.stages.source import Source

PLACES = 48
"""At which a video is looked at."""
STEP = Fraction(1, 4)
"""Seconds between two places where the length is not known."""
LONGER_SIDE = 160
"""Pixels to which frames are made smaller: noise goes, motion stays."""


@dataclass(frozen=True, slots=True)
class Motion:
    """How much moves at one place."""

    seconds: Fraction
    """From the first timestamp of the file, as `RunOptions.start` counts."""
    change: float
    """Mean absolute difference of two neighbouring frames' luma, of 255."""


def motion_along(source: Path, options: RunOptions, length: Fraction | None) -> list[Motion]:
    """Look at a video, within the span that the options choose. See Note: [Where it is busy].

    Args:
        source: a file that can be read twice.
        options: how it is read.
        length: seconds of the span; None where it is not known, and then all of it is decoded.

    Raises:
        InputError: it cannot be read.
    """
    with closing(open_source(source, options)) as opened:
        container = opened.container
        video = video_stream(container, source)
        span = span_of(container, video, options.start, options.duration)
        found = [] if length is None else _at_key_frames(container, video, span, length)
    step = STEP if length is None else length / PLACES
    if len(found) < PLACES // 2:
        with closing(open_source(source, options)) as opened:
            found = _along_all(opened, video_stream(opened.container, source), span, step)
    return found


def _at_key_frames(
    container: InputContainer, video: VideoStream, span: Span, length: Fraction
) -> list[Motion]:
    """One pair for each place that has a key frame of its own."""
    found: dict[Fraction, Motion] = {}
    begin = span.origin + span.start
    for number in range(PLACES):
        place = begin + length * number / PLACES
        try:
            container.seek(int(place * av.time_base), backward=True)
            pair = next(pairwise(_frames(container, video)), None)
        except FFmpegError:  # damaged there, or cannot be searched
            continue
        if pair is None and not found:  # no key frames at all: it was read to its end
            return []
        if pair is not None and not span.before(pair[0][0]):
            (seconds, before), (_, after) = pair
            found[seconds] = _motion(seconds - span.origin, before, after)
    return [found[seconds] for seconds in sorted(found)]


def _along_all(opened: Source, video: VideoStream, span: Span, step: Fraction) -> list[Motion]:
    """One pair every `step` seconds, by decoding everything, whose times are those of a run."""
    packets = opened.packets(video, span, Timeline(video))
    items = decode(packets, video, span, Clock(video), on_corrupt="keep", damage=Damage())
    frames = (item for item in items if not isinstance(item, Packet))
    base, wanted = Fraction(video.time_base or 1), span.origin + span.start
    found: list[Motion] = []
    for before, after in pairwise(frames):
        seconds = (before.pts or 0) * base + span.shift
        if seconds >= wanted:
            found.append(_motion(seconds - span.origin, before, after))
            wanted = seconds + step
    return found


def _frames(container: InputContainer, video: VideoStream) -> Iterator[tuple[Fraction, VideoFrame]]:
    """Frames with their timestamps in seconds, from the first key frame on; the bad left out."""
    key: Fraction | None = None
    for packet in container.demux(video):
        if key is None:
            if not packet.is_keyframe or packet.pts is None:
                continue
            key = packet.pts * Fraction(packet.time_base)
        try:
            frames = video.codec_context.decode(packet)
        except FFmpegError:
            continue
        for frame in frames:
            if frame.pts is not None and not frame.is_corrupt:
                seconds = frame.pts * Fraction(frame.time_base or video.time_base or 1)
                if seconds >= key:  # what comes before may refer to frames that were not read
                    yield seconds, frame


def _motion(seconds: Fraction, before: VideoFrame, after: VideoFrame) -> Motion:
    return Motion(seconds, float(np.abs(_thumbnail(after) - _thumbnail(before)).mean()))


def _thumbnail(frame: VideoFrame) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    """Luma, [height, width], of 255."""
    scale = min(1.0, LONGER_SIDE / max(frame.width, frame.height))
    small = frame.reformat(
        width=max(1, round(frame.width * scale)),
        height=max(1, round(frame.height * scale)),
        format="gray",
        interpolation=Interpolation.AREA,
    )
    return small.to_ndarray().astype(np.int16)
