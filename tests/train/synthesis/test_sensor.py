"""Light and what a sensor makes of it."""

from __future__ import annotations

import numpy as np
import pytest

from train.synthesis.blur_recipe import BlurRecipe
from train.synthesis.light import SRGB, code_from_linear, linear_from_code
from train.synthesis.noise import Noise
from train.synthesis.sensor import Sensor, draw_sensor

GREY = np.full((200, 200, 3), 0.64, np.float32)


def _sensor(noise: Noise | None = None) -> Sensor:
    return Sensor(curve=SRGB, highlights=None, noise=noise, exposure=0.25)


def test_a_quarter_of_the_light_reaches_both_pictures():
    """Light of 0.64 becomes the code of 0.16, in what is exposed and in the sharp picture."""
    code = round(float(code_from_linear(np.float64(0.16))) * 255)

    assert (_sensor().sharp(GREY) == code).all()
    assert (_sensor().picture(np.random.default_rng(0), GREY) == code).all()


def test_noise_is_that_of_the_light_that_is_left():
    """Its variance is a x + b at x = 0.16, not a quarter of that at 0.64."""
    noise = Noise(shot=4e-4, read=1e-6)
    codes = _sensor(noise).picture(np.random.default_rng(1), GREY)
    light = linear_from_code(codes / 255)

    assert light.mean() == pytest.approx(0.16, rel=0.01)
    assert light.var() == pytest.approx(4e-4 * 0.16 + 1e-6, rel=0.1)


def test_exposures_are_log_uniform():
    """From `dimmest` to 1, half of them below the root of it; without a share all are 1."""
    recipe = BlurRecipe(dim_share=1.0, dimmest=0.09)
    drawn = [draw_sensor(np.random.default_rng(seed), recipe).exposure for seed in range(400)]

    assert 0.09 <= min(drawn) < 0.1
    assert 0.95 < max(drawn) <= 1
    assert np.mean(np.array(drawn) < 0.3) == pytest.approx(0.5, abs=0.08)
    assert draw_sensor(np.random.default_rng(0), BlurRecipe()).exposure == 1
