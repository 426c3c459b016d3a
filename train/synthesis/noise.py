"""A sensor's noise: Gaussian, of variance a x + b where the light is x.

Shot noise counts photons, so its variance grows with the light (a x); read noise is constant (b).
The Gaussian form of the Poissonian-Gaussian model: Foi, Trimeche, Katkovnik and Egiazarian,
"Practical Poissonian-Gaussian noise modeling and fitting for single-image raw-data", IEEE TIP
17(10), 2008, section II. With a <= 4e-4 a white pixel counts 2500 photons or more, so only the
deepest shadows differ from a true Poisson draw, and there b prevails.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from train.synthesis.light import Light


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """How strong a sensor's noise is, for every picture that it takes."""

    shot: float
    """Variance per unit of light: a."""
    read: float
    """Variance in the dark: b."""
    spread: float = 0.0
    """Standard deviation in pixels of the Gaussian that neighbours share; 0: each for itself."""


def draw_noise(rng: np.random.Generator, correlated_share: float = 0.0) -> Noise:
    """Draw a sensor: strengths log-uniform, in the middle about 1.5 display codes at mid grey."""
    shot = float(np.exp(rng.uniform(np.log(2e-5), np.log(4e-4))))
    read = float(np.exp(rng.uniform(np.log(5e-8), np.log(1e-6))))
    correlated = correlated_share > 0 and rng.random() < correlated_share
    return Noise(shot=shot, read=read, spread=float(rng.uniform(0.4, 0.9)) if correlated else 0.0)


def with_noise(rng: np.random.Generator, light: Light, noise: Noise) -> Light:
    """Add a sensor's noise to light; negative light counts as none."""
    white = rng.standard_normal(light.shape, dtype=np.float32)
    deviation = np.sqrt(np.maximum(light, 0) * np.float32(noise.shot) + np.float32(noise.read))
    return np.asarray(light + deviation * _shared(white, noise.spread), np.float32)


def _shared(white: Light, spread: float) -> Light:
    """Smooth noise of variance 1 so that its variance stays 1."""
    if spread == 0:
        return white
    line = cv2.getGaussianKernel(7, spread)  # (7, 1), sum 1
    line = line / np.sqrt(np.square(line).sum())
    return np.asarray(cv2.sepFilter2D(white, -1, line, line))
