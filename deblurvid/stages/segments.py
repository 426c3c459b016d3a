"""frames -> segments of packets, and segments -> the packets of one stream."""

from __future__ import annotations

import io
from array import array
from contextlib import contextmanager
from fractions import Fraction
from typing import TYPE_CHECKING

import av

from deblurvid.errors import EncoderError
from deblurvid.stages.encode import add_encoder, encode
from deblurvid.stages.ffmpeg import translated
from deblurvid.stages.packets import read_packets, read_stamps

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from deblurvid.frames import VideoInfo
    from deblurvid.stages.encoders import EncoderChoice
    from deblurvid.stages.ffmpeg import AnyPacket
    from deblurvid.stages.journal import Journal
    from deblurvid.stages.packets import PacketWriter


@contextmanager
def open_encoder(
    choice: EncoderChoice,
    muxer: str,
    *,
    source: VideoStream,
    first: VideoFrame,
    info: VideoInfo,
) -> Iterator[VideoStream]:
    """An encoder as a file of `muxer` would have it; nothing is written to that file."""
    with av.open(io.BytesIO(), "w", format=muxer) as scratch:
        stream = add_encoder(scratch, choice, source=source, first=first, info=info)
        with translated(EncoderError, "cannot open the encoder again"):
            scratch.start_encoding()
        yield stream


def encode_segment(
    frames: Iterable[VideoFrame], stream: VideoStream, writer: PacketWriter, header: bytes
) -> Iterator[AnyPacket]:
    """Encode frames to the last one and write their packets; yields each as it is written.

    Args:
        frames: all frames of the segment.
        stream: from `open_encoder`, and fresh.
        writer: gets the packets.
        header: what the output's own encoder says ahead of its packets. It is written once for
            all segments, so theirs must be the same.

    Raises:
        EncoderError: the encoder fails, leaves frames out, or has another header.
    """
    stamps: array[int] = array("q")
    for packet in encode(frames, stream, stamps):
        if packet.has_sidedata("new_extradata") or header_of(stream) != header:
            raise EncoderError(
                f"encoder {stream.codec_context.name} does not begin every segment with the same "
                "header, so that they cannot be joined; run it without --resumable"
            )
        writer.write(packet)
        yield packet
    if sorted(writer.pts) != list(stamps):
        raise EncoderError(
            f"{len(stamps)} frames went into the encoder, {len(writer.pts)} came out, not all at "
            "their times: use another --codec"
        )


def header_of(stream: VideoStream) -> bytes:
    """What an open encoder says ahead of its packets: FFmpeg's extradata."""
    return stream.codec_context.extradata or b""


def delay_of(pts: Sequence[int]) -> int:
    """By how many packets decoding must run ahead of presentation, with packets in this order."""
    rank = {stamp: number for number, stamp in enumerate(sorted(pts))}
    return max((number - rank[stamp] for number, stamp in enumerate(pts)), default=0)


def join(
    journal: Journal, stream: VideoStream, time_base: Fraction, stamps: array[int]
) -> Iterator[AnyPacket]:
    """The packets of all segments, as if one encoder had given them.

    Every encoder made up decoding times for its own segment, and where the rate varies these run
    into the next one. So they are made anew for the whole, as encoders do: the times of
    presentation in rising order, late by the greatest delay that any packet needs.

    Args:
        journal: its segments are read.
        stream: of the output; the packets become its own.
        time_base: seconds of a tick.
        stamps: gets the timestamp of every frame, rising.
    """
    delay = max((record.delay for record in journal.records), default=0)
    number = 0
    for record in journal.records:
        path = journal.path(record)
        stamps.extend(sorted(stamp.pts for stamp in read_stamps(path)))
        for packet in read_packets(path, time_base):
            if number >= delay:
                packet.dts = stamps[number - delay]
            else:  # before the first frame, at the distances of the first ones
                packet.dts = stamps[number] - (stamps[delay] - stamps[0])
            packet.stream = stream
            number += 1
            yield packet


def merge(video: Iterable[AnyPacket], others: Iterator[AnyPacket]) -> Iterator[AnyPacket]:
    """Put the packets of the video between those of the other streams, by decoding time."""
    held = next(others, None)
    for packet in video:
        while held is not None and not _later(held, packet):
            yield held
            held = next(others, None)
        yield packet
    while held is not None:
        yield held
        held = next(others, None)


def _later(one: AnyPacket, other: AnyPacket) -> bool:
    if one.dts is None or other.dts is None:
        return False
    return one.dts * Fraction(one.time_base) > other.dts * Fraction(other.time_base)
