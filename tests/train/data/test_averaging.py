"""Blur by averaging frames."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest

from tests.train.data.trees import place_coded, save
from train.data.averaging import AveragingSource, FolderFrames, average


@dataclass
class Numbered:
    """Frames whose B is their own number from `first` on."""

    first: int
    count: int

    def __len__(self):
        return self.count

    def read(self, first, count):
        """Give frames, none beyond the last."""
        assert first >= 0
        assert first + count <= self.count
        return [place_coded(self.first + first + k, 40, 48) for k in range(count)]


def source(runs, counts=(3, 7), *, gamma=False):
    return AveragingSource(runs=tuple(runs), counts=counts, gamma=gamma, kind="rgb", name="made up")


@pytest.mark.parametrize("count", [1, 7, 13])
@pytest.mark.parametrize("gamma", [False, True])
def test_an_average_is_that_of_codes_or_of_signals(gamma, count):
    """`blur` is mean(c), `blur_gamma` is mean(c^2.2)^(1/2.2), to the nearest code (float64)."""
    frames = np.random.default_rng(count).integers(0, 256, (count, 30, 20, 3), np.uint8)
    exponent = 2.2 if gamma else 1.0
    mean = 255 * np.mean((frames / 255.0) ** exponent, 0) ** (1 / exponent)

    assert average(list(frames), gamma=gamma) == pytest.approx(mean, abs=0.5005)


def test_a_highlight_counts_for_more_with_gamma():
    """A white frame among two black ones: 255 / 3 in codes, 255 (1/3)^(1/2.2) = 154.8 in light."""
    frames = [np.full((2, 2, 3), code, np.uint8) for code in (0, 255, 0)]

    assert (average(frames, gamma=False) == 85).all()
    assert (average(frames, gamma=True) == 155).all()


def test_the_sharp_picture_is_the_frame_in_the_middle():
    """The mean of consecutive numbers is their middle one, so blurred and sharp agree in B."""
    seen = set()
    for number in range(200):
        scene = source([Numbered(0, 9), Numbered(100, 3), Numbered(50, 30)])(1, number, 16)
        (blurred,), (sharp,) = scene.blurred, scene.sharp
        assert (blurred == sharp).all()
        assert sharp[0, 0, 0] % 2 == sharp[1, 0, 0] % 2 == 0
        assert math.isnan(scene.length)
        seen.add(int(sharp[2, 0, 0]))

    # Middles of 3, 5 or 7 frames: all but each run's first and last frame.
    assert seen == {*range(1, 8), 101, *range(51, 79)}


def test_every_odd_number_of_frames_is_drawn():
    """With one bright frame the blurred code says how many were averaged: 3, 5 or 7."""

    @dataclass
    class Flash:
        def __len__(self):
            return 7

        def read(self, first, count):
            return [np.full((16, 16, 3), 105 * (first + k == 3), np.uint8) for k in range(count)]

    codes = {int(source([Flash()])(4, n, 16).blurred[0][0, 0, 0]) for n in range(150)}

    # Three of the five places of 3 frames hold the flash, and all places of 5 and of 7 do.
    assert codes == {0, 35, 21, 15}


def test_an_average_is_a_function_of_seed_and_number(tmp_path):
    """Any order gives the same bits; frames of a folder come in the order of their names."""
    paths = tuple(save(tmp_path / f"{k}.png", place_coded(k)) for k in range(9))
    folder = FolderFrames(files=paths)
    here = [source([folder], gamma=True)(5, number, 32) for number in range(4)]
    back = [source([folder], gamma=True)(5, number, 32) for number in reversed(range(4))][::-1]

    assert [frame[0, 0, 2] for frame in folder.read(2, 4)] == [2, 3, 4, 5]
    for one, two in zip(here, back, strict=True):
        assert (one.blurred[0] == two.blurred[0]).all()
        assert (one.sharp[0] == two.sharp[0]).all()


@pytest.mark.parametrize(
    ("gamma", "words"), [(False, "codes, as blur"), (True, "signals code^2.2, as blur_gamma")]
)
def test_a_description_says_how_frames_were_averaged(gamma, words):
    """Data set, frames, sequences, how many are averaged and as what."""
    text = source([Numbered(0, 9), Numbered(0, 8)], gamma=gamma).description

    assert text == f"made up: 17 frames of 2 sequences, 3 to 7 averaged as {words}"
