"""Flicker of a generator's clip."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from train.evaluate.flicker import Flicker, Frames, flicker_between, mean_flicker

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
