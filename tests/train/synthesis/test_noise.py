"""A sensor's noise."""

from __future__ import annotations

import numpy as np
import pytest

from train.synthesis.noise import Noise, draw_noise, with_noise


def noise_at(value, noise):
    light = np.full((300, 300, 3), value, np.float32)
    return with_noise(np.random.default_rng(5), light, noise) - light


@pytest.mark.parametrize("spread", [0.0, 0.7])
@pytest.mark.parametrize("value", [0.0, 0.01, 0.3, 1.0])
def test_the_variance_is_linear_in_the_light(value, spread):
    """It is a x + b, with mean zero, whether neighbours share it or not (Foi et al. 2008)."""
    noise = noise_at(value, Noise(shot=4e-4, read=1e-6, spread=spread))

    assert noise.var() == pytest.approx(4e-4 * value + 1e-6, rel=0.03)
    assert abs(noise.mean()) < 4 * noise.std() / np.sqrt(noise.size / 9)


def test_neighbours_share_correlated_noise():
    """White noise has none in common; a Gaussian of s pixels exp(-1 / (4 s^2)) between neighbours."""
    for spread, expected in ((0.0, 0.0), (0.7, np.exp(-1 / (4 * 0.7**2)))):
        noise = noise_at(0.5, Noise(shot=1e-4, read=1e-7, spread=spread))
        shared = (noise[:, 1:] * noise[:, :-1]).mean() / noise.var()

        assert shared == pytest.approx(expected, abs=0.03)


def test_sensors_are_drawn_from_the_stated_ranges():
    """Log-uniform: the logarithm's mean is the middle of its range."""
    rng = np.random.default_rng(0)
    drawn = [draw_noise(rng, 0.25) for _ in range(4000)]
    shot = np.log([n.shot for n in drawn])

    assert (np.exp(shot.min()), np.exp(shot.max())) == pytest.approx((2e-5, 4e-4), rel=0.01)
    assert shot.mean() == pytest.approx(np.log(2e-5 * 4e-4) / 2, abs=0.05)
    assert np.mean([n.spread > 0 for n in drawn]) == pytest.approx(0.25, abs=0.03)


def test_noise_of_a_picture_deviates_about_a_code_and_a_half():
    """At mid grey (light 0.214, where a code is 1 / 255 / 2.2 of light wide or so)."""
    deviations = []
    for seed in range(300):
        light = np.full((32, 32, 3), 0.214, np.float32)
        rng = np.random.default_rng(seed)
        noise = with_noise(rng, light, draw_noise(rng)) - light
        # d code / d light of sRGB there: 255 * 1.055 / 2.4 * light^(1/2.4 - 1)
        deviations.append(noise.std() * 255 * 1.055 / 2.4 * 0.214 ** (1 / 2.4 - 1))

    assert 1 < np.median(deviations) < 2
