"""Video files to measure with: made from planes, or a short one repeated to a long one."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import av
import numpy as np
from av.video.frame import VideoFrame

from deblurvid.stages.demux import open_input, video_stream
from deblurvid.stages.layouts import LAYOUTS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    from deblurvid.frames import PictureFormat

FRAMES_PER_SECOND = 30
_OPTIONS = {"preset": "ultrafast", "crf": "16", "bf": "2", "g": "60"}


def write_specimen(
    pictures: Iterable[tuple[NDArray[np.unsignedinteger], ...]],
    target: Path,
    *,
    size: tuple[int, int],
    picture: PictureFormat,
) -> None:
    """Encode pictures with libx264, without sound.

    Args:
        pictures: codes of each plane, [height, width], uint8 or, above 8 bits, uint16.
        target: the file to write.
        size: width and height.
        picture: sampling and depth of the planes.
    """
    pixel_format = next(name for name, known in LAYOUTS.items() if known.picture == picture)
    with av.open(f"file:{target}", "w") as container:
        stream = container.add_stream("libx264", rate=FRAMES_PER_SECOND, options=dict(_OPTIONS))
        context = stream.codec_context
        context.width, context.height = size
        context.pix_fmt = pixel_format
        for number, planes in enumerate(pictures):
            frame = VideoFrame(*size, pixel_format)
            for plane, codes in zip(frame.planes, planes, strict=True):
                lines = np.frombuffer(plane, codes.dtype).reshape(plane.height, -1)  # type: ignore[call-overload]
                lines[:, : plane.width] = codes
            frame.pts, frame.time_base = number, Fraction(1, FRAMES_PER_SECOND)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def repeat_specimen(source: Path, target: Path, times: int) -> None:
    """Write the packets of `source`'s video `times` times over, one after another."""
    with av.open(f"file:{target}", "w") as container:
        copy = None
        for number in range(times):
            with open_input(source) as short:
                video = video_stream(short, source)
                copy = copy or container.add_stream_from_template(video, opaque=True)
                shift = round(number * (video.duration or 0))
                for packet in short.demux(video):
                    if packet.size:
                        packet.pts = (packet.pts or 0) + shift
                        packet.dts = (packet.dts or 0) + shift
                        packet.stream = copy
                        container.mux(packet)
