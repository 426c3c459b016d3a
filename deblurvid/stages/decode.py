"""packets -> frames."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

from av.packet import Packet

from deblurvid.errors import InputError
from deblurvid.frames import VideoInfo
from deblurvid.stages.ffmpeg import PICTURE_FORMATS, colour_tags, translated

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from deblurvid.stages.demux import Span
    from deblurvid.stages.ffmpeg import AnyPacket


def decode(
    packets: Iterable[AnyPacket], video: VideoStream, span: Span, clock: Clock
) -> Iterator[VideoFrame | AnyPacket]:
    """Decode the packets of `video` within the span; hand on all others.

    The decoder is emptied at the end. Frames come in the order of presentation, each with a
    timestamp above the one before (see Clock), in the stream's time base, moved by the span's
    shift.

    Raises:
        InputError: a packet cannot be decoded.
    """
    video.thread_type = "AUTO"
    shift = round(span.shift / Fraction(video.time_base or 1))
    for item in _frames(packets, video):
        if isinstance(item, Packet):
            yield item
            continue
        item.pts = clock.stamp(item)
        item.time_base = video.time_base
        seconds = item.pts * Fraction(video.time_base or 1)
        if span.holds(seconds):
            item.pts -= shift
            yield item


def _frames(packets: Iterable[AnyPacket], video: VideoStream) -> Iterator[VideoFrame | AnyPacket]:
    with translated(InputError, "cannot decode the video"):
        for packet in packets:
            if packet.stream_index == video.index:
                yield from video.codec_context.decode(packet)
            else:
                yield packet
        yield from video.codec_context.decode(None)


def until_first_frame(
    items: Iterator[VideoFrame | AnyPacket], source: Path, span: Span
) -> tuple[list[VideoFrame | AnyPacket], VideoFrame]:
    """Take items up to the first frame, which tells what containers do not.

    Returns:
        What was taken, in order, and the frame, which is its last.

    Raises:
        InputError: there is no frame.
    """
    head: list[VideoFrame | AnyPacket] = []
    for item in items:
        head.append(item)
        if not isinstance(item, Packet):
            return head, item
    where = f" from {float(span.start)} s on" if span.cuts else ""
    raise InputError(f"{source}: the video has no frame that decodes{where}")


class Clock:
    """Fills in timestamps that are missing, and moves up those that do not rise.

    Encoders and containers refuse both. `mended` counts them.
    """

    def __init__(self, video: VideoStream) -> None:
        rate = video.average_rate or video.guessed_rate
        ticks = 1 / (rate * video.time_base) if rate and video.time_base else 1
        self._step = max(1, round(ticks))
        self._last: int | None = None
        self.mended = 0

    def stamp(self, frame: VideoFrame) -> int:
        """The timestamp that the frame gets, in the stream's ticks."""
        pts = frame.pts
        if pts is None or (self._last is not None and pts <= self._last):
            pts = 0 if self._last is None else self._last + (self._step if frame.pts is None else 1)
            self.mended += 1
        self._last = pts
        return pts


def describe(
    container: InputContainer, video: VideoStream, first: VideoFrame, span: Span
) -> VideoInfo:
    """What is known of the video once its first frame is decoded.

    Raises:
        InputError: its pixel format or size is not restored, or it is interlaced.
    """
    name = first.format.name
    if name not in PICTURE_FORMATS:
        known = ", ".join(sorted(PICTURE_FORMATS))
        raise InputError(
            f"pixel format {name} is not restored; convert it first, for instance with ffmpeg "
            f"-pix_fmt yuv420p. These are: {known}"
        )
    if first.interlaced_frame:
        raise InputError(
            "the video is interlaced; deinterlace it first, for instance with ffmpeg -vf bwdif"
        )
    rate = video.average_rate or video.guessed_rate
    frame_rate = Fraction(rate) if rate else None
    duration = _duration(container, video)
    return VideoInfo(
        width=first.width,
        height=first.height,
        picture=PICTURE_FORMATS[name],
        pixel_format=name,
        colour=colour_tags(first),
        codec=video.codec_context.name,
        time_base=Fraction(video.time_base or 1),
        frame_rate=frame_rate,
        frame_count=_frame_count(video, span, duration, frame_rate),
        duration=duration,
    )


def _duration(container: InputContainer, video: VideoStream) -> Fraction | None:
    """Seconds that the video stream lasts, by what the container says."""
    if video.duration and video.time_base:
        return Fraction(video.duration * video.time_base)
    return tagged_duration(video) or (
        Fraction(container.duration, 1_000_000) if container.duration else None
    )


def tagged_duration(video: VideoStream) -> Fraction | None:
    """Seconds that the stream lasts by Matroska's DURATION tag, which states when it ends."""
    text = video.metadata.get("DURATION", "")
    found = re.fullmatch(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)", text)
    if not found:
        return None
    hours, minutes, seconds = (Fraction(part) for part in found.groups())
    begin = Fraction((video.start_time or 0) * (video.time_base or 0))
    return 3600 * hours + 60 * minutes + seconds - begin


def _frame_count(
    video: VideoStream, span: Span, duration: Fraction | None, rate: Fraction | None
) -> int | None:
    if not span.cuts and video.frames:
        return int(video.frames)
    if rate is None or (duration is None and span.end is None):
        return None
    ends = [end for end in (duration, span.end) if end is not None]
    return max(0, round((min(ends) - span.start) * rate))
