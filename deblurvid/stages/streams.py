"""What becomes of every stream of the source: restored, copied, attached or left behind."""

from __future__ import annotations

import io
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

import av
from av.error import FFmpegError
from av.stream import Disposition

from deblurvid.stages.ffmpeg import READ_ONLY_FILES, TS_CODECS

if TYPE_CHECKING:
    from av.codec.context import CodecContext
    from av.container import InputContainer, OutputContainer
    from av.stream import Stream
    from av.video.stream import VideoStream

    from deblurvid.stages.demux import Span

Fate = Literal["restore", "copy", "attach", "regenerate", "drop"]

# Written anew by the muxer, or about the old file's bytes and no longer true.
_STALE_TAGS = (
    "encoder",
    "software",
    "major_brand",
    "minor_version",
    "compatible_brands",
    "vendor_id",
)
_STATISTICS_TAGS = ("BPS", "DURATION", "NUMBER_OF_FRAMES", "NUMBER_OF_BYTES", "_STATISTICS_")
_MP4_FAMILY = ("mp4", "mov")


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamPlan:
    """One stream's fate, and for people the reason where it is lost."""

    stream: Stream
    fate: Fate
    reason: str = ""

    def __str__(self) -> str:
        language = f", {self.stream.language}" if self.stream.language else ""
        name = codec_name(self.stream)
        return f"stream {self.stream.index} ({self.stream.type} {name}{language})"


def codec_name(stream: Stream) -> str:
    """FFmpeg's name of the stream's codec; PyAV knows none where no decoder is built in."""
    context: CodecContext | None = stream.codec_context
    return "unknown codec" if context is None else context.codec.canonical_name


def plan_streams(source: InputContainer, video: VideoStream, muxer: str) -> list[StreamPlan]:
    """Decide for each stream of `source`, in its order, what a file of `muxer` does with it."""
    return [_plan(stream, video, muxer) for stream in source.streams]


def _plan(stream: Stream, video: VideoStream, muxer: str) -> StreamPlan:
    if stream is video:
        return StreamPlan(stream=stream, fate="restore")
    if stream.type == "video" and stream.disposition & Disposition.attached_pic:
        if muxer == "matroska":
            return StreamPlan(stream=stream, fate="attach")
        if muxer == "mp4":
            return StreamPlan(stream=stream, fate="copy")
        return _dropped(stream, f"{muxer} holds no cover pictures")
    if stream.type == "attachment":
        if muxer == "matroska":
            return StreamPlan(stream=stream, fate="copy")
        return _dropped(stream, f"{muxer} holds no attachments")
    if stream.type == "data":
        return _plan_data(stream, muxer)
    if not _holds(muxer, stream):
        return _dropped(stream, f"{muxer} cannot hold {codec_name(stream)}")
    return StreamPlan(stream=stream, fate="copy")


def _plan_data(stream: Stream, muxer: str) -> StreamPlan:
    """Chapter titles and timecode are tracks in mp4 and mov, made anew from the metadata."""
    handler = stream.metadata.get("handler_name", "")
    if "timecode" in stream.metadata or "TimeCode" in handler:
        if muxer in _MP4_FAMILY:
            return StreamPlan(stream=stream, fate="regenerate")
        return _dropped(stream, f"{muxer} holds no timecode track; the metadata keep its start")
    # The track of chapter titles has one packet a chapter; cameras' telemetry has more.
    chapters = len(stream.container.chapters())
    if stream.container.format.name.startswith("mov") and stream.frames == chapters > 0:
        return StreamPlan(stream=stream, fate="regenerate")
    return _dropped(stream, "data streams cannot be copied")


def _dropped(stream: Stream, reason: str) -> StreamPlan:
    return StreamPlan(stream=stream, fate="drop", reason=reason)


def _holds(muxer: str, stream: Stream) -> bool:
    """Whether a header of this format can be written around the stream: tried, in memory."""
    if muxer == "mpegts" and codec_name(stream) not in TS_CODECS:
        return False
    with av.open(io.BytesIO(), "w", format=muxer) as scratch:
        try:
            copy = scratch.add_stream_from_template(stream, opaque=True)
            copy.time_base = stream.time_base
            scratch.start_encoding()
        except (ValueError, FFmpegError):
            return False
    return True


def copy_stream(target: OutputContainer, stream: Stream) -> Stream:
    """Add a stream to `target` that takes the packets of `stream` as they are."""
    copy: Stream = target.add_stream_from_template(stream, opaque=True)
    copy_tags(stream, copy)
    return copy


def copy_tags(source: Stream, target: Stream) -> None:
    """Title, language, disposition and the like; not what was true of the old bytes only."""
    target.metadata.update(fresh_tags(source.metadata))
    target.disposition = source.disposition


def fresh_tags(metadata: dict[str, str]) -> dict[str, str]:
    """`metadata` without the tags that a muxer writes anew or that a new encoding makes untrue."""
    return {
        key: value
        for key, value in metadata.items()
        if key.lower() not in _STALE_TAGS and not key.upper().startswith(_STATISTICS_TAGS)
    }


def attach(target: OutputContainer, cover: Stream) -> None:
    """Put a cover picture into Matroska as the attachment that it is there."""
    # The source is being read already, and must not be moved.
    with av.open(cover.container.name, options=READ_ONLY_FILES) as again:
        pictures = again.demux(again.streams[cover.index])
        picture = bytes(next(packet for packet in pictures if packet.size))
    name = cover.metadata.get("filename", "cover.jpg")
    mimetype = cover.metadata.get("mimetype", "image/jpeg")
    target.add_attachment(name, mimetype, picture)


def chapters_within(source: InputContainer, span: Span) -> list[Any]:
    """The chapters, clipped to the span and moved with it."""
    kept = []
    for chapter in source.chapters():
        base = Fraction(chapter["time_base"] or 1)
        begin, end = chapter["start"] * base, chapter["end"] * base
        if span.after(begin) or span.before(end):
            continue
        first = span.origin + span.start if span.start > 0 else begin
        last = end if span.end is None else span.origin + span.end
        kept.append(
            chapter
            | {
                "start": round((max(begin, first) - span.shift) / base),
                "end": round((min(end, last) - span.shift) / base),
            }
        )
    return kept
