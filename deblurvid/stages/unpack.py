"""frames -> planes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from av.packet import Packet

from deblurvid.errors import InputError
from deblurvid.frames import Planes
from deblurvid.stages.deinterlace import is_interlaced
from deblurvid.stages.ffmpeg import colour_tags
from deblurvid.stages.layouts import LAYOUTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from av.video.frame import VideoFrame
    from numpy.typing import NDArray

    from deblurvid.frames import VideoInfo
    from deblurvid.stages.ffmpeg import AnyPacket
    from deblurvid.stages.layouts import Layout

INTERLACED = (
    "interlaced; --deinterlace makes one picture of each two fields, as does ffmpeg -vf bwdif"
)


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
        InputError: the size or the pixel format changes, or a frame is interlaced.
    """
    layout = LAYOUTS[info.pixel_format]
    number = 0
    for item in items:
        if isinstance(item, Packet):
            yield item
            continue
        _check(item, info, number)
        samples = tuple(_planar(rows, layout) for rows in layout.rows(item))
        yield Picture(item, Planes(samples, colour_tags(item)))
        number += 1


def _check(frame: VideoFrame, info: VideoInfo, number: int) -> None:
    """Refuse a frame that is not as the first one was."""
    here = (frame.width, frame.height, frame.format.name)
    interlaced = is_interlaced(frame, info.codec)
    if here == (info.width, info.height, info.pixel_format) and not interlaced:
        return
    seconds = float((frame.pts or 0) * info.time_base)
    place = f"at frame {number}, {seconds:.3f} s,"
    if interlaced:
        raise InputError(f"{place} the video becomes {INTERLACED}")
    raise InputError(
        f"{place} the video changes from {info.width}x{info.height} {info.pixel_format} to "
        f"{frame.width}x{frame.height} {frame.format.name}; restore the parts apart, with --start "
        "and --duration"
    )


def _planar(rows: NDArray[np.unsignedinteger], layout: Layout) -> NDArray[np.uint8]:
    """[height, width] -> [bytes, height, width]; at one byte without a copy if it can."""
    if layout.picture.bytes_per_sample == 1:
        return np.ascontiguousarray(rows, np.uint8)[None]
    codes = rows >> layout.low_zeros if layout.low_zeros else rows
    # As shifts of whole codes: five times as fast as moving every other byte.
    halves = np.empty((2, *codes.shape), np.uint8)
    np.copyto(halves[0], codes, casting="unsafe")
    np.right_shift(codes, 8, out=halves[1], casting="unsafe")
    return halves
