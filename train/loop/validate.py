"""Judging a run while it trains: the averaged weights on a few pairs that it never sees."""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from deblurvid.judge.metrics.fidelity import psnr
from train.checkpoint import average_generator
from train.data.files import read_image
from train.data.pairs import read_pairs
from train.evaluate.restore import restorer_from_generator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from train.checkpoint import RunState
    from train.data.options import DataOptions
    from train.synthesis.light import Image8

PAIRS = 12
"""At most so many, spread evenly over the set."""
SIDE = 352
"""At most so many pixels a side, from the middle."""
SHOWN = 4
"""Pairs whose pictures are kept to look at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a run is worth at one moment. PSNR is over all RGB samples, unshifted."""

    gain_db: float
    """Mean over the pairs of what restoring adds to the PSNR."""
    restored_db: float
    blurred_db: float
    sharp_kept_db: float
    """Mean PSNR of restored sharp pictures against themselves unrestored."""
    pictures: Image8
    """Rows of blurred | restored | sharp."""

    def as_figures(self) -> dict[str, float]:
        """The numbers, rounded to what they mean."""
        names = ("gain_db", "restored_db", "blurred_db", "sharp_kept_db")
        return {name: round(getattr(self, name), 3) for name in names}


Images = list[tuple["Image8", "Image8"]]
"""Blurred and sharp, (H, W, 3) each."""


def read_validation(options: DataOptions) -> Images:
    """Read the middles of some pairs of a data set, or of a validation set's stills."""
    roots = tuple(p / "stills" if (p / "stills").is_dir() else p for p in options.paths)
    pairs = read_pairs(replace(options, paths=roots))
    chosen = pairs[:: -(-len(pairs) // PAIRS)]
    return [(_middle(read_image(p.blurred)), _middle(read_image(p.sharp))) for p in chosen]


def _middle(image: Image8) -> Image8:
    top, left = (max(0, side - SIDE) // 2 for side in image.shape[:2])
    return image[top : top + SIDE, left : left + SIDE]


def validate(run: RunState, images: Images) -> Verdict:
    """Restore pictures by a run's averaged weights."""
    restore = restorer_from_generator(average_generator(run))
    restored = [restore(blurred) for blurred, _ in images]
    after = [psnr(r, sharp) for r, (_, sharp) in zip(restored, images, strict=True)]
    before = [psnr(blurred, sharp) for blurred, sharp in images]
    return Verdict(
        gain_db=fmean(a - b for a, b in zip(after, before, strict=True)),
        restored_db=fmean(after),
        blurred_db=fmean(before),
        sharp_kept_db=fmean(psnr(restore(sharp), sharp) for _, sharp in images),
        pictures=_rows([(b, r, s) for (b, s), r in zip(images, restored, strict=True)][:SHOWN]),
    )


def _rows(triples: Sequence[tuple[Image8, Image8, Image8]]) -> Image8:
    height, width = (min(t[0].shape[axis] for t in triples) for axis in (0, 1))
    rows = [np.hstack([image[:height, :width] for image in triple]) for triple in triples]
    return np.vstack(rows)
