"""Highlights brighter than a sensor can hold, so that moving ones leave streaks.

A photograph's own highlights are clipped: what was above 1 is lost, and blurring it gives grey
where a camera gives white. As in RSBlur's data (Rim et al., "Realistic blur synthesis for learning
image deblurring", ECCV 2022, section 4), what saturates gets 0.25 to 1.75 more; here as a factor,
so that colours stay. The sensor clips behind the exposure, the sharp picture's target likewise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from train.synthesis.light import Light


@dataclass(frozen=True, slots=True, kw_only=True)
class Highlights:
    """Where a picture counts as saturated, and by how much its light was more."""

    threshold: float
    """Light (largest of R, G, B) from which on some is added, below 1; all of it at 1."""
    gain: float
    """Light added at 1, as a share of the light there."""


def draw_highlights(rng: np.random.Generator) -> Highlights:
    """Draw thresholds from 0.7 to 0.95 and gains from 0.25 to 1.75."""
    return Highlights(threshold=float(rng.uniform(0.7, 0.95)), gain=float(rng.uniform(0.25, 1.75)))


def lifted(light: Light, highlights: Highlights) -> Light:
    """Multiply light (H, W, 3) where it is brightest: above 1 it goes, up to 1 + gain."""
    brightest = light.max(2, keepdims=True)
    share = np.clip((brightest - highlights.threshold) / (1 - highlights.threshold), 0, 1)
    return np.asarray(light * (1 + share * highlights.gain), np.float32)
