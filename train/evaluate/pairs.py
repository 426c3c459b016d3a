"""Figures of a generator on a test folder of pairs, always beside the blurred input's own."""

from __future__ import annotations

from dataclasses import dataclass, fields
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from deblurvid.judge.metrics.fidelity import psnr, ssim
from deblurvid.judge.metrics.sharpness import resize_bilinear
from train.data.files import read_image

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from train.data.pairs import Pair
    from train.evaluate.restore import Restorer
    from train.synthesis.light import Image8

SMALL = (256, 256)
"""Height and width of the second set of figures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Of one pair at one size, or means over many: PSNR in dB, SSIM up to 1."""

    blurred_db: float
    restored_db: float
    blurred_ssim: float
    restored_ssim: float

    @property
    def gain_db(self) -> float:
        """What restoring adds."""
        return self.restored_db - self.blurred_db


@dataclass(frozen=True, slots=True, kw_only=True)
class PairFigures:
    """What one pair says of a generator."""

    sequence: str
    native: Figures
    """At the size of the file."""
    small: Figures
    """Blurred, restored and sharp brought to `SMALL` (see `resize_bilinear`) and rounded."""
    sharp_kept_db: float
    """PSNR of the restored sharp picture against itself unrestored."""


def evaluate_pairs(restorer: Restorer, pairs: Iterable[Pair]) -> Iterator[PairFigures]:
    """Restore each pair's pictures, at the size of the file, and measure."""
    for pair in pairs:
        blurred, sharp = read_image(pair.blurred), read_image(pair.sharp)
        restored = restorer(blurred)
        yield PairFigures(
            sequence=pair.sequence,
            native=_figures(blurred, restored, sharp),
            small=_figures(*(_small(image) for image in (blurred, restored, sharp))),
            sharp_kept_db=psnr(restorer(sharp), sharp),
        )


def mean_figures(figures: Sequence[Figures]) -> Figures:
    """Mean of each figure over pictures: of dB, as benchmarks have it, not of errors."""
    names = [field.name for field in fields(Figures)]
    return Figures(**{name: fmean(getattr(one, name) for one in figures) for name in names})


def _figures(blurred: Image8, restored: Image8, sharp: Image8) -> Figures:
    return Figures(
        blurred_db=psnr(blurred, sharp),
        restored_db=psnr(restored, sharp),
        blurred_ssim=ssim(blurred, sharp),
        restored_ssim=ssim(restored, sharp),
    )


def _small(image: Image8) -> Image8:
    return np.rint(resize_bilinear(image, *SMALL)).astype(np.uint8)
