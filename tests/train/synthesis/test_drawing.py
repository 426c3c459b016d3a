"""What is drawn over pictures, or in their place."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from train.synthesis import scene as synthesis
from train.synthesis.blur_recipe import BlurRecipe
from train.synthesis.drawing import draw_over, figures, letters, lines

SIDE = 160


@pytest.fixture(scope="module")
def image():
    """Codes without any even place."""
    return np.random.default_rng(5).integers(1, 255, (SIDE, SIDE, 3), np.uint8)


def drawn(way, image, seeds):
    return [way(np.random.default_rng(seed), image) for seed in seeds]


def test_letters_lie_over_half_of_the_pictures(image):
    """There most of the picture is kept to the bit; elsewhere an even ground takes its place."""
    kept = np.array([(page == image).all(2).mean() for page in drawn(letters, image, range(60))])

    over = kept > 0.3
    assert 0.3 < over.mean() < 0.7
    assert kept[~over].max() < 0.01
    assert kept[over].max() < 1


def test_letters_can_be_read_on_their_ground(image):
    """Ink and ground are apart: the brightest and the darkest code differ by 48 or more."""
    pages = [p for p in drawn(letters, image, range(60)) if (p == image).all(2).mean() < 0.01]

    assert min(int(np.ptp(page, (0, 1)).max()) for page in pages) >= 48


def test_lines_repeat_at_even_distances(image):
    """Upright bands are the same in each of their rows, and repeat within 2 to 16 pixels."""
    pages = drawn(lines, image, range(80))
    upright = [p for p in pages if (p[0] == p[1]).all() and not (p[:, 0] == p[:, 1]).all()]

    assert len(upright) > 10
    for page in upright:
        row = page[0].astype(int)
        assert any((row[period:] == row[:-period]).all() for period in range(2, 17))
        assert len(np.unique(row, axis=0)) == 2


def test_figures_are_of_few_colours_and_take_the_place_of_the_picture(image):
    """A cartoon: even areas, so nearly all pixels have a neighbour of their own colour."""
    for page in drawn(figures, image, range(20)):
        assert (page[:, 1:] == page[:, :-1]).all(2).mean() > 0.75
        assert len(np.unique(page.reshape(-1, 3), axis=0)) > 1


def test_a_share_of_none_leaves_all(image):
    """Without a share nothing is drawn, and no number is taken from the generator."""
    rng = np.random.default_rng(0)

    assert draw_over(rng, BlurRecipe(), image) is image
    assert rng.bit_generator.state == np.random.default_rng(0).bit_generator.state


def test_a_share_is_of_the_pictures(image):
    """A quarter asked for: about a quarter changed."""
    recipe = BlurRecipe(drawn_share=0.25)
    rng = np.random.default_rng(1)
    share = np.mean([draw_over(rng, recipe, image) is not image for _ in range(400)])

    assert share == pytest.approx(0.25, abs=0.07)


def test_a_scene_is_drawn_on_both_sides(photos):
    """What is drawn belongs to the view: a sharp pair stays one."""
    plain = BlurRecipe(sharp_share=1, turned_share=0, noisy_share=0, jpeg_share=0, h264_share=0)
    photo, page = (
        synthesis.make_scene(
            synthesis.SynthesisSource(photos=photos, recipe=recipe, kind="planes"), 1, 3, 64
        )
        for recipe in (plain, replace(plain, drawn_share=1.0))
    )

    assert np.array_equal(page.blurred[0], page.sharp[0])
    assert not np.array_equal(page.sharp[0], photo.sharp[0])
