"""What becomes of every stream of the source: restored, copied, converted, attached or left out."""

from __future__ import annotations

import io
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

import av
from av.audio.stream import AudioStream
from av.bitstream import BitStreamFilterContext
from av.error import FFmpegError
from av.stream import Disposition
from av.subtitles.stream import SubtitleStream

from deblurvid.stages.convert_audio import AudioConversion, audio_conversion, is_ordered
from deblurvid.stages.convert_subtitles import subtitle_conversion
from deblurvid.stages.ffmpeg import (
    NON_NEGATIVE_MUXERS,
    PICTURES_ONLY,
    READ_ONLY_FILES,
    TS_CODECS,
)

if TYPE_CHECKING:
    from av.codec.context import CodecContext
    from av.container import InputContainer, OutputContainer
    from av.stream import Stream
    from av.video.stream import VideoStream

    from deblurvid.stages.demux import Span

Fate = Literal["restore", "copy", "convert", "attach", "regenerate", "drop"]

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
_MP4_DEMUXER = "mov,mp4,m4a,3gp,3g2,mj2"
_QUICKTIME_LANGUAGES = {
    "deu": "ger", "nld": "dut", "swe": "sve", "ell": "gre", "isl": "ice", "zho": "chi",
    "fas": "per", "ron": "rum", "slk": "slo", "alb": "sqi", "fre": "fra",
}  # fmt: skip
"""ISO 639-2 to the form in which FFmpeg knows a language of QuickTime's."""
_TELEMETRY = {"bin_data": _MP4_FAMILY, "klv": ("mpegts",)}
"""Which formats hold it by FFmpeg's name of the codec: GoPro's (which FFmpeg calls bin_data where it
reads MP4), and that of SMPTE 336."""
AVI_AUDIO = frozenset({"mp3", "mp2", "ac3", "pcm_u8", "pcm_s16le", "pcm_s24le"})
"""FFmpeg writes more into AVI, but not in a way that says where it begins."""
AVI_APART = Fraction(1, 50)
"""Seconds between the beginnings of sound and picture that AVI may leave out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamPlan:
    """One stream's fate, and for people the reason where it is lost or converted."""

    stream: Stream
    fate: Fate
    reason: str = ""
    conversion: AudioConversion | str = ""
    """What it is converted to: sound by its settings, subtitles by their encoder."""

    @property
    def loss(self) -> str | None:
        """In a sentence, what is not kept as it was."""
        if self.fate == "drop":
            return f"{self} is left out: {self.reason}"
        if self.fate == "convert":
            return f"{self} is converted to {self.conversion}: {self.reason}"
        return None

    def __str__(self) -> str:
        language = f", {self.stream.language}" if self.stream.language else ""
        name = codec_name(self.stream)
        return f"stream {self.stream.index} ({self.stream.type} {name}{language})"


def codec_name(stream: Stream) -> str:
    """FFmpeg's name of the stream's codec; PyAV knows none where no decoder is built in."""
    context: CodecContext | None = stream.codec_context
    return "unknown codec" if context is None else context.codec.canonical_name


def has_decoder(stream: Stream) -> bool:
    """Whether a decoder for the stream is built in; without one PyAV knows little of it."""
    context: CodecContext | None = stream.codec_context
    return context is not None


def plan_streams(
    source: InputContainer, video: VideoStream, muxer: str, *, cut: bool = False
) -> list[StreamPlan]:
    """Decide for each stream of `source`, in its order, what a file of `muxer` does with it.

    Args:
        source: open.
        video: its stream that is restored.
        muxer: FFmpeg's name of the target's format.
        cut: the target begins within the source.
    """
    return [_plan(stream, video, muxer, cut=cut) for stream in source.streams]


def kept_streams(plans: list[StreamPlan]) -> set[int]:
    """Indices of the streams whose packets reach the target."""
    return {plan.stream.index for plan in plans if plan.fate in ("restore", "copy", "convert")}


def hidden_apart(plans: list[StreamPlan], muxer: str) -> set[int]:
    """Indices of the streams of which a file of `muxer` would show what an edit list hides.

    Sound where there are no edit lists, and subtitles everywhere. Hidden pictures of a second video
    are needed by those that follow.
    """
    kinds = {"subtitle"} | ({"audio"} if muxer in NON_NEGATIVE_MUXERS else set())
    return {
        plan.stream.index
        for plan in plans
        if plan.stream.type in kinds
        and (plan.fate == "copy" or (plan.fate == "convert" and plan.stream.type == "subtitle"))
    }


def _plan(stream: Stream, video: VideoStream, muxer: str, *, cut: bool) -> StreamPlan:
    if stream is video:
        return StreamPlan(stream=stream, fate="restore")
    if muxer in PICTURES_ONLY:
        return _dropped(stream, f"{PICTURES_ONLY[muxer]} holds nothing but the pictures")
    if stream.type == "video" and stream.disposition & Disposition.attached_pic:
        return _plan_cover(stream, muxer)
    if stream.type == "attachment":
        if muxer == "matroska":
            return StreamPlan(stream=stream, fate="copy")
        return _dropped(stream, f"{muxer} holds no attachments")
    if stream.type == "data":
        return _plan_data(stream, muxer)
    reason = _obstacle(stream, video, muxer, cut=cut)
    if not reason:
        return StreamPlan(stream=stream, fate="copy")
    if conversion := _conversion(stream, muxer):
        return StreamPlan(stream=stream, fate="convert", reason=reason, conversion=conversion)
    return _dropped(stream, reason)


