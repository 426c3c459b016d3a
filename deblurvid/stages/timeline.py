"""packets -> packets: one line of time for all streams, where a file was joined from several."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from av.stream import Disposition

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    from av.video.stream import VideoStream

    from deblurvid.stages.ffmpeg import AnyPacket

JUMP_BACK = Fraction(1)
"""Seconds by which a stream's decoding times must fall to be those of another recording."""
NEAR = Fraction(10)
"""Seconds within which a time goes on from the one before."""


@dataclass(slots=True)
class _Course:
    """Where a stream stands."""

    part: int = 0
    """Which of the recordings that the file was joined from."""
    end: Fraction | None = None
    """When its last packet ends, in seconds of the whole."""
    dts: int | None = None
    """Last decoding time in ticks, as it was handed on."""
    duration: int = 1


class Timeline:
    """Mends times that fall or are missing, as broken and joined recordings have them.

    Where decoding times fall by more than a second, as in MPEG-TS files that were copied behind one
    another, another recording begins. It is moved behind the one before, all its streams by the
    same, so that sound stays beside its picture. Within a recording the times of copied packets
    are mended one by one; of the restored video each frame's is, by `Clock`.
    """

    def __init__(self, video: VideoStream, kept: Container[int] | None = None) -> None:
        """Straighten around `video`; of the others mend those whose indices are `kept`, or all."""
        self._video = video.index
        self._kept = kept
        self._moved = [Fraction(0)]
        """Seconds that each recording is moved by."""
        self._courses: dict[int, _Course] = {}
        self.mended = 0
        """Copied packets whose times were missing or fell."""

    @property
    def joints(self) -> int:
        """How often another recording begins."""
        return len(self._moved) - 1

    def straighten(self, packets: Iterable[AnyPacket]) -> Iterator[AnyPacket]:
        """Hand on all packets, their times mended."""
        for packet in packets:
            if packet.size:
                course = self._courses.setdefault(packet.stream_index, _Course())
                self._join(packet, course)
                if self._is_mended(packet):
                    self._raise(packet, course)
            yield packet

    def _is_mended(self, packet: AnyPacket) -> bool:
        cover = packet.stream.disposition & Disposition.attached_pic  # without a time
        kept = self._kept is None or packet.stream_index in self._kept
        return packet.stream_index != self._video and not cover and kept

    def _join(self, packet: AnyPacket, course: _Course) -> None:
        base = Fraction(packet.time_base)
        if packet.stream.type not in ("video", "audio"):
            course.part = len(self._moved) - 1  # too sparse to tell by itself
        elif packet.dts is not None:
            seconds = packet.dts * base
            if course.end is not None:
                self._follow(course, seconds)
            course.end = seconds + self._moved[course.part] + (packet.duration or 0) * base
        if moved := round(self._moved[course.part] / base):
            packet.pts = None if packet.pts is None else packet.pts + moved
            packet.dts = None if packet.dts is None else packet.dts + moved

    def _follow(self, course: _Course, seconds: Fraction) -> None:
        """Find the recording to which a time belongs that comes after `course.end`."""
        assert course.end is not None  # noqa: S101 - the caller asked
        if seconds + self._moved[course.part] < course.end - JUMP_BACK:
            course.part += 1
            if course.part == len(self._moved):
                self._moved.append(course.end - seconds)
        elif (
            course.part
            and seconds + self._moved[course.part] > course.end + NEAR
            and abs(seconds + self._moved[course.part - 1] - course.end) <= NEAR
        ):
            course.part -= 1  # a single packet had a wrong time
            if course.part == len(self._moved) - 2:
                del self._moved[-1]

    def _raise(self, packet: AnyPacket, course: _Course) -> None:
        """Let the decoding times of a copied stream not fall; `mux` sees to equal ones."""
        if packet.dts is None and packet.pts is None:
            packet.dts = 0 if course.dts is None else course.dts + course.duration
            packet.pts = packet.dts
            self.mended += 1
        elif packet.dts is not None and course.dts is not None and packet.dts < course.dts:
            packet.dts = course.dts
            if packet.pts is not None:
                packet.pts = max(packet.pts, packet.dts)
            self.mended += 1
        if packet.dts is not None:
            course.dts = packet.dts
            course.duration = packet.duration or course.duration
