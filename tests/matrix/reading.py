"""What FFmpeg's own programs read in a file."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import numpy as np

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


@dataclass(slots=True)
class Stream:
    """One stream, its packets, and for pictures the times of its frames."""

    facts: dict[str, Any]
    """What ffprobe says of it."""
    packets: list[dict[str, Any]] = field(default_factory=list)
    frames: list[int] = field(default_factory=list)
    """Timestamp of every decoded frame, in ticks, as they come."""

    def count(self) -> None:
        """Number the frames: AVI has no timestamps, and its picture n is shown at n / rate."""
        self.frames = list(range(len(self.frames)))

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
    chapters: list[tuple[float, float, str]]
    """Begin, end, title."""

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
            return int(next(file.decode(file.streams[self.video.index])).rotation)


def read(path: Path) -> File:
    """Read everything that is compared of a file but its samples."""
    said = ffprobe_json(path, *_SHOWN)
    streams = [Stream(facts) for facts in said["streams"]]
    for item in said["packets_and_frames"]:
        if item["type"] == "packet":
            streams[item["stream_index"]].packets.append(item)
        elif item.get("media_type") == "video" and streams[item["stream_index"]].kind == "video":
            streams[item["stream_index"]].frames.append(item.get("best_effort_timestamp"))
    if path.suffix == ".avi":
        for stream in streams:
            stream.count()
    chapters = [
        (float(c["start_time"]), float(c["end_time"]), c.get("tags", {}).get("title", ""))
        for c in said["chapters"]
    ]
    return File(path, streams, lowered(said["format"].get("tags", {})), chapters)


def lowered(tags: dict[str, str]) -> dict[str, str]:
    """Tags by their name in small letters."""
    return {name.lower(): value for name, value in tags.items()}


def pictures(*places: tuple[Path, int], luma: bool = False) -> list[list[str]]:
    """MD5 of each decoded picture, all planes or only luma, of streams given by file and index."""
    lists = [path.with_name(f"{path.name}.{index}.md5") for path, index in places]
    plane = ("-vf", "extractplanes=y") if luma else ()
    inputs = [part for path, _ in places for part in ("-noautorotate", "-i", f"file:{path}")]
    outputs = [
        part
        for number, (place, (_, index)) in enumerate(zip(lists, places, strict=True))
        for part in ("-map", f"{number}:{index}", *plane, "-vsync", 0, "-f", "framemd5", f"file:{place}")
    ]
    ffmpeg(*inputs, *outputs)
    return [
        [line.split(",")[-1].strip() for line in place.read_text().splitlines() if line[0] != "#"]
        for place in lists
    ]


def sound(path: Path, index: int) -> NDArray[np.int16]:
    """Decoded samples of a sound stream, mono, 48 kHz."""
    raw = path.with_name(f"{path.name}.{index}.pcm")
    ffmpeg(
        "-i", f"file:{path}", "-map", f"0:{index}", "-ac", 1, "-ar", SOUND_RATE,
        "-f", "s16le", f"file:{raw}",
    )  # fmt: skip
    return np.fromfile(raw, np.int16)
