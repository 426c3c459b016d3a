"""Warping error and tOF."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from train.evaluate.flicker import (
    Flicker,
    Frames,
    flicker_between,
    mean_flicker,
    visible,
    warping_error,
)

SIDE = 64


@pytest.fixture
def texture():
    """Smooth random texture, larger than a frame, for flows to hold on to."""
    noise = np.random.default_rng(0).integers(0, 256, (96, 96, 3), np.uint8)
    smooth = cv2.GaussianBlur(noise.astype(np.float32), (0, 0), 2) - 128
    return np.clip(128 + 6 * smooth, 10, 240).astype(np.uint8)


def cut(texture, x):
    """Take the frame whose left edge lies at column x."""
    return np.ascontiguousarray(texture[16 : 16 + SIDE, 16 + x : 16 + x + SIDE])


def flow(x, y=0.0):
    return np.full((SIDE, SIDE, 2), (x, y), np.float32)


def test_a_frame_moved_along_the_flow_has_no_error(texture):
    """What lies 3 px to the right in the frame before is found there; the other way it is not."""
    before, now = cut(texture, 0), cut(texture, 3)
    mask = np.ones((SIDE, SIDE), bool)
    mask[:, -3:] = False

    assert warping_error(before, now, flow(3), mask) == 0
    assert warping_error(before, now, flow(-3), mask) > 1e-3


def test_the_error_is_a_mean_of_squares_over_the_mask_only(texture):
    """A frame 5 codes brighter, but for rows that do not count: (5 / 255)^2; no mask, no figure."""
    before = cut(texture, 0)
    now = before + 5
    now[:10] = 0
    mask = np.ones((SIDE, SIDE), bool)
    mask[:10] = False

    assert warping_error(before, now, flow(0), mask) == pytest.approx((5 / 255) ** 2)
    assert np.isnan(warping_error(before, now, flow(0), np.zeros((SIDE, SIDE), bool)))


def test_visible_is_what_comes_back_to_where_it_went():
    """There and back by 3 px: all but the three columns that leave the picture.

    3 px there and nothing back: 9 > 0.01 * 9 + 0.5, hidden.
    """
    expected = np.ones((SIDE, SIDE), bool)
    expected[:, -3:] = False

    assert (visible(flow(3), flow(-3)) == expected).all()
    assert not visible(flow(3), flow(0)).any()


def test_a_clip_that_stands_flickers_by_what_is_added(texture):
    """The truth stands still, blurred and restored get brighter by 3 and 8 codes: flow nought."""
    still = cut(texture, 0)
    before = Frames(blurred=still, restored=still, sharp=still)
    step = flicker_between(before, Frames(blurred=still + 3, restored=still + 8, sharp=still))

    assert step.warp_sharp == 0
    assert step.warp_blurred == pytest.approx((3 / 255) ** 2)
    assert step.warp_restored == pytest.approx((8 / 255) ** 2)


def test_motion_of_the_truth_is_followed(texture):
    """Moved by 2 px, the truth and whatever moves with it have next to no error; what stands has."""
    old, new = cut(texture, 0), cut(texture, 2)
    before = Frames(blurred=old, restored=old, sharp=old)
    step = flicker_between(before, Frames(blurred=old, restored=new, sharp=new))

    assert step.warp_restored == step.warp_sharp < step.warp_blurred / 50


def test_tof_is_the_length_by_which_motion_differs(texture):
    """The truth moves 2 px, the restored clip with it, the blurred one not at all: 0 and 2 px."""
    old, new = cut(texture, 0), cut(texture, 2)
    before = Frames(blurred=old, restored=old, sharp=old)
    step = flicker_between(before, Frames(blurred=old, restored=new, sharp=new))

    assert step.tof_restored == 0
    assert step.tof_blurred == pytest.approx(2, abs=0.2)


def test_a_mean_leaves_out_steps_without_a_figure():
    """2 and 4 make 3, whatever a step says that showed nothing; nothing at all is an error."""
    steps = [Flicker(**dict.fromkeys(Flicker.__slots__, value)) for value in (2, float("nan"), 4)]

    assert mean_flicker(steps).warp_restored == 3
    with pytest.raises(ValueError, match="show the same thing"):
        mean_flicker(steps[1:2])
