"""How restlessly the pictures of a clip follow each other.

Pictures without detail do well in both figures, and the warping error of the truth itself is above
zero: what is restored is to be read beside the blurred input and the sharp truth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from deblurvid.judge.metrics import Image

Flow = NDArray[np.float32]
"""(H, W, 2): for each pixel of one picture how far right and down it lies in the other."""
Mask = NDArray[np.bool_]


def motion(before: Image, now: Image) -> tuple[Flow, Mask]:
    """How the scene moves from one frame to the next, by OpenCV's DIS flow of the 8-bit grey.

    Returns:
        Where each pixel of `now` was in `before`, and which pixels are in both (see `visible`).
    """
    old, new = _grey(before), _grey(now)
    back, forth = _dis_flow(new, old), _dis_flow(old, new)
    return back, visible(back, forth)


def warping_error(before: Image, now: Image, back: Flow, mask: Mask) -> float:
    """Mean squared difference of `now` from `before` moved onto it, over the pixels of `mask`.

    Lai et al., arXiv 1808.00449, section 4: the mean of M (V_t - W(V_t-1))^2 where M is 1, over R,
    G and B. W follows the flow of the sharp truth, where there is one.

    Args:
        before: a picture.
        now: the frame after it.
        back: where each pixel of `now` was in `before`.
        mask: (H, W), true where a pixel counts.

    Returns:
        In (code / peak)^2; NaN where no pixel counts.
    """
    if not mask.any():
        return float("nan")
    moved = _moved(before.astype(np.float32), back)
    return float(np.square((now - moved)[mask] / np.iinfo(now.dtype).max).mean())


def flow_for_tof(before: Image, now: Image) -> Flow:
    """Farneback's flow of the 8-bit grey with the settings of tOF."""
    import cv2

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


def tof(flow: Flow, truth: Flow) -> float:
    """Mean length in pixels by which motion differs from the truth's (see `flow_for_tof`).

    Chu et al., arXiv 1811.09393, section 4.
    """
    return float(np.linalg.norm(flow - truth, axis=2).mean())


def visible(back: Flow, forth: Flow) -> Mask:
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


def _grey(image: Image) -> NDArray[np.uint8]:
    import cv2

    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    return np.asarray(grey if grey.dtype == np.uint8 else np.rint(grey / 257), np.uint8)


def _dis_flow(start: NDArray[np.uint8], end: NDArray[np.uint8]) -> Flow:
    import cv2

    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return np.asarray(dis.calc(start, end, np.zeros((*start.shape, 2), np.float32)), np.float32)


def _targets(flow: Flow) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    rows, columns = np.indices(flow.shape[:2], np.float32)
    return columns + flow[:, :, 0], rows + flow[:, :, 1]


def _moved(samples: NDArray[np.float32], flow: Flow) -> NDArray[np.float32]:
    """Take (H, W, C) from where `flow` points, interpolated linearly."""
    import cv2

    x, y = _targets(flow)
    moved = cv2.remap(samples, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.float32)
