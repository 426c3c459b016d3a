"""packets -> frames."""

from __future__ import annotations

import itertools
import math
import re
from fractions import Fraction
from typing import TYPE_CHECKING

from av.error import ExternalError, InvalidDataError
from av.packet import Packet

from deblurvid.errors import InputError
from deblurvid.frames import DEPTHS, VideoInfo
from deblurvid.stages.deinterlace import FIELD_PARITY, is_interlaced
from deblurvid.stages.ffmpeg import colour_tags, translated
from deblurvid.stages.hdr import hdr_metadata
from deblurvid.stages.images import DEMUXERS, IMAGE_SUFFIXES
from deblurvid.stages.layouts import LAYOUTS
from deblurvid.stages.tags import frame_colour
from deblurvid.stages.unpack import INTERLACED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from deblurvid.frames import Damage
    from deblurvid.options import OnCorrupt
    from deblurvid.stages.clock import Clock
    from deblurvid.stages.demux import Span
    from deblurvid.stages.ffmpeg import AnyPacket


def decode(
    packets: Iterable[AnyPacket],
    video: VideoStream,
    span: Span,
    clock: Clock,
    *,
    on_corrupt: OnCorrupt,
    damage: Damage,
) -> Iterator[VideoFrame | AnyPacket]:
    """Decode the packets of `video` within the span; hand on all others.

    The decoder is emptied at the end. Frames come in the order of presentation, each with a
    timestamp above the one before (see Clock), in the stream's time base, moved by the span's
    shift. `damage` is told the frames that the decoder calls corrupt, the packets that it cannot
    decode, and the frames that are tagged with another colour than the first.

    Raises:
        InputError: something is corrupt and `on_corrupt` is fail.
    """
    video.thread_type = "AUTO"
    base = Fraction(video.time_base or 1)
    shift = round(span.shift / base)
    number = 0
    first_colour: dict[str, int] = {}
    codec = video.codec_context.name
    cut: set[int | None] = set()
    noted = clock.noting(_noting_cut(packets, codec, cut))
    for item in _frames(noted, video, span, on_corrupt, damage):
        if isinstance(item, Packet):
            yield item
            continue
        corrupt = item.is_corrupt or item.pts in cut
        item.pts = clock.stamp(item)
        item.time_base = video.time_base
        if not span.holds(item.pts * base):
            continue
        item.pts -= shift
        colour = frame_colour(item)
        first_colour = first_colour or colour
        if colour != first_colour:
            damage.retagged.append(number)
        if is_interlaced(item, codec) and not damage.interlaced:
            damage.interlaced.append(number)
        if corrupt:
            damage.corrupt.append(number)
            if on_corrupt == "fail":
                raise InputError(
                    f"frame {number} at {float(item.pts * base):.3f} s is corrupt; {_WAYS_OUT}"
                )
        number += 1
        if on_corrupt != "drop" or not corrupt:
            yield item


def _noting_cut(
    packets: Iterable[AnyPacket], codec: str, cut: set[int | None]
) -> Iterator[AnyPacket]:
    """Add the times of JPEGs that are cut off to `cut`, for their decoder says nothing of it."""
    for packet in packets:
        if codec == "mjpeg" and packet.is_corrupt:
            cut.add(packet.pts)
        yield packet


WITHIN_A_FRAME = Fraction(1, 100)
"""Of a frame that a rate may be off: a second at 24.001 frames has 24 of them, and not a 25th."""

_WAYS_OUT = "--on-corrupt keep restores such frames as they are, drop leaves them out"


def _frames(
    packets: Iterable[AnyPacket],
    video: VideoStream,
    span: Span,
    on_corrupt: OnCorrupt,
    damage: Damage,
) -> Iterator[VideoFrame | AnyPacket]:
    """All that decodes; the error of one packet does not end it."""
    missing = 0
    for packet in itertools.chain(packets, [None]):  # None empties the decoder
        if packet is not None and packet.stream_index != video.index:
            yield packet
            continue
        try:
            with translated(InputError, "cannot decode the video"):
                frames = video.codec_context.decode(packet)
        except InputError as exc:
            if not isinstance(exc.__cause__, (InvalidDataError, ExternalError)):
                raise
            _undecodable(_seconds(packet), span, on_corrupt, damage, exc)
            frames, missing = [], missing - 1
        hidden = packet is None or packet.is_discard  # by an edit list
        missing += (not hidden) - len(frames)
        yield from frames
    # While the decoder is emptied, PyAV passes over errors. Where each packet is a picture they
    # show by their number. Codecs that reorder are none such, nor are VP8 and VP9.
    codec = video.codec_context.codec
    if not codec.reorder and (codec.intra_only or codec.lossless):
        for _ in range(missing):
            _undecodable(None, span, on_corrupt, damage, None)


def _undecodable(
    seconds: Fraction | None,
    span: Span,
    on_corrupt: OnCorrupt,
    damage: Damage,
    error: InputError | None,
) -> None:
    """Take note of a packet that gave no frame.

    Raises:
        InputError: `on_corrupt` is fail.
    """
    if seconds is not None and not span.holds(seconds):
        return  # after a search the first packets may lack what they refer to
    if on_corrupt == "fail":
        what = error or "cannot decode the video"
        raise InputError(f"{what} ({_place(seconds)}); {_WAYS_OUT}") from error
    damage.undecodable.append(seconds)


def _seconds(packet: AnyPacket | None) -> Fraction | None:
    if packet is None or packet.pts is None:
        return None
    return packet.pts * Fraction(packet.time_base)


