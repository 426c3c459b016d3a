"""Blur as GOPRO_Large has it: consecutive sharp frames of a fast camera, averaged.

Nah, Kim and Lee, "Deep Multi-scale Convolutional Neural Network for Dynamic Scene Deblurring", CVPR
2017, section 2: what a sensor gathers is the mean of the signals of the frames, and a camera's
curve g turns a signal into a code. GOPRO_Large was made with both of two curves: `blur` takes
codes for signals (g linear), `blur_gamma` takes g(s) = s^(1/2.2). The sharp picture is the frame in
the middle.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from train.data.crops import draw_place, picture_from_image
from train.data.files import read_image
from train.scene import Kind, Scene

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from train.synthesis.light import Image8

GAMMA = 2.2
"""Exponent of `blur_gamma`."""
_SIGNAL_OF_CODE = ((np.arange(256) / 255) ** GAMMA).astype(np.float32)


class Frames(Protocol):
    """Consecutive sharp frames of one camera, all of one size."""

    def __len__(self) -> int:
        """How many."""
        ...

    def read(self, first: int, count: int) -> Sequence[Image8]:
        """Give `count` frames from `first` on, RGB codes (H, W, 3) each."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderFrames:
    """Frames that lie in a folder as pictures."""

    files: tuple[Path, ...]

    def __len__(self) -> int:
        """How many."""
        return len(self.files)

    def read(self, first: int, count: int) -> Sequence[Image8]:
        """Read frames from `first` on."""
        return [read_image(file) for file in self.files[first : first + count]]


def average(frames: Sequence[Image8], *, gamma: bool) -> Image8:
    """Average frames (H, W, 3) as codes, or with `gamma` as signals (code / 255)^2.2.

    Rounded to the nearest code.
    """
    if not gamma:
        mean = np.sum(frames, 0, dtype=np.float32) / np.float32(len(frames))
        return np.asarray(np.rint(mean), np.uint8)
    total = np.zeros(frames[0].shape, np.float32)
    for frame in frames:
        total += _SIGNAL_OF_CODE[frame]
    code = 255 * (total / np.float32(len(frames))) ** np.float32(1 / GAMMA)
    return np.asarray(np.clip(np.rint(code), 0, 255), np.uint8)


@dataclass(frozen=True, slots=True, kw_only=True)
class AveragingSource:
    """Exposures of a varying number of frames, a pure function of seed and number.

    A `SceneSource`. The number of frames is uniform over the odd numbers of `counts`; then each
    place where so many consecutive frames lie is as likely as any other.
    """

    runs: tuple[Frames, ...]
    counts: tuple[int, int]
    """Least and most frames averaged, odd; some run holds the most."""
    gamma: bool
    kind: Kind
    name: str
    """Data set and split, in words."""

    @property
    def description(self) -> str:
        """Data set, how many frames, how they are averaged."""
        curve = "signals code^2.2, as blur_gamma" if self.gamma else "codes, as blur"
        frames = sum(len(run) for run in self.runs)
        least, most = self.counts
        return (
            f"{self.name}: {frames} frames of {len(self.runs)} sequences,"
            f" {least} to {most} averaged as {curve}"
        )

    def __call__(self, seed: int, number: int, side: int) -> Scene:
        """Make scene `number` of a seed.

        Raises:
            ValueError: a frame cannot be read or is smaller than the scene.
        """
        rng = np.random.default_rng([seed, number])
        least, most = self.counts
        count = least + 2 * int(rng.integers((most - least) // 2 + 1))
        frames = self._draw_run(rng, count)
        place = draw_place(rng, frames[0], side)
        crops = [frame[place] for frame in frames]
        return Scene(
            blurred=picture_from_image(average(crops, gamma=self.gamma), self.kind),
            sharp=picture_from_image(crops[count // 2], self.kind),
            length=math.nan,
        )

    def _draw_run(self, rng: np.random.Generator, count: int) -> Sequence[Image8]:
        places = [max(len(run) - count + 1, 0) for run in self.runs]
        ends = np.cumsum(places)
        place = int(rng.integers(ends[-1]))
        index = int(np.searchsorted(ends, place, side="right"))
        return self.runs[index].read(place - int(ends[index]) + places[index], count)
