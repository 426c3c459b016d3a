"""The sRGB curve both ways: blur and noise happen in linear light, files hold display codes.

Curve: IEC 61966-2-1. Both directions are tables, since a power function costs more than the blur it
serves.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Image8 = NDArray[np.uint8]
"""(H, W, 3) RGB display codes, 0..255."""
Light = NDArray[np.float32]
"""(H, W, 3) RGB linear light, 0 black, 1 the brightest code; noise may step outside."""

_STEPS = 1 << 15


def linear_from_code(code: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn display values in [0, 1] into linear light in [0, 1]."""
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)


def code_from_linear(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn linear light in [0, 1] into display values in [0, 1]."""
    root = np.maximum(light, 1e-12) ** (1 / 2.4)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * root - 0.055)


_LIGHT_OF_CODE = linear_from_code(np.arange(256) / 255).astype(np.float32)
_CODE_OF_LIGHT = (code_from_linear(np.arange(_STEPS + 1) / _STEPS) * 255 + 0.5).astype(np.uint8)


def light_from_image(image: Image8) -> Light:
    """Turn 8-bit display codes into linear light."""
    return _LIGHT_OF_CODE[image]


def image_from_light(light: Light) -> Image8:
    """Turn linear light into 8-bit display codes, clipped as a sensor clips, rounded to nearest."""
    steps = np.clip(light, 0, 1) * _STEPS + 0.5
    return _CODE_OF_LIGHT[steps.astype(np.uint16)]