def _place(seconds: Fraction | None) -> str:
    return "at the end" if seconds is None else f"near {float(seconds):.3f} s"


def until_first_frame(
    items: Iterator[VideoFrame | AnyPacket], source: Path, span: Span
) -> tuple[list[VideoFrame | AnyPacket], VideoFrame]:
    """Take items up to the first frame, which tells what containers do not.

    Returns:
        What was taken, in order, and the frame, which is its last.

    Raises:
        InputError: there is no frame.
    """
    head: list[VideoFrame | AnyPacket] = []
    for item in items:
        head.append(item)
        if not isinstance(item, Packet):
            return head, item
    if source.suffix.lower() in IMAGE_SUFFIXES and not span.cuts:
        raise InputError(f"{source}: the image does not decode: it is damaged or cut off")
    where = f" from {float(span.start)} s on" if span.cuts else ""
    raise InputError(f"{source}: the video has no frame that decodes{where}")


def describe(
    container: InputContainer, video: VideoStream, first: VideoFrame, span: Span
) -> VideoInfo:
    """What is known of the video once its first frame is decoded.

    Raises:
        InputError: its pixel format or size is not restored.
    """
    name = first.format.name
    if name not in LAYOUTS and container.format.name in DEMUXERS.values():
        raise InputError(f"{container.name.removeprefix('file:')}: {_unrestored_image(first)}")
    if name not in LAYOUTS:
        raise InputError(
            f"pixel format {name} is not restored: only 4:2:0, 4:2:2, 4:4:4, grey and RGB of 8, "
            f"10, 12 or 16 bits are. Convert it first, for instance with ffmpeg -pix_fmt "
            f"{_nearest(first)}"
        )
    rate = video.average_rate or video.guessed_rate
    frame_rate = Fraction(rate) if rate else None
    duration = _duration(container, video)
    return VideoInfo(
        width=first.width,
        height=first.height,
        picture=LAYOUTS[name].picture,
        pixel_format=name,
        colour=colour_tags(first),
        codec=video.codec_context.name,
        time_base=Fraction(video.time_base or 1),
        frame_rate=frame_rate,
        frame_count=_frame_count(video, span, duration, frame_rate),
        duration=duration,
        hdr=hdr_metadata(first),
    )


def _unrestored_image(frame: VideoFrame) -> str:
    """What of an image is not restored and what to do, in words."""
    kind = frame.format
    deep = max(part.bits for part in kind.components) > DEPTHS[0]
    what, wanted = f"pixel format {kind.name}", "rgb48" if deep else "rgb24"
    if kind.has_palette:
        what, wanted = "colours by a palette", "rgba"
    elif len(kind.components) < 3:
        what = "1 bit a sample" if kind.name in ("monob", "monow") else what
        wanted = "gray16" if deep else "gray"
    return (
        f"{what}: only grey, RGB and YCbCr of 8 or 16 bits are restored. Convert it first, for "
        f"instance with ffmpeg -i OLD -pix_fmt {wanted} NEW"
    )


def _nearest(frame: VideoFrame) -> str:
    """A format that is restored and loses least of the frame's."""
    kind = frame.format
    bits = max(part.bits for part in kind.components)
    depth = next((depth for depth in DEPTHS if depth >= bits), DEPTHS[-1])
    alpha = any(part.is_alpha for part in kind.components)
    end = "" if depth == DEPTHS[0] else f"{depth}le"
    if kind.is_rgb or kind.has_palette:
        return ("gbrap" if alpha or kind.has_palette else "gbrp") + end
    if len(kind.components) < 3:
        return "gray" + end
    chroma = kind.components[1]
    full_width, full_height = chroma.width == kind.width, chroma.height == kind.height
    sampling = "444" if full_width else "422" if full_height else "420"
    return f"yuv{'a' if alpha else ''}{sampling}p{end}"


def refuse_interlaced(video: VideoStream, first: VideoFrame) -> None:
    """Refuse a video whose stream or first frame says that it is interlaced.

    Raises:
        InputError: it is.
    """
    if (
        is_interlaced(first, video.codec_context.name)
        or video.codec_context.field_order in FIELD_PARITY
    ):
        raise InputError(f"the video is {INTERLACED}")


def _duration(container: InputContainer, video: VideoStream) -> Fraction | None:
    """Seconds that the video stream lasts, by what the container says."""
    if video.duration and video.time_base:
        return Fraction(video.duration * video.time_base)
    return tagged_duration(video) or (
        Fraction(container.duration, 1_000_000) if container.duration else None
    )


def tagged_duration(video: VideoStream) -> Fraction | None:
    """Seconds that the stream lasts by Matroska's DURATION tag, which states when it ends."""
    text = video.metadata.get("DURATION", "")
    found = re.fullmatch(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)", text)
    if not found:
        return None
    hours, minutes, seconds = (Fraction(part) for part in found.groups())
    begin = Fraction((video.start_time or 0) * (video.time_base or 0))
    return 3600 * hours + 60 * minutes + seconds - begin


def _frame_count(
    video: VideoStream, span: Span, duration: Fraction | None, rate: Fraction | None
) -> int | None:
    if not span.cuts and video.frames:
        return int(video.frames)
    if rate is None or (duration is None and span.end is None):
        return None
    lead = (video.start_time or 0) * Fraction(video.time_base or 0) - span.origin

    def begun_before(seconds: Fraction) -> int:
        return max(0, math.ceil((seconds - lead) * rate - WITHIN_A_FRAME))

    ends = [] if duration is None else [video.frames or round(duration * rate)]
    ends += [] if span.end is None else [begun_before(span.end)]
    return max(0, min(ends) - begun_before(span.start))
