"""What a shutter's opening leaves: the light exposed, and the sharp light that belongs to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from train.synthesis.exposure import expose_views
from train.synthesis.homography import landmarks, views_extent
from train.synthesis.layers import composite, draw_mask, expose_layers, layer_from_light
from train.synthesis.motion import draw_blurred_length, draw_shifts, draw_views

if TYPE_CHECKING:
    import numpy as np

    from train.synthesis.blur_recipe import BlurRecipe
    from train.synthesis.homography import Views
    from train.synthesis.light import Light

_STILL_SHARE = 0.3
"""Of the layered: the camera stands still, only the thing before it moves."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shot:
    """Exposures in a row, and the sharp picture of the last, all of one size, margin included."""

    exposed: list[Light]
    """Oldest first."""
    sharp: Light
    """At the last exposure's centroid."""
    length: float
    """Blur of the last exposure in pixels: the largest over the picture. See `views_extent`."""


def draw_shot(
    rng: np.random.Generator, recipe: BlurRecipe, light: Light, *, length: float, frames: int
) -> Shot:
    """Draw a camera's motion of `length` pixels before light (H, W, 3), and expose it."""
    size = (light.shape[1], light.shape[0])
    shots = draw_views(rng, recipe, length, frames=frames, size=size)
    exposed = [expose_views(light, views, recipe.method) for views in shots]
    return Shot(exposed=exposed, sharp=light, length=_length(recipe, light, shots[-1]))


def draw_layered_shot(
    rng: np.random.Generator,
    recipe: BlurRecipe,
    layers: tuple[Light, Light],
    *,
    length: float,
    frames: int,
) -> Shot:
    """Draw the motion of a background and of a thing cut from another light, both (H, H, 3)."""
    background, other = layers
    side = background.shape[0]
    layer = layer_from_light(other, draw_mask(rng, side, recipe.margin))
    moves = rng.random() >= _STILL_SHARE
    own = draw_blurred_length(rng, recipe)
    behind = draw_views(rng, recipe, length if moves else 0.0, frames=frames, size=(side, side))
    before = draw_shifts(rng, recipe, own, frames=frames, size=(side, side))
    return Shot(
        exposed=[
            expose_layers(background, layer, *views) for views in zip(behind, before, strict=True)
        ],
        sharp=composite(background, layer),
        length=max(_length(recipe, background, shots[-1]) for shots in (behind, before)),
    )


def _length(recipe: BlurRecipe, light: Light, views: Views) -> float:
    return views_extent(views, landmarks((light.shape[1], light.shape[0]), recipe.margin))
