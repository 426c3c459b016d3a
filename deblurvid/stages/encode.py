"""frames -> packets."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from av.codec.context import Flags
from av.packet import Packet
from av.video.stream import VideoStream

from deblurvid.errors import EncoderError
from deblurvid.stages.ffmpeg import side_data, translated
from deblurvid.stages.losses import ALPHA_MODE
from deblurvid.stages.streams import copy_tags
from deblurvid.stages.tags import stated_colour
from deblurvid.stages.ticks import encoder_tick

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterable, Iterator

    from av.container import OutputContainer
    from av.video.frame import VideoFrame

    from deblurvid.frames import VideoInfo
    from deblurvid.stages.encoders import EncoderChoice
    from deblurvid.stages.ffmpeg import AnyPacket

MPEG4_TICKS = 65_535
"""A second has no more in MPEG-4 part 2."""


def add_encoder(
    target: OutputContainer,
    choice: EncoderChoice,
    *,
    source: VideoStream,
    first: VideoFrame,
    info: VideoInfo,
) -> VideoStream:
    """Add the encoded video stream to `target`, tagged as the source is.

    It opens with the header, so a bad option value is found by `start_encoding`, not here.
    """
    stream = target.add_stream(
        choice.codec, rate=info.frame_rate or 25, options=dict(choice.options)
    )
    assert isinstance(stream, VideoStream)  # noqa: S101 - choose_encoder saw to that
    context = stream.codec_context
    context.width, context.height = info.width, info.height
    context.pix_fmt = choice.pixel_format
    context.time_base = stream.time_base = encoder_tick(info, target.format.name)
    if _counts_frames(context.name, info):
        context.time_base = 1 / (info.frame_rate or Fraction(25))
    # PyAV asks for slices, which cost bits: 3 % with 16 threads. As FFmpeg's own program does:
    context.thread_type = "AUTO"
    context.flags |= Flags.frame_duration  # the last frame of a varying rate keeps its length
    for field, number in stated_colour(source, first).items():
        setattr(context, field, number)
    # PNG's encoder writes whatever shape it is told, and a PNG may not say 0.
    unknown = Fraction(1 if context.name == "png" else 0)
    context.sample_aspect_ratio = source.sample_aspect_ratio or unknown
    if context.name in ("libx265", "hevc_nvenc") and target.format.name in ("mp4", "mov"):
        context.codec_tag = "hvc1"  # the tag that Apple's players ask for
    matrix = _display_matrix(first)
    if matrix is not None:
        stream.set_display_matrix(matrix)
    copy_tags(source, stream)
    stream.metadata.pop(ALPHA_MODE, None)  # it was true of the old packets only
    return stream


def _counts_frames(encoder: str, info: VideoInfo) -> bool:
    """Whether a codec has no finer ticks than its frames: a varying rate then fails the check."""
    coarse = encoder == "mpeg4" and info.time_base.denominator > MPEG4_TICKS
    return encoder in ("mpeg1video", "mpeg2video") or coarse


def _display_matrix(frame: VideoFrame) -> list[int] | None:
    """Rotation and mirroring that a player applies: nine fixed-point numbers, or None."""
    matrix = side_data(frame).get("DISPLAYMATRIX")
    if matrix is None:
        return None
    return [int(value) for value in np.frombuffer(matrix, np.int32)]  # type: ignore[call-overload]


def encode(
    items: Iterable[VideoFrame | AnyPacket], stream: VideoStream, stamps: array[int]
) -> Iterator[AnyPacket]:
    """Encode each frame; hand on all packets. The encoder is emptied at the end.

    Args:
        items: frames in the order of presentation, and packets.
        stream: from `add_encoder`; its header is written.
        stamps: gets the timestamp of every frame, in the source's ticks, for the check of the
            finished file: eight bytes a frame.
    """
    for item in items:
        if isinstance(item, Packet):
            yield item
            continue
        assert item.pts is not None  # noqa: S101 - decode fills it in
        stamps.append(item.pts)
        item.pict_type = 0  # the source's choice of I, P or B is not the new encoder's
        with translated(EncoderError, "cannot encode"):
            packets = stream.encode(item)
        yield from packets
    with translated(EncoderError, "cannot finish the encoding"):
        packets = stream.encode(None)
    yield from packets
