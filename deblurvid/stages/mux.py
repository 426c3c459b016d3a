"""packets -> bytes: written beside the target, and moved onto it when complete."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import av
from av.error import FFmpegError
from av.video.stream import VideoStream

from deblurvid.errors import EncoderError, OutputError
from deblurvid.stages.avi import refuse_reordering
from deblurvid.stages.convert import converter
from deblurvid.stages.encode import add_encoder
from deblurvid.stages.encoders import refuse_unread
from deblurvid.stages.ffmpeg import (
    PICTURES_ONLY,
    overheard,
    translated,
)
from deblurvid.stages.images import DEFAULT_RATE
from deblurvid.stages.muxer_options import interleave_delta, muxer_options
from deblurvid.stages.pipes import BUFFER_BYTES, Writer, is_pipe
from deblurvid.stages.streams import attach, chapters_within, copy_stream, fresh_tags
from deblurvid.stages.timecode import advance_timecode
from deblurvid.stages.tracks import Track
from deblurvid.stages.y4m import with_ratio

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from av.container import InputContainer, OutputContainer
    from av.video.frame import VideoFrame

    from deblurvid.frames import VideoInfo
    from deblurvid.stages.convert import Converter
    from deblurvid.stages.demux import Span
    from deblurvid.stages.encoders import EncoderChoice
    from deblurvid.stages.ffmpeg import AnyPacket
    from deblurvid.stages.landing import Landing
    from deblurvid.stages.reformat import Conversion
    from deblurvid.stages.streams import StreamPlan

EQUAL_TIMES = frozenset({"matroska", "webm"})
"""Formats in which packets of a stream may be decoded at the same time."""


@dataclass(slots=True, kw_only=True)
class Output:
    """A file in the making. Leave it by `move_into_place`, or by `discard`, which removes it."""

    landing: Landing
    container: OutputContainer
    video: VideoStream = field(init=False)
    """The restored stream."""
    tracks: dict[int, Track] = field(default_factory=dict)
    """By the index of the source's stream; the video is one of them."""
    converters: dict[int, Converter] = field(default_factory=dict)
    """By the index of the source's stream, for those that are not copied."""
    size_bytes: int = 0

    @property
    def target(self) -> Path:
        """The final name."""
        return self.landing.target

    @property
    def part(self) -> Path:
        """What is being written."""
        return self.landing.part

    @property
    def restored(self) -> Track:
        """The track of the restored stream."""
        return next(track for track in self.tracks.values() if track.stream is self.video)

    def close(self) -> None:
        """Write what the muxer still holds and the trailer.

        Raises:
            OutputError: the disk is full, or the folder has gone.
        """
        with written_to(self.target):
            self.container.close()

    def move_into_place(self, *, overwrite: bool) -> list[str]:
        """Give what was written its final name; what there is to say of it, in words."""
        return self.landing.settle(overwrite=overwrite)

    def discard(self) -> None:
        """Remove what has been written. After `move_into_place` there is nothing to remove."""
        self.landing.give_up()
        with suppress(Exception):  # the file goes anyway, and a first error is on its way
            self.container.close()
        self.landing.discard()


def open_output(  # noqa: PLR0913 - each is a value of its own, made by a stage of its own
    source: InputContainer,
    landing: Landing,
    muxer: str,
    plans: list[StreamPlan],
    choice: EncoderChoice,
    *,
    first: VideoFrame,
    info: VideoInfo,
    span: Span,
    conversion: Conversion | None,
) -> Output:
    """Open the part file, add every stream as planned, and write the header.

    Args:
        source: gives metadata and chapters; not read from.
        landing: where it is written; removed again if anything is refused.
        muxer: FFmpeg's name of the format.
        plans: what becomes of each stream of `source`.
        choice: how the restored stream is encoded.
        first: a decoded frame, for what only frames tell.
        info: the video.
        span: chapters are cut to it.
        conversion: what frames are converted to before they are encoded.

    Raises:
        OutputError: the file cannot be created, or the container refuses its header.
        EncoderError: the encoder refuses an option's value or the size.
    """
    piped = is_pipe(landing.target)
    try:
        with written_to(landing.target):
            container = av.open(
                landing.where,
                "w",
                format=muxer,
                options={"max_interleave_delta": str(interleave_delta(info))},
                container_options=muxer_options(
                    muxer, info, landing.target, piped=piped, tags=source.metadata
                ),
                buffer_size=BUFFER_BYTES,
            )
    except BaseException:
        landing.discard()
        raise
    output = Output(landing=landing, container=container)
    try:
        _add_streams(output, plans, choice, first, info)
        if conversion is not None:
            conversion.tag(output.video.codec_context)
        if muxer in PICTURES_ONLY:
            _tell_rate_and_shape(output, info)
        else:
            container.metadata.update(fresh_tags(source.metadata))
            if span.start > 0:
                _advance_timecodes(container, plans, first, info, span)
            container.set_chapters(chapters_within(source, span))
        _write_header(output, choice)
    except BaseException:
        output.discard()
        raise
    return output


