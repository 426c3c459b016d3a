"""Restores pictures as numpy arrays: RGB in, RGB out.

    python examples/deblur_pictures.py photo.png sharper.png

PyAV reads and writes the files here; arrays of OpenCV (turn its BGR round), Pillow, imageio or a
camera do as well.
"""

from __future__ import annotations

import sys

import av
import numpy as np

from deblurvid import deblur_image


def read_rgb(path: str) -> np.ndarray:
    """The picture in a file as [height, width, 3]: uint16 if it has more than 8 bits, else uint8."""
    with av.open(path) as file:
        frame = next(file.decode(video=0))
    deep = any(part.bits > 8 for part in frame.format.components)
    return frame.to_ndarray(format="rgb48le" if deep else "rgb24")


def write_rgb(path: str, rgb: np.ndarray) -> None:
    """Write uint8 or uint16 [height, width, 3] as a PNG of as many bits."""
    deep = rgb.dtype == np.uint16
    frame = av.VideoFrame.from_ndarray(rgb, format="rgb48le" if deep else "rgb24")
    pixels = "rgb48be" if deep else "rgb24"  # PNG has the high byte first
    with av.open(path, "w", format="image2", options={"update": "1"}) as file:
        stream = file.add_stream("png", width=frame.width, height=frame.height, pix_fmt=pixels)
        file.mux([*stream.encode(frame.reformat(format=pixels)), *stream.encode(None)])


def main(source: str, target: str) -> None:
    """Restore the picture in `source`."""
    blurred = read_rgb(source)
    sharper = deblur_image(blurred)
    change = np.abs(sharper.astype(int) - blurred).mean()
    print(f"{blurred.shape[1]}x{blurred.shape[0]}, changed by {change:.2f} codes on average")
    write_rgb(target, sharper)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: deblur_pictures.py SOURCE TARGET.png")
    main(*sys.argv[1:])
