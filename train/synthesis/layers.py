"""Something that moves before the rest: two layers, each on its own way, seen together.

Both are seen at every moment of the exposure and composited then, in linear light: at the edges of
a moving thing the background shows for the part of the time in which nothing covers it. Colours are
premultiplied by their opacity: Porter and Duff, "Compositing digital images", SIGGRAPH 1984.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from train.synthesis.exposure import expose_views
from train.synthesis.homography import Views, landmarks, mean_views, seen_at, thinned, view

if TYPE_CHECKING:
    from train.synthesis.light import Light

Mask = NDArray[np.float32]
"""(H, W): opacity, 0 nothing there, 1 opaque."""
Layer = NDArray[np.float32]
"""(H, W, 4): linear light times opacity, and opacity."""

_FINE = 4
"""Bits of a pixel's fraction in outlines."""


def draw_mask(rng: np.random.Generator, side: int, margin: int) -> Mask:
    """Draw a blob or a polygon in the inner part of side x side pixels, with a soft edge.

    Its radius is about a tenth to a third of the inner side, its edge 0.5 to 1.5 pixels soft.
    """
    inner = side - 2 * margin
    middle = margin + rng.uniform(0.1, 0.9, 2) * inner
    radius = inner * rng.uniform(0.1, 0.33)
    if rng.random() < 0.5:
        corners = int(rng.integers(5, 10))
        angles = (np.arange(corners) + rng.uniform(-0.4, 0.4, corners)) * (2 * np.pi / corners)
        radii = rng.uniform(0.6, 1.4, angles.size)
    else:
        angles = np.linspace(0, 2 * np.pi, 64, endpoint=False)
        waves = np.arange(2, 5)
        swings = rng.uniform(0, 0.25, 3) * np.cos(angles[:, None] * waves + rng.uniform(0, 6.3, 3))
        radii = 1 + swings.sum(1)
    spokes = np.stack([np.cos(angles), np.sin(angles)], 1) * radii[:, None]
    outline = np.rint((middle + radius * spokes) * (1 << _FINE)).astype(np.int32)
    mask = np.zeros((side, side), np.float32)
    cv2.fillPoly(mask, [outline], 1.0, cv2.LINE_8, _FINE)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), rng.uniform(0.5, 1.5)))


def layer_from_light(light: Light, mask: Mask) -> Layer:
    """Cut linear light (H, W, 3) by a mask."""
    return np.dstack([light * mask[:, :, None], mask])


def composite(background: Light, layer: Layer) -> Light:
    """Put a layer before linear light."""
    return np.asarray(layer[:, :, :3] + (1 - layer[:, :, 3:]) * background)


def expose_layers(background: Light, layer: Layer, behind: Views, before: Views) -> Light:
    """Expose a background seen through `behind` and a layer seen through `before`.

    Moments are followed one by one only where the layer passes.
    """
    exposed = expose_views(background, behind)
    size = (background.shape[1], background.shape[0])
    swept = _swept(layer, before, size)
    if swept is None:
        return exposed
    reach = _reach(behind, size)
    left, top, right, bottom = swept
    x, y = max(left - reach, 0), max(top - reach, 0)
    part = (slice(y, bottom + reach), slice(x, right + reach))
    origin = np.array([[1, 0, x], [0, 1, y], [0, 0, 1]], float)
    moments = [np.linalg.inv(origin) @ views @ origin for views in (behind, before)]
    seen = _average(background[part], layer[part], moments)
    exposed = exposed.copy()
    exposed[top:bottom, left:right] = seen[top - y : bottom - y, left - x : right - x]
    return exposed


def _average(background: Light, layer: Layer, moments: list[Views]) -> Light:
    size = (background.shape[1], background.shape[0])
    count = max(len(thinned(views, size)) for views in moments)
    total = np.zeros_like(background)
    for behind, before in zip(*(mean_views(views, count) for views in moments), strict=True):
        total += composite(view(background, behind), view(layer, before))
    return np.asarray(total / np.float32(count))


def _swept(layer: Layer, views: Views, size: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """Left, top, right, bottom (exclusive) of all pixels in which the layer is ever seen."""
    rows, columns = np.nonzero(layer[:, :, 3].any(1))[0], np.nonzero(layer[:, :, 3].any(0))[0]
    if not rows.size:
        return None
    reach = _reach(views, size)
    return (
        max(int(columns[0]) - reach, 0),
        max(int(rows[0]) - reach, 0),
        min(int(columns[-1]) + reach + 1, size[0]),
        min(int(rows[-1]) + reach + 1, size[1]),
    )


def _reach(views: Views, size: tuple[int, int]) -> int:
    """How far from an output pixel views look at most, in pixels, with two for interpolation."""
    points = landmarks(size)
    return int(np.ceil(np.abs(seen_at(views, points) - points).max())) + 2
