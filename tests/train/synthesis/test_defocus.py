"""Pictures out of focus."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from train.synthesis import scene as synthesis
from train.synthesis.blur_recipe import BlurRecipe
from train.synthesis.defocus import disc, draw_defocus
from train.synthesis.drawing import hairs

RECIPE = BlurRecipe(defocused_share=1.0, widest=6.0)
SIDE = 192


@pytest.fixture(scope="module")
def light():
    """Linear light without any smooth place."""
    return np.random.default_rng(5).random((SIDE, SIDE, 3), np.float32)


@pytest.mark.parametrize("radius", [2.4, 3.5, 6.0])
def test_a_point_out_of_focus_is_an_even_disc(radius):
    """Its light sums to 1, and spreads by radius^2 / 4 along each axis, as a disc's area does."""
    kernel = disc(radius)

    assert kernel.sum() == pytest.approx(1, abs=1e-6)
    at = np.arange(len(kernel)) - len(kernel) // 2
    # A pixel is itself a square of light, which spreads by 1/12.
    assert (kernel.sum(0) * at**2).sum() == pytest.approx(radius**2 / 4 + 1 / 12, rel=0.02)
    assert np.array_equal(kernel, kernel.T)


def test_mostly_something_stands_in_focus(light):
    """In seven pictures of ten a part is kept to the bit, and the rest has lost its detail."""
    kept = []
    for seed in range(60):
        out = draw_defocus(np.random.default_rng(seed), RECIPE, light)
        same = (out == light).all(2)
        kept.append(same.mean())
        assert out[~same].std() < 0.75 * light.std()

    assert 0.55 < np.mean(np.array(kept) > 0) < 0.85
    assert max(kept) < 0.6


def test_a_pattern_stands_behind_the_photograph(light):
    """Before it the photograph is kept as without; behind it nothing of it is left."""
    patterned = replace(RECIPE, pattern_share=1.0)
    other = np.ascontiguousarray(light[::-1])
    found = 0
    for seed in range(20):
        one, two = (
            draw_defocus(np.random.default_rng(seed), patterned, given) for given in (light, other)
        )
        kept = (one == light).all(2)
        behind = ((one == two) & (one != light)).all(2)
        assert (kept | behind).mean() > 0.6  # the rest is the border of what stands in focus
        assert behind.mean() > 0.3
        found += kept.any()
    assert 8 <= found <= 19


def test_hairs_are_thin_and_in_focus(light):
    """They are worn away by one pixel but where they cross; a quarter of pictures keep such ones."""
    for seed in range(10):
        covered = hairs(np.random.default_rng(seed), SIDE)
        thin = cv2.erode((covered > 0.9).astype(np.uint8), np.ones((3, 3), np.uint8))

        assert 0.005 < (covered > 0.9).mean() < 0.4
        assert thin.mean() < 0.02
    bare = 0
    for seed in range(60):
        kept = (draw_defocus(np.random.default_rng(seed), RECIPE, light) == light).all(2)
        alone = kept & ~cv2.dilate(
            cv2.erode(kept.astype(np.uint8), np.ones((3, 3), np.uint8)), np.ones((5, 5), np.uint8)
        ).astype(bool)
        bare += alone.mean() > 0.004
    assert 8 < bare < 30


def test_a_share_of_none_leaves_all(light):
    """Without a share nothing is out of focus."""
    assert draw_defocus(np.random.default_rng(0), BlurRecipe(), light) is light


def test_a_scene_is_out_of_focus_on_both_sides(photos):
    """Focus belongs to the view: the target has it too, and a sharp pair stays one."""
    plain = BlurRecipe(sharp_share=1, turned_share=0, noisy_share=0, jpeg_share=0, h264_share=0)
    focused, spread = (
        synthesis.make_scene(
            synthesis.SynthesisSource(photos=photos, recipe=recipe, kind="planes"), 1, 3, 64
        )
        for recipe in (plain, replace(plain, defocused_share=1.0))
    )

    assert np.array_equal(spread.blurred[0], spread.sharp[0])
    assert not np.array_equal(spread.sharp[0], focused.sharp[0])
