"""Restores frames one at a time as they come, for programs that have frames and no file.

    python examples/frame_by_frame.py examples/shaky.mp4

Here PyAV is the camera. Y, U and V go in as it gives them, in 4:2:0, so nothing is converted: what
the generator leaves alone comes back to the bit.
"""

from __future__ import annotations

import sys
from collections import deque
from typing import TYPE_CHECKING

import av
import numpy as np

from deblurvid import ColourTags, PictureFormat, Planes, open_engine

if TYPE_CHECKING:
    from collections.abc import Iterator

BT709 = ColourTags(matrix="bt709", full_range=False)
YUV420 = PictureFormat(source="yuv420", depth=8)


def camera(path: str, frames: int) -> Iterator[list[np.ndarray]]:
    """Y, U and V of each frame, uint8 [height, width], of some 4:2:0 video."""
    with av.open(path) as file:
        for _, frame in zip(range(frames), file.decode(video=0), strict=False):
            yield [
                np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[:, : plane.width]
                for plane in frame.reformat(format="yuv420p").planes
            ]


def main(path: str, frames: int = 12) -> None:
    """Restore the first frames of a video, and say how much each was changed."""
    coming = camera(path, frames)
    first = next(coming)
    height, width = first[0].shape
    with open_engine(size=(width, height), picture=YUV420) as engine:
        print(engine.spec)
        waiting = deque([first])
        engine.submit(Planes.from_codes(first, BT709), strength=1.0)
        # Several frames are in flight, so that the device never waits for us.
        while waiting:
            while len(waiting) < engine.slots and (codes := next(coming, None)) is not None:
                engine.submit(Planes.from_codes(codes, BT709), strength=1.0)
                waiting.append(codes)
            restored = engine.collect().planes.codes()
            luma = waiting.popleft()[0]
            print(f"Y changed by {np.abs(restored[0].astype(int) - luma).mean():.2f} codes")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: frame_by_frame.py SOURCE")
    main(sys.argv[1])
