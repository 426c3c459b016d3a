"""Picture files: their size without decoding them, their pixels with a bounded memory."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from train.synthesis.light import Image8

CACHED = 48
"""Pictures that a process keeps decoded: 133 MB of 1280 x 720, so that small sets are read once."""
_PNG_START = b"\x89PNG\r\n\x1a\n"
_PNG_END = b"IEND\xaeB`\x82"


@lru_cache(maxsize=CACHED)
def read_image(path: Path) -> Image8:
    """Read a picture as RGB codes (H, W, 3), read-only since it is shared.

    Raises:
        ValueError: the file is missing or no picture that OpenCV can read.
    """
    image = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    if image is None:
        raise ValueError(f"{path} cannot be read as a picture. Fetch the data set again.")
    codes: Image8 = np.asarray(image, np.uint8)
    codes.flags.writeable = False
    return codes


def picture_size(path: Path) -> tuple[int, int]:
    """Tell a picture's (width, height); of PNG from its first and last bytes, else by reading it.

    Raises:
        ValueError: the file is empty, cut off, or no picture.
    """
    if path.suffix.lower() != ".png":
        height, width = read_image(path).shape[:2]
        return width, height
    with path.open("rb") as file:
        start = file.read(24)
        size = file.seek(0, 2)
        file.seek(max(size - len(_PNG_END), 0))
        end = file.read()
    if len(start) < 24 or not start.startswith(_PNG_START) or end != _PNG_END:
        fault = "empty" if size == 0 else "no whole PNG"
        raise ValueError(f"{path} is {fault} ({size} bytes). Fetch the data set again.")
    return int.from_bytes(start[16:20], "big"), int.from_bytes(start[20:24], "big")
