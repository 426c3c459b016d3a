"""A clip that is shown beside another: what it is, and its frames as they are seen."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from av.packet import Packet

from deblurvid.errors import InputError, UsageError
from deblurvid.frames import Damage
from deblurvid.options import RunOptions
from deblurvid.stages.clock import Clock
from deblurvid.stages.decode import decode, describe, until_first_frame
from deblurvid.stages.demux import Span, span_of, video_stream
from deblurvid.stages.ffmpeg import side_data
from deblurvid.stages.filters import FilterChain
from deblurvid.stages.pipes import is_pipe
from deblurvid.stages.source import open_source
from deblurvid.stages.tags import stated_colour
from deblurvid.stages.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from deblurvid.frames import VideoInfo
    from deblurvid.stages.ffmpeg import AnyPacket
    from deblurvid.stages.filters import Filter
    from deblurvid.stages.source import Source

MOST_SLACK = Fraction(2, 1000)
"""Seconds by which equal times may differ: two containers that count milliseconds."""
_HDR_TRANSFERS = frozenset({16, 18})
"""PQ and HLG (ITU-T H.273, table 3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A video file, or images, as far as looking at it tells. Times are in seconds."""

    path: Path
    container: str
    """FFmpeg's name of the format."""
    size_bytes: int
    info: VideoInfo
    """As the samples lie in the file."""
    hdr: bool
    """Its codes mean light as PQ or HLG have it, more than screens show."""
    turn: tuple[Filter, ...]
    """FFmpeg's filters that turn the frames as players do."""
    sample_aspect_ratio: Fraction
    """Of the turned frames."""
    frames: int
    origin: Fraction
    """Timestamp of the first frame that counts."""
    seconds: Fraction
    """How long the frames are shown, the last one included."""
    longest_gap: Fraction
    """From one frame to the next."""
    skipped: Fraction = Fraction(0)
    """Seconds of the file that come before."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the turned frames."""
        width, height = self.info.width, self.info.height
        return (height, width) if _is_transposed(self.turn) else (width, height)

    @property
    def step(self) -> Fraction:
        """Seconds from one frame to the next, on average."""
        return self.seconds / self.frames


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A frame, turned as players do, and how many seconds after the clip's first one it comes."""

    frame: VideoFrame
    seconds: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """What two clips show at the time at which the second one's frame appears."""

    first: VideoFrame
    second: VideoFrame
    seconds: Fraction
    """After the first frame."""


def look_at(path: Path, start: Fraction = Fraction(0)) -> Clip:
    """Say what a clip is. All its packets are read, and one frame is decoded.

    Args:
        path: a local video file, or images.
        start: seconds into the file; the clip begins with the first frame from then on, as the
            output of `deblurvid run --start` does.

    Raises:
        UsageError: it is a pipe, which cannot be read more than once; or it ends before `start`.
        InputError: it is no video, or in a pixel format that is not restored.
    """
    if is_pipe(path):
        raise UsageError(f"{path}: a pipe can be read once only; compare files")
    with closing(open_source(path, RunOptions())) as source:
        video = video_stream(source.container, path)
        span = Span()
        _, first = until_first_frame(_decoded(source, video, span), path, span)
        info = describe(source.container, video, first, span)
        turn = turn_of(first)
        ratio = Fraction(video.sample_aspect_ratio or 1)
        transfer = stated_colour(video, first)["color_trc"]
        files = source.images.files if source.images else (path,)
        begin = span_of(source.container, video, start, None)
    with closing(open_source(path, RunOptions())) as source:
        times = _packet_times(source, path)
    if not times:
        raise InputError(f"{path}: no frame in it has a time")
    zero, (last, duration) = times[0][0], times[-1]
    times = [time for time in times if not begin.before(time[0])]
    if not times:
        raise UsageError(f"{path} has no frame at {float(start):.3f} s or later")
    origin = times[0][0]
    gaps = [later - earlier for (earlier, _), (later, _) in pairwise(times)]
    step = (last - origin) / len(gaps) if gaps else 1 / (info.frame_rate or Fraction(25))
    return Clip(
        path=path,
        container=source.container.format.name,
        size_bytes=sum(file.stat().st_size for file in files),
        info=info,
        hdr=transfer in _HDR_TRANSFERS,
        turn=turn,
        sample_aspect_ratio=1 / ratio if _is_transposed(turn) else ratio,
        frames=len(times),
        origin=origin,
        seconds=last + max(duration, step) - origin,
        longest_gap=max(gaps, default=step),
        skipped=origin - zero,
    )


def _packet_times(source: Source, path: Path) -> list[tuple[Fraction, Fraction]]:
    """When each frame is shown and for how long (0 where it is not said), rising."""
    video = video_stream(source.container, path)
    base = Fraction(video.time_base or 1)
    numbered = source.container.format.name == "avi"
    return sorted(
        (stamp * base, (packet.duration or 0) * base)
        for packet in source.packets(video, Span(), Timeline(video))
        if packet.stream_index == video.index
        and not packet.is_discard
        and (stamp := packet.dts if numbered else packet.pts) is not None
    )


def turn_of(frame: VideoFrame) -> tuple[Filter, ...]:
    """Filters that turn and mirror a frame as its display matrix asks players to.

    The matrix takes a pixel (x, y) to (a x + c y, b x + d y) (ISO/IEC 14496-12, section 6.2.2). It
    is taken for the nearest of the four quarter turns, mirrored or not.
    """
    matrix = side_data(frame).get("DISPLAYMATRIX")
    if matrix is None:
        return ()
    a, b, _, c, d = (int(n) for n in np.frombuffer(matrix, np.int32)[:5])  # type: ignore[call-overload]
    transposed = abs(b) > abs(a)
    x, y = (c, b) if transposed else (a, d)
    steps = [("transpose", "cclock_flip")] if transposed else []
    steps += [("hflip", "")] if x < 0 else []
    steps += [("vflip", "")] if y < 0 else []
    return tuple(steps)


def _is_transposed(turn: tuple[Filter, ...]) -> bool:
    return any(name == "transpose" for name, _ in turn)


def shown(clip: Clip, start: Fraction = Fraction(0)) -> Iterator[Shown]:
    """Yield the frames of a clip in the order of presentation, corrupt ones as they decode.

    Args:
        clip: from `look_at`.
        start: seconds after the first frame; those that are surely over by then may be left out.
    """
    turned = FilterChain(*clip.turn)
    with closing(open_source(clip.path, RunOptions())) as source:
        video = video_stream(source.container, clip.path)
        span = Span()
        needed = start - clip.longest_gap - MOST_SLACK
        if clip.skipped + needed > 0:
            before = clip.origin - span_of(source.container, video, None, None).origin
            span = span_of(source.container, video, before + needed, None)
        for item in _decoded(source, video, span):
            if isinstance(item, Packet):
                continue
            seconds = shown_at(clip, item, span)
            yield Shown(frame=turned(item), seconds=seconds)


def shown_at(clip: Clip, frame: VideoFrame, span: Span) -> Fraction:
    """Seconds after the clip's first frame at which a decoded one comes.

    Raises:
        InputError: it is of another size or pixel format.
    """
    stamp = (frame.pts or 0) * Fraction(frame.time_base or 1) + span.shift
    seconds, info = stamp - clip.origin, clip.info
    was = (info.width, info.height, info.pixel_format)
    if (frame.width, frame.height, frame.format.name) != was:
        raise InputError(
            f"{clip.path}: at {float(seconds):.3f} s the video changes from {info.width}x"
            f"{info.height} {info.pixel_format} to {frame.width}x{frame.height} "
            f"{frame.format.name}; cut it there and compare the parts"
        )
    return seconds


def _decoded(source: Source, video: VideoStream, span: Span) -> Iterator[VideoFrame | AnyPacket]:
    clock = Clock(video)
    packets = clock.noting(source.packets(video, span, Timeline(video)))
    return decode(packets, video, span, clock, on_corrupt="keep", damage=Damage())


def common_seconds(first: Clip, second: Clip) -> Fraction:
    """How long both last."""
    return min(first.seconds, second.seconds)


def check_alike(first: Clip, second: Clip) -> None:
    """Refuse clips that do not lie over each other.

    Raises:
        InputError: their sizes, turned as players do, differ.
    """
    if first.size != second.size:
        a, b = (f"{clip.path} is {clip.size[0]}x{clip.size[1]}" for clip in (first, second))
        width, height = second.size
        raise InputError(
            f"sizes differ: {a}, {b}. Bring them to one size first, for instance with ffmpeg -i "
            f"{first.path.name} -vf scale={width}:{height}"
        )


class OnScreen:
    """The frame of a clip that is on screen at a time; asked for rising times only."""

    def __init__(self, clip: Clip, other: Clip, start: Fraction = Fraction(0)) -> None:
        """Read `clip`, from `start` seconds on, for the times of `other`."""
        self._frames = shown(clip, start)
        self._slack = slack(clip, other)
        self._held = next(self._frames, None)
        self._coming = next(self._frames, None)

    def at(self, seconds: Fraction) -> VideoFrame | None:
        """The last frame that has come by then, or the first one; None of nothing."""
        while self._coming is not None and self._coming.seconds <= seconds + self._slack:
            self._held, self._coming = self._coming, next(self._frames, None)
        return None if self._held is None else self._held.frame


def slack(first: Clip, second: Clip) -> Fraction:
    """Seconds by which times of both may differ and are yet the same."""
    return min(MOST_SLACK, first.step / 2, second.step / 2)


def last_second(first: Clip, second: Clip) -> Fraction:
    """Frames from this time on are not shown, for one of both has ended."""
    return common_seconds(first, second) - slack(first, second)


def paired(first: Clip, second: Clip, start: Fraction = Fraction(0)) -> Iterator[Pair]:
    """Yield what both clips show whenever a frame of the second one appears, while both last.

    Times count from the first frame of each, so that a container that begins later changes nothing.
    The first clip's frame is the one that is on screen then; one frame may be yielded twice, or
    never, where it comes more rarely or more often. Do not write into the frames.

    Args:
        first: from `look_at`, as is `second`.
        second: gives the times.
        start: seconds from which on pairs are wanted; a few before may come too.
    """
    beside = OnScreen(first, second, start - second.longest_gap)
    end = last_second(first, second)
    for item in shown(second, start):
        frame = beside.at(item.seconds)
        if frame is None or item.seconds >= end:
            return
        yield Pair(first=frame, second=item.frame, seconds=item.seconds)


def lengths_remark(first: Clip, second: Clip) -> str | None:
    """What is left out because one clip is longer, in words."""
    apart = abs(first.seconds - second.seconds)
    if apart <= max(first.step, second.step) * Fraction(3, 2):
        return None
    longer = max(first, second, key=lambda clip: clip.seconds)
    return (
        f"{longer.path} lasts {float(apart):.3f} s longer; only the "
        f"{float(common_seconds(first, second)):.3f} s that both last are compared"
    )


def hdr_remark(first: Clip, second: Clip) -> str | None:
    """That pictures of 8 bits are not what an HDR video looks like, in words."""
    hdr = [str(clip.path) for clip in (first, second) if clip.hdr]
    if not hdr:
        return None
    return f"{' and '.join(hdr)}: HDR is shown without its light, so it looks pale"


def light_remark(first: Clip, second: Clip) -> str | None:
    """That one clip's codes mean other light than the other's in one video, in words."""
    if first.hdr == second.hdr:
        return None
    which = ("HDR", "SDR") if first.hdr else ("SDR", "HDR")
    return (
        f"{first.path} is {which[0]}, and shown as the {which[1]} of {second.path}: its light is "
        "not converted"
    )
