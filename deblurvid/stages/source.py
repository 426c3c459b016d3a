"""What is restored: a file, a pipe, or a sequence of images, opened alike."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import av

from deblurvid.errors import InputError, UsageError
from deblurvid.stages.demux import demux, open_input, without_hidden
from deblurvid.stages.ffmpeg import (
    READ_NOTHING_ELSE,
    READ_ONLY_FILES,
    translated,
)
from deblurvid.stages.images import DEFAULT_RATE, find_images, image_packets, open_images
from deblurvid.stages.pipes import BUFFER_BYTES, is_pipe, open_reader
from deblurvid.stages.raw import RAW, check_whole_frames, format_options

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

    from av.container import InputContainer
    from av.video.stream import VideoStream

    from deblurvid.frames import VideoInfo
    from deblurvid.options import RunOptions
    from deblurvid.stages.demux import Span
    from deblurvid.stages.ffmpeg import AnyPacket
    from deblurvid.stages.images import ImageSequence
    from deblurvid.stages.pipes import Reader
    from deblurvid.stages.timeline import Timeline

_MP4 = " (an mp4 has to have its index first to be read from a pipe)"


@dataclass(slots=True, kw_only=True)
class Source:
    """An open source. Closed by `close`, in whatever state it is."""

    container: InputContainer
    images: ImageSequence | None = None
    reader: Reader | None = None

    def packets(
        self,
        video: VideoStream,
        span: Span,
        timeline: Timeline,
        *,
        hidden_apart: AbstractSet[int] = frozenset(),
    ) -> Iterator[AnyPacket]:
        """All packets within the span, without what is hidden of some streams; see `stages.demux`."""
        if self.images is not None:
            yield from image_packets(self.images, video, span)
            return
        yield from without_hidden(demux(self.container, video, span, timeline), hidden_apart)
        if self.reader is not None:
            self.reader.check()

    @property
    def first_number(self) -> int:
        """The number that a sequence of images begins with; 1 for all else."""
        return self.images.first_number if self.images else 1

    def counted(self, info: VideoInfo, span: Span) -> VideoInfo:
        """`info` with the number of frames, where it is known only here."""
        if self.images is None or not info.frame_rate:
            return info
        count = len(self.images.files)
        last = count if span.end is None else min(count, -(-span.end * info.frame_rate // 1))
        first = -(-span.start * info.frame_rate // 1)
        return replace(
            info, frame_count=max(0, int(last - first)), duration=count / info.frame_rate
        )

    @property
    def size_bytes(self) -> int:
        """Bytes of the file, or those that have come through the pipe."""
        return self.reader.size_bytes if self.reader else self._path.stat().st_size

    @property
    def _path(self) -> Path:
        return Path(self.container.name.removeprefix("file:"))

    def head(self, size: int) -> bytes:
        """The first bytes of a file or a pipe."""
        if self.reader is not None:
            return self.reader.head[:size]
        with self._path.open("rb") as file:
            return file.read(size)

    def leave(self) -> None:
        """From any thread: wait for nothing more."""
        if self.reader is not None:
            self.reader.leave()

    def close(self) -> None:
        """Close what is open."""
        self.leave()
        self.container.close()
        if self.reader is not None:
            self.reader.close()


def open_source(path: Path, options: RunOptions) -> Source:
    """Open a file, a pipe, a template or folder of images, and nothing that it names.

    Raises:
        InputError: missing, empty, in no format that is read, or no single picture where the target
            is one.
        UsageError: options that do not go with such a source.
    """
    raw = format_options(options)
    images = None if options.input_format or is_pipe(path) else find_images(path)
    if options.one_image and images is None and path.is_file():
        raise InputError(
            f"{path}: an animated image, which is not one picture; restore it as the video that it "
            f"is: deblurvid run {path.name} -o {path.stem}.mkv"
        )
    if options.frame_rate is not None and images is None and options.input_format != RAW:
        raise UsageError("--frame-rate is for images and rawvideo; every other source says its own")
    if images is not None:
        rate = options.frame_rate or DEFAULT_RATE
        return Source(container=open_images(images, rate), images=images)
    if is_pipe(path):
        return _open_pipe(path, options, raw)
    if options.input_format == RAW:
        check_whole_frames(path, options)
    return Source(container=open_input(path, options.input_format, raw))


def _open_pipe(path: Path, options: RunOptions, raw: dict[str, str]) -> Source:
    reader = open_reader(path, options.stall_timeout)
    try:
        with translated(InputError, f"{reader.name}: not a readable video{_MP4}"):
            container = av.open(
                reader,
                "r",
                format=options.input_format,
                options=READ_ONLY_FILES | READ_NOTHING_ELSE | raw,
                metadata_errors="replace",
                buffer_size=BUFFER_BYTES,
            )
        reader.check()
    except BaseException:
        reader.close()
        raise
    return Source(container=container, reader=reader)
