"""A data set in GOPRO_Large's layout, made from sharp photographs.

Each sequence is a clip of consecutive frames of one camera path over one photograph. No photograph
serves both splits, so that the test sequences show nothing that training has seen.
"""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from train.synthesis.clip import make_clip
from train.synthesis.photos import Photo, read_photos

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from train.synthesis.blur_recipe import BlurRecipe
    from train.synthesis.light import Image8

_STREAMS = {"deal": 0, "train": 1, "test": 2}
"""Second number of every random stream: sequence 0 of both splits is not the same clip."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeOptions:
    """What a synthetic tree is made from, and how large it becomes."""

    photos: Path
    """Folder of sharp photographs."""
    shrink: Path | None
    """Table of how far each must shrink to be sharp."""
    out: Path
    """The tree; must not exist."""
    sequences: int
    """Sequences in all; a third of them, rounded, at least one, are for testing: as in
    GOPRO_Large."""
    frames: int
    """Pictures of a sequence."""
    size: tuple[int, int]
    """Width and height in pixels."""
    seed: int

    def __post_init__(self) -> None:
        """Refuse what leaves a split empty, and sides that 4:2:0 cannot have."""
        if self.sequences < 2 or self.frames < 1:
            raise ValueError(
                f"{self.sequences} sequences of {self.frames} frames are no data set. Give two"
                " sequences or more, of one frame or more."
            )
        if any(side < 2 or side % 2 for side in self.size):
            raise ValueError(f"size {self.size[0]}x{self.size[1]}: both sides must be even.")


def write_tree(options: TreeOptions, recipe: BlurRecipe) -> Iterator[str]:
    """Write {train,test}/SEQUENCE/{blur,sharp}/NNNNNN.png; yields the name of each sequence.

    The same options, recipe and photos give the same bytes. The tree appears when the last sequence
    is done; if anything fails before, nothing is left.

    Raises:
        FileExistsError: the tree exists.
        ValueError: there are not two photos that are large enough.
    """
    if options.out.exists():
        raise FileExistsError(f"{options.out} exists. Give another folder, or remove it.")
    splits = _deal(_large_photos(options, recipe), options)
    with _beside(options.out) as folder:
        for split, photos in splits.items():
            for number in range(len(photos)):
                name = f"synthetic_{number:03}"
                rng = np.random.default_rng([options.seed, _STREAMS[split], number])
                clip = make_clip(
                    photos[number].image, recipe, rng, frames=options.frames, size=options.size
                )
                _write_pictures(folder / split / name / "blur", clip.blurred)
                _write_pictures(folder / split / name / "sharp", clip.sharp)
                yield f"{split}/{name}"
        (folder / "README.txt").write_text(_readme(options, recipe, splits), encoding="utf-8")


def _large_photos(options: TreeOptions, recipe: BlurRecipe) -> list[Photo]:
    # What `make_clip` asks for: a border that is never seen, and room for the path to end in.
    more = 2 * recipe.margin + ceil(recipe.longest)
    width, height = (side + more for side in options.size)
    photos = [
        photo
        for photo in read_photos(options.photos, options.shrink, min(width, height))
        if photo.image.shape[0] >= height and photo.image.shape[1] >= width
    ]
    if len(photos) < 2:
        raise ValueError(
            f"{options.photos} holds {len(photos)} photos of at least {width}x{height} pixels, and"
            " two are needed: none may serve both train and test. Give more, or a smaller size."
        )
    return photos


def _deal(photos: Sequence[Photo], options: TreeOptions) -> dict[str, list[Photo]]:
    """Give each sequence of each split a photo; a split that has too few uses them in turn."""
    order = np.random.default_rng([options.seed, _STREAMS["deal"]]).permutation(len(photos))
    tests = max(round(options.sequences / 3), 1)
    kept = max(round(len(photos) / 3), 1)
    parts = {"train": (order[kept:], options.sequences - tests), "test": (order[:kept], tests)}
    return {
        split: [photos[part[number % len(part)]] for number in range(count)]
        for split, (part, count) in parts.items()
    }


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """Give a new folder beside `target` that becomes it when all went well, else vanishes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        folder.chmod(0o755)
        yield folder
        folder.rename(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write_pictures(folder: Path, images: Sequence[Image8]) -> None:
    folder.mkdir(parents=True)
    for number, image in enumerate(images, 1):
        path = folder / f"{number:06}.png"
        if not cv2.imwrite(str(path), image[:, :, ::-1]):
            raise OSError(f"{path} cannot be written. Is the disk full?")


def _readme(options: TreeOptions, recipe: BlurRecipe, splits: dict[str, list[Photo]]) -> str:
    lines = [
        "Synthetic blur in the layout of GOPRO_Large; none of it is from that data set.",
        "Made by `python -m train synthesise` from still photographs: figures taken on it cannot be",
        "compared with figures on GOPRO_Large.",
        "",
        f"seed {options.seed}, {options.frames} frames of {options.size[0]}x{options.size[1]} each",
        *(f"{split}: {len(photos)} sequences" for split, photos in splits.items()),
        "",
        "Recipe of the blur:",
        *(f"{name} = {value}" for name, value in asdict(recipe).items()),
        "",
        "Photographs, sequence by sequence:",
        *(
            f"{split}/synthetic_{number:03}: {photo.name}"
            for split, photos in splits.items()
            for number, photo in enumerate(photos)
        ),
    ]
    return "\n".join(lines) + "\n"
