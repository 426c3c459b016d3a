"""Figures added up."""

from __future__ import annotations

import numpy as np
import pytest

from deblurvid.judge.tally import BANDS_DB, EXTREMES, Mean, Moment, Tally


def moment(number, psnr_db, blurred=None):
    return Moment(
        item="a", frame=number, file=None, seconds=None, psnr_db=psnr_db, blurred_psnr_db=blurred
    )


def test_means_are_those_of_numpy():
    """Sums that come one by one give the mean, the least and the greatest; NaN does not count."""
    values = np.random.default_rng(0).normal(20, 5, 200)
    mean = Mean()
    for value in [*values[:50], float("nan"), *values[50:]]:
        mean.add(value)

    assert mean.count == 200
    assert mean.value == pytest.approx(values.mean())
    assert (mean.least, mean.greatest) == (values.min(), values.max())
    assert Mean().value is None


def test_the_worst_and_the_best_frames_are_kept():
    """Of a hundred in any order, those at both ends of the sorted list."""
    values = np.random.default_rng(1).permutation(100)
    tally = Tally()
    for number, value in enumerate(values):
        tally.add_moment(moment(number, float(value)))

    assert [m.psnr_db for m in tally.worst] == sorted(values)[:EXTREMES]
    assert [m.psnr_db for m in tally.best] == sorted(values)[::-1][:EXTREMES]
    assert all(values[m.frame] == m.psnr_db for m in (*tally.worst, *tally.best))


def test_gains_are_told_apart_by_the_blurred_input():
    """A frame at an edge belongs to the band above it; the gain is restored less blurred."""
    tally = Tally()
    for blurred in (0, *BANDS_DB, 99):
        tally.add_moment(moment(0, blurred + 0.5 if blurred < 28 else blurred - 0.25, blurred))

    assert [gains.count for gains in tally.gains] == [1, 1, 1, 2]
    assert [gains.value for gains in tally.gains] == [0.5, 0.5, -0.25, -0.25]
