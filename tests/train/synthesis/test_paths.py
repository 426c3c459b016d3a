"""Camera paths and the kernels they leave."""

from __future__ import annotations

import numpy as np
import pytest

from train.synthesis import paths

MAKERS = [paths.straight_path, paths.shaken_path]
KERNELS = [paths.kernel_from_path, paths.bilinear_kernel_from_path]


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("length", [1.5, 8.0, 23.0])
def test_a_path_is_as_long_as_asked_and_centred(make, length):
    """The larger side of a path's bounding box is the length; its mean is the origin."""
    path = make(np.random.default_rng(3), length)

    assert length == pytest.approx(np.ptp(path, axis=0).max())
    assert path.mean(0) == pytest.approx([0, 0], abs=1e-9)


@pytest.mark.parametrize("kernel_from_path", KERNELS)
@pytest.mark.parametrize("make", MAKERS)
def test_a_kernel_keeps_light_and_stands_at_its_centroid(make, kernel_from_path):
    """A kernel is odd, sums to 1, its centre of mass is its middle: blur moves and dims nothing."""
    for seed in range(20):
        kernel = kernel_from_path(make(np.random.default_rng(seed), 4 + seed)).astype(float)
        rows, columns = np.indices(kernel.shape) - kernel.shape[0] // 2

        assert kernel.shape[0] == kernel.shape[1]
        assert kernel.shape[0] % 2 == 1
        assert kernel.sum() == pytest.approx(1, abs=1e-5)
        assert (kernel * rows).sum() == pytest.approx(0, abs=1e-3)
        assert (kernel * columns).sum() == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("kernel_from_path", KERNELS)
def test_a_path_that_stands_still_leaves_the_unit_kernel(kernel_from_path):
    """No motion is no blur: a single 1 in the middle."""
    kernel = kernel_from_path(np.zeros((5, 2)))

    expected = np.zeros_like(kernel)
    expected[kernel.shape[0] // 2, kernel.shape[1] // 2] = 1
    assert kernel == pytest.approx(expected)


def test_bilinear_weights_are_never_negative():
    """A point a quarter right of and half below the middle has four weights, by hand."""
    kernel = paths.bilinear_kernel_from_path(np.array([[0.25, 0.5]]))

    assert kernel.tolist() == [[0, 0, 0], [0, 0.375, 0.125], [0, 0.375, 0.125]]


def test_a_kernel_lies_where_its_path_goes():
    """In (x, y), x is a column and y a row: two points right and one down of the middle."""
    for kernel_from_path in KERNELS:
        kernel = kernel_from_path(np.array([[2.0, 1.0]]))
        middle = kernel.shape[0] // 2

        assert kernel[middle + 1, middle + 2] == pytest.approx(1)


@pytest.mark.parametrize("make", MAKERS)
def test_a_path_may_have_more_points(make):
    """As many as asked for, of the same length."""
    path = make(np.random.default_rng(3), 9.0, 240)

    assert path.shape == (240, 2)
    assert np.ptp(path, axis=0).max() == pytest.approx(9)


def test_resampling_walks_the_same_way():
    """Between its points a path is straight; its ends stay."""
    path = np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 4.0]])

    assert paths.resampled(path, 5).tolist() == [[0, 0], [1, 0], [2, 0], [2, 2], [2, 4]]


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
