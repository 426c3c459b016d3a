"""An engine of your own: sharpens by unsharp masking in numpy, on a run's way like any other.

    python examples/own_engine.py examples/shaky.mp4 sharpened.mp4

An engine takes the samples of decoded frames and gives those of restored ones, in order. Everything
else (sound, subtitles, times, colour tags, checks) is the run's. Write one for a runtime that deblurvid
does not know, or as something to compare a network with, as this one.
"""

from __future__ import annotations

import sys

import numpy as np

from deblurvid import Engine, EngineSpec, PictureFormat, Planes, Restored, deblur_video

AMOUNT = 0.8


class UnsharpMask(Engine):
    """Adds to luma what it differs from its mean over 3x3; chroma stays."""

    slots = 1  # pictures that may be in flight

    def __init__(self, size: tuple[int, int], picture: PictureFormat) -> None:
        """For pictures of one size (width, height) and format."""
        self.spec = EngineSpec(
            width=size[0], height=size[1], picture=picture,
            generator="unsharp mask", device="numpy", precision="fp32",
        )  # fmt: skip

    def submit(self, planes: Planes, *, strength: float) -> None:
        """Begin with a picture; one without anything to begin on computes it at once."""
        self.spec.check(planes)
        y, *chroma = planes.codes()
        padded = np.pad(y.astype(np.float32), 1, mode="edge")
        height, width = y.shape
        shifts = [(i, j) for i in range(3) for j in range(3)]
        mean = sum(padded[i : i + height, j : j + width] for i, j in shifts) / 9
        sharp = np.rint(y + strength * AMOUNT * (y - mean))
        codes = np.clip(sharp, 0, 2**self.spec.picture.depth - 1).astype(y.dtype)
        self._done = Planes.from_codes([codes, *chroma], planes.colour)

    def collect(self) -> Restored:
        """Give the oldest picture."""
        return Restored(self._done, invalid=0)

    def close(self) -> None:
        """Free what the engine holds: nothing here."""


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: own_engine.py SOURCE TARGET")
    # The run makes one for the size and the format of its video.
    for event in deblur_video(sys.argv[1], sys.argv[2], engine=UnsharpMask, overwrite=True):
        print(event)
