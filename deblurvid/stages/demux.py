"""bytes -> packets."""

from __future__ import annotations

import re
import stat
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import av
from av.error import FFmpegError
from av.stream import Disposition

from deblurvid.errors import InputError
from deblurvid.frames import MOST_PIXELS
from deblurvid.stages.ffmpeg import READ_ONLY_FILES, translated
from deblurvid.stages.images import CONVERT, UNREAD_SUFFIXES
from deblurvid.stages.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from av.container import InputContainer
    from av.video.stream import VideoStream

    from deblurvid.stages.ffmpeg import AnyPacket


LONGEST_LEAD_IN = {"mp4": Fraction(10), "mov": Fraction(10), "avi": Fraction(10)}
"""Seconds after which a file may begin, by its format; others begin when they like."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The part of a file that is worked on, in seconds from the file's first timestamp."""

    start: Fraction = Fraction(0)
    end: Fraction | None = None
    """Exclusive; None is the end of the file."""
    origin: Fraction = Fraction(0)
    """Timestamp, in seconds, at which the file begins."""
    tick: Fraction = Fraction(1, 1_000_000)
    """Seconds of one of the video's ticks."""
    from_zero: bool = False
    """An uncut file is moved too, so that it begins at 0."""

    @property
    def cuts(self) -> bool:
        """Whether it is less than the whole file."""
        return self.start > 0 or self.end is not None

    @property
    def shift(self) -> Fraction:
        """Seconds taken off every timestamp: an uncut file mostly keeps its own.

        Whole ticks of the video, which in AVI are whole frames: sound is moved by the same.
        """
        if self.start <= 0 and not self.from_zero:
            return Fraction(0)
        return round((self.origin + self.start) / self.tick) * self.tick

    def lasts(self, whole: Fraction | None) -> Fraction | None:
        """Seconds that it lasts in a file of `whole` seconds; None where neither end is known."""
        ends = [end for end in (self.end, whole) if end is not None]
        return max(Fraction(0), min(ends) - self.start) if ends else None

    def holds(self, seconds: Fraction) -> bool:
        """Whether something at this timestamp lies within."""
        return not self.before(seconds) and not self.after(seconds)

    def before(self, seconds: Fraction) -> bool:
        """Whether this timestamp lies before the span."""
        return self.start > 0 and seconds < self.origin + self.start

    def after(self, seconds: Fraction) -> bool:
        """Whether this timestamp lies behind the span."""
        return self.end is not None and seconds >= self.origin + self.end


def open_input(
    path: Path, demuxer: str | None = None, options: Mapping[str, str] | None = None
) -> InputContainer:
    """Open a media file, and nothing that it names.

    Args:
        path: the file.
        demuxer: FFmpeg's name of its format; None to tell it by the bytes.
        options: more options of the demuxer.

    Raises:
        InputError: missing, a folder, empty, or in no format that is read.
    """
    try:
        mode = path.stat()
    except OSError as exc:
        if ":/" in str(path):
            address = re.sub(":/+", "://", str(path), count=1)  # a path has lost one of two slashes
            raise InputError(f"{address}: only local files are read, no addresses") from exc
        raise InputError(f"{path}: {exc.strerror}") from exc
    if stat.S_ISDIR(mode.st_mode):
        raise InputError(f"{path}: a folder, not a video file")
    if stat.S_ISREG(mode.st_mode) and mode.st_size == 0:
        raise InputError(f"{path}: the file is empty")
    if demuxer is None and path.suffix.lower() in UNREAD_SUFFIXES:
        raise InputError(f"{path}: images of this kind are not read; {CONVERT}")
    with translated(InputError, f"{path}: not a readable video"):
        return av.open(
            f"file:{path}",
            format=demuxer,
            options=READ_ONLY_FILES | dict(options or {}),
            metadata_errors="replace",
        )


def comes_from_a_pipe(container: InputContainer) -> bool:
    """Whether Python gives FFmpeg the bytes, once; see `stages.pipes`."""
    return container.file is not None


def video_stream(container: InputContainer, path: Path) -> VideoStream:
    """The first video stream that is no cover picture.

    Raises:
        InputError: there is none, or no decoder for it.
    """
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            if stream.codec_context is None:
                raise InputError(f"{path}: no decoder for the codec of its video stream")
            # A size may grow in the middle of a stream too.
            stream.codec_context.options = {"max_pixels": str(MOST_PIXELS)}
            return stream
    kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "none"
    raise InputError(f"{path}: no video in it (streams: {kinds})")


def span_of(
    container: InputContainer,
    video: VideoStream,
    start: Fraction | float | None,
    duration: Fraction | float | None,
    *,
    muxer: str = "matroska",
) -> Span:
    """The span that begins `start` seconds into the file and lasts `duration`.

    Args:
        container: the source.
        video: its restored stream.
        start: seconds.
        duration: seconds.
        muxer: the target's format; a file that begins late is moved to 0 where that would show as
            a picture that stands still, as in MP4 for a recording whose clock says 14 h.
    """
    begin = _exact(start or 0)
    origin = Fraction(container.start_time or 0, av.time_base)
    return Span(
        start=begin,
        end=None if duration is None else begin + _exact(duration),
        origin=origin,
        tick=Fraction(video.time_base or 1),
        from_zero=origin > LONGEST_LEAD_IN.get(muxer, origin),
    )


