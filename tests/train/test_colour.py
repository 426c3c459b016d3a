"""Colour and light against numbers of the standards."""

from __future__ import annotations

import numpy as np
import pytest

from train import colour
from train.synthesis import light


@pytest.mark.parametrize(
    ("rgb", "expected"),
    [
        ((255, 255, 255), (235, 128, 128)),
        ((0, 0, 0), (16, 128, 128)),
        ((255, 0, 0), (62.56, 102.34, 240)),
        ((0, 255, 0), (172.63, 41.66, 26.27)),
        ((0, 0, 255), (31.81, 240, 117.73)),
    ],
)
def test_primaries_have_the_codes_of_bt709(rgb, expected):
    """White, black and the primaries in limited BT.709, worked out by hand from kr and kb."""
    image = np.full((2, 2, 3), rgb, np.uint8)
    planes = colour.planes_from_image(image, colour.BT709)

    assert [p.shape for p in planes] == [(2, 2), (1, 1), (1, 1)]
    assert [float(p.mean()) for p in planes] == pytest.approx(expected, abs=0.01)


def test_chroma_is_the_mean_of_its_four_pixels():
    """One red pixel in a white block moves V by a quarter of what four do."""
    image = np.full((2, 2, 3), 255, np.uint8)
    image[0, 1] = (255, 0, 0)
    v = colour.planes_from_image(image, colour.BT709)[2]

    assert float(v[0, 0]) == pytest.approx(128 + (240 - 128) / 4, abs=0.01)


def test_weights_of_planes_are_those_of_the_inverse_matrix():
    """BT.709 full range: R = Y + 1.5748 V, G = Y - 0.1873 U - 0.4681 V, B = Y + 1.8556 U."""
    u = (0.1873**2 + 1.8556**2) / 3
    v = (1.5748**2 + 0.4681**2) / 3

    assert colour.plane_weights(colour.BT709_FULL) == pytest.approx((1, u, v), rel=1e-3)


@pytest.mark.parametrize(
    ("code", "linear"), [(0, 0.0), (10, 0.003035), (128, 0.215861), (255, 1.0)]
)
def test_light_of_a_code_is_that_of_srgb(code, linear):
    """Values of IEC 61966-2-1, to six places."""
    image = np.full((1, 1, 3), code, np.uint8)

    assert float(light.light_from_image(image)[0, 0, 0]) == pytest.approx(linear, abs=1e-6)


def test_light_and_back_is_the_same_picture():
    """Every code survives the way into linear light and back."""
    image = np.arange(256, dtype=np.uint8)[None, :, None].repeat(3, 2)

    assert light.image_from_light(light.light_from_image(image)).tolist() == image.tolist()
