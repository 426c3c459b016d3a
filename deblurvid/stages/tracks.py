"""A stream of the output, and what has been written to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from av.stream import Disposition

if TYPE_CHECKING:
    from av.codec.context import CodecContext
    from av.stream import Stream

    from deblurvid.stages.ffmpeg import AnyPacket


_LANGUAGES = {
    "alb": "sqi", "arm": "hye", "baq": "eus", "bur": "mya", "chi": "zho", "cze": "ces",
    "dut": "nld", "fre": "fra", "geo": "kat", "ger": "deu", "gre": "ell", "ice": "isl",
    "mac": "mkd", "mao": "mri", "may": "msa", "per": "fas", "rum": "ron", "slo": "slk",
    "sve": "swe", "tib": "bod", "wel": "cym",
}  # fmt: skip
"""The two codes that ISO 639-2 has for some languages are one language."""


@dataclass(slots=True)
class Track:
    """What the check of the finished file compares with; a closed container forgets its streams."""

    stream: Stream
    kind: str = ""
    """As `kind_of` says."""
    number: int = 0
    """Which of the output's streams it is."""
    words: dict[str, str] = field(default_factory=dict)
    """Title, language and disposition, as `words_of` says."""
    is_pcm: bool = False
    """Whether its samples are uncompressed: containers cut these into packets as they like."""
    packets: int = 0
    first_seconds: Fraction | None = None
    """Lowest presentation time so far."""
    last_seconds: Fraction | None = None
    """Highest presentation time so far."""
    end_seconds: Fraction | None = None
    """When the packet with that ends."""
    begins_below_zero: bool = False
    """Whether a packet's decoding time was negative, which some containers cannot hold."""
    hidden: int = 0
    """Packets that an edit list of the source hides."""
    tick: Fraction = Fraction(0)
    """Seconds to which the times of what was written are known."""
    last_dts: int | None = None
    """Last decoding time, in the output's ticks."""

    def __post_init__(self) -> None:
        self.kind = kind_of(self.stream)
        self.number = self.stream.index
        self.words = words_of(self.stream)
        self.is_pcm = self.kind == "audio" and _codec(self.stream).startswith("pcm")

    def raise_time(self, packet: AnyPacket) -> None:
        """Move a packet a tick behind the one before if it is to be decoded at the same time.

        So are several of TrueHD in Matroska's milliseconds, or two subtitles; most muxers refuse.
        """
        if packet.dts is None:
            return
        ticks = Fraction(packet.time_base) / Fraction(self.stream.time_base or 1)
        dts = round(packet.dts * ticks)
        if self.last_dts is not None and dts <= self.last_dts:
            dts = self.last_dts + 1
            packet.pts = dts if packet.pts is None else max(round(packet.pts * ticks), dts)
            packet.duration = round((packet.duration or 0) * ticks)
            packet.dts, packet.time_base = dts, Fraction(self.stream.time_base or 1)
        self.last_dts = dts

    def count(self, packet: AnyPacket) -> None:
        """Take note of a packet before it is written."""
        if not packet.size:
            return  # FLAC's encoder ends with one that only mends its header
        self.packets += 1
        self.hidden += packet.is_discard
        base = Fraction(packet.time_base)
        self.tick = max(self.tick, base)
        if packet.dts is not None and packet.dts < 0:
            self.begins_below_zero = True
        if packet.pts is not None:
            seconds = packet.pts * base
            if self.first_seconds is None or seconds < self.first_seconds:
                self.first_seconds = seconds
            if self.last_seconds is None or seconds > self.last_seconds:
                self.last_seconds = seconds
                self.end_seconds = seconds + (packet.duration or 0) * base


def _codec(stream: Stream) -> str:
    context: CodecContext | None = stream.codec_context  # None where PyAV has no decoder
    return "" if context is None else context.name


def kind_of(stream: Stream) -> str:
    """Type of a stream, cover pictures apart: containers order these groups as they like."""
    return "cover" if stream.disposition & Disposition.attached_pic else stream.type


def words_of(stream: Stream) -> dict[str, str]:
    """What a stream says of itself to people; what says nothing is left out."""
    metadata = {name.lower(): value for name, value in stream.metadata.items()}
    language = metadata.get("language", "")
    words = {
        "title": metadata.get("title", metadata.get("name", "")),
        "language": _LANGUAGES.get(language, language),
    }
    words |= {f"disposition {name}": name for name in _dispositions(stream)}
    return {name: value for name, value in words.items() if value and value != "und"}


def _dispositions(stream: Stream) -> list[str]:
    # A track is the default one where nothing says otherwise, and containers set that anew.
    telling = Disposition(stream.disposition) & ~(Disposition.default | Disposition.attached_pic)
    return [flag.name or "" for flag in telling]
