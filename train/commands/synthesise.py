"""`python -m train synthesise`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - tyro reads the annotations when it runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Synthesise:
    """Make a data set of blurred and sharp clips from photographs, in GOPRO_Large's layout."""

    photos: Path
    """Folder of sharp photographs, larger than `size` by the recipe's margin."""
    out: Path
    """The data set's folder; must not exist."""
    recipe: Path
    """TOML file; its [blur] table says how the camera moves. See train/recipes/."""
    shrink: Path | None = None
    """Tab-separated table of how far each photo must shrink to be sharp."""
    sequences: int = 33
    """In all; a third of them for testing, from photos of their own."""
    frames: int = 16
    """Pictures of a sequence."""
    size: str = "640x360"
    """WIDTHxHEIGHT in pixels."""
    seed: int = 1

    def __call__(self) -> None:
        """Synthesise."""
        from rich.progress import track

        from train.data.synthesise import TreeOptions, write_tree
        from train.recipe import read_recipe

        sides = re.fullmatch(r"(\d+)x(\d+)", self.size)
        if not sides:
            raise ValueError(f"size {self.size!r} is not WIDTHxHEIGHT, such as 640x360.")
        options = TreeOptions(
            photos=self.photos,
            shrink=self.shrink,
            out=self.out,
            sequences=self.sequences,
            frames=self.frames,
            size=(int(sides[1]), int(sides[2])),
            seed=self.seed,
        )
        for _ in track(
            write_tree(options, read_recipe(self.recipe).blur), "Sequences", self.sequences
        ):
            pass
        print(f"{self.out}: {self.sequences} sequences of {self.frames} pairs")
