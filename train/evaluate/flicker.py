"""How restlessly the pictures of a clip follow each other, beside the clip's own truth.

Pictures without detail do well in both figures, and the warping error of the truth itself is above
zero: what is restored is to be read beside the blurred input and the sharp truth.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from statistics import fmean
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

    from train.synthesis.light import Image8

Flow = NDArray[np.float32]
"""(H, W, 2): for each pixel of one picture how far right and down it lies in the other."""


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
    """Measure what changes from one frame to the next beyond what moves.

    Warping error: Lai et al., arXiv 1808.00449, section 4: the mean of M (V_t - W(V_t-1))^2 where
    M is 1, over R, G and B; W follows the optical flow of the sharp truth (OpenCV's DIS), and M
    leaves out what `visible` does. tOF: Chu et al., arXiv 1811.09393, section 4: the mean length
    of the difference of two flows (Farneback's), that of the pictures and that of the truth.
    """
    old, new = _grey(before.sharp), _grey(now.sharp)
    back, forth = _flow(new, old), _flow(old, new)
    mask = visible(back, forth)
    truth = _farneback(before.sharp, now.sharp)
    return Flicker(
        warp_blurred=warping_error(before.blurred, now.blurred, back, mask),
        warp_restored=warping_error(before.restored, now.restored, back, mask),
        warp_sharp=warping_error(before.sharp, now.sharp, back, mask),
        tof_blurred=_mean_distance(truth, _farneback(before.blurred, now.blurred)),
        tof_restored=_mean_distance(truth, _farneback(before.restored, now.restored)),
    )


def warping_error(before: Image8, now: Image8, back: Flow, mask: NDArray[np.bool_]) -> float:
    """Mean squared difference of `now` from `before` moved onto it, over the pixels of `mask`.

    Args:
        before: RGB codes (H, W, 3).
        now: the frame after it.
        back: where each pixel of `now` was in `before`.
        mask: (H, W), true where a pixel counts.

    Returns:
        In (code / 255)^2; NaN where no pixel counts.
    """
    if not mask.any():
        return float("nan")
    moved = _moved(before.astype(np.float32), back)
    return float(np.square((now - moved)[mask] / 255).mean())


def visible(back: Flow, forth: Flow) -> NDArray[np.bool_]:
    """Tell the pixels (H, W) that are in both frames: those whose way there and back ends near.

    Near is a squared distance of at most 0.01 of both ways' squared lengths plus 0.5 (Ruder et
    al., arXiv 1604.08610, equation 5). What left the picture counts as hidden.
    """
    height, width = back.shape[:2]
    x, y = _targets(back)
    inside = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    there = _moved(forth, back)
    lengths = np.square(back).sum(2) + np.square(there).sum(2)
    return np.asarray(inside & (np.square(back + there).sum(2) <= 0.01 * lengths + 0.5))


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


def _grey(image: Image8) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)


def _flow(start: NDArray[np.uint8], end: NDArray[np.uint8]) -> Flow:
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return np.asarray(dis.calc(start, end, np.zeros((*start.shape, 2), np.float32)), np.float32)


def _farneback(before: Image8, now: Image8) -> Flow:
    """Farneback's flow with the settings of tOF."""
    start, end = _grey(before), _grey(now)
    flow = cv2.calcOpticalFlowFarneback(
        start,
        end,
        np.zeros((*start.shape, 2), np.float32),
        pyr_scale=0.5,
        levels=3,
        winsize=15,
        iterations=3,
        poly_n=5,
        poly_sigma=1.2,
        flags=0,
    )
    return np.asarray(flow, np.float32)


def _mean_distance(a: Flow, b: Flow) -> float:
    return float(np.linalg.norm(a - b, axis=2).mean())


def _targets(flow: Flow) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    rows, columns = np.indices(flow.shape[:2], np.float32)
    return columns + flow[:, :, 0], rows + flow[:, :, 1]


def _moved(samples: NDArray[np.float32], flow: Flow) -> NDArray[np.float32]:
    """Take (H, W, C) from where `flow` points, interpolated linearly."""
    x, y = _targets(flow)
    moved = cv2.remap(samples, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.float32)
