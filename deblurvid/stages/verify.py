"""The finished file read back: is it what was promised?"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from av.error import FFmpegError

from deblurvid.errors import VerificationError
from deblurvid.stages.ffmpeg import NON_NEGATIVE_MUXERS
from deblurvid.stages.readback import read_back

if TYPE_CHECKING:
    from array import array

    from deblurvid.stages.mux import Output
    from deblurvid.stages.readback import FoundStream, Written
    from deblurvid.stages.tracks import Track


LONGEST_PACKET = Fraction(1, 20)
"""Seconds of sound by which a length may be off that is known by whole packets only."""


def verify(output: Output, stamps: array[int], time_base: Fraction, *, full: bool) -> Written:
    """Compare the closed part file with what went into it.

    Args:
        output: closed; its part file is read, once.
        stamps: timestamp of every frame that was encoded, rising, in ticks of `time_base`.
        time_base: seconds of one tick.
        full: also decode every frame.

    Returns:
        What was read, for the remarks on what the container does not hold.

    Raises:
        VerificationError: frames, timestamps or packets of a copied stream are missing or moved,
            or a frame does not decode.
    """
    try:
        written = read_back(output.part, full=full)
    except FFmpegError as exc:
        raise VerificationError(f"the output cannot be read back: {exc.strerror}") from exc
    if full and written.decoded != len(stamps):
        raise VerificationError(
            f"{len(stamps)} frames went in, {written.decoded} decode without an error"
        )
    pairs = _paired(output, written.streams)
    numbered = output.container.format.name == "avi"  # where packets have no times of their own
    cut_anew = [(t, there) for t, there in pairs if t.is_pcm or (numbered and t.kind == "audio")]
    _compare_packets([pair for pair in pairs if pair not in cut_anew])
    _compare_lengths(cut_anew)
    restored = next(there for track, there in pairs if track is output.restored)
    shift = restored.first_seconds - stamps[0] * time_base if stamps else Fraction(0)
    if numbered:  # from 0 in every stream
        _compare_stamps(restored, stamps, time_base, shift)
    else:
        # What rounding to the target's ticks does is no shift.
        if _may_shift(output) and abs(shift) > restored.time_base:
            written.shift = shift
        _compare_stamps(restored, stamps, time_base, written.shift)
        _compare_ends(pairs, written.shift)
    written.lost_words = _lost_words(pairs)
    return written


def _paired(output: Output, found: list[FoundStream]) -> list[tuple[Track, FoundStream]]:
    """What was written beside what is there: the nth video with the nth video, and so on."""
    pairs: list[tuple[Track, FoundStream]] = []
    for kind in {track.kind for track in output.tracks.values()}:
        tracks = [track for track in output.tracks.values() if track.kind == kind]
        there = [stream for stream in found if stream.kind == kind]
        if len(there) < len(tracks) and kind != "attachment":
            # Some containers do not write a stream without packets.
            tracks = [track for track in tracks if track.packets]
        if len(there) < len(tracks):
            raise VerificationError(
                f"{len(tracks)} {kind} streams went in, {len(there)} are in the output"
            )
        pairs += zip(tracks, there, strict=False)
    return pairs


def _compare_packets(pairs: list[tuple[Track, FoundStream]]) -> None:
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
    there: FoundStream, stamps: array[int], time_base: Fraction, shift: Fraction
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


def _compare_ends(pairs: list[tuple[Track, FoundStream]], shift: Fraction) -> None:
    """Sound begins and ends where it did beside the picture, within a tick of both and its own.

    Containers count samples, so that a time that was rounded comes back exact.
    """
    video_base = next(there.time_base for track, there in pairs if track.kind == "video")
    for track, there in pairs:
        first, last = track.first_seconds, track.last_seconds
        if track.kind != "audio" or first is None or last is None or not there.stamps:
            continue
        begins = there.first_seconds - first - shift
        ends = there.last_seconds - last - shift
        for word, moved in (("begins", begins), ("ends", Fraction(0) if track.is_pcm else ends)):
            if abs(moved) > there.time_base + video_base + track.tick:
                raise VerificationError(
                    f"an audio stream {word} {float(moved):.6f} s off beside the picture"
                )


def _compare_lengths(pairs: list[tuple[Track, FoundStream]]) -> None:
    """Sound lasts as long as it did, where its packets are not those that went in."""
    for track, there in pairs:
        if track.kind != "audio" or track.first_seconds is None or track.end_seconds is None:
            continue
        lasts = there.end * there.time_base - (there.first_seconds if there.stamps else 0)
        lasted = track.end_seconds - track.first_seconds
        if abs(lasts - lasted) > LONGEST_PACKET:
            raise VerificationError(
                f"an audio stream lasts {float(lasts):.3f} s instead of {float(lasted):.3f} s"
            )


def _lost_words(pairs: list[tuple[Track, FoundStream]]) -> list[str]:
    """Titles, languages and dispositions that the container does not hold, in words."""
    return [
        f"the {name.split()[0]} {value!r} of the {track.kind} stream {track.number}"
        for track, there in pairs
        for name, value in track.words.items()
        if value not in (there.words.get(name), there.handler if name == "title" else None)
    ]
