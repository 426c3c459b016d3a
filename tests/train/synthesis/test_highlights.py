"""Highlights brighter than the sensor holds."""

from __future__ import annotations

import numpy as np
import pytest

from train.synthesis.exposure import expose
from train.synthesis.highlights import Highlights, draw_highlights, lifted
from train.synthesis.light import image_from_light, light_from_image


def test_a_lifted_highlight_leaves_a_white_streak():
    """Spread over 5 pixels, a light of 6 still saturates each; a light of 1 gives codes of 124."""
    image = np.zeros((21, 21, 3), np.uint8)
    image[10, 10] = 255
    pan = np.stack([np.arange(-2.0, 3.0), np.zeros(5)], 1)
    light = light_from_image(image)
    bright = lifted(light, Highlights(threshold=0.9, gain=5.0))

    streak = image_from_light(expose(bright, pan))[10, :, 0]
    assert streak.tolist() == [0] * 8 + [255] * 5 + [0] * 8
    assert image_from_light(expose(light, pan))[10, 8:13, 0].tolist() == [124] * 5
    assert np.array_equal(image_from_light(bright), image)


def test_only_the_brightest_is_lifted_and_keeps_its_colour():
    """Nothing up to the threshold, all of the gain at 1, half of it in between; by factors."""
    light = np.array([[[0.8, 0.5, 0.1], [0.9, 0.3, 0.0], [1.0, 0.5, 0.2]]], np.float32)
    bright = lifted(light, Highlights(threshold=0.8, gain=1.0))

    assert bright == pytest.approx(light * np.array([1, 1.5, 2])[None, :, None], rel=1e-5)


def test_gains_are_those_of_rsblur():
    """Uniform from 0.25 to 1.75."""
    rng = np.random.default_rng(0)
    gains = np.array([draw_highlights(rng).gain for _ in range(2000)])

    assert (gains.min(), gains.max()) == pytest.approx((0.25, 1.75), abs=0.01)
    assert gains.mean() == pytest.approx(1, abs=0.03)
