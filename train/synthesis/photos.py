"""The sharp photographs that training starts from, and where in them it is worth looking."""

from __future__ import annotations

import csv
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from train.synthesis.light import Image8

SUFFIXES = (".jpg", ".jpeg", ".png")
_CELL = 16
"""Side in pixels of a cell of the energy map."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """A photograph in memory, at the size at which it is sharp."""

    name: str
    image: Image8
    energy: NDArray[np.float64]
    """Integral image of the gradient energy, one cell per 16x16 pixels: (rows + 1, columns + 1)."""


def read_shrink(table: Path) -> dict[str, int | None]:
    """Read how far each photo must shrink to be sharp: file name -> 1/N, None where no size helps.

    Tab-separated: split, kind, package, file, pixels, shrink; a line that starts with # is a
    comment and a shrink of "-" means soft at every size. Photos are named PACKAGE__FILE, with "/"
    as "_", PACKAGE the first word without a leading @ and its version.
    """
    shrink: dict[str, int | None] = {}
    with table.open(encoding="utf-8") as lines:
        for row in csv.reader((line for line in lines if not line.startswith("#")), delimiter="\t"):
            if len(row) < 6 or not re.fullmatch(r"-|[1-9]\d*", row[5]):
                raise ValueError(
                    f"{table}: {row} is no line of split, kind, package, file, pixels and a shrink"
                    " of 1 or more, or -, with tabs between."
                )
            package, file, factor = row[2], row[3], row[5]
            stem = package.lstrip("@").split()[0].split("@")[0]
            name = f"{stem}__{file}".replace("/", "_")
            shrink[name] = None if factor == "-" else int(factor)
    return shrink


def read_photos(folder: Path, shrink: Path | None, least: int) -> list[Photo]:
    """Read a folder's photos in name order, without soft ones and those under `least` pixels."""
    factors = read_shrink(shrink) if shrink else {}
    files = sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES)
    wanted = [(p, factor) for p in files if (factor := factors.get(p.name, 1)) is not None]
    with ThreadPoolExecutor() as pool:
        images = list(pool.map(_read, wanted))
    photos = [
        photo_from_image(file.name, image)
        for (file, _), image in zip(wanted, images, strict=True)
        if min(image.shape[:2]) >= least
    ]
    if not photos:
        raise ValueError(
            f"No photo of at least {least} x {least} pixels in {folder}."
            f" Give a folder of {SUFFIXES}."
        )
    return photos


def photo_from_image(name: str, image: Image8) -> Photo:
    """Take RGB codes (H, W, 3) as a photo, at the size they have."""
    return Photo(name=name, image=image, energy=_energy(image))


def _read(wanted: tuple[Path, int]) -> Image8:
    file, factor = wanted
    image = cv2.imread(str(file), cv2.IMREAD_COLOR_RGB)
    if image is None:
        raise ValueError(
            f"{file} is not a picture that OpenCV can read. Take it out of the folder."
        )
    size = (max(1, image.shape[1] // factor), max(1, image.shape[0] // factor))
    return np.ascontiguousarray(
        cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8
    )


def _energy(image: Image8) -> NDArray[np.float64]:
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    gradient = np.abs(cv2.Laplacian(grey, cv2.CV_32F))
    cells = (max(image.shape[1] // _CELL, 1), max(image.shape[0] // _CELL, 1))
    return np.asarray(
        cv2.integral(cv2.resize(gradient, cells, interpolation=cv2.INTER_AREA), sdepth=cv2.CV_64F)
    )


def choose_patch(rng: np.random.Generator, photo: Photo, side: int, candidates: int) -> Image8:
    """Cut a patch of side x side: the one with most gradient among a few drawn at random.

    Flat patches hold no blur to learn from; drawing `candidates` and keeping the best leaves every
    part of a photo a chance.
    """
    height, width = photo.image.shape[:2]
    tops = rng.integers(0, height - side + 1, candidates)
    lefts = rng.integers(0, width - side + 1, candidates)
    top, left = max(
        zip(tops, lefts, strict=True), key=lambda at: _energy_at(photo.energy, at, side)
    )
    return photo.image[top : top + side, left : left + side]


def _energy_at(integral: NDArray[np.float64], at: tuple[int, int], side: int) -> float:
    rows, columns = integral.shape
    top, left = min(at[0] // _CELL, rows - 2), min(at[1] // _CELL, columns - 2)
    bottom, right = (
        min(top + side // _CELL + 1, rows - 1),
        min(left + side // _CELL + 1, columns - 1),
    )
    total = (
        integral[bottom, right]
        - integral[top, right]
        - integral[bottom, left]
        + integral[top, left]
    )
    return float(total / ((bottom - top) * (right - left)))
