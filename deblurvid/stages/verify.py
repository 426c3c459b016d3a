"""The finished file read back: is it what was promised?"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import av
from av.error import FFmpegError

from deblurvid.errors import VerificationError
from deblurvid.stages.ffmpeg import READ_ONLY_FILES
from deblurvid.stages.mux import kind_of

if TYPE_CHECKING:
    from pathlib import Path

    from deblurvid.stages.mux import Output, Track

NON_NEGATIVE_MUXERS = frozenset({"mpegts", "matroska", "webm"})
"""Formats without negative times: FFmpeg moves the whole file later instead."""


def verify(output: Output, stamps: array[int], time_base: Fraction, *, full: bool) -> Fraction:
    """Compare the closed part file with what went into it.

    Args:
        output: closed; its part file is read.
        stamps: timestamp of every frame that was encoded, rising, in ticks of `time_base`.
        time_base: seconds of one tick.
        full: also decode every frame.

    Returns:
        Seconds by which all streams alike begin later than in the source; 0 unless the container
        cannot hold the source's negative times.

    Raises:
        VerificationError: frames, timestamps or packets of a copied stream are missing or moved,
            or a frame does not decode.
    """
    try:
        found = _read(output.part)
        if full:
            _decode_all(output.part, len(stamps))
    except FFmpegError as exc:
        raise VerificationError(f"the output cannot be read back: {exc.strerror}") from exc
    pairs = _paired(output, found)
    _compare_packets(pairs)
    restored = next(there for track, there in pairs if track is output.restored)
    shift = Fraction(0)
    if _may_shift(output) and stamps:
        shift = restored.first_seconds - stamps[0] * time_base
        # What rounding to the target's ticks does is no shift.
        shift = shift if abs(shift) > restored.time_base else Fraction(0)
    _compare_stamps(restored, stamps, time_base, shift)
    _compare_starts(pairs, shift)
    return shift


@dataclass(slots=True)
class _Found:
    """A stream as it was read back."""

    kind: str
    time_base: Fraction
    stamps: array[int]

    @property
    def first_seconds(self) -> Fraction:
        return self.stamps[0] * self.time_base


def _read(part: Path) -> list[_Found]:
    """All streams of the file, with the presentation times of their packets, rising."""
    with av.open(f"file:{part}", options=READ_ONLY_FILES) as written:
        found = [
            _Found(kind_of(stream), Fraction(stream.time_base or 1), array("q"))
            for stream in written.streams
        ]
        for packet in written.demux():
            if packet.size:
                stamp = packet.pts if packet.pts is not None else packet.dts
                found[packet.stream_index].stamps.append(stamp or 0)
    for stream in found:
        stream.stamps = array("q", sorted(stream.stamps))
    return found


def _paired(output: Output, found: list[_Found]) -> list[tuple[Track, _Found]]:
    """What was written beside what is there: the nth video with the nth video, and so on."""
    pairs: list[tuple[Track, _Found]] = []
    for kind in {track.kind for track in output.tracks.values()}:
        tracks = [track for track in output.tracks.values() if track.kind == kind]
        there = [stream for stream in found if stream.kind == kind]
        if len(there) < len(tracks):
            raise VerificationError(
                f"{len(tracks)} {kind} streams went in, {len(there)} are in the output"
            )
        pairs += zip(tracks, there, strict=False)
    return pairs


def _compare_packets(pairs: list[tuple[Track, _Found]]) -> None:
    for track, there in pairs:
        count = len(there.stamps)
        # MP4 fills the gaps between its subtitles with empty ones.
        lost = count < track.packets if track.kind == "subtitle" else count != track.packets
        if lost and track.kind != "attachment":
            raise VerificationError(
                f"{track.packets} {track.kind} packets went in, {count} are in the output"
            )


def _may_shift(output: Output) -> bool:
    below = any(track.begins_below_zero for track in output.tracks.values())
    return below and output.container.format.name in NON_NEGATIVE_MUXERS


def _compare_stamps(
    there: _Found, stamps: array[int], time_base: Fraction, shift: Fraction
) -> None:
    # A shift was read off a rounded timestamp, so it may be half a tick off itself.
    tolerance = there.time_base if shift else there.time_base / 2
    if len(there.stamps) != len(stamps):
        raise VerificationError(
            f"{len(stamps)} frames went in, {len(there.stamps)} are in the output: the encoder "
            "left some out"
        )
    for number, (written, stamp) in enumerate(zip(there.stamps, stamps, strict=True)):
        here, wanted = written * there.time_base, stamp * time_base + shift
        if abs(here - wanted) > tolerance:
            raise VerificationError(
                f"frame {number} is at {float(here):.6f} s in the output instead of "
                f"{float(wanted):.6f} s"
            )


def _compare_starts(pairs: list[tuple[Track, _Found]], shift: Fraction) -> None:
    """Sound begins where it did beside the picture, within a tick of both."""
    video_base = next(there.time_base for track, there in pairs if track.kind == "video")
    for track, there in pairs:
        if track.kind != "audio" or track.first_seconds is None or not there.stamps:
            continue
        moved = there.first_seconds - track.first_seconds - shift
        if abs(moved) > there.time_base + video_base:
            raise VerificationError(
                f"an audio stream begins {float(moved):.6f} s off beside the picture"
            )


def _decode_all(part: Path, frames: int) -> None:
    with av.open(f"file:{part}", options=READ_ONLY_FILES) as written:
        video = next(stream for stream in written.streams.video if kind_of(stream) == "video")
        video.thread_type = "AUTO"
        decoded = sum(not frame.is_corrupt for frame in written.decode(video))
    if decoded != frames:
        raise VerificationError(f"{frames} frames went in, {decoded} decode without an error")
