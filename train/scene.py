"""What every source of training data gives: scenes, pairs of a blurred and a sharp picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint8]
"""(C, h, w): 8-bit codes of one plane, or of R, G and B together."""
Kind = Literal["planes", "rgb"]
"""What a generator takes: Y, U and V of 4:2:0, or R'G'B'."""
Picture = tuple[Codes, ...]
"""planes: Y (1, H, W), U and V (1, H/2, W/2), limited or full range as the source has it;
rgb: one array (3, H, W)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One exposure and the sharp picture that belongs to it; both sides of a picture are even."""

    blurred: Picture
    sharp: Picture
    length: float
    """Blur in pixels (see `synthesis.paths.extent`); 0 for a sharp pair, NaN where unknown."""


class SceneSource(Protocol):
    """Scenes as a pure function: the same arguments give the same bits in any process."""

    @property
    def description(self) -> str:
        """What the data are, in words, for logs and papers: data set, variant, how many."""
        ...

    def __call__(self, seed: int, number: int, side: int) -> Scene:
        """Make scene `number` of a seed, `side` x `side` pixels; `side` is even."""
        ...
