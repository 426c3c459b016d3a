"""PSNR and SSIM."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from train.evaluate.score import psnr, psnr_shifted, ssim


def test_psnr_of_an_error_of_one_code():
    """20 log10(255) = 48.13 dB."""
    a = np.full((16, 16, 3), 100, np.uint8)

    assert psnr(a, a + 1) == pytest.approx(48.1308, abs=1e-3)
    assert psnr(a, a) == 100


def test_a_picture_moved_by_three_pixels_is_the_same_picture_and_by_four_not():
    """The score allows whole shifts up to 3 px, either way."""
    sharp = np.random.default_rng(1).integers(0, 256, (32, 32, 3), np.uint8)

    assert psnr_shifted(np.roll(sharp, (3, -3), (0, 1)), sharp) == 100
    assert psnr_shifted(np.roll(sharp, 4, 0), sharp) < 15


def test_ssim_is_that_of_its_paper():
    """Wang et al. 2004, equation 13, written out.

    11x11 Gaussian of sigma 1.5, biased covariance, K = 0.01 and 0.03, the mean over all whole
    windows and over R, G and B.
    """
    rng = np.random.default_rng(2)
    a = rng.integers(0, 256, (24, 30, 3), np.uint8)
    b = np.clip(a + rng.normal(0, 40, a.shape), 0, 255).astype(np.uint8)
    line = np.exp(-(np.arange(-5.0, 6.0) ** 2) / (2 * 1.5**2))
    window = np.outer(line, line) / line.sum() ** 2

    def mean(x):
        return cv2.filter2D(x, cv2.CV_64F, window)[5:-5, 5:-5]

    x, y = a.astype(float), b.astype(float)
    mx, my = mean(x), mean(y)
    vx, vy, cov = mean(x * x) - mx**2, mean(y * y) - my**2, mean(x * y) - mx * my
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    structure = (2 * mx * my + c1) * (2 * cov + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))

    assert ssim(b, a) == pytest.approx(structure.mean(), abs=1e-9)
    assert ssim(a, a) == pytest.approx(1)
