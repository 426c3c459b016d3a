"""planes -> frames: back into the frame that was decoded, or into one that the encoder takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from av.packet import Packet
from av.video.frame import VideoFrame

from deblurvid.stages.layouts import LAYOUTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from deblurvid.frames import VideoInfo
    from deblurvid.stages.ffmpeg import AnyPacket
    from deblurvid.stages.layouts import Layout
    from deblurvid.stages.unpack import Picture

_COLOUR_FIELDS = ("color_range", "color_primaries", "color_trc", "colorspace")


def pack(
    items: Iterable[Picture | AnyPacket], info: VideoInfo, pixel_format: str
) -> Iterator[VideoFrame | AnyPacket]:
    """Write each picture's samples into a frame of `pixel_format`, whose picture is as `info`'s.

    Where that is the decoded frame's own format it is written into that frame, which keeps
    timestamp, side data, alpha and padding. It may still serve the decoder as a reference, so it
    gets memory of its own first.
    """
    source, target = LAYOUTS[info.pixel_format], LAYOUTS[pixel_format]
    for item in items:
        if isinstance(item, Packet):
            yield item
            continue
        frame = item.frame
        if target is source:
            frame.make_writable()
        else:
            frame = _relaid(frame, source, target)
        for rows, samples in zip(target.rows(frame), item.planes.samples, strict=True):
            _write(rows, samples, target.low_zeros)
        yield frame


def _write(rows: NDArray[np.unsignedinteger], samples: NDArray[np.uint8], low_zeros: int) -> None:
    """[bytes, height, width] -> [height, width] of stored samples."""
    if len(samples) == 1:
        rows[:] = samples[0]
        return
    low, high = samples
    np.multiply(high, np.uint16(256), out=rows)
    rows += low
    if low_zeros:
        rows <<= low_zeros


def _relaid(frame: VideoFrame, source: Layout, target: Layout) -> VideoFrame:
    """A frame of another layout that lacks only the samples of the picture."""
    fresh = VideoFrame(frame.width, frame.height, target.name)
    fresh.pts, fresh.time_base = frame.pts, frame.time_base
    for field in _COLOUR_FIELDS:
        setattr(fresh, field, getattr(frame, field))
    if target.extra is not None:
        rows = target.extra_rows(fresh)
        rows[:] = 0 if source.extra is None else source.extra_rows(frame)
    return fresh
