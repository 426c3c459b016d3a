"""The finished file read back: is it what was promised?"""

from __future__ import annotations

from array import array
from fractions import Fraction
from typing import TYPE_CHECKING

import av
from av.error import FFmpegError

from deblurvid.errors import VerificationError
from deblurvid.stages.ffmpeg import READ_ONLY_FILES

if TYPE_CHECKING:
    from pathlib import Path

    from av.container import InputContainer

    from deblurvid.stages.mux import Output

SHIFTING_MUXERS = frozenset({"mpegts"})
"""Formats that move a whole file later, so that no decoding time is negative."""


def verify(output: Output, stamps: array[int], time_base: Fraction, *, full: bool) -> None:
    """Compare the closed part file with what went into it.

    Args:
        output: closed; its part file is read.
        stamps: timestamp of every frame that was encoded, rising, in ticks of `time_base`.
        time_base: seconds of one tick.
        full: also decode every frame.

    Raises:
        VerificationError: frames, timestamps or packets of a copied stream are missing or moved,
            or a frame does not decode.
    """
    try:
        with av.open(f"file:{output.part}", options=READ_ONLY_FILES) as written:
            found, counts = _read(written, output)
            found_base = Fraction(written.streams[output.video.index].time_base or 1)
        _compare_packets(counts, output)
        shifts = output.container.format.name in SHIFTING_MUXERS
        _compare_stamps(found, found_base, stamps, time_base, shifts=shifts)
        if full:
            _decode_all(output.part, output.video.index, len(stamps))
    except FFmpegError as exc:
        raise VerificationError(f"the output cannot be read back: {exc.strerror}") from exc


def _read(written: InputContainer, output: Output) -> tuple[array[int], dict[int, int]]:
    """The video's timestamps in its ticks, rising, and the packets of each stream."""
    counts: dict[int, int] = {}
    stamps = array("q")
    for packet in written.demux():
        if not packet.size:
            continue
        counts[packet.stream_index] = counts.get(packet.stream_index, 0) + 1
        if packet.stream_index == output.video.index:
            stamps.append(packet.pts if packet.pts is not None else -1)
    return array("q", sorted(stamps)), counts


def _compare_packets(found: dict[int, int], output: Output) -> None:
    for index, written in sorted(output.packets.items()):
        if found.get(index, 0) != written:
            raise VerificationError(
                f"stream {index}: {written} packets went in, {found.get(index, 0)} came back"
            )


def _compare_stamps(
    found: array[int],
    found_base: Fraction,
    stamps: array[int],
    time_base: Fraction,
    *,
    shifts: bool,
) -> None:
    if len(found) != len(stamps):
        raise VerificationError(f"{len(stamps)} frames went in, {len(found)} are in the output")
    if not found:
        return
    moved = found[0] * found_base - stamps[0] * time_base if shifts else Fraction(0)
    for number, (written, stamp) in enumerate(zip(found, stamps, strict=True)):
        here, wanted = written * found_base - moved, stamp * time_base
        if abs(here - wanted) > found_base / 2:
            raise VerificationError(
                f"frame {number} is at {float(here):.6f} s in the output instead of "
                f"{float(wanted):.6f} s"
            )


def _decode_all(part: Path, index: int, frames: int) -> None:
    with av.open(f"file:{part}", options=READ_ONLY_FILES) as written:
        video = next(stream for stream in written.streams.video if stream.index == index)
        video.thread_type = "AUTO"
        decoded = sum(not frame.is_corrupt for frame in written.decode(video))
    if decoded != frames:
        raise VerificationError(f"{frames} frames went in, {decoded} decode without an error")