def _add_streams(
    output: Output,
    plans: list[StreamPlan],
    choice: EncoderChoice,
    first: VideoFrame,
    info: VideoInfo,
) -> None:
    container = output.container
    for plan in plans:
        if isinstance(plan.stream, VideoStream) and plan.fate == "restore":
            output.video = _add_restored(container, choice, plan.stream, first, info)
            output.tracks[plan.stream.index] = Track(output.video)
        elif plan.fate == "copy":
            output.tracks[plan.stream.index] = Track(copy_stream(container, plan.stream))
        elif plan.fate == "convert":
            begin = (first.pts or 0) * info.time_base
            made = output.converters[plan.stream.index] = converter(plan, container, begin)
            output.tracks[plan.stream.index] = Track(made.stream)
        elif plan.fate == "attach":
            attach(container, plan.stream)


def _advance_timecodes(
    container: OutputContainer,
    plans: list[StreamPlan],
    first: VideoFrame,
    info: VideoInfo,
    span: Span,
) -> None:
    video = next(plan.stream for plan in plans if plan.fate == "restore")
    begin = (video.start_time or 0) * info.time_base
    seconds = (first.pts or 0) * info.time_base + span.shift - begin
    for metadata in (container.metadata, *(stream.metadata for stream in container.streams)):
        advance_timecode(metadata, seconds, info.frame_rate)


def _tell_rate_and_shape(output: Output, info: VideoInfo) -> None:
    """Formats without times take their rate from the ticks, and yuv4mpegpipe no shape of samples."""
    tick = 1 / (info.frame_rate or DEFAULT_RATE)
    output.video.codec_context.time_base = output.video.time_base = tick
    ratio = output.video.codec_context.sample_aspect_ratio
    writer = output.landing.where
    if isinstance(writer, Writer) and output.container.format.name == "yuv4mpegpipe" and ratio:
        writer.head_edit = partial(with_ratio, ratio=ratio)


def _add_restored(
    container: OutputContainer,
    choice: EncoderChoice,
    source: VideoStream,
    first: VideoFrame,
    info: VideoInfo,
) -> VideoStream:
    try:
        return add_encoder(container, choice, source=source, first=first, info=info)
    except ValueError as exc:
        name = container.format.name
        elsewhere = "" if name == "matroska" else ", or an output that ends in .mkv"
        raise EncoderError(
            f"{name} cannot hold what {choice.codec} encodes; use another --codec{elsewhere}"
        ) from exc


def _write_header(output: Output, choice: EncoderChoice) -> None:
    """Open the encoder and write the header: most of what can be wrong shows here."""
    lines: list[str] = []
    try:
        with overheard(lines):
            output.container.start_encoding()
    except FFmpegError as exc:
        said = f": {lines[-1]}" if lines else ""
        if output.video.codec_context.is_open:
            raise OutputError(f"{output.target}: {exc.strerror}{said}") from exc
        size = f"{output.video.codec_context.width}x{output.video.codec_context.height}"
        raise EncoderError(f"{choice} refuses {size}: {exc.strerror}{said}") from exc
    if output.container.format.name == "avi":
        refuse_reordering(output.video.codec_context)
    refuse_unread(choice, set(output.video.codec_context.options), lines)


def mux(packets: Iterable[AnyPacket], output: Output) -> Iterator[AnyPacket]:
    """Write each packet to its stream, and hand it on to be counted.

    Raises:
        OutputError: the disk is full or the packet is refused.
    """
    rising = output.container.format.name not in EQUAL_TIMES
    encoded = {id(track.stream): track for track in output.tracks.values()}
    for packet in packets:
        if id(packet.stream) in encoded:
            track = encoded[id(packet.stream)]
        elif packet.stream_index in output.tracks:
            track = output.tracks[packet.stream_index]
            packet.stream = track.stream
        else:
            continue  # of a stream that is left behind
        if rising and track.kind != "cover":
            track.raise_time(packet)
        track.count(packet)
        output.size_bytes += packet.size
        with written_to(output.target):
            output.container.mux(packet)
        yield packet


@contextmanager
def written_to(target: Path) -> Iterator[None]:
    """Raise OutputError for FFmpeg's errors while writing."""
    with translated(OutputError, f"{target}: cannot be written"):
        yield
