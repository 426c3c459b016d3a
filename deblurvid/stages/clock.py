"""The time of every frame: filled in where it is missing, rising always."""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from deblurvid.stages.ffmpeg import AnyPacket

MOST_REORDERED = 32
"""Packets by which a frame can at most be overtaken: 16 in H.264 and HEVC, in each direction."""


class Clock:
    """Gives each frame its timestamp in the stream's ticks.

    Encoders and containers refuse frames without one, and those that do not rise: such are moved
    behind the frame before, by its duration where nothing is known of their time, else by one tick.
    `mended` counts them.

    AVI knows only when a packet is decoded. With B-frames that is not when its frame is shown, and
    FFmpeg guesses. There a frame's time is its rank: the kth frame shown takes the kth of the
    packets' times.
    """

    def __init__(self, video: VideoStream) -> None:
        rate = video.average_rate or video.guessed_rate
        ticks = 1 / (rate * video.time_base) if rate and video.time_base else 1
        self._step = max(1, round(Fraction(ticks)))
        self._last: int | None = None
        self._index = video.index
        self._by_rank = video.container.format.name == "avi"
        self._times: list[int] = []
        """Times that no frame has taken yet; a heap."""
        self._hidden: list[int] = []
        """Times of the packets whose frame has not come out yet, rising."""
        self.mended = 0

    def noting(self, packets: Iterable[AnyPacket]) -> Iterator[AnyPacket]:
        """Hand on all packets on their way to the decoder, and note when the video's are due."""
        for packet in packets:
            if self._by_rank and packet.stream_index == self._index and packet.dts is not None:
                packet.pts = packet.dts  # so a frame tells which packet it was
                heapq.heappush(self._times, packet.dts)
                insort(self._hidden, packet.dts)
            yield packet

    def stamp(self, frame: VideoFrame) -> int:
        """The timestamp that the frame gets; frames come in the order in which they are shown."""
        pts = self._rank(frame.pts) if self._times else frame.pts
        if pts is None or (self._last is not None and pts <= self._last):
            missing = pts is None
            pts = 0 if self._last is None else self._last + (self._step if missing else 1)
            self.mended += 1
        self._last = pts
        return pts

    def _rank(self, packet_time: int | None) -> int:
        """The earliest time that is free; those of packets that gave no frame are given up."""
        if packet_time is not None:
            place = bisect_left(self._hidden, packet_time)
            if self._hidden[place : place + 1] == [packet_time]:
                del self._hidden[place]
            lost = bisect_left(self._hidden, packet_time - MOST_REORDERED)
            del self._hidden[:lost]
            for _ in range(min(lost, len(self._times) - 1)):
                heapq.heappop(self._times)
        return heapq.heappop(self._times)
