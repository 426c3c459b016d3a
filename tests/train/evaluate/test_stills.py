"""The validation set and its hash."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from train.evaluate.valset import hash_set, read_stills

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def still_images(folder: Path) -> list[NDArray[np.uint8]]:
    """Write a set of two photos, the second first, and give its pictures in the set's own order."""
    rng = np.random.default_rng(0)
    pictures = []
    for name in ("straight_09_000", "shake_21_000", "straight_15_001", "shake_08_001"):
        for side in ("blur", "sharp"):
            picture = rng.integers(0, 256, (8, 8, 3), np.uint8)
            pictures.append(picture)
            (folder / "stills" / side).mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(folder / "stills" / side / f"{name}.png"), picture)
    for frame in ("000", "001"):
        for side in ("blur", "sharp"):
            picture = rng.integers(0, 256, (6, 10, 3), np.uint8)
            pictures.append(picture)
            (folder / "clips" / "00" / side).mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(folder / "clips" / "00" / side / f"{frame}.png"), picture)
    return pictures


def test_the_hash_is_over_the_pictures_in_the_order_they_were_made(tmp_path):
    """Photo by photo, straight before shaken, blurred before sharp, as BGR; then the clips."""
    pictures = still_images(tmp_path)
    expected = hashlib.sha256(b"".join(p.tobytes() for p in pictures)).hexdigest()

    assert hash_set(tmp_path) == expected


def test_names_of_stills_tell_kind_and_length(tmp_path):
    """KIND_LEN_NNN.png."""
    still_images(tmp_path)

    told = [(s.kind, s.length, s.number) for s in read_stills(tmp_path)]
    assert told == [("straight", 9, 0), ("shake", 21, 0), ("straight", 15, 1), ("shake", 8, 1)]


def test_an_empty_folder_is_refused(tmp_path):
    """The error says which folder and what should be in it."""
    with pytest.raises(ValueError, match="holds no stills/blur"):
        read_stills(tmp_path)
