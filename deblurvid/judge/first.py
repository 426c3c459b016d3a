"""A video in, its first pictures out, as an engine takes them."""

from __future__ import annotations

import itertools
from contextlib import closing
from typing import TYPE_CHECKING

from deblurvid.options import RunOptions

if TYPE_CHECKING:
    from pathlib import Path

    from deblurvid.frames import Planes, VideoInfo


def first_pictures(
    source: Path, count: int, options: RunOptions | None = None
) -> tuple[VideoInfo, list[Planes]]:
    """What a video is, by its first frame, and at most `count` of its first pictures.

    Args:
        source: a video or images.
        count: how many pictures.
        options: how the source is read; None for the defaults.

    Raises:
        InputError: it is no video that can be read.
    """
    from deblurvid.frames import Damage
    from deblurvid.stages.clock import Clock
    from deblurvid.stages.decode import decode, describe, until_first_frame
    from deblurvid.stages.demux import Span, video_stream
    from deblurvid.stages.source import open_source
    from deblurvid.stages.timeline import Timeline
    from deblurvid.stages.unpack import Picture, unpack

    with closing(open_source(source, options or RunOptions())) as opened:
        container = opened.container
        video = video_stream(container, source)
        span = Span()
        items = decode(
            opened.packets(video, span, Timeline(video)),
            video,
            span,
            Clock(video),
            on_corrupt="keep",
            damage=Damage(),
        )
        head, first = until_first_frame(items, source, span)
        info = describe(container, video, first, span)
        unpacked = unpack(itertools.chain(head, items), info)
        pictures = (item.planes for item in unpacked if isinstance(item, Picture))
        return info, list(itertools.islice(pictures, count))
