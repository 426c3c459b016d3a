"""Encoded packets in a file of their own, byte for byte, to be muxed later.

None of FFmpeg's containers gives every encoder's packets back as they were: NUT takes no ProRes and
moves the timestamps of B-frames at a varying rate, Matroska rounds to milliseconds and repacks
H.264, MOV takes no VP9. So a file holds what the muxer needs of each packet: its times in ticks
of the video, whether it is a key frame, its length, its bytes.
"""

from __future__ import annotations

import hashlib
import os
import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from av.packet import Packet

from deblurvid.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from deblurvid.stages.ffmpeg import AnyPacket

_HEAD = struct.Struct("<qqQ?")
"""Presentation time, duration, bytes, key frame. Decoding times are made when packets are joined."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """Of one packet: when it is shown and for how long, in ticks of the video."""

    pts: int
    duration: int


class PacketWriter:
    """Writes packets into a new file, their times in ticks of the video.

    MPEG-1, 2 and 4 count frames instead, and so coarsely that times are rounded back to what they
    were at a constant rate. At any other they fail the comparison with the frames' own.
    """

    def __init__(self, path: Path, time_base: Fraction) -> None:
        self.path = path
        self._time_base = time_base
        self._digest = hashlib.sha256()
        self._file = path.open("wb")
        self.pts: list[int] = []
        """Of every packet, in order of decoding."""
        self.size_bytes = 0

    def write(self, packet: AnyPacket) -> None:
        """Append a packet."""
        ticks = Fraction(packet.time_base) / self._time_base
        pts = round((packet.pts or 0) * ticks)
        duration = round((packet.duration or 0) * ticks)
        data = bytes(packet)
        for part in (_HEAD.pack(pts, duration, len(data), packet.is_keyframe), data):
            self._digest.update(part)
            self._file.write(part)
            self.size_bytes += len(part)
        self.pts.append(pts)

    def finish(self) -> str:
        """Bring everything onto the disk; gives the SHA-256 of the file."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        return self._digest.hexdigest()

    def discard(self) -> None:
        """Remove the file."""
        try:
            self._file.close()
        except OSError:  # what was still held does not fit either
            pass
        finally:
            self.path.unlink(missing_ok=True)


def read_stamps(path: Path) -> list[Stamp]:
    """The times of all packets of a file, in order of decoding."""
    stamps = []
    with path.open("rb") as file:
        while head := file.read(_HEAD.size):
            pts, duration, size, _ = _HEAD.unpack(head)
            stamps.append(Stamp(pts, duration))
            file.seek(size, os.SEEK_CUR)
    return stamps


def read_packets(path: Path, time_base: Fraction) -> Iterator[AnyPacket]:
    """The packets of a file, in order of decoding; they have no decoding time."""
    with path.open("rb") as file:
        while head := file.read(_HEAD.size):
            pts, duration, size, key = _HEAD.unpack(head)
            packet: AnyPacket = Packet(file.read(size))
            packet.pts, packet.duration, packet.time_base = pts, duration, time_base
            packet.is_keyframe = key
            yield packet


def sha256_of(path: Path) -> str:
    """SHA-256 of a file.

    Raises:
        OutputError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as exc:
        raise OutputError(f"{path}: cannot be read: {exc.strerror}") from exc
