"""packets -> packets: text subtitles in the form that the target holds."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, cast

from av.error import FFmpegError

from deblurvid.errors import EncoderError
from deblurvid.stages.ffmpeg import translated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.container import OutputContainer
    from av.subtitles.codeccontext import SubtitleCodecContext
    from av.subtitles.stream import SubtitleStream

    from deblurvid.stages.ffmpeg import AnyPacket

TEXT_CODECS = frozenset({"subrip", "ass", "ssa", "webvtt", "mov_text", "text"})
ENCODERS = {"mp4": "mov_text", "mov": "mov_text", "matroska": "subrip", "webm": "webvtt"}
"""By FFmpeg's muxer; the others hold no text."""
TICK = Fraction(1, 1000)
"""All these forms write times in milliseconds."""


def subtitle_conversion(stream: SubtitleStream, muxer: str) -> str | None:
    """The encoder that makes `stream` fit a file of `muxer`; None if there is none."""
    context: SubtitleCodecContext | None = stream.codec_context
    if context is None or context.codec.canonical_name not in TEXT_CODECS:
        return None
    return ENCODERS.get(muxer)


class SubtitleConverter:
    """Turns the packets of one stream into those of another, at the same times."""

    def __init__(self, source: SubtitleStream, target: OutputContainer, codec: str) -> None:
        self._source = source
        decoder = source.codec_context
        with translated(EncoderError, f"cannot convert subtitles to {codec}"):
            decoder.open(strict=False)
        self.stream = cast("SubtitleStream", target.add_stream(codec))
        self.stream.time_base = self.stream.codec_context.time_base = TICK
        # Styles, which the decoder writes as a header of ASS and the encoder reads.
        self.stream.codec_context.subtitle_header = decoder.subtitle_header
        self.undecodable = 0
        """Packets that gave an error and are missing."""

    def convert(self, packet: AnyPacket | None) -> Iterator[AnyPacket]:
        """Convert one packet; None ends the stream, of which nothing is left then."""
        if packet is None:
            return
        try:
            text = self._source.codec_context.decode2(packet)
            if text is None or not len(text):
                return  # MP4 fills the gaps between its subtitles with empty ones
            converted = self.stream.codec_context.encode_subtitle(text)
        except FFmpegError:
            self.undecodable += 1
            return
        base = Fraction(packet.time_base)
        converted.time_base = TICK
        converted.pts = converted.dts = round((packet.pts or 0) * base / TICK)
        converted.duration = round((packet.duration or 0) * base / TICK)
        converted.stream = self.stream
        yield converted
