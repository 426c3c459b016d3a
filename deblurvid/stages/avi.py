"""AVI as a target: it numbers its frames instead of timing them, so they must come evenly."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import av
from av.packet import Packet

from deblurvid.errors import EncoderError, UsageError
from deblurvid.stages.demux import span_of, video_stream
from deblurvid.stages.source import open_source
from deblurvid.stages.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from deblurvid.frames import VideoInfo
    from deblurvid.options import RunOptions
    from deblurvid.stages.encoders import EncoderChoice
    from deblurvid.stages.ffmpeg import AnyPacket

ELSEWHERE = "use an output that ends in .mkv or .mp4"
REORDERING = frozenset({"h264", "hevc", "mpeg4", "mpeg2video", "mpeg1video"})
"""Codecs with B-frames, which FFmpeg's encoders make unless they are told not to."""
MOST_PLACES = 2
"""Places in the row by frame: any times fit into a row of places that are close enough."""
LEAST_SLACK = Fraction(1, 1000)
"""Seconds by which a frame may be off its place in the row: times in Matroska are that coarse."""


def fitted_to_avi(
    source: Path, info: VideoInfo, choice: EncoderChoice, options: RunOptions
) -> tuple[VideoInfo, EncoderChoice]:
    """The video with the rate at which its frames come, and the encoder without B-frames.

    Raises:
        UsageError: they come at no constant rate.
    """
    return with_constant_rate(source, info, options), without_reordering(choice)


def with_constant_rate(source: Path, info: VideoInfo, options: RunOptions) -> VideoInfo:
    """`info` with the rate at which the source's frames come; all its packets are read for that.

    Places may be left empty in the row, for AVI can repeat a frame.

    Raises:
        UsageError: they come at no constant rate.
    """
    with closing(open_source(source, options)) as opened:
        container = opened.container
        video = video_stream(container, source)
        span = span_of(container, video, options.start, options.duration)
        base = Fraction(video.time_base or 1)
        numbered = container.format.name == "avi"
        times = sorted(
            stamp * base
            for packet in opened.packets(video, span, Timeline(video))
            if packet.stream_index == video.index
            and (stamp := packet.dts if numbered else packet.pts) is not None
        )
        rates = _rates(video)
    slack = max(base, LEAST_SLACK)
    reasons = []
    for rate in rates:
        wrong = _first_astray(times, rate, slack)
        if wrong is None:
            return replace(info, frame_rate=rate)
        reasons.append(f"frame {wrong} is at {float(times[wrong] - times[0]):.3f} s")
    why = reasons[0] if reasons else "it says no rate"
    raise UsageError(f"avi holds frames at a constant rate only, and {why}; {ELSEWHERE}")


def _rates(video: VideoStream) -> list[Fraction]:
    rates = (video.average_rate, video.guessed_rate, video.base_rate)
    return list(dict.fromkeys(Fraction(rate) for rate in rates if rate))


def _first_astray(times: list[Fraction], rate: Fraction, slack: Fraction) -> int | None:
    """Number of the first frame off its place or on that of another, or 1 in too long a row."""
    before = -1
    for number, time in enumerate(times):
        place = round((time - times[0]) * rate)
        if place <= before or abs(place / rate - (time - times[0])) > slack:
            return number
        before = place
    return None if before < MOST_PLACES * len(times) else 1


def without_reordering(choice: EncoderChoice) -> EncoderChoice:
    """The encoder without B-frames, unless the user says how many."""
    if av.Codec(choice.codec, "w").canonical_name not in REORDERING:
        return choice
    return replace(choice, options={"bf": "0", **choice.options})


def refuse_reordering(context: VideoCodecContext) -> None:
    """Refuse an encoder that makes B-frames; it is open.

    Raises:
        EncoderError: it does.
    """
    made = context.has_b_frames
    if context.name.startswith("mpeg"):  # FFmpeg's own, which say so even without
        made = context.max_b_frames > 0
    if made:
        raise EncoderError(
            f"avi cannot say when B-frames are shown, and {context.name} makes them; leave them "
            f"out (bf=0), or {ELSEWHERE}"
        )


def frames_from_zero(items: Iterable[VideoFrame | AnyPacket]) -> Iterator[VideoFrame | AnyPacket]:
    """Move the frames so that the first is at 0, before their times are rounded to places."""
    first: int | None = None
    for item in items:
        if not isinstance(item, Packet):
            first = item.pts if first is None else first
            item.pts = (item.pts or 0) - (first or 0)
        yield item


def packets_from_zero(packets: Iterable[AnyPacket]) -> Iterator[AnyPacket]:
    """Move each stream so that its first packet is at 0: FFmpeg would put a hole behind it else."""
    firsts: dict[int, int] = {}
    for packet in packets:
        if packet.dts is not None:
            first = firsts.setdefault(id(packet.stream), packet.dts)
            packet.dts -= first
            packet.pts = None if packet.pts is None else packet.pts - first
        yield packet
