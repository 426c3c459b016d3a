"""What a recipe of blurs refuses."""

from __future__ import annotations

import pytest

from train.synthesis.blur_recipe import BlurRecipe


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"sharp_share": 1.5}, r"sharp_share = 1\.5 is no share"),
        ({"curve_share": -0.1}, r"curve_share = -0\.1 is no share"),
        ({"softest": 0.3}, r"softest = 0\.3 is below 0\.4"),
        ({"widest": 0.5}, r"widest = 0\.5 is below 1"),
        ({"dimmest": 0.0}, r"dimmest = 0\.0 is no part"),
        ({"method": "kernel", "turned_share": 0.0, "dim_share": 0.1}, r"set \['dim_share'\] to 0"),
        ({"shortest": 9.0, "middle": 8.0}, "must rise: shortest 9.0, middle 8.0"),
        ({"longest": 61.0}, "longest 61.0"),
        ({"shutter": 0.0}, "shutter = 0.0 is no part"),
        ({"method": "median"}, "method = 'median' is unknown"),
        ({"method": "kernel"}, r"set \['turned_share'\] to 0"),
        ({"jpeg_share": 0.5, "h264_share": 0.3, "h264_clip_share": 0.3}, "coded once"),
    ],
)
def test_an_impossible_recipe_is_refused(values, message):
    """The error names the field, the value and what is allowed."""
    with pytest.raises(ValueError, match=message):
        BlurRecipe(**values)


@pytest.mark.parametrize(("longest", "margin"), [(23.0, 32), (29.0, 32), (40.5, 44), (60.0, 63)])
def test_a_margin_is_wider_than_the_longest_blur(longest, margin):
    """32 pixels, or three more than the longest blur."""
    assert BlurRecipe(longest=longest).margin == margin
