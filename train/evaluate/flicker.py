"""How a generator's clip flickers, beside the blurred clip's own figures and the truth's."""

from __future__ import annotations

from dataclasses import dataclass, fields
from statistics import fmean
from typing import TYPE_CHECKING

from deblurvid.judge.metrics.flicker import flow_for_tof, motion, tof, warping_error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from train.synthesis.light import Image8


@dataclass(frozen=True, slots=True, kw_only=True)
class Frames:
    """One frame of a clip three times: RGB codes (H, W, 3) of one size."""

    blurred: Image8
    restored: Image8
    sharp: Image8


@dataclass(frozen=True, slots=True, kw_only=True)
class Flicker:
    """Warping error in (code / 255)^2, NaN where nothing is visible in both frames; tOF in px."""

    warp_blurred: float
    warp_restored: float
    warp_sharp: float
    tof_blurred: float
    tof_restored: float


def flicker_between(before: Frames, now: Frames) -> Flicker:
    """Measure what changes from one frame to the next beyond what moves in the truth."""
    back, mask = motion(before.sharp, now.sharp)
    truth = flow_for_tof(before.sharp, now.sharp)
    return Flicker(
        warp_blurred=warping_error(before.blurred, now.blurred, back, mask),
        warp_restored=warping_error(before.restored, now.restored, back, mask),
        warp_sharp=warping_error(before.sharp, now.sharp, back, mask),
        tof_blurred=tof(flow_for_tof(before.blurred, now.blurred), truth),
        tof_restored=tof(flow_for_tof(before.restored, now.restored), truth),
    )


def mean_flicker(steps: Sequence[Flicker]) -> Flicker:
    """Mean of each figure, over the steps where there is one.

    Raises:
        ValueError: there is none at all.
    """
    means = {}
    for field in fields(Flicker):
        values = [getattr(step, field.name) for step in steps]
        known = [value for value in values if value == value]  # NaN differs from itself
        if not known:
            raise ValueError("No two frames of a clip show the same thing: flicker has no value.")
        means[field.name] = fmean(known)
    return Flicker(**means)
