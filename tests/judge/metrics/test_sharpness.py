"""The variance of the Laplacian."""

from __future__ import annotations

import numpy as np
import pytest

from deblurvid.judge.metrics.sharpness import laplacian_variance, resize_bilinear

cv2 = pytest.importorskip("cv2", reason="needs the score extra")


@pytest.fixture
def noise():
    return np.random.default_rng(0).integers(0, 256, (13, 17, 3), np.uint8)


def test_two_columns_by_hand():
    """Grey 0 | 10: mirrored, both neighbours of a pixel are of the other column.

    The response is 2 * 10 on the dark and -2 * 10 on the light one, so the variance is 400.
    """
    image = np.zeros((2, 2, 3), np.uint8)
    image[:, 1] = 10

    assert laplacian_variance(image) == pytest.approx(400)


@pytest.mark.parametrize(("channel", "weight"), [(0, 0.299), (1, 0.587), (2, 0.114)])
def test_grey_has_the_weights_of_bt601(channel, weight):
    """ITU-R BT.601: Y' = 0.299 R' + 0.587 G' + 0.114 B'; a variance goes with the square."""
    image = np.zeros((2, 2, 3), np.uint8)
    image[:, 1, channel] = 100

    assert laplacian_variance(image) == pytest.approx((2 * 100 * weight) ** 2)


def test_each_pixel_answers_with_the_sum_of_its_four_neighbours_less_four_times_itself(noise):
    """A loop over the pixels, mirrored about the outermost ones, gives the same."""
    grey = noise @ np.array([0.299, 0.587, 0.114])
    rows, columns = grey.shape

    def at(y, x):
        y, x = abs(y), abs(x)
        return grey[min(y, 2 * (rows - 1) - y), min(x, 2 * (columns - 1) - x)]

    responses = [
        at(y - 1, x) + at(y + 1, x) + at(y, x - 1) + at(y, x + 1) - 4 * at(y, x)
        for y in range(rows)
        for x in range(columns)
    ]
    mean = sum(responses) / len(responses)
    variance = sum((r - mean) ** 2 for r in responses) / len(responses)

    assert laplacian_variance(noise) == pytest.approx(variance, rel=1e-12)


def test_a_spot_by_hand():
    """One pixel of 3 x 3 is 6, in the middle, the others 0.

    Mirrored about the outermost pixels, the middle answers -4 * 6 = -24; the four beside it see it
    once, and their own mirror image of it once more: 6 + 6 = 12; the corners see none of it: 0. The
    mean is (4 * 12 - 24) / 9 = 8 / 3, the mean square (4 * 144 + 576) / 9 = 128, the variance
    128 - 64 / 9.
    """
    image = np.zeros((3, 3, 3), np.uint8)
    image[1, 1] = 6

    assert laplacian_variance(image) == pytest.approx(128 - 64 / 9, rel=1e-12)


def test_sixteen_bits_score_as_eight_do(noise):
    """257 times the code of 8 bits is the same light at 16."""
    assert laplacian_variance(noise.astype(np.uint16) * 257) == pytest.approx(
        laplacian_variance(noise), rel=1e-12
    )


def test_it_is_opencv_s_score_before_rounding(noise):
    """cv2.Laplacian(grey, CV_64F).var(), as the seed's statistics and most of the field have it."""
    grey = noise @ np.array([0.299, 0.587, 0.114])

    assert laplacian_variance(noise) == pytest.approx(cv2.Laplacian(grey, cv2.CV_64F).var())


@pytest.mark.parametrize("size", [(5, 7), (31, 29), (13, 17), (1, 40)])
def test_resizing_is_opencv_s_bilinear(noise, size):
    """Up, down, to the same size and to one row: INTER_LINEAR on floating-point samples."""
    height, width = size
    expected = cv2.resize(noise.astype(float), (width, height), interpolation=cv2.INTER_LINEAR)

    assert resize_bilinear(noise, height, width) == pytest.approx(expected, abs=1e-3)


def test_a_size_is_brought_about_before_the_score(noise):
    """What is scored at 8 x 6 is the picture of 8 x 6."""
    small = cv2.resize(noise.astype(float), (8, 6), interpolation=cv2.INTER_LINEAR)
    expected = cv2.Laplacian(small @ np.array([0.299, 0.587, 0.114]), cv2.CV_64F).var()

    assert laplacian_variance(noise, (6, 8)) == pytest.approx(expected, rel=1e-4)
