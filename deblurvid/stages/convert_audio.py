"""packets -> packets: sound that the target cannot hold, encoded anew."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, cast

import av
from av.error import BlockingIOError as NothingYetError
from av.error import EOFError as EndError
from av.error import FFmpegError, InvalidDataError
from av.filter import Graph

from deblurvid.errors import EncoderError
from deblurvid.stages.ffmpeg import translated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.audio.codeccontext import AudioCodecContext
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import OutputContainer

    from deblurvid.stages.ffmpeg import AnyPacket

ENCODERS = {
    "mp4": "aac",
    "mov": "aac",
    "webm": "libopus",
    "mpegts": "aac",
    "matroska": "flac",
    "avi": "pcm_s16le",
}
"""By FFmpeg's muxer; in AVI samples without a codec, whose delay AVI could not say."""
CHANNEL_BIT_RATE = {"aac": 128_000, "libopus": 96_000}
"""Bits a second and channel, more than it takes to hear no difference; others are lossless."""
_FILL_GAPS = "async=1:min_hard_comp=0.01"
"""Fills holes in the times with silence, so that what follows stays where it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioConversion:
    """An encoder and its settings, known to open."""

    codec: str
    rate: int
    layout: str
    bit_rate: int

    def __str__(self) -> str:
        rate = f", {self.bit_rate // 1000} kbit/s" if self.bit_rate else ""
        return f"{self.codec} ({self.layout}, {self.rate} Hz{rate})"

    def set_up(self, context: AudioCodecContext) -> None:
        """Give an encoder that is not open these settings."""
        context.sample_rate = self.rate
        context.layout = self.layout
        if context.codec.audio_formats:
            context.format = context.codec.audio_formats[-1]
        context.time_base = Fraction(1, self.rate)
        if self.bit_rate:
            context.bit_rate = self.bit_rate


def audio_conversion(stream: AudioStream, muxer: str) -> AudioConversion | None:
    """What a stream becomes in a file of `muxer`; None where nothing decodes or encodes it.

    Rate and channels stay where the encoder takes them: else the next higher rate, and the usual
    arrangement of as many channels.
    """
    context: AudioCodecContext | None = stream.codec_context
    if context is None or not context.sample_rate or not context.channels:
        return None
    codec = ENCODERS[muxer]
    rates = av.Codec(codec, "w").audio_rates or [context.sample_rate]
    rate = min(
        (r for r in rates if r >= context.sample_rate),
        default=max(rates),
    )
    usual = {1: "mono", 2: "stereo", 4: "quad", 6: "5.1", 7: "6.1", 8: "7.1"}
    layouts = [usual.get(context.channels, "stereo"), "stereo"]
    if is_ordered(stream):
        layouts.insert(0, context.layout.name)
    for layout in layouts:
        bits = CHANNEL_BIT_RATE.get(codec, 0)
        try:
            conversion = AudioConversion(
                codec=codec,
                rate=rate,
                layout=layout,
                bit_rate=bits * av.AudioLayout(layout).nb_channels,
            )
            trial = cast("AudioCodecContext", av.CodecContext.create(codec, "w"))
            conversion.set_up(trial)
            trial.open()
        except (ValueError, FFmpegError):
            continue
        return conversion
    return None


def is_ordered(stream: AudioStream) -> bool:
    """Whether it is said which channel is which; Matroska does not for samples without a codec."""
    return not stream.codec_context.layout.name.endswith("channels")


class AudioConverter:
    """Decodes the packets of one stream and encodes them for another, at the same times.

    With `begin`, in seconds, silence or a cut lets it begin there.
    """

    def __init__(
        self,
        source: AudioStream,
        target: OutputContainer,
        conversion: AudioConversion,
        *,
        begin: Fraction | None,
    ) -> None:
        self._source = source
        self._conversion = conversion
        self.stream = cast("AudioStream", target.add_stream(conversion.codec, rate=conversion.rate))
        conversion.set_up(self.stream.codec_context)
        self.stream.time_base = Fraction(1, conversion.rate)
        self._first_sample = None if begin is None else round(begin * conversion.rate)
        self._end = begin or Fraction(0)
        """When the last frame ends, in seconds."""
        self._graph: Graph | None = None
        self._heard: tuple[object, ...] = ()
        self.undecodable = 0
        """Packets that gave an error; there is silence in their place."""

    def convert(self, packet: AnyPacket | None) -> Iterator[AnyPacket]:
        """Encode what a packet holds; None ends the stream.

        Raises:
            EncoderError: the encoder fails.
        """
        frames: list[AudioFrame] = []
        try:
            frames = self._source.codec_context.decode(packet)
        except InvalidDataError:
            self.undecodable += 1
        for frame in frames:
            self._time(frame)
            for filtered in self._filtered(frame):
                yield from self._encoded(filtered)
        if packet is None:
            for filtered in self._drained():
                yield from self._encoded(filtered)
            yield from self._encoded(None)

    def _time(self, frame: AudioFrame) -> None:
        """Give a frame without a timestamp the one at which the frame before ended."""
        base = Fraction(frame.time_base or Fraction(1, frame.sample_rate))
        if frame.pts is None:
            frame.pts, frame.time_base = round(self._end / base), base
        self._end = frame.pts * base + Fraction(frame.samples, frame.sample_rate)

    def _encoded(self, frame: AudioFrame | None) -> list[AnyPacket]:
        with translated(EncoderError, f"cannot encode sound with {self._conversion.codec}"):
            return self.stream.encode(frame)

    def _filtered(self, frame: AudioFrame) -> Iterator[AudioFrame]:
        heard = (frame.sample_rate, frame.layout.name, frame.format.name)
        if heard != self._heard:  # also within a stream, as when a film begins after the news
            yield from self._drained()
            self._graph, self._heard = self._graph_for(frame), heard
        assert self._graph is not None  # noqa: S101 - made just now, or before
        with translated(EncoderError, "cannot resample sound"):
            self._graph.push(frame)
        yield from self._pulled()

    def _drained(self) -> Iterator[AudioFrame]:
        if self._graph is not None:
            self._graph.push(None)
            yield from self._pulled()
            self._graph = None

    def _pulled(self) -> Iterator[AudioFrame]:
        while self._graph is not None:
            try:
                yield cast("AudioFrame", self._graph.pull())
            except (NothingYetError, EndError):
                return

    def _graph_for(self, frame: AudioFrame) -> Graph:
        wanted = self.stream.codec_context
        options = _FILL_GAPS
        if self._first_sample is not None and not self._heard:
            options += f":first_pts={self._first_sample}"
        graph = Graph()
        chain = [
            graph.add_abuffer(
                sample_rate=frame.sample_rate,
                format=frame.format.name,
                layout=frame.layout.name,
                time_base=frame.time_base,
            ),
            graph.add("aresample", f"{options}:osr={wanted.sample_rate}"),
            graph.add(
                "aformat",
                f"sample_fmts={wanted.format.name}:sample_rates={wanted.sample_rate}"
                f":channel_layouts={wanted.layout.name}",
            ),
            graph.add("abuffersink"),
        ]
        for one, other in itertools.pairwise(chain):
            one.link_to(other)
        graph.configure()
        return graph
