"""A camera's sensor and curve: light from a photograph, and codes from the light exposed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from train.synthesis.curve import draw_curve
from train.synthesis.highlights import Highlights, draw_highlights, lifted
from train.synthesis.light import CODES, SRGB, Curve, image_from_light, light_from_image
from train.synthesis.noise import Noise, draw_noise, with_noise

if TYPE_CHECKING:
    from train.synthesis.blur_recipe import BlurRecipe
    from train.synthesis.light import Image8, Light


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sensor:
    """What a camera does to all of its pictures alike."""

    curve: Curve
    highlights: Highlights | None
    """What was above 1 in a photograph; None leaves it at 1."""
    noise: Noise | None
    exposure: float = 1.0
    """How much of the light is taken, above 0, at most 1."""

    def light(self, image: Image8) -> Light:
        """Turn a photograph's codes (H, W, 3) into the light that they stand for."""
        light = light_from_image(image, self.curve)
        return lifted(light, self.highlights) if self.highlights else light

    def sharp(self, light: Light) -> Image8:
        """Turn light into codes without noise, clipped."""
        return image_from_light(light * np.float32(self.exposure), self.curve)

    def picture(self, rng: np.random.Generator, light: Light) -> Image8:
        """Turn exposed light into codes, with this sensor's noise, clipped."""
        taken = light * np.float32(self.exposure)
        noisy = with_noise(rng, taken, self.noise) if self.noise else taken
        return image_from_light(noisy, self.curve)


def draw_sensor(rng: np.random.Generator, recipe: BlurRecipe) -> Sensor:
    """Draw a camera by a recipe's shares."""
    curve = draw_curve(rng) if rng.random() < recipe.curve_share else SRGB
    bright = rng.random() < recipe.saturated_share
    return Sensor(
        curve=CODES if recipe.method == "kernel" else curve,
        highlights=draw_highlights(rng) if bright else None,
        noise=draw_noise(rng, recipe.correlated_share)
        if rng.random() < recipe.noisy_share
        else None,
        exposure=_draw_exposure(rng, recipe),
    )


def _draw_exposure(rng: np.random.Generator, recipe: BlurRecipe) -> float:
    if not recipe.dim_share or rng.random() >= recipe.dim_share:
        return 1.0
    return float(np.exp(rng.uniform(np.log(recipe.dimmest), 0)))
