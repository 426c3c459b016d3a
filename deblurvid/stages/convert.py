"""packets -> packets: those of streams that the target cannot hold as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from deblurvid.stages.convert_audio import AudioConversion, AudioConverter
from deblurvid.stages.convert_subtitles import SubtitleConverter
from deblurvid.stages.streams import copy_tags

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from fractions import Fraction
    from typing import TypeAlias

    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.subtitles.stream import SubtitleStream

    from deblurvid.stages.ffmpeg import AnyPacket
    from deblurvid.stages.mux import Output
    from deblurvid.stages.streams import StreamPlan

    Converter: TypeAlias = AudioConverter | SubtitleConverter


def converter(plan: StreamPlan, target: OutputContainer, begin: Fraction) -> Converter:
    """Add the stream to `target` that the plan's becomes, and what converts its packets.

    Args:
        plan: of a stream that is to be converted.
        target: its header is not written yet.
        begin: when the first frame is shown, in seconds; in AVI everything begins with it.
    """
    made: Converter
    if isinstance(plan.conversion, AudioConversion):
        together = begin if target.format.name == "avi" else None
        made = AudioConverter(
            cast("AudioStream", plan.stream), target, plan.conversion, begin=together
        )
    else:
        made = SubtitleConverter(cast("SubtitleStream", plan.stream), target, plan.conversion)
    copy_tags(plan.stream, made.stream)
    return made


def convert(packets: Iterable[AnyPacket], output: Output) -> Iterator[AnyPacket]:
    """Convert the packets of the streams that have a converter; hand on all others.

    Converters are emptied at the end.

    Raises:
        EncoderError: an encoder fails.
    """
    for packet in packets:
        made = None if packet.stream is output.video else output.converters.get(packet.stream_index)
        if made is None:
            yield packet
        else:
            yield from made.convert(packet)
    for made in output.converters.values():
        yield from made.convert(None)
