"""What FFmpeg's own programs read in a file."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

import av
import numpy as np
from av.video.frame import VideoFrame

from tests.ffmpeg_tools import ffmpeg, ffprobe_json

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

SOUND_RATE = 48_000
_SHOWN = (
    "-show_streams", "-show_format", "-show_chapters", "-show_packets", "-show_frames",
    "-show_data_hash", "md5",
)  # fmt: skip
_COVER = "attached_pic"


Chapter: TypeAlias = tuple[float, float, str]
"""Begin and end in seconds, title."""


@dataclass(slots=True)
class Stream:
    """One stream, its packets, and for pictures the times of its frames."""

    facts: dict[str, Any]
    """What ffprobe says of it."""
    packets: list[dict[str, Any]] = field(default_factory=list)
    frames: list[int] = field(default_factory=list)
    """Timestamp of every decoded frame, in ticks, as they come."""

    hidden: bool = False
    """An edit list hides some packets; only those shown are in `packets`."""

    def take(self, packet: dict[str, Any]) -> None:
        """Add a packet, unless it is only there for a decoder's sake."""
        if "D" in packet["flags"]:
            self.hidden = True
        else:
            self.packets.append(packet)

    def show(self, tick: int | None) -> None:
        """Add a frame; one without a time is shown one frame after the one before."""
        step = (
            round(1 / (Fraction(self.facts["avg_frame_rate"]) * self.tick)) if tick is None else 0
        )
        self.frames.append(tick if tick is not None else self.frames[-1] + step)

    def begin_at_zero(self) -> None:
        """Take off the delay of the decoder, which ffprobe adds and AVI knows nothing of."""
        self.frames = [tick - self.frames[0] for tick in self.frames]

    @property
    def index(self) -> int:
        """Its number in the file."""
        return int(self.facts["index"])

    @property
    def kind(self) -> str:
        """FFmpeg's type; cover pictures, timecode and chapter titles are kinds of their own."""
        if self.facts["disposition"][_COVER]:
            return "cover"
        match self.facts.get("codec_tag_string"):
            case "tmcd":
                return "timecode"
            case "text" if self.facts["codec_type"] == "data":
                return "titles"
        return str(self.facts["codec_type"])

    @property
    def codec(self) -> str:
        """FFmpeg's name of its codec."""
        return str(self.facts.get("codec_name", "none"))

    @property
    def tick(self) -> Fraction:
        """Seconds of one tick."""
        return Fraction(self.facts["time_base"])

    @property
    def tags(self) -> dict[str, str]:
        """Its metadata, names in small letters."""
        return lowered(self.facts.get("tags", {}))

    @property
    def flags(self) -> set[str]:
        """Dispositions that are set."""
        return {name for name, on in self.facts["disposition"].items() if on} - {_COVER}

    @property
    def hashes(self) -> list[str]:
        """MD5 of each packet."""
        return [packet["data_hash"] for packet in self.packets]

    @property
    def seconds(self) -> list[Fraction]:
        """When each frame (of pictures) or packet is shown, rising."""
        ticks = self.frames or [p.get("pts", p.get("dts", 0)) for p in self.packets]
        return [tick * self.tick for tick in sorted(ticks)]


@dataclass(slots=True)
class File:
    """A media file as ffprobe reads it."""

    path: Path
    streams: list[Stream]
    tags: dict[str, str]
    chapters: list[Chapter]

    def of(self, kind: str) -> list[Stream]:
        """Its streams of a kind, in order."""
        return [stream for stream in self.streams if stream.kind == kind]

    @property
    def video(self) -> Stream:
        """The stream that is restored, or was."""
        return self.of("video")[0]

    @property
    def turned(self) -> int:
        """Degrees by which a player turns the picture.

        PyAV's newer FFmpeg tells: ffprobe 5 finds no rotation in Matroska.
        """
        with av.open(f"file:{self.path}") as file:
            first = next(file.decode(file.streams[self.video.index]))
            assert isinstance(first, VideoFrame)
            return first.rotation


def read(path: Path) -> File:
    """Read everything that is compared of a file but its samples."""
    said = ffprobe_json(path, *_SHOWN)
    streams = [Stream(facts) for facts in said["streams"]]
    if path.suffix in (".mp4", ".mov"):
        _name(path, streams)
    for item in said["packets_and_frames"]:
        if item["type"] == "packet":
            streams[item["stream_index"]].take(item)
        elif item.get("media_type") == "video" and streams[item["stream_index"]].kind == "video":
            streams[item["stream_index"]].show(item.get("best_effort_timestamp"))
    if path.suffix == ".avi":
        for stream in streams:
            stream.begin_at_zero()
    chapters = [
        (float(c["start_time"]), float(c["end_time"]), c.get("tags", {}).get("title", ""))
        for c in said["chapters"]
    ]
    return File(path, streams, lowered(said["format"].get("tags", {})), chapters)


def _name(path: Path, streams: list[Stream]) -> None:
    """Add MP4's track names, which ffprobe 5 does not read."""
    with av.open(f"file:{path}") as file:
        for stream, newer in zip(streams, file.streams, strict=True):
            if "name" in newer.metadata:
                stream.facts.setdefault("tags", {})["title"] = newer.metadata["name"]


def lowered(tags: dict[str, str]) -> dict[str, str]:
    """Tags by their name in small letters."""
    return {name.lower(): value for name, value in tags.items()}


def pictures(*places: tuple[Path, int], luma: bool = False) -> list[list[bytes]]:
    """Samples of each decoded picture, all planes or only luma, of streams by file and index."""
    raws = [path.with_name(f"{path.name}.{index}.raw") for path, index in places]
    sums = [raw.with_suffix(".md5") for raw in raws]
    inputs = [part for path, _ in places for part in ("-noautorotate", "-i", f"file:{path}")]
    plane = ("-vf", "extractplanes=y") if luma else ()
    outputs = [
        part
        for number, (raw, summed, (_, index)) in enumerate(zip(raws, sums, places, strict=True))
        for form, place in (("rawvideo", raw), ("framemd5", summed))
        for part in ("-map", f"{number}:{index}", *plane, "-vsync", 0, "-f", form, f"file:{place}")
    ]
    ffmpeg(*inputs, *outputs)
    return [_cut(raw, summed) for raw, summed in zip(raws, sums, strict=True)]


def _cut(raw: Path, sums: Path) -> list[bytes]:
    """Raw video as one picture each: framemd5 says of how many bytes."""
    lines = [line for line in sums.read_text().splitlines() if not line.startswith("#")]
    sizes = [int(line.split(",")[4]) for line in lines]
    whole, ends = raw.read_bytes(), np.cumsum([0, *sizes])
    return [whole[begin:end] for begin, end in itertools.pairwise(ends)]


def sound(path: Path, index: int) -> NDArray[np.int16]:
    """Decoded samples of a sound stream, mono, 48 kHz."""
    raw = path.with_name(f"{path.name}.{index}.pcm")
    ffmpeg(
        "-i", f"file:{path}", "-map", f"0:{index}", "-ac", 1, "-ar", SOUND_RATE,
        "-f", "s16le", f"file:{raw}",
    )  # fmt: skip
    return np.fromfile(raw, np.int16)
