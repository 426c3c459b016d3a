"""Figures of many frames, added up as they come: memory does not grow with their number."""

from __future__ import annotations

import heapq
from collections import defaultdict
from dataclasses import dataclass, field
from math import isnan
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from fractions import Fraction

    from deblurvid.judge.matching import Kind

Measured: TypeAlias = "dict[tuple[Kind, str], float]"
"""Figures of one frame, or of one step between two, by whose they are and by their name."""

EXTREMES = 3
"""So many of the worst and of the best frames are kept."""
BANDS_DB = (24.0, 28.0, 34.0)
"""Frames are also counted by the PSNR of the blurred input: what gains may be what loses as well."""


@dataclass(slots=True)
class Mean:
    """A mean, the least and the greatest of values that come one by one; NaN are left out."""

    count: int = 0
    total: float = 0.0
    least: float = float("inf")
    greatest: float = float("-inf")

    def add(self, value: float) -> None:
        """Take one more."""
        if not isnan(value):
            self.count += 1
            self.total += value
            self.least, self.greatest = min(self.least, value), max(self.greatest, value)

    @property
    def value(self) -> float | None:
        """The mean; None of nothing."""
        return self.total / self.count if self.count else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A frame, and how near to the sharp one it comes."""

    item: str
    frame: int
    """From 0."""
    file: str | None
    """Of an image."""
    seconds: Fraction | None
    """Of a video's frame."""
    psnr_db: float
    blurred_psnr_db: float | None


@dataclass(slots=True)
class Tally:
    """What was measured of one item, or of all."""

    frames: int = 0
    means: defaultdict[tuple[Kind, str], Mean] = field(default_factory=lambda: defaultdict(Mean))
    gains: list[Mean] = field(default_factory=lambda: [Mean() for _ in range(len(BANDS_DB) + 1)])
    """Gain in dB of the frames below the first of `BANDS_DB`, between each and the next, above."""
    worst: list[Moment] = field(default_factory=list)
    best: list[Moment] = field(default_factory=list)

    def add(self, measured: Measured) -> None:
        """Take the figures of one frame, or of one step."""
        for key, value in measured.items():
            self.means[key].add(value)

    def add_moment(self, moment: Moment) -> None:
        """Keep it if it is among the worst or the best; count what it gains."""
        worst, best = [*self.worst, moment], [*self.best, moment]
        self.worst = heapq.nsmallest(EXTREMES, worst, key=lambda m: m.psnr_db)
        self.best = heapq.nlargest(EXTREMES, best, key=lambda m: m.psnr_db)
        if moment.blurred_psnr_db is not None:
            band = sum(moment.blurred_psnr_db >= edge for edge in BANDS_DB)
            self.gains[band].add(moment.psnr_db - moment.blurred_psnr_db)

    def mean(self, kind: Kind, name: str) -> float | None:
        """The mean of a figure; None where there was none."""
        key = (kind, name)
        return self.means[key].value if key in self.means else None
