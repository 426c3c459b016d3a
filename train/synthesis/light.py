"""The way from display codes to light and back: blur and noise happen in light, files hold codes.

A curve is kept as tables both ways, since a power function costs more than the blur it serves. That
of sRGB is IEC 61966-2-1's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable

Image8 = NDArray[np.uint8]
"""(H, W, 3) RGB display codes, 0..255."""
Light = NDArray[np.float32]
"""(H, W, 3) RGB linear light, 0 black, 1 the brightest code; noise may step outside."""
Values = NDArray[np.float64]

_STEPS = 1 << 15


def linear_from_code(code: Values) -> Values:
    """Turn display values in [0, 1] into linear light in [0, 1], by sRGB's curve."""
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)


def code_from_linear(light: Values) -> Values:
    """Turn linear light in [0, 1] into display values in [0, 1], by sRGB's curve."""
    root = np.maximum(light, 1e-12) ** (1 / 2.4)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * root - 0.055)


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """What a camera makes of light, as tables."""

    light_of_code: NDArray[np.float32]
    """(256,): light in [0, 1] of each code."""
    code_of_root: NDArray[np.uint8]
    """(_STEPS + 1,): code of each square root of light in [0, 1]. The root, since codes lie close
    together in the dark."""


def curve_from_functions(
    light_from_code: Callable[[Values], Values], code_from_light: Callable[[Values], Values]
) -> Curve:
    """Make the tables of two functions on [0, 1], each the other's inverse."""
    root = np.arange(_STEPS + 1) / _STEPS
    return Curve(
        light_from_code(np.arange(256) / 255).astype(np.float32),
        (code_from_light(root**2) * 255 + 0.5).astype(np.uint8),
    )


SRGB = curve_from_functions(linear_from_code, code_from_linear)
CODES = curve_from_functions(np.copy, np.copy)
"""No curve: "light" is the code / 255. See [Two methods]."""


def light_from_image(image: Image8, curve: Curve = SRGB) -> Light:
    """Turn 8-bit display codes into light."""
    return curve.light_of_code[image]


def image_from_light(light: Light, curve: Curve = SRGB) -> Image8:
    """Turn light into 8-bit display codes, clipped as a sensor clips, rounded to nearest."""
    steps = np.sqrt(np.clip(light, 0, 1)) * np.float32(_STEPS) + np.float32(0.5)
    return curve.code_of_root[steps.astype(np.uint16)]
