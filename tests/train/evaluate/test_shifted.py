"""PSNR over shifts."""

from __future__ import annotations

import numpy as np

from train.evaluate.shifted import psnr_shifted


def test_a_picture_moved_by_three_pixels_is_the_same_picture_and_by_four_not():
    """The score allows whole shifts up to 3 px, either way."""
    sharp = np.random.default_rng(1).integers(0, 256, (32, 32, 3), np.uint8)

    assert psnr_shifted(np.roll(sharp, (3, -3), (0, 1)), sharp) == 100
    assert psnr_shifted(np.roll(sharp, 4, 0), sharp) < 15