def _exact(seconds: Fraction | float) -> Fraction:
    """The short fraction that was meant: 0.1 as 1/10, not as the float that is next to it."""
    return Fraction(seconds).limit_denominator(1_000_000_000)


def demux(
    container: InputContainer, video: VideoStream, span: Span, timeline: Timeline | None = None
) -> Iterator[AnyPacket]:
    """Read packets of all streams, in the file's order, within the span, their times mended.

    Of the video everything is read that the span's first frame needs. Other streams are cut at the
    packet: those that begin within the span are kept, their timestamps moved by the span's shift.
    Empty packets, FFmpeg's sign for the end of a stream, are left out.
    """
    if span.start > 0:
        _seek(container, video, span)
    # AVI numbers packets in the order of decoding, so that frames within may lie in later ones.
    counted = container.format.name == "avi"
    lag = MOST_REORDERED * Fraction(video.time_base or 0) if counted else Fraction(0)
    running = {
        s.index
        for s in container.streams
        if s.type in ("video", "audio") and not s.disposition & Disposition.attached_pic
    }
    with translated(InputError, "cannot read on"):
        for packet in (timeline or Timeline(video)).straighten(container.demux()):
            if not packet.size:
                continue
            stamp = packet.dts if packet.dts is not None else packet.pts
            seconds = None if stamp is None else stamp * Fraction(packet.time_base)
            ahead = lag if packet.stream_index == video.index else 0
            if seconds is not None and span.after(seconds - ahead):
                running.discard(packet.stream_index)
                if not running:
                    return
            if packet.stream_index == video.index or _within(packet, span, seconds):
                yield packet


MOST_REORDERED = 17
"""Packets that a frame may be decoded after its turn: H.264 allows 16 frames to wait."""
LEAD_IN = 10
"""Seconds before a file's first timestamp that surely lie before its first packet."""


def _seek(container: InputContainer, video: VideoStream, span: Span) -> None:
    """Go to a key frame from which the span's first frame decodes.

    Formats without an index land somewhere near, and what is called a key frame may need others
    before it (periodic intra refresh). So what lies there is decoded, and the search goes back
    further until a frame comes out before the span, in the end to the beginning.
    """
    # A raw stream has no times to search by, a pipe cannot go anywhere, and AVI's frames get their
    # times by counting (see Clock): read from the beginning.
    counted = container.format.name == "avi"
    if video.start_time is None or counted or comes_from_a_pipe(container):
        return
    wanted = span.origin + span.start
    # MPEG-TS is searched by decoding time, which lies before the first presentation time.
    for back in (0, 2, 10, 60, None):
        place = span.origin - LEAD_IN if back is None else max(span.origin, wanted - back)
        with translated(InputError, f"cannot seek to {float(span.start)} s"):
            container.seek(int(place * av.time_base), backward=True)
            if back is None or _first_whole_frame(container, video) <= wanted:
                container.seek(int(place * av.time_base), backward=True)
                return


def _first_whole_frame(container: InputContainer, video: VideoStream) -> Fraction:
    """Time in seconds from which on frames decode, reading from here; endlessly late if unknown."""
    endlessly = Fraction(1 << 62)
    key = endlessly
    with suppress(FFmpegError):
        for packet in container.demux(video):
            if key == endlessly and packet.is_keyframe and packet.pts is not None:
                key = packet.pts * Fraction(packet.time_base)
            for frame in video.codec_context.decode(packet):
                if frame.pts is None:
                    return endlessly
                return max(key, frame.pts * Fraction(packet.time_base))
    return endlessly


def _within(packet: AnyPacket, span: Span, seconds: Fraction | None) -> bool:
    """Whether a copied packet stays; if so its timestamps are moved."""
    if seconds is None:
        return True
    if not span.holds(seconds):
        return False
    shift = round(span.shift / Fraction(packet.time_base))
    packet.pts = None if packet.pts is None else packet.pts - shift
    packet.dts = None if packet.dts is None else packet.dts - shift
    return True


MOST_PRIMING = 3
"""Hidden packets with which sound may begin only because its decoder needs them."""


def without_hidden(packets: Iterable[AnyPacket], streams: AbstractSet[int]) -> Iterator[AnyPacket]:
    """Leave out what an edit list hides of some streams; hand on everything else.

    For targets in which it would be seen or heard. A few packets of sound before the first that is
    heard are left: AAC and Opus begin with such, and decode to other samples without.

    Args:
        packets: of all streams.
        streams: indices of those that are looked at.
    """
    before: dict[int, list[AnyPacket]] = {index: [] for index in streams}
    """Hidden packets of the streams that have not been heard yet."""
    for packet in packets:
        index = packet.stream_index
        if index not in streams:
            yield packet
        elif not packet.is_discard:
            held = before.pop(index, [])
            if packet.stream.type == "audio" and len(held) <= MOST_PRIMING:
                yield from held
            yield packet
        elif index in before and len(before[index]) <= MOST_PRIMING:
            before[index].append(packet)
