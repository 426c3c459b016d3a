"""Draws of motion."""

from __future__ import annotations

import numpy as np
import pytest

from train.synthesis import motion, paths
from train.synthesis.blur_recipe import BlurRecipe
from train.synthesis.homography import landmarks, seen_at, views_extent

PAN = BlurRecipe(shaken_share=0, turned_share=0)
KERNEL = BlurRecipe(method="kernel", turned_share=0)


def test_lengths_follow_the_stated_distribution():
    """Of 20000 draws, the shares of sharp, short and long are the recipe's within a hundredth."""
    rng = np.random.default_rng(0)
    recipe = BlurRecipe(sharp_share=0.1, short_share=0.3, shortest=2, middle=8, longest=20)
    lengths = np.array([motion.draw_length(rng, recipe) for _ in range(20000)])

    assert (lengths == 0).mean() == pytest.approx(0.1, abs=0.01)
    assert ((lengths >= 2) & (lengths < 8)).mean() == pytest.approx(0.27, abs=0.01)
    assert lengths[lengths >= 8].mean() == pytest.approx(14, abs=0.1)
    assert lengths.max() <= 20


@pytest.mark.parametrize("recipe", [BlurRecipe(), KERNEL])
@pytest.mark.parametrize("frames", [1, 4])
def test_the_longest_exposure_is_as_long_as_asked(recipe, frames):
    """None is longer, and the last one's centroid is the origin."""
    for seed in range(8):
        exposures = motion.draw_exposures(np.random.default_rng(seed), recipe, 11.0, frames=frames)

        assert max(np.ptp(e, axis=0).max() for e in exposures) == pytest.approx(11)
        assert exposures[-1].mean(0) == pytest.approx([0, 0], abs=1e-9)


@pytest.mark.parametrize("shutter", [0.25, 0.5, 1.0])
def test_exposures_are_parts_of_one_path(shutter):
    """A pan is quadratic in time; with the closed times counted, so are all exposures together."""
    recipe = BlurRecipe(shaken_share=0, shutter=shutter)
    exposures = motion.draw_exposures(np.random.default_rng(2), recipe, 15.0, frames=5)
    period = paths.POINTS / shutter
    times = (np.arange(5)[:, None] * period + np.arange(paths.POINTS)).ravel() / period
    points = exposures.reshape(-1, 2)
    fit = np.polynomial.polynomial.polyfit(times, points, 2)
    parabola = np.polynomial.polynomial.polyval(times, fit).T

    assert parabola == pytest.approx(points, abs=1e-6)
    assert np.abs(points[-1] - points[0]).max() > 2 * 15


def test_a_short_shutter_leaves_straight_kernels():
    """A hundredth of a trajectory is all but a line, all of it seldom is."""
    bends = []
    for seed in range(60):
        path = motion.draw_exposures(np.random.default_rng(seed), KERNEL, 20.0)[0]
        spread = np.linalg.svd(path, compute_uv=False)
        bends.append(spread[1] / spread[0])

    assert path.shape == (2000, 2)
    assert np.mean(np.array(bends) < 0.1) > 0.25
    assert np.mean(np.array(bends) > 0.2) > 0.25


@pytest.mark.parametrize("frames", [1, 3])
def test_homographies_are_as_long_as_asked_and_centred(frames):
    """The longest way of a corner is the length; on average the last exposure sees the picture."""
    size = (160, 160)
    recipe = BlurRecipe(homography_share=1)
    for seed in range(6):
        views = motion.draw_views(
            np.random.default_rng(seed), recipe, 18.0, frames=frames, size=size
        )
        corners = landmarks(size, recipe.margin)
        extents = [views_extent(v, corners) for v in views]

        assert len(views) == frames
        assert max(extents) == pytest.approx(18, rel=0.01)
        assert seen_at(views[-1], corners).mean(0) == pytest.approx(corners, abs=0.1)


def test_homographies_move_each_corner_its_own_way():
    """Ways of two corners differ by more than a pixel in most draws; shifts' never do."""
    size = (320, 320)

    def spread(seed, share):
        recipe = BlurRecipe(homography_share=share, turned_share=0)
        views = motion.draw_views(np.random.default_rng(seed), recipe, 18.0, frames=1, size=size)
        ways = seen_at(views[0], landmarks(size))
        ways = ways - ways.mean(0)
        return np.abs(ways[:, 0] - ways[:, 3]).max()

    assert np.median([spread(seed, 1) for seed in range(20)]) > 1
    assert max(spread(seed, 0) for seed in range(5)) < 1e-9


def test_a_turn_goes_on_from_frame_to_frame():
    """At shutter 1 an exposure's last angle is the next one's first."""
    recipe = BlurRecipe(turned_share=1, turn_degrees=2, shutter=1.0)
    first, second = motion.draw_views(
        np.random.default_rng(0), recipe, 9.0, frames=2, size=(100, 100)
    )
    angles = [np.arctan2(v[:, 1, 0], v[:, 0, 0]) for v in (first, second)]

    assert angles[0][-1] == pytest.approx(angles[1][0])
    assert angles[1][0] == pytest.approx(-angles[1][-1])
    assert np.abs(angles[1]).max() > 1e-3
