"""Small data sets on disk, and pictures that say where their pixels come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def place_coded(third: int, height: int = 64, width: int = 64) -> np.ndarray:
    """(H, W, 3) RGB: R is the column, G the row, B a number of the picture's own."""
    rows, columns = np.indices((height, width))
    return np.stack([columns, rows, np.full_like(rows, third)], 2).astype(np.uint8)


def save(path: Path, image: np.ndarray) -> Path:
    """Write RGB codes as a picture, with the folders it lies in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), image[:, :, ::-1])
    return path


def plant(root: Path, names: Sequence[str]) -> Path:
    """Write a picture under each name; B tells blurred (by a parent's name) from sharp."""
    for number, name in enumerate(names):
        save(root / name, place_coded(number))
    return root
