"""The contact sheet: crops to leave alone, what a generator makes of them, and by how much."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from rich.table import Table

from deblurvid.judge.metrics.fidelity import psnr
from train.evaluate.crops import SIDE, Crop

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray
    from rich.console import Console

    from train.evaluate.restore import Restorer
    from train.synthesis.light import Image8

COLUMNS = 3
AMPLIFIED = 8
"""The sheet shows the change so many times as strong, about a mid grey."""
_LINE, _GAP = 18, 6
_CELL = 16
"""Side in pixels of the cells that the deepest level of the U-Nets sees."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Kept:
    """What became of a crop."""

    crop: Crop
    restored: Image8

    @property
    def change(self) -> NDArray[np.int16]:
        """Restored minus given: (H, W, 3), codes."""
        return self.restored.astype(np.int16) - self.crop.image

    @property
    def largest(self) -> int:
        """Largest change of a sample in codes."""
        return int(np.abs(self.change).max())

    @property
    def kept_db(self) -> float:
        """PSNR of the restored crop against the given one, in dB; 100 where nothing changed."""
        return psnr(self.restored, self.crop.image)

    @property
    def grid(self) -> float:
        """How much of a checkerboard is in the change, in codes.

        The largest mean over the crop of the samples at one place in cells of 16 pixels, less the
        mean of all: 0 for a change that knows nothing of the cells.
        """
        luma = self.change.mean(2)
        cells = luma.reshape(SIDE // _CELL, _CELL, SIDE // _CELL, _CELL).mean((0, 2))
        return float(np.abs(cells - cells.mean()).max())


def restore_crops(restore: Restorer, crops: Iterable[Crop]) -> list[Kept]:
    """Restore each crop."""
    return [Kept(crop=crop, restored=restore(crop.image)) for crop in crops]


def figures_of(kept: Sequence[Kept]) -> dict[str, dict[str, Any]]:
    """By kind: mean and least PSNR kept, the largest change, the strongest grid, each crop's own."""
    kinds: dict[str, list[Kept]] = {}
    for one in kept:
        kinds.setdefault(one.crop.kind, []).append(one)
    return {
        kind: {
            "kept_db": fmean(one.kept_db for one in group),
            "kept_least_db": min(one.kept_db for one in group),
            "largest_change": max(one.largest for one in group),
            "grid": max(one.grid for one in group),
            "crops": {
                one.crop.name: {"kept_db": one.kept_db, "largest_change": one.largest}
                for one in group
            },
        }
        for kind, group in kinds.items()
    }


def show_figures(name: str, figures: dict[str, dict[str, Any]], console: Console) -> None:
    """Print the figures as a table."""
    table = Table(title=f"{name}: what it changes where nothing should change")
    table.add_column("kind", no_wrap=True)
    for heading in ("kept dB", "least", "largest change", "grid", "most changed"):
        table.add_column(heading, justify="right", no_wrap=True)
    for kind, row in figures.items():
        most = min(row["crops"], key=lambda crop: row["crops"][crop]["kept_db"])
        cells = (f"{row['kept_db']:.1f}", f"{row['kept_least_db']:.1f}")
        table.add_row(kind, *cells, f"{row['largest_change']}", f"{row['grid']:.2f}", most)
    console.print(table)
    console.print(
        "kept: PSNR against the crop itself, 100 where nothing changed; largest change of a sample and"
        " grid (see `Kept.grid`) in codes of 255.",
        soft_wrap=True,
    )


def draw_sheet(kept: Sequence[Kept]) -> Image8:
    """Draw the crops in rows of three, each as given, as restored, and the change amplified."""
    width = 3 * (SIDE + _GAP) + _GAP
    rows = -(-len(kept) // COLUMNS)
    sheet: Image8 = np.full((rows * (SIDE + _LINE + _GAP), COLUMNS * width, 3), 24, np.uint8)
    for number, one in enumerate(kept):
        row, column = divmod(number, COLUMNS)
        top, left = row * (SIDE + _LINE + _GAP), column * width
        words = (
            f"{one.crop.kind}: {one.crop.name}   {one.kept_db:.1f} dB, largest change"
            f" {one.largest}, x{AMPLIFIED} on the right"
        )
        at, white = (left + _GAP, top + 13), (235, 235, 235)
        cv2.putText(sheet, words, at, cv2.FONT_HERSHEY_SIMPLEX, 0.4, white, 1, cv2.LINE_AA)
        change = np.clip(128 + AMPLIFIED * one.change, 0, 255).astype(np.uint8)
        for place, picture in enumerate((one.crop.image, one.restored, change)):
            x = left + _GAP + place * (SIDE + _GAP)
            sheet[top + _LINE : top + _LINE + SIDE, x : x + SIDE] = picture
    return sheet
