"""The random motion of a hand-held camera after Boracchi and Foi.

"Modeling the performance of image restoration from motion blur", IEEE TIP 21(8), 2012, section II:
the camera goes on as it went (inertia), is shaken (a Gaussian), pulled back to where it began (a
centripetal force) and at times struck so that it all but reverses (an impulse). Its speed is
constant. How strong each is follows the ranges that deblurring data sets have used since: 2000
steps for a path of length 60, shaking up to 10, pull up to 0.7, up to 0.2 for impulses, all times
an "anxiety" that keeps hands calm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from train.synthesis.paths import Path

STEPS = 2000
"""Steps of a full exposure."""
SPEED = 60 / (STEPS - 1)
"""Way of a step: 60 pixels in all, before a path is scaled to the length asked for."""
ANXIETIES = (0.01, 0.009, 0.008, 0.007, 0.005, 0.003)
FRACTIONS = (0.01, 0.1, 0.5, 1.0)
"""Parts of a path that a shutter is open for: short exposures are straight, long ones tangled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """Who holds the camera."""

    anxiety: float
    """Scales everything that disturbs the motion."""
    shaking: float
    """Standard deviation of the Gaussian in each direction."""
    pull: float
    """Centripetal force per pixel of distance."""
    strikes: float
    """Times `anxiety`: probability of an impulse in a step."""


def draw_hand(rng: np.random.Generator) -> Hand:
    """Draw a hand from the ranges above."""
    return Hand(
        anxiety=float(rng.choice(ANXIETIES)),
        shaking=float(rng.uniform(0, 10)),
        pull=float(rng.uniform(0, 0.7)),
        strikes=float(rng.uniform(0, 0.2)),
    )


def trajectory(rng: np.random.Generator, hand: Hand, steps: int) -> Path:
    """Follow a hand for `steps` positions from the origin: (steps, 2), SPEED pixels a step."""
    shakes = rng.standard_normal((steps, 2)) * (hand.anxiety * hand.shaking * SPEED)
    struck = (rng.random(steps) < hand.strikes * hand.anxiety).tolist()
    turns = (-2 * np.exp(1j * rng.uniform(-0.5, 0.5, steps))).tolist()
    pull = hand.anxiety * hand.pull * SPEED
    position, velocity = 0j, complex(np.exp(2j * np.pi * rng.random())) * SPEED
    path = [position]
    for shake, strike, turn in zip((shakes @ [1, 1j]).tolist()[1:], struck, turns, strict=False):
        change = shake - pull * position
        if strike:
            change += turn * velocity
        velocity += change
        velocity *= SPEED / abs(velocity)
        position += velocity
        path.append(position)
    points = np.array(path)
    return np.stack([points.real, points.imag], 1)
