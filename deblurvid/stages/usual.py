"""The usual loop, for comparison only: what most programs that restore videos do.

One thread of Python takes a frame, converts it to RGB, restores it, converts it back, encodes it,
and only then takes the next.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import islice
from typing import TYPE_CHECKING, cast

import av
from av.video.frame import VideoFrame

from deblurvid.stages.demux import open_input, video_stream

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np
    from av.video.stream import VideoStream
    from numpy.typing import NDArray

    from deblurvid.stages.encoders import EncoderChoice


def usual_loop(
    source: Path,
    target: Path,
    choice: EncoderChoice,
    restore: Callable[[NDArray[np.uint8]], NDArray[np.uint8]],
    *,
    frames: int,
) -> int:
    """Restore the first `frames` pictures of `source`; gives how many there were.

    Args:
        source: a video file; only its video is read.
        target: the file to write.
        choice: encoder and options.
        restore: RGB of 8 bits, [height, width, 3], to the same.
        frames: where to stop.
    """
    with open_input(source) as container, av.open(f"file:{target}", "w") as output:
        video = video_stream(container, source)
        stream = cast(
            "VideoStream",
            output.add_stream(
                choice.codec, rate=video.average_rate or 25, options=dict(choice.options)
            ),
        )
        context, old = stream.codec_context, video.codec_context
        context.width, context.height = old.width, old.height
        context.pix_fmt = old.pix_fmt
        context.time_base = video.time_base or Fraction(1, 90_000)
        done = 0
        for frame in islice(container.decode(video), frames):
            rgb = cast("NDArray[np.uint8]", frame.to_ndarray(format="rgb24"))
            restored = VideoFrame.from_ndarray(restore(rgb), format="rgb24")
            restored.pts, restored.time_base = frame.pts, frame.time_base
            output.mux(stream.encode(restored))
            done += 1
        output.mux(stream.encode(None))
    return done
