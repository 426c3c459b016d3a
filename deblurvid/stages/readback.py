"""bytes -> what they say: a finished file, read once for all that is asked of it."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

import av

from deblurvid.stages.ffmpeg import READ_ONLY_FILES
from deblurvid.stages.tags import picture_tags
from deblurvid.stages.tracks import kind_of, words_of

if TYPE_CHECKING:
    from pathlib import Path

    from av.container import InputContainer
    from av.video.stream import VideoStream

    from deblurvid.stages.ffmpeg import AnyPacket


@dataclass(slots=True)
class FoundStream:
    """A stream as it was read back."""

    kind: str
    time_base: Fraction
    words: dict[str, str]
    handler: str
    """MP4's name of the track."""
    stamps: array[int] = field(default_factory=lambda: array("q"))
    """Presentation times of its packets, rising."""
    end: int = 0
    """When its last packet ends."""

    @property
    def first_seconds(self) -> Fraction:
        """When its first packet is shown or heard."""
        return self.stamps[0] * self.time_base

    @property
    def last_seconds(self) -> Fraction:
        """When its last one is."""
        return self.stamps[-1] * self.time_base


@dataclass(slots=True, kw_only=True)
class Written:
    """A finished file."""

    streams: list[FoundStream]
    metadata: dict[str, str]
    chapters: int
    picture: dict[str, str] | None = None
    """What the first frame of its video says; see `tags.picture_tags`. None without a frame."""
    decoded: int = 0
    """Frames of its video that decode without an error, of those that were decoded."""
    shift: Fraction = Fraction(0)
    """Seconds by which all streams alike begin later than in the source; 0 unless the container
    cannot hold the source's negative times."""
    lost_words: list[str] = field(default_factory=list)
    """Titles, languages and dispositions that it does not have."""


def read_back(path: Path, *, full: bool) -> Written:
    """Read all packets of a file; decode its video to the first frame, or to the last.

    Raises:
        FFmpegError: it cannot be read, or a frame does not decode.
    """
    with av.open(f"file:{path}", options=READ_ONLY_FILES) as file:
        return read_open(file, full=full)


def read_open(file: InputContainer, *, full: bool) -> Written:
    """Do the same with a file that is open, at its beginning."""
    written = Written(
        streams=[
            FoundStream(
                kind_of(stream),
                Fraction(stream.time_base or 1),
                words_of(stream),
                stream.metadata.get("handler_name", ""),
            )
            for stream in file.streams
        ],
        metadata=_metadata(file),
        chapters=len(file.chapters()),
    )
    video = next((s for s in file.streams.video if kind_of(s) == "video"), None)
    if video is not None and full:
        video.thread_type = "AUTO"
    # AVI numbers its packets in the order of decoding; what else FFmpeg says of it, it guesses.
    numbered = file.format.name == "avi"
    for packet in file.demux():
        if not packet.size:
            continue
        stamp = packet.dts if numbered or packet.pts is None else packet.pts
        found = written.streams[packet.stream_index]
        found.stamps.append(stamp or 0)
        found.end = max(found.end, (stamp or 0) + (packet.duration or 0))
        if video is not None and packet.stream_index == video.index:
            _decode(written, video, packet, full=full)
    if video is not None:
        _decode(written, video, None, full=full)
    for stream in written.streams:
        stream.stamps = array("q", sorted(stream.stamps))
    return written


def _metadata(file: InputContainer) -> dict[str, str]:
    """What the file says of itself; a timecode track speaks for the whole of it."""
    tracks = [stream.metadata for stream in file.streams if "timecode" in stream.metadata]
    return dict(file.metadata) | ({"timecode": tracks[0]["timecode"]} if tracks else {})


def _decode(written: Written, video: VideoStream, packet: AnyPacket | None, *, full: bool) -> None:
    if not full and written.picture is not None:
        return
    for frame in video.codec_context.decode(packet):
        if written.picture is None:
            written.picture = picture_tags(video, frame)
        written.decoded += not frame.is_corrupt
