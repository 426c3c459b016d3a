"""GOPRO_Large_all beside GOPRO_Large: are these the frames that the published pairs came from?

In a sequence GOPRxxxx_NN_zz each blurred picture is the mean of NN frames; picture k, counted from
0 in order of names, takes frames k NN to k NN + NN - 1 of GOPRO_Large_all, and its sharp picture is
the one in the middle (the data set's author, github.com/SeungjunNah/DeepDeblur_release/issues/59).
Numbers in file names say nothing. Copies of the set are known to differ (issues/65, issues/66).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from train.data.files import read_image
from train.data.layouts import bad_tree, files_in, find_split, folders_in

if TYPE_CHECKING:
    from pathlib import Path

    from train.data.options import Split


def check_frames_equal(large: Path, large_all: Path, split: Split) -> int:
    """Compare sharp pictures of GOPRO_Large with their frames; returns how many were compared.

    The first, the middle and the last picture of each sequence of GOPRO_Large: frames that are
    missing or too many anywhere before show in the last.

    Raises:
        ValueError: a sequence is missing or too short, or frames differ; all sequences are named.
    """
    compared = 0
    differing = []
    everything = find_split(large_all, "gopro-all", split)
    for folder in folders_in(find_split(large, "gopro", split)):
        pairs = _sharp_and_middle(folder, everything / folder.name)
        compared += len(pairs)
        if not all(_equal(*pair) for pair in pairs):
            differing.append(folder.name)
    if differing:
        raise ValueError(
            f"{len(differing)} sequences of {everything} are not those that {large} was made from:"
            f" {', '.join(differing)}. Fetch another copy, or take these sequences out of both."
        )
    return compared


def _sharp_and_middle(folder: Path, everything: Path) -> list[tuple[Path, Path]]:
    if not (folder / "sharp").is_dir():
        raise bad_tree("gopro", f"{folder / 'sharp'} is missing.")
    if not everything.is_dir():
        raise bad_tree("gopro-all", f"{everything} is missing.")
    sharp, frames = files_in(folder / "sharp", (".png",)), files_in(everything, (".png",))
    count = _frames_averaged(folder.name)
    if not sharp or len(frames) < count * len(sharp):
        raise ValueError(
            f"{everything} holds {len(frames)} frames, but the {len(sharp)} pictures of"
            f" {folder / 'sharp'} were made from {count} each. Fetch the data set again."
        )
    chosen = sorted({0, len(sharp) // 2, len(sharp) - 1})
    return [(sharp[k], frames[k * count + count // 2]) for k in chosen]


def _frames_averaged(sequence: str) -> int:
    parts = sequence.split("_")
    if len(parts) != 3 or not parts[1].isdigit() or int(parts[1]) < 1:
        raise ValueError(
            f"The sequence {sequence} is not named as GOPRO_Large names them, GOPR0372_07_00: the"
            " number in the middle says how many frames were averaged."
        )
    return int(parts[1])


def _equal(first: Path, second: Path) -> bool:
    return np.array_equal(read_image(first), read_image(second))
