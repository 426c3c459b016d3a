"""Warping error and tOF."""

from __future__ import annotations

import numpy as np
import pytest

from deblurvid.judge.metrics.flicker import flow_for_tof, motion, tof, visible, warping_error

cv2 = pytest.importorskip("cv2", reason="needs the score extra")

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


def test_motion_is_what_was_moved(texture):
    """A cut 2 px further right: everything lay 2 px to the right before, inside the picture."""
    back, mask = motion(cut(texture, 0), cut(texture, 2))

    assert np.median(back[:, :, 0]) == pytest.approx(2, abs=0.1)
    assert np.median(back[:, :, 1]) == pytest.approx(0, abs=0.1)
    assert mask[8:-8, 8:-8].mean() > 0.95


def test_tof_is_the_mean_length_of_the_difference():
    """Flows that differ by (3, 4) everywhere are 5 px apart."""
    assert tof(flow(4, 4), flow(1)) == 5


def test_tof_s_flow_points_to_where_things_go(texture):
    """A cut 2 px further right shows everything 2 px further left."""
    moved = flow_for_tof(cut(texture, 0), cut(texture, 2))

    assert np.median(moved[:, :, 0]) == pytest.approx(-2, abs=0.1)


def test_sixteen_bits_flicker_as_eight_do(texture):
    """257 times the code is the same light: the same flow, the same error, the same tOF."""
    before, now = cut(texture, 0), cut(texture, 2)
    deep = [image.astype(np.uint16) * 257 for image in (before, now)]
    mask = np.ones((SIDE, SIDE), bool)

    assert (motion(*deep)[0] == motion(before, now)[0]).all()
    assert (flow_for_tof(*deep) == flow_for_tof(before, now)).all()
    assert warping_error(*deep, flow(0), mask) == pytest.approx(
        warping_error(before, now, flow(0), mask)
    )
