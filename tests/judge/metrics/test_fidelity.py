"""PSNR and SSIM."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from deblurvid.judge.metrics.fidelity import psnr, squared_error, ssim

pytest.importorskip("cv2", reason="needs the score extra")


def test_psnr_of_an_error_of_one_code():
    """20 log10(255) = 48.13 dB."""
    a = np.full((16, 16, 3), 100, np.uint8)

    assert psnr(a, a + 1) == pytest.approx(48.1308, abs=1e-3)
    assert psnr(a, a) == 100


def test_psnr_at_sixteen_bits_counts_from_65535():
    """An error of 257 codes of 65535 is one of 1 of 255; one code everywhere is 96.33 dB."""
    a = np.full((16, 16, 3), 1000, np.uint16)

    assert psnr(a, a + 257) == pytest.approx(48.1308, abs=1e-3)
    assert psnr(a, a + 1) == pytest.approx(20 * np.log10(65535))


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_the_squared_error_is_a_mean_of_squares(kind):
    """In float64 by numpy, over codes as far apart as can be, which must not wrap around."""
    rng = np.random.default_rng(0)
    top = np.iinfo(kind).max
    a, b = (rng.integers(0, top, (33, 47, 3), kind, endpoint=True) for _ in range(2))
    a[0], b[0] = 0, top
    expected = np.mean((a.astype(float) - b.astype(float)) ** 2) / top**2

    assert squared_error(a, b, top) == pytest.approx(expected, rel=1e-12)


def test_psnr_never_passes_that_of_equal_pictures():
    """One code in one of many samples is 112 dB by the formula; equal pictures have 100."""
    a = np.zeros((720, 1280, 3), np.uint8)
    b = a.copy()
    b[0, 0, 0] = 1

    assert psnr(b, a) == 100


@pytest.mark.parametrize(("kind", "scale"), [(np.uint8, 1), (np.uint16, 257)])
def test_ssim_is_that_of_its_paper(kind, scale):
    """Wang et al. 2004, equation 13, written out in numpy, at 8 and at 16 bits.

    11x11 Gaussian of sigma 1.5, biased covariance, K = 0.01 and 0.03, the mean over all whole
    windows and over R, G and B.
    """
    rng = np.random.default_rng(2)
    a = rng.integers(0, 256, (24, 30, 3), np.uint8)
    b = np.clip(a + rng.normal(0, 40, a.shape), 0, 255).astype(np.uint8)
    a, b = (image.astype(kind) * kind(scale) for image in (a, b))
    line = np.exp(-(np.arange(-5.0, 6.0) ** 2) / (2 * 1.5**2))
    window = np.outer(line, line) / line.sum() ** 2

    def mean(x):
        return np.einsum("yxcij,ij->yxc", sliding_window_view(x, (11, 11), (0, 1)), window)

    x, y = a.astype(float), b.astype(float)
    mx, my = mean(x), mean(y)
    vx, vy, cov = mean(x * x) - mx**2, mean(y * y) - my**2, mean(x * y) - mx * my
    c1, c2 = (0.01 * 255 * scale) ** 2, (0.03 * 255 * scale) ** 2
    structure = (2 * mx * my + c1) * (2 * cov + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))

    assert ssim(b, a) == pytest.approx(structure.mean(), abs=1e-9)
    assert ssim(a, a) == pytest.approx(1)
