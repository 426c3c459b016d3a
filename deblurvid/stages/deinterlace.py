"""frames -> frames: one progressive picture of each two fields, by FFmpeg's bwdif."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from av.error import BlockingIOError as NothingYetError
from av.error import EOFError as EndError
from av.error import FFmpegError
from av.filter import Graph
from av.packet import Packet

from deblurvid.errors import InputError
from deblurvid.stages.ffmpeg import translated

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from deblurvid.frames import VideoInfo
    from deblurvid.stages.ffmpeg import AnyPacket

FIELD_PARITY = {2: "tff", 3: "bff", 4: "tff", 5: "bff"}
"""AVFieldOrder of interlaced streams (TT, BB, TB, BT) -> the field shown first. TB and BT are read
as FFmpeg's raw decoders and QuickTime's SpatialFirstLineEarly and Late do."""


_WITHOUT_FIELDS = frozenset({"png", "apng"})
"""Codecs whose pictures FFmpeg calls interlaced where their rows come in Adam7's order."""


def is_interlaced(frame: VideoFrame, codec: str) -> bool:
    """Whether a frame that a codec of this name gave is made of two fields."""
    return frame.interlaced_frame and codec not in _WITHOUT_FIELDS


def check_deinterlace(first: VideoFrame) -> None:
    """Refuse what the filter would only take converted.

    Raises:
        InputError: the pixel format is not one of the filter's.
    """
    name = first.format.name
    try:
        graph = _graph(first, Fraction(1, 25), "auto")
        graph.vpush(first)
        graph.vpush(None)
        given = graph.vpull().format.name
    except FFmpegError as exc:
        raise InputError(f"the video cannot be deinterlaced: {exc.strerror}") from exc
    if given != name:
        raise InputError(
            f"pixel format {name} cannot be deinterlaced as it is; convert it first, for instance "
            f"with ffmpeg -pix_fmt {given}"
        )


def field_parity(video: VideoStream, first: VideoFrame) -> str:
    """What bwdif is told: auto where frames say it, else what the stream says."""
    if is_interlaced(first, video.codec_context.name):
        return "auto"
    return FIELD_PARITY.get(video.codec_context.field_order, "auto")


def deinterlace(
    items: Iterable[VideoFrame | AnyPacket], info: VideoInfo, parity: str
) -> Iterator[VideoFrame | AnyPacket]:
    """Make each frame progressive; as many come out as go in, at the same times.

    Args:
        items: frames, and packets, which are handed on at once; a frame comes out when the next
            one has come in.
        info: the video.
        parity: tff, bff or auto; see `field_parity`.

    Raises:
        InputError: the filter fails, or size or pixel format change.
    """
    graph: Graph | None = None
    for item in items:
        if isinstance(item, Packet):
            yield item
            continue
        if (item.width, item.height, item.format.name) != (
            info.width,
            info.height,
            info.pixel_format,
        ):
            yield item  # `unpack` refuses it, by its number
            continue
        graph = graph or _graph(item, info.time_base, parity)
        with translated(InputError, "cannot deinterlace"):
            graph.vpush(item)
        yield from _pulled(graph, info)
    if graph is not None:
        with translated(InputError, "cannot deinterlace"):
            graph.vpush(None)
        yield from _pulled(graph, info)


def _pulled(graph: Graph, info: VideoInfo) -> Iterator[VideoFrame]:
    """What the filter has ready, back in the stream's ticks: bwdif halves them."""
    while True:
        try:
            frame = graph.vpull()
        except (NothingYetError, EndError):
            return
        seconds = Fraction(frame.pts or 0) * Fraction(frame.time_base or 1)
        frame.pts, frame.time_base = round(seconds / info.time_base), info.time_base
        yield frame


def _graph(frame: VideoFrame, time_base: Fraction, parity: str) -> Graph:
    graph = Graph()
    source = graph.add(
        "buffer",
        f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}"
        f":time_base={time_base.numerator}/{time_base.denominator}"
        f":colorspace={int(frame.colorspace)}:range={int(frame.color_range)}",
    )
    filters = [graph.add("bwdif", f"mode=send_frame:parity={parity}"), graph.add("buffersink")]
    for stage in filters:
        source.link_to(stage)
        source = stage
    graph.configure()
    return graph
