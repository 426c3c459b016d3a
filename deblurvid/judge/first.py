"""A video in, its first pictures out, as an engine takes them."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from deblurvid.frames import Planes, VideoInfo


def first_pictures(source: Path, count: int) -> tuple[VideoInfo, list[Planes]]:
    """What a video is, by its first frame, and at most `count` of its first pictures.

    Raises:
        InputError: it is no video that can be read.
    """
    from deblurvid.frames import Damage
    from deblurvid.stages.clock import Clock
    from deblurvid.stages.decode import decode, describe, until_first_frame
    from deblurvid.stages.demux import Span, demux, open_input, video_stream
    from deblurvid.stages.unpack import Picture, unpack

    with open_input(source) as container:
        video = video_stream(container, source)
        span = Span()
        items = decode(
            demux(container, video, span),
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
