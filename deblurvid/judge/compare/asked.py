"""What is asked of a comparison."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from deblurvid.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from deblurvid.stages.compose import Layout

LARGEST_ZOOM = 16
SMALLEST_CROP = 16
"""Pixels of a side: what an encoder takes at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crop:
    """A part of the picture, in pixels of the turned frame."""

    width: int
    height: int
    x: int | None = None
    """From the left; None is in the middle, as in FFmpeg's filter."""
    y: int | None = None

    def within(self, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """Left, top, width and height in a picture of `size`.

        Raises:
            UsageError: it does not lie within, or is too small.
        """
        x = (size[0] - self.width) // 2 if self.x is None else self.x
        y = (size[1] - self.height) // 2 if self.y is None else self.y
        if min(self.width, self.height) < SMALLEST_CROP:
            raise UsageError(
                f"--crop {self.width}x{self.height}: both sides must be at least {SMALLEST_CROP}"
            )
        if min(x, y) < 0 or x + self.width > size[0] or y + self.height > size[1]:
            raise UsageError(
                f"--crop {self.width}x{self.height}+{x}+{y} does not lie within "
                f"{size[0]}x{size[1]}, the size of the pictures"
            )
        return x, y, self.width, self.height


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Two clips, and how they are shown."""

    first: Path
    second: Path
    reference: Path | None = None
    """The sharp truth of both, which a page measures them by."""
    start: Fraction = Fraction(0)
    """Where in the first clip the second one's beginning is, in seconds."""
    first_is: str = ""
    """What a page shows in place of the first clip's name, where that is only a means."""
    times_from: str = ""
    """What the times on a page count from, in words; empty where it is the files' beginning."""
    labels: tuple[str, str] = ("before", "after")
    """Of the first and the second; an empty one is not shown."""
    layout: Layout = "split"
    """split: the left half of the first and the right half of the second; side, stack: both beside
    or above each other; wipe: split at a line that moves over and back."""
    crop: Crop | None = None
    zoom: int = 1
    """Every pixel becomes so many in each direction."""
    overwrite: bool = False

    def __post_init__(self) -> None:
        if self.start < 0:
            raise UsageError(f"--start {float(self.start):g}: it must not be below 0")
        if not 1 <= self.zoom <= LARGEST_ZOOM:
            raise UsageError(f"--zoom {self.zoom}: it must be within 1 and {LARGEST_ZOOM}")
