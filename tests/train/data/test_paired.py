"""Scenes cut from pairs."""

from __future__ import annotations

import math
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest

from tests.train.data.trees import place_coded, save
from train.data import files
from train.data.paired import PairSource
from train.data.pairs import Pair

HEIGHT, WIDTH = 50, 64


@pytest.fixture
def pairs(tmp_path):
    """Five pairs whose pixels say where they are; B is 10 k blurred and 10 k + 1 sharp."""
    return tuple(
        Pair(
            blurred=save(tmp_path / f"blur/{k}.png", place_coded(10 * k, HEIGHT, WIDTH)),
            sharp=save(tmp_path / f"sharp/{k}.png", place_coded(10 * k + 1, HEIGHT, WIDTH)),
            sequence="",
        )
        for k in range(5)
    )


def source(pairs, kind="rgb"):
    return PairSource(pairs=pairs, kind=kind, description="five")


def test_both_pictures_are_cut_at_one_even_place_of_one_pair(pairs):
    """Columns and rows agree, the sharp picture is the blurred one's, and every place is drawn."""
    places = set()
    for number in range(400):
        scene = source(pairs)(3, number, 32)
        (blurred,), (sharp,) = scene.blurred, scene.sharp
        assert blurred.shape == sharp.shape == (3, 32, 32)
        assert (blurred[:2] == sharp[:2]).all()
        assert (sharp[2] == blurred[2] + 1).all()
        left, top = blurred[:2, 0, 0]
        assert (blurred[0, 0] == left + np.arange(32)).all()
        assert (blurred[1, :, 0] == top + np.arange(32)).all()
        places.add((int(left), int(top), int(blurred[2, 0, 0])))

    assert {left for left, _, _ in places} == set(range(0, WIDTH - 32 + 1, 2))
    assert {top for _, top, _ in places} == set(range(0, HEIGHT - 32 + 1, 2))
    assert {third for _, _, third in places} == {0, 10, 20, 30, 40}


def test_a_pair_says_nothing_of_its_blur_s_length(pairs):
    """The length of a real pair is unknown: NaN."""
    assert math.isnan(source(pairs)(1, 0, 32).length)


def test_a_scene_is_a_function_of_seed_and_number(pairs):
    """Any order and another process give the same bits; another seed does not."""
    here = [source(pairs, "planes")(7, number, 16) for number in range(6)]
    back = [source(pairs, "planes")(7, number, 16) for number in reversed(range(6))][::-1]
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        there = list(pool.map(source(pairs, "planes"), [7] * 6, range(6), [16] * 6))
    other = [source(pairs, "planes")(8, number, 16) for number in range(6)]

    for scenes in (back, there):
        for one, two in zip(here, scenes, strict=True):
            for first, second in zip(one.blurred + one.sharp, two.blurred + two.sharp, strict=True):
                assert (first == second).all()
    assert any((one.sharp[0] != two.sharp[0]).any() for one, two in zip(here, other, strict=True))


def test_planes_are_limited_bt709(pairs):
    """Y', Cb, Cr of ITU-R BT.709-6, written out; chroma is the mean of 2 x 2 pixels."""
    rgb = source(pairs)(2, 5, 32).sharp[0].astype(np.float64)
    y, u, v = source(pairs, "planes")(2, 5, 32).sharp
    red, green, blue = rgb / 255
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    chroma = [(blue - luma) / 1.8556, (red - luma) / 1.5748]
    small = [c.reshape(16, 2, 16, 2).mean((1, 3)) for c in chroma]

    assert y.shape == (1, 32, 32)
    assert u.shape == v.shape == (1, 16, 16)
    assert y[0] == pytest.approx(16 + 219 * luma, abs=0.501)
    assert u[0] == pytest.approx(128 + 224 * small[0], abs=0.501)
    assert v[0] == pytest.approx(128 + 224 * small[1], abs=0.501)


def test_a_scene_larger_than_the_picture_is_refused(pairs):
    """Both sizes are named; a scene of the picture's own height fits."""
    assert source(pairs)(1, 0, HEIGHT).sharp[0].shape == (3, HEIGHT, HEIGHT)
    with pytest.raises(ValueError, match="52 x 52 pixels does not fit a picture of 64 x 50"):
        source(pairs)(1, 0, 52)


def test_pictures_kept_in_memory_are_few_and_cannot_be_written_to(tmp_path):
    """The cache holds `CACHED` pictures at most, and nobody can spoil them."""
    files.read_image.cache_clear()
    for k in range(files.CACHED + 5):
        files.read_image(save(tmp_path / f"{k}.png", place_coded(k, 8, 8)))

    assert files.read_image.cache_info().currsize == files.CACHED
    with pytest.raises(ValueError, match="read-only"):
        files.read_image(tmp_path / "3.png")[0, 0, 0] = 1


def test_a_picture_that_vanished_is_named(tmp_path):
    """A file that OpenCV cannot read is an error, never an empty picture."""
    with pytest.raises(ValueError, match=r"gone\.png cannot be read"):
        files.read_image(tmp_path / "gone.png")


def test_sizes_are_told_without_decoding(tmp_path):
    """(width, height), of PNG and of JPEG."""
    image = place_coded(0, 20, 30)

    assert files.picture_size(save(tmp_path / "a.png", image)) == (30, 20)
    assert files.picture_size(save(tmp_path / "a.jpg", image)) == (30, 20)
