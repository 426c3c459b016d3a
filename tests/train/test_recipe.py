"""Recipes as TOML tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from train.generators import ARCHITECTURES
from train.recipe import read_recipe, recipe_from_table

RECIPES = sorted((Path(__file__).parents[2] / "train" / "recipes").glob("*.toml"))


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_every_recipe_can_be_read(path):
    """A recipe in the folder has no unknown key and no value out of range."""
    assert read_recipe(path).architecture.multiple_of in (4, 8, 16, 32)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"samples": {"crops": 64}}, r"crops.*samples"),
        ({"optimiser": {"peak_rate": "fast"}}, r"optimiser\.peak_rate"),
        ({"samples": {"batch": 2.5}}, r"samples\.batch"),
        ({"architecture": {"kind": "resnet"}}, r"architecture"),
        ({"architecture": {"kind": "planes", "spectrum": 1}}, r"architecture"),
        ({"architecture": {"kind": "planes", "fold": True}}, r"architecture"),
        ({"spectrum": -0.1}, r"spectrum = -0\.1 is below zero"),
        ({"architecture": "huge"}, r"no architecture 'huge'; known: \['small', 'fast'"),
        ({"samples": {"crop": 120}}, r"crop 120 must be a multiple of 16"),
        ({"phases": [{"start": 0.5, "crop": 512, "batch": 2}]}, r"crop 512.*within the scene"),
        ({"architecture": "deblurgan"}, r"parts = 2 with"),
        ({"fidelity": {"psnr": 0}}, r"Every loss has weight 0"),
        (
            {"phases": [{"start": s, "crop": 64, "batch": 2} for s in (0.7, 0.4)]},
            r"start at \[0\.7, 0\.4\]",
        ),
    ],
)
def test_a_mistake_is_an_error_that_says_where(table, message):
    """A typing error must not become a silent default."""
    with pytest.raises(ValueError, match=message):
        recipe_from_table(table, "test.toml")


def test_an_architecture_may_be_a_name():
    """`architecture = "base"` is the table of that name."""
    recipe = recipe_from_table({"architecture": "base"}, "test.toml")

    assert recipe.architecture == ARCHITECTURES["base"]
