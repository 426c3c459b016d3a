"""Camera paths and the kernels they leave."""

from __future__ import annotations

import numpy as np
import pytest

from train.synthesis import paths

MAKERS = [paths.straight_path, paths.shaken_path]


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("length", [1.5, 8.0, 23.0])
def test_a_path_is_as_long_as_asked_and_centred(make, length):
    """The larger side of a path's bounding box is the length; its mean is the origin."""
    path = make(np.random.default_rng(3), length)

    assert length == pytest.approx(np.ptp(path, axis=0).max())
    assert path.mean(0) == pytest.approx([0, 0], abs=1e-9)


@pytest.mark.parametrize("make", MAKERS)
def test_a_kernel_keeps_light_and_stands_at_its_centroid(make):
    """A kernel sums to 1, its centre of mass is its middle: blur moves and dims nothing."""
    for seed in range(20):
        kernel = paths.kernel_from_path(make(np.random.default_rng(seed), 4 + seed)).astype(float)
        rows, columns = np.indices(kernel.shape) - kernel.shape[0] // 2

        assert kernel.sum() == pytest.approx(1, abs=1e-5)
        assert (kernel * rows).sum() == pytest.approx(0, abs=1e-3)
        assert (kernel * columns).sum() == pytest.approx(0, abs=1e-3)


def test_a_path_that_stands_still_leaves_the_unit_kernel():
    """No motion is no blur: a single 1 in the middle."""
    kernel = paths.kernel_from_path(np.zeros((5, 2)))

    expected = np.zeros_like(kernel)
    expected[kernel.shape[0] // 2, kernel.shape[1] // 2] = 1
    assert kernel == pytest.approx(expected)


def test_a_point_between_pixels_is_spread_by_the_cubic_of_keys():
    """Half way between pixels the weights are -1/16, 9/16, 9/16, -1/16 (Keys 1981, a = -1/2)."""
    kernel = paths.kernel_from_path(np.array([[0.5, 0.0]]))

    middle = kernel.shape[0] // 2
    assert kernel[middle, middle - 1 : middle + 3] * 16 == pytest.approx([-1, 9, 9, -1], abs=1e-5)


def test_paths_of_a_seed_are_the_same():
    """Equal generators of random numbers draw equal paths."""
    for make in MAKERS:
        first, second = (make(np.random.default_rng(7), 10.0) for _ in range(2))
        assert first.tolist() == second.tolist()
