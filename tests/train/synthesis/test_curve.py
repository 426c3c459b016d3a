"""Tone curves, there and back."""

from __future__ import annotations

import numpy as np
import pytest

from train.synthesis.curve import camera_curve, draw_curve
from train.synthesis.light import CODES, SRGB, image_from_light, light_from_image

RANDOM = [draw_curve(np.random.default_rng(seed)) for seed in range(8)]
ALL_CODES = np.tile(np.arange(256, dtype=np.uint8)[None, :, None], (1, 1, 3))


@pytest.mark.parametrize("curve", [SRGB, CODES, *RANDOM, camera_curve(2.6, 0.8)])
def test_a_curve_is_the_inverse_of_its_inverse(curve):
    """Every code comes back from its light, by any camera."""
    light = light_from_image(ALL_CODES, curve)

    assert np.array_equal(image_from_light(light, curve), ALL_CODES)
    assert (np.diff(light[0, :, 0]) > 0).all()
    assert light[0, [0, 255], 0].tolist() == [0, 1]


def test_a_gamma_is_a_power():
    """Without contrast, gamma 2 makes the square: code 51 (a fifth) is a twenty-fifth of light."""
    light = light_from_image(ALL_CODES, camera_curve(2.0, 1.0))[0, :, 0]

    assert light == pytest.approx((np.arange(256) / 255) ** 2, abs=1e-6)


def test_contrast_steepens_the_middle():
    """s(v) = v^c / (v^c + (1 - v)^c): c = 2 turns a quarter into a tenth, and leaves the middle."""
    curve = camera_curve(2.0, 2.0)
    light = np.full((1, 3, 3), 0, np.float32)
    light[0, :, :] = np.array([0.25, 0.5, 0.75])[:, None] ** 2

    assert image_from_light(light, curve)[0, :, 0] / 255 == pytest.approx([0.1, 0.5, 0.9], abs=2e-3)


def test_light_outside_is_clipped():
    """A sensor holds no more than 1 and no less than nothing."""
    light = np.array([[[-0.1, 0.0, 7.0]]], np.float32)

    for curve in (SRGB, CODES, RANDOM[0]):
        assert image_from_light(light, curve).tolist() == [[[0, 0, 255]]]


def test_cameras_differ():
    """Two of them make different codes of the same light: ten and more at mid grey."""
    grey = np.full((1, 1, 3), 0.2, np.float32)
    codes = [int(image_from_light(grey, curve)[0, 0, 0]) for curve in RANDOM]

    assert max(codes) - min(codes) > 10
