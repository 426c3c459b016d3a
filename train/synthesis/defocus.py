"""What lies out of focus: blur of the lens, which is no motion and is to stay as it is.

A point out of focus becomes the image of the aperture, for a round one a disc of even light: the
circle of confusion (Potmesil and Chakravarty, "A lens and aperture camera model for synthetic image
generation", SIGGRAPH 1981, section 3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from train.synthesis.drawing import hairs, pattern
from train.synthesis.layers import draw_mask
from train.synthesis.light import light_from_image

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from train.synthesis.blur_recipe import BlurRecipe
    from train.synthesis.light import Light

_FINE = 8
"""Points a pixel and axis by which the disc's border is weighed."""
_LEAST_RADIUS = 1.0
_WHOLE_SHARE = 0.3
"""Of the pictures out of focus: nothing in it is in focus."""
_HAIRY_SHARE = 0.4
"""Of those with something in focus: hairs, twigs or wires are as well."""


def disc(radius: float) -> NDArray[np.float32]:
    """Share of a disc of light that falls on each pixel: odd side, sum 1, radius in pixels."""
    reach = int(np.ceil(radius))
    at = (np.arange((2 * reach + 1) * _FINE) + 0.5) / _FINE - reach - 0.5
    inside = (at[:, None] ** 2 + at[None, :] ** 2 <= radius**2).astype(np.float32)
    side = 2 * reach + 1
    shares = inside.reshape(side, _FINE, side, _FINE).sum((1, 3))
    return np.asarray(shares / shares.sum(), np.float32)


def draw_defocus(rng: np.random.Generator, recipe: BlurRecipe, light: Light) -> Light:
    """Put linear light (H, H, 3) out of focus, as often as the recipe says.

    Mostly the background only: something stands before it in focus. The background may be a pattern.
    """
    if rng.random() >= recipe.defocused_share:
        return light
    radius = rng.uniform(_LEAST_RADIUS, recipe.widest)
    drawn = recipe.pattern_share and rng.random() < recipe.pattern_share
    behind = light_from_image(pattern(rng, light.shape[0])) if drawn else light
    spread = cv2.filter2D(behind, -1, disc(radius), borderType=cv2.BORDER_REFLECT_101)
    if rng.random() < _WHOLE_SHARE:
        return np.asarray(spread)
    near = draw_mask(rng, light.shape[0], recipe.margin)
    if rng.random() < _HAIRY_SHARE:
        near = np.maximum(near, hairs(rng, light.shape[0]))
    near = near[:, :, None]
    return np.asarray(near * light + (1 - near) * spread)
