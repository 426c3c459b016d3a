"""Makes the README's picture: crops of a blurred, a restored and a sharp video side by side, 3x.

    python examples/before_after.py shaky.mp4 out.mp4 sharp.mp4 before_after.png --at 50 400 300

Under each crop stands its PSNR to the sharp one, over RGB. Needs OpenCV (`pip install .[train]`).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import av
import cv2
import numpy as np

ZOOM, WIDTH, HEIGHT, CAPTION = 3, 150, 100, 34


def frame_of(video: Path, number: int) -> np.ndarray:
    """One frame as uint8 RGB [height, width, 3]."""
    with av.open(str(video)) as file:
        for index, frame in enumerate(file.decode(video=0)):
            if index == number:
                return frame.to_ndarray(format="rgb24")
    raise SystemExit(f"{video}: no frame {number}")


def psnr(picture: np.ndarray, truth: np.ndarray) -> float:
    """Peak signal-to-noise ratio in dB of two uint8 pictures."""
    error = np.mean((picture.astype(np.float64) - truth) ** 2)
    return float(10 * np.log10(255**2 / error)) if error else float("inf")


def panel(crop: np.ndarray, caption: str) -> np.ndarray:
    """A crop enlarged without smoothing, with a caption under it."""
    large = cv2.resize(crop, None, fx=ZOOM, fy=ZOOM, interpolation=cv2.INTER_NEAREST)
    strip = np.full((CAPTION, large.shape[1], 3), 255, np.uint8)
    cv2.putText(
        strip, caption, (8, 24), cv2.FONT_HERSHEY_SIMPLEX, 0.62, (30, 30, 30), 1, cv2.LINE_AA
    )
    return np.vstack([large, strip])


def row(videos: list[Path], number: int, x: int, y: int) -> np.ndarray:
    """The three crops of one frame."""
    crops = [frame_of(video, number)[y : y + HEIGHT, x : x + WIDTH] for video in videos]
    captions = [
        f"blurred, {psnr(crops[0], crops[2]):.2f} dB",
        f"deblurvid, {psnr(crops[1], crops[2]):.2f} dB",
        "sharp",
    ]
    gap = np.full((HEIGHT * ZOOM + CAPTION, 6, 3), 255, np.uint8)
    panels = [panel(crop, caption) for crop, caption in zip(crops, captions, strict=True)]
    return np.hstack([panels[0], gap, panels[1], gap, panels[2]])


def main() -> None:
    """Read the arguments and write the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("blurred", "restored", "sharp", "picture"):
        parser.add_argument(name, type=Path)
    parser.add_argument(
        "--at", nargs=3, type=int, action="append", required=True, metavar=("FRAME", "X", "Y")
    )
    given = parser.parse_args()
    videos = [given.blurred, given.restored, given.sharp]
    picture = np.vstack([row(videos, *place) for place in given.at])
    cv2.imwrite(str(given.picture), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))


if __name__ == "__main__":
    main()
