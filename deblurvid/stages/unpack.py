"""frames -> planes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from av.packet import Packet

from deblurvid.errors import InputError
from deblurvid.frames import Planes
from deblurvid.stages.ffmpeg import colour_tags

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from av.video.frame import VideoFrame
    from numpy.typing import NDArray

    from deblurvid.frames import VideoInfo
    from deblurvid.stages.ffmpeg import AnyPacket

# FFmpeg stores planar RGB as G, B, R.
RGB_ORDER = (2, 0, 1)


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded frame, and its samples as an engine takes or gave them."""

    frame: VideoFrame
    planes: Planes


def unpack(
    items: Iterable[VideoFrame | AnyPacket], info: VideoInfo
) -> Iterator[Picture | AnyPacket]:
    """Put the samples of each frame beside it, without the padding of its rows.

    Raises:
        InputError: the size or the pixel format changes.
    """
    for number, item in enumerate(items):
        if isinstance(item, Packet):
            yield item
            continue
        if (item.width, item.height, item.format.name) != (
            info.width,
            info.height,
            info.pixel_format,
        ):
            raise InputError(
                f"the video changes from {info.width}x{info.height} {info.pixel_format} to "
                f"{item.width}x{item.height} {item.format.name} near packet {number}; "
                "split it there first"
            )
        views = rows(item, info)
        samples = tuple(_planar(view, info.picture.bytes_per_sample) for view in views)
        yield Picture(item, Planes(samples, colour_tags(item)))


def rows(frame: VideoFrame, info: VideoInfo) -> list[NDArray[np.uint8]]:
    """Views of the frame's own memory, one a plane in the graph's order.

    Each is uint8 [height, width * bytes a sample]: the rows without what a decoder adds to their
    ends. Valid while the frame lives, and until `make_writable`.
    """
    sizes = info.picture.plane_sizes(info.width, info.height)
    order = RGB_ORDER if info.picture.source == "rgb" else range(len(sizes))
    views = []
    for index, (height, width) in zip(order, sizes, strict=True):
        plane = frame.planes[index]
        memory = np.frombuffer(plane, np.uint8)  # type: ignore[call-overload]
        lines = memory.reshape(-1, plane.line_size)
        views.append(lines[:height, : width * info.picture.bytes_per_sample])
    return views


def _planar(view: NDArray[np.uint8], bytes_per_sample: int) -> NDArray[np.uint8]:
    """[height, width * bytes] -> [bytes, height, width]; at one byte without a copy if it can."""
    if bytes_per_sample == 1:
        return np.ascontiguousarray(view)[None]
    # As shifts of whole codes: five times as fast as moving every other byte.
    codes = view.view("<u2")
    halves = np.empty((2, *codes.shape), np.uint8)
    np.copyto(halves[0], codes, casting="unsafe")
    np.right_shift(codes, 8, out=halves[1], casting="unsafe")
    return halves
