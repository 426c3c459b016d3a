"""A file -> what its pictures are by its header, and how many there are; they are not decoded."""

from __future__ import annotations

from contextlib import closing
from fractions import Fraction
from typing import TYPE_CHECKING

from deblurvid.errors import DeblurvidError
from deblurvid.options import RunOptions
from deblurvid.stages.demux import span_of, video_stream
from deblurvid.stages.layouts import LAYOUTS
from deblurvid.stages.source import open_source
from deblurvid.stages.timeline import Timeline

if TYPE_CHECKING:
    from pathlib import Path

    from deblurvid.frames import PictureFormat


def probe(path: Path) -> tuple[tuple[int, int], PictureFormat] | None:
    """(width, height) and format as the header has them; None where it cannot be read."""
    try:
        with closing(open_source(path, RunOptions())) as source:
            context = video_stream(source.container, path).codec_context
            layout = LAYOUTS.get(context.pix_fmt or "")
            size = context.width, context.height
    except (DeblurvidError, ValueError, OSError):  # its own run will tell why
        return None
    return (size, layout.picture) if layout else None


def count_frames(path: Path, options: RunOptions) -> int | None:
    """Frames within the span that `options` choose, by their packets: the file is read, not decoded.

    Packets that show nothing, such as those that an edit list hides, are not counted.

    Returns:
        None where a part is asked for and packets have no times, as in a raw stream.

    Raises:
        InputError: it cannot be read.
    """
    count = 0
    with closing(open_source(path, options)) as source:
        video = video_stream(source.container, path)
        span = span_of(source.container, video, options.start, options.duration)
        base = Fraction(video.time_base or 1)
        numbered = source.container.format.name == "avi"
        for packet in source.packets(video, span, Timeline(video)):
            if packet.stream_index != video.index or packet.is_discard:
                continue
            stamp = packet.dts if numbered else packet.pts
            if stamp is None and span.cuts:
                return None
            count += stamp is None or span.holds(stamp * base)
    return count
