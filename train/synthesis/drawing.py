"""What no camera has made: letters over a picture, figures, and lines at even distances.

Subtitles, screens and cartoons are sharper and more regular than any photograph; who has only seen
photographs may take lines two pixels apart for something else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from train.synthesis.blur_recipe import BlurRecipe
    from train.synthesis.light import Image8

    Colour = tuple[int, int, int]

_SYMBOLS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,:;!?()+-=/%  "
_FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_PLAIN,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
)


def draw_over(rng: np.random.Generator, recipe: BlurRecipe, image: Image8) -> Image8:
    """Draw something over display codes (H, W, 3), or in their place, as often as the recipe says."""
    if not recipe.drawn_share or rng.random() >= recipe.drawn_share:
        return image
    ways: tuple[Callable[[np.random.Generator, Image8], Image8], ...] = (letters, figures, lines)
    return ways[int(rng.integers(len(ways)))](rng, image)


def letters(rng: np.random.Generator, image: Image8) -> Image8:
    """Write lines of letters, half of the time over the picture, else on an even ground."""
    height, width = image.shape[:2]
    over = rng.random() < 0.5
    ink = _colour(rng)
    ground = _other(ink) if over else _apart(rng, ink)
    page = image.copy() if over else np.full_like(image, ground)
    scale, font = float(rng.uniform(0.3, 1.2)), _FONTS[int(rng.integers(len(_FONTS)))]
    smooth = cv2.LINE_AA if rng.random() < 0.7 else cv2.LINE_8
    stroke = int(rng.integers(1, 3))
    step = round(rng.uniform(28, 44) * scale) + 2
    top = int(rng.integers(step)) if not over else int(rng.integers(step, height))
    for y in range(top, min(height, top + 3 * step) if over else height + step, step):
        line = "".join(rng.choice(list(_SYMBOLS), round(width / (8 * scale))))
        strokes = ((ground, stroke + 2), (ink, stroke)) if over else ((ink, stroke),)
        for colour, thickness in strokes:
            cv2.putText(page, line, (0, y), font, scale, colour, thickness, smooth)
    return page


def figures(rng: np.random.Generator, image: Image8) -> Image8:
    """Draw boxes, discs and polygons of even colour, some with outlines, on an even ground."""
    height, width = image.shape[:2]
    page = np.full_like(image, _colour(rng))
    smooth = cv2.LINE_AA if rng.random() < 0.5 else cv2.LINE_8
    outline = int(rng.integers(0, 4))
    edge = _colour(rng)
    for _ in range(int(rng.integers(4, 30))):
        middle = rng.uniform(0, 1, 2) * (width, height)
        radius = width * float(rng.uniform(0.02, 0.3))
        corners = (3, 4, 4, 5, 40)[int(rng.integers(5))]
        start = np.pi / 4 if rng.random() < 0.5 else float(rng.uniform(0, 2 * np.pi))
        angles = start + np.arange(corners) * (2 * np.pi / corners)
        spokes = np.stack([np.cos(angles), np.sin(angles)], 1) * rng.uniform(0.4, 1, 2)
        shape = [np.rint(middle + radius * spokes).astype(np.int32)]
        cv2.fillPoly(page, shape, _colour(rng), smooth)
        if outline:
            cv2.drawContours(page, shape, -1, edge, outline, smooth)
    return page


def lines(rng: np.random.Generator, image: Image8) -> Image8:
    """Fill an even ground with bands of lines, 2 to 16 pixels apart, along either axis or aslant."""
    height, width = image.shape[:2]
    ink = _colour(rng)
    page = np.full_like(image, _apart(rng, ink))
    bands = int(rng.integers(1, 6))
    slant = float(rng.uniform(-1, 1)) if rng.random() < 1 / 3 else 0.0
    rows, columns = np.mgrid[:height, :width]
    for band in range(bands):
        period = int(rng.integers(2, 17))
        thickness = int(rng.integers(1, max(2, period // 2 + 1)))
        inside = rows * bands // height == band
        page[inside & (np.floor(columns + slant * rows) % period < thickness)] = ink
    return np.ascontiguousarray(page.transpose(1, 0, 2) if rng.random() < 0.5 else page)


def pattern(rng: np.random.Generator, side: int) -> Image8:
    """Draw lines or figures, one to six times as coarse as elsewhere: codes (side, side, 3)."""
    coarse = int(rng.integers(1, 7))
    small = np.zeros((-(-side // coarse),) * 2 + (3,), np.uint8)
    drawn = (figures if rng.random() < 0.3 else lines)(rng, small)
    # Smoothly: steps that a motion blurs would be a lesson in mosaics.
    large = cv2.resize(drawn, None, fx=coarse, fy=coarse, interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(large[:side, :side], np.uint8)


def hairs(rng: np.random.Generator, side: int) -> NDArray[np.float32]:
    """Draw bent lines one pixel wide: how much of each pixel they cover, (side, side) in [0, 1]."""
    covered = np.zeros((side, side), np.uint8)
    along = np.linspace(0, 1, 24)[:, None]
    for _ in range(int(rng.integers(3, 40))):
        begin, bend, end = rng.uniform(0, side, (3, 2))
        # Bezier's curve of three points.
        line = (1 - along) ** 2 * begin + 2 * along * (1 - along) * bend + along**2 * end
        points = [np.rint(line).astype(np.int32)]
        cv2.polylines(covered, points, isClosed=False, color=255, lineType=cv2.LINE_AA)
    return covered.astype(np.float32) / np.float32(255)


def _colour(rng: np.random.Generator) -> Colour:
    """Any colour; half of the time a grey, mostly black or white."""
    if rng.random() < 0.5:
        return ((0, 255, 16, 235, int(rng.integers(256)))[int(rng.integers(5))],) * 3
    red, green, blue = (int(code) for code in rng.integers(0, 256, 3))
    return red, green, blue


def _apart(rng: np.random.Generator, ink: Colour) -> Colour:
    """A colour that can be told from `ink`."""
    colour = _colour(rng)
    near = max(abs(a - b) for a, b in zip(colour, ink, strict=True)) < 48
    return _other(ink) if near else colour


def _other(ink: Colour) -> Colour:
    """Black for light inks, white for dark ones: what their edges are drawn in."""
    return (0, 0, 0) if sum(ink) > 3 * 127 else (255, 255, 255)
