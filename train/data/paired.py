"""Scenes from data sets of pairs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from train.data.crops import draw_place, picture_from_image
from train.data.files import read_image
from train.scene import Kind, Scene

if TYPE_CHECKING:
    from train.data.pairs import Pair


@dataclass(frozen=True, slots=True, kw_only=True)
class PairSource:
    """Crops of pairs on disk, a pure function of seed and number; a `SceneSource`."""

    pairs: tuple[Pair, ...]
    kind: Kind
    description: str

    def __call__(self, seed: int, number: int, side: int) -> Scene:
        """Cut scene `number` of a seed: one pair, one place for both of its pictures.

        Raises:
            ValueError: a picture cannot be read or is smaller than the scene.
        """
        rng = np.random.default_rng([seed, number])
        pair = self.pairs[int(rng.integers(len(self.pairs)))]
        blurred, sharp = read_image(pair.blurred), read_image(pair.sharp)
        place = draw_place(rng, sharp, side)
        return Scene(
            blurred=picture_from_image(blurred[place], self.kind),
            sharp=picture_from_image(sharp[place], self.kind),
            length=math.nan,
        )
