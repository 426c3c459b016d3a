"""Pictures that no lens has seen: flat ones, letters, cartoons, screens, lights in the dark."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from train.synthesis.light import image_from_light

if TYPE_CHECKING:
    from train.synthesis.light import Image8

SIDE = 160
"""Height and width of every picture in pixels."""
_LINES = (
    "The quick brown fox",
    "jumps over 13 lazy dogs.",
    "0123456789 (+-*/=) %",
    "fin. ILLIL1 rn m oO0",
    "Lorem ipsum dolor sit",
)


def _even(*colour: int) -> Image8:
    return np.full((SIDE, SIDE, 3), colour, np.uint8)


def flat() -> Image8:
    """Four even greys and colours."""
    image = _even(128, 128, 128)
    half = SIDE // 2
    image[:half, half:], image[half:, :half], image[half:, half:] = (64, 96, 160), 235, 16
    return image


def gradient() -> Image8:
    """A sky: blue that grows lighter downwards, in steps of a code."""
    return _ramp((70, 130, 200), (170, 200, 230))


def dark_gradient() -> Image8:
    """Near black, where a step of a code shows most."""
    return _ramp((2, 2, 6), (30, 26, 24))


def _ramp(top: tuple[int, int, int], bottom: tuple[int, int, int]) -> Image8:
    rows = np.linspace(top, bottom, SIDE)[:, None, :]
    return np.rint(np.broadcast_to(rows, (SIDE, SIDE, 3))).astype(np.uint8)


def text(scale: float, on: Image8 | None = None) -> Image8:
    """Black letters on white, or white ones with a black edge on a picture; `scale` is OpenCV's."""
    image = _even(255, 255, 255) if on is None else on.copy()
    strokes = [(255, 1)] if on is not None else [(0, 1)]
    if on is not None:
        strokes.insert(0, (0, 4))
    step = round(36 * scale)
    lines = (_LINES * 3)[: SIDE // step - 1]
    for number, line in enumerate(lines):
        at = (4, SIDE - 8 - step * (len(lines) - 1 - number))
        for grey, width in strokes:
            font, colour = cv2.FONT_HERSHEY_SIMPLEX, (grey,) * 3
            cv2.putText(image, line, at, font, scale, colour, width, cv2.LINE_AA)
    return image


def hills() -> Image8:
    """Even colours with dark outlines, smoothed at their edges."""
    image = _even(150, 205, 240)
    cv2.circle(image, (120, 36), 20, (250, 220, 90), -1, cv2.LINE_AA)
    for colour, height, lean in (((110, 170, 90), 95, 6), ((70, 130, 70), 120, -9)):
        x = np.arange(-8, SIDE + 8, 8)
        y = height + 14 * np.sin(x / 19 + lean) + lean
        points = np.vstack([np.stack([x, y], 1), [[SIDE + 8, SIDE + 8], [-8, SIDE + 8]]])
        shape = np.rint(points).astype(np.int32)
        cv2.fillPoly(image, [shape], colour, cv2.LINE_AA)
        cv2.drawContours(image, [shape], -1, (30, 40, 30), 2, cv2.LINE_AA)
    return image


def shapes() -> Image8:
    """Figures of full colour with black outlines, edges as sharp as pixels."""
    image = _even(255, 255, 255)
    cv2.rectangle(image, (12, 14), (78, 70), (220, 30, 40), -1)
    cv2.rectangle(image, (12, 14), (78, 70), (0, 0, 0), 3)
    cv2.circle(image, (115, 48), 32, (30, 90, 220), -1)
    cv2.circle(image, (115, 48), 32, (0, 0, 0), 3)
    triangle = np.array([[20, 146], [80, 88], [140, 146]], np.int32)
    cv2.fillPoly(image, [triangle], (250, 210, 20))
    cv2.drawContours(image, [triangle], -1, (0, 0, 0), 3)
    return image


def hatching() -> Image8:
    """An engraver's lines, two pixels apart and more, in two directions."""
    image = _even(245, 240, 228)
    for at in range(-SIDE, 2 * SIDE, 5):
        cv2.line(image, (at, 0), (at + SIDE // 2, SIDE // 2), (40, 35, 30), 1, cv2.LINE_AA)
    for at in range(0, SIDE, 3):
        cv2.line(image, (at, SIDE // 2), (at, SIDE), (40, 35, 30), 1)
    return image


def window() -> Image8:
    """A window with a title, buttons and a list, as a desktop shows them."""
    image = _even(58, 110, 165)
    cv2.rectangle(image, (10, 12), (150, 148), (240, 240, 240), -1)
    cv2.rectangle(image, (10, 12), (150, 28), (0, 84, 166), -1)
    cv2.rectangle(image, (10, 12), (150, 148), (20, 20, 20), 1)
    font = cv2.FONT_HERSHEY_PLAIN
    cv2.putText(image, "settings.toml", (14, 24), font, 0.8, (255, 255, 255), 1, cv2.LINE_AA)
    for row in range(5):
        y = 44 + 16 * row
        cv2.rectangle(image, (18, y - 8), (26, y), (90, 90, 90), 1)
        cv2.putText(image, f"Option {row}", (32, y), font, 0.8, (20, 20, 20), 1, cv2.LINE_AA)
    for x, word in ((62, "OK"), (104, "Close")):
        cv2.rectangle(image, (x, 126), (x + 38, 142), (200, 205, 210), -1)
        cv2.rectangle(image, (x, 126), (x + 38, 142), (120, 120, 120), 1)
        cv2.putText(image, word, (x + 5, 138), font, 0.7, (0, 0, 0), 1, cv2.LINE_AA)
    return image


def terminal() -> Image8:
    """Coloured letters on black, without smoothing."""
    image = _even(12, 12, 12)
    colours = ((80, 250, 120), (240, 240, 240), (250, 200, 80), (100, 160, 250), (250, 90, 90))
    for row in range(11):
        line, colour = _LINES[row % len(_LINES)], colours[row % len(colours)]
        cv2.putText(image, f"$ {line}", (3, 13 * row + 14), cv2.FONT_HERSHEY_PLAIN, 0.75, colour, 1)
    return image


def grid() -> Image8:
    """Lines of one pixel at 2, 3, 4, 8 and 16 apart: what a folded network may beat against."""
    image = _even(255, 255, 255)
    band = SIDE // 5
    for number, step in enumerate((2, 3, 4, 8, 16)):
        image[number * band : (number + 1) * band, ::step] = 0
    return image


def lights() -> Image8:
    """Lamps in the dark that outshine the sensor, with a halo of the lens."""
    rng = np.random.default_rng(3)
    light = np.full((SIDE, SIDE, 3), 0.002, np.float32)
    for _ in range(14):
        x, y = (int(v) for v in rng.integers(6, SIDE - 6, 2))
        colour = [float(v) for v in rng.uniform(0.4, 1.0, 3)]
        cv2.circle(light, (x, y), int(rng.integers(1, 5)), [8 * c for c in colour], -1, cv2.LINE_AA)
    halo = cv2.GaussianBlur(light, (0, 0), 6)
    return image_from_light(np.asarray(0.9 * light + 0.1 * halo, np.float32))