def _obstacle(stream: Stream, video: VideoStream, muxer: str, *, cut: bool) -> str:
    """Why a file of this format cannot take the packets of a stream as they are; "" if it can."""
    if not _holds(muxer, stream):
        return f"{muxer} cannot hold {codec_name(stream)}"
    samples = codec_name(stream).startswith("pcm")
    if muxer == "mp4" and samples and isinstance(stream, AudioStream) and not is_ordered(stream):
        # FFmpeg finds out only when it finishes the file.
        return f"mp4 cannot hold {codec_name(stream)} without saying which channel is which"
    if muxer == "avi" and stream.type == "video":
        return "only one video stream is written into avi"
    if muxer == "avi" and stream.type == "audio":
        if codec_name(stream) not in AVI_AUDIO:
            return f"few players find {codec_name(stream)} in avi"
        if cut and not samples:
            return "avi cannot say where within a packet it was cut"
        apart = _begin(stream) - _begin(video)
        if abs(apart) > AVI_APART:
            return f"avi cannot say that it begins {float(apart):.3f} s beside the picture"
    return ""


def _begin(stream: Stream) -> Fraction:
    return Fraction((stream.start_time or 0) * (stream.time_base or 0))


def _conversion(stream: Stream, muxer: str) -> AudioConversion | str | None:
    if isinstance(stream, AudioStream):
        return audio_conversion(stream, muxer)
    if isinstance(stream, SubtitleStream):
        return subtitle_conversion(stream, muxer)
    return None


def _plan_cover(cover: Stream, muxer: str) -> StreamPlan:
    if muxer == "matroska" and cover.container.file is not None:
        return _dropped(cover, "a cover picture cannot be read from a pipe beforehand")
    if muxer == "matroska":
        return StreamPlan(stream=cover, fate="attach")
    if muxer == "mp4":
        return StreamPlan(stream=cover, fate="copy")
    return _dropped(cover, f"{muxer} holds no cover pictures")


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
    if (held_by := _TELEMETRY.get(stream.name or "")) is None:
        return _dropped(stream, "data streams of an unknown kind cannot be copied")
    if muxer in held_by:
        return StreamPlan(stream=stream, fate="copy")
    return _dropped(stream, f"a camera's telemetry is held by {' and '.join(held_by)} only")


def _dropped(stream: Stream, reason: str) -> StreamPlan:
    return StreamPlan(stream=stream, fate="drop", reason=reason)


def _holds(muxer: str, stream: Stream) -> bool:
    """Whether a header of this format can be written around the stream: tried, in memory."""
    if muxer == "mpegts" and has_decoder(stream) and codec_name(stream) not in TS_CODECS:
        return False
    with av.open(io.BytesIO(), "w", format=muxer) as scratch:
        try:
            copy = _template(scratch, stream)
            copy.time_base = stream.time_base
            scratch.start_encoding()
        except (ValueError, FFmpegError):
            return False
    return True


def copy_stream(target: OutputContainer, stream: Stream) -> Stream:
    """Add a stream to `target` that takes the packets of `stream` as they are."""
    copy = _template(target, stream)
    copy_tags(stream, copy)
    return copy


def _template(target: OutputContainer, stream: Stream) -> Stream:
    """A stream like `stream`, also of a codec for which no decoder is built in."""
    if has_decoder(stream) or stream.type not in ("audio", "video", "subtitle"):
        return target.add_stream_from_template(stream, opaque=True)
    if stream.container.format.name != target.format.name.replace("mp4", _MP4_DEMUXER):
        raise ValueError("only a file of the same format surely holds an unknown codec")
    # PyAV adds streams by their codec's name, which it does not tell. Any of its kind that the
    # format holds will do, for the filter then copies all that is known of the source's.
    held = {"subtitle": "dvb_subtitle" if target.format.name == "mpegts" else "mov_text"}
    copy = target.add_mux_stream(held.get(stream.type, "ac3"))
    BitStreamFilterContext("null", in_stream=stream, out_stream=copy)
    copy.time_base = stream.time_base
    return copy


def copy_tags(source: Stream, target: Stream) -> None:
    """Title, language, disposition and the like; not what was true of the old bytes only."""
    target.metadata.update(fresh_tags(source.metadata))
    if (
        "name" in target.metadata
    ):  # FFmpeg reads the title of MP4's tracks so, and writes it as title
        target.metadata.setdefault("title", target.metadata.pop("name"))
    target.disposition = source.disposition
    if target.container.format.name in _MP4_FAMILY:
        if "title" in target.metadata:
            target.metadata["handler_name"] = target.metadata["title"]  # MP4's tracks have no title
        language = target.metadata.get("language", "")
        if target.container.format.name == "mov":  # QuickTime's languages have codes of their own
            target.metadata["language"] = _QUICKTIME_LANGUAGES.get(language, language)


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
    kind = "png" if codec_name(cover) == "png" else "jpeg"
    name = cover.metadata.get("filename", f"cover.{kind.replace('jpeg', 'jpg')}")
    target.add_attachment(name, cover.metadata.get("mimetype", f"image/{kind}"), picture)


def chapters_within(source: InputContainer, span: Span) -> list[Any]:
    """The chapters, clipped to the span and moved with it."""
    kept = []
    for chapter in source.chapters():
        base = Fraction(chapter["time_base"] or 1)
        begin, end = chapter["start"] * base, chapter["end"] * base
        if span.after(begin) or (span.start > 0 and end <= span.origin + span.start):
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
