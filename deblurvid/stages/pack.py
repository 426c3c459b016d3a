"""planes -> frames: back into the frame that was decoded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from av.packet import Packet

from deblurvid.stages.unpack import rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from av.video.frame import VideoFrame

    from deblurvid.frames import VideoInfo
    from deblurvid.stages.ffmpeg import AnyPacket
    from deblurvid.stages.unpack import Picture


def pack(items: Iterable[Picture | AnyPacket], info: VideoInfo) -> Iterator[VideoFrame | AnyPacket]:
    """Write each picture's samples into its decoded frame, which keeps timestamp and side data.

    The frame may still serve the decoder as a reference, so it gets memory of its own first.
    """
    for item in items:
        if isinstance(item, Packet):
            yield item
            continue
        item.frame.make_writable()
        for view, samples in zip(rows(item.frame, info), item.planes.samples, strict=True):
            if len(samples) == 1:
                view[:] = samples[0]
            else:
                low, high = samples
                codes = view.view("<u2")
                np.multiply(high, np.uint16(256), out=codes)
                codes += low
        yield item.frame
