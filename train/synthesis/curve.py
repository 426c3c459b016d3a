"""Tone curves that are not sRGB's: a gamma, and contrast raised or lowered about the middle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from train.synthesis.light import Curve, curve_from_functions

if TYPE_CHECKING:
    from train.synthesis.light import Values


def camera_curve(gamma: float, contrast: float) -> Curve:
    """Make the curve code = s(light ^ (1 / gamma)), s(v) = v^c / (v^c + (1 - v)^c), c = contrast.

    s is steeper in the middle than at the ends where c > 1; its inverse is s with 1 / c.
    """

    def light_from_code(code: Values) -> Values:
        return np.asarray(_bent(code, 1 / contrast) ** gamma)

    def code_from_light(light: Values) -> Values:
        return _bent(light ** (1 / gamma), contrast)

    return curve_from_functions(light_from_code, code_from_light)


def _bent(value: Values, contrast: float) -> Values:
    up, down = value**contrast, (1 - value) ** contrast
    return np.asarray(up / (up + down))


def draw_curve(rng: np.random.Generator) -> Curve:
    """Draw a camera: gamma from 1.8 to 2.6, contrast from 0.8 to 1.3."""
    return camera_curve(float(rng.uniform(1.8, 2.6)), float(rng.uniform(0.8, 1.3)))
