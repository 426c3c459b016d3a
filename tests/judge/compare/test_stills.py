"""A comparison as a picture: which pixel of which clip is where."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from deblurvid.errors import UsageError
from deblurvid.judge.compare.asked import Asked, Crop
from deblurvid.judge.compare.stills import compare_pictures
from tests.judge.compare.clips import noise, write_clip

SIZE = 64, 48
COUNT = 12
BARE = ("", "")
GAP = 4


@pytest.fixture
def pair(tmp_path):
    """Two clips of RGB, 25 frames a second, and their pictures as [height, width, 3]."""
    clips = [noise(COUNT, SIZE, "gbrp", seed=seed) for seed in (1, 2)]
    paths = [write_clip(tmp_path / f"{n}.mkv", clip, "gbrp") for n, clip in enumerate(clips)]
    return paths, [[np.stack([r, g, b], 2) for g, b, r in clip] for clip in clips]


def made(tmp_path, paths, *at, **asked):
    """The PNG, and what was said."""
    said = []
    target = tmp_path / "c.png"
    wanted = Asked(first=paths[0], second=paths[1], **({"labels": BARE} | asked))
    compare_pictures(wanted, target, at=[Fraction(t) for t in at], say=said.append)
    with Image.open(target) as image:
        return np.asarray(image.convert("RGB")), said


def test_split_is_both_halves(tmp_path, pair):
    """Exactly, but for the two columns of the white line."""
    paths, (first, second) = pair

    found, _ = made(tmp_path, paths, "0.08")

    np.testing.assert_array_equal(first[2][:, :31], found[:, :31])
    np.testing.assert_array_equal(second[2][:, 33:], found[:, 33:])
    assert (found[:, 31:33] == 255).all()


@pytest.mark.parametrize(("layout", "axis"), [("side", 1), ("stack", 0)])
def test_side_and_stack_are_both_whole(tmp_path, pair, layout, axis):
    """Every pixel of both."""
    paths, (first, second) = pair

    found, _ = made(tmp_path, paths, "0.2", layout=layout)

    np.testing.assert_array_equal(np.concatenate([first[5], second[5]], axis), found)


def test_moments_stand_below_each_other(tmp_path, pair):
    """In the order given; each is the frame on screen at that time, with white between."""
    paths, (_, second) = pair

    found, said = made(tmp_path, paths, "0.43", "0.05")

    assert found.shape[0] == 2 * SIZE[1] + GAP
    np.testing.assert_array_equal(second[10][:, 33:], found[: SIZE[1], 33:])
    assert (found[SIZE[1] : SIZE[1] + GAP] == 255).all()
    np.testing.assert_array_equal(second[1][:, 33:], found[SIZE[1] + GAP :, 33:])
    assert said == []


def test_the_quarters_are_shown_unless_others_are_named(tmp_path, pair):
    """Of 12 frames those at 1/4, 1/2 and 3/4 of their time: numbers 3, 6 and 9; it is said."""
    paths, (_, second) = pair

    found, said = made(tmp_path, paths)

    for row, number in enumerate((3, 6, 9)):
        top = row * (SIZE[1] + GAP)
        np.testing.assert_array_equal(second[number][:, 33:], found[top : top + SIZE[1], 33:])
    assert ["quarters of the time, 0.120, 0.240, 0.360 s" in text for text in said] == [True]


def test_a_moment_far_into_a_clip_is_that_moment(tmp_path):
    """It is searched for, not read up to, and yet exact: 6 s of 25 frames a second."""
    clips = [noise(150, (32, 32), "gbrp", seed=seed) for seed in (1, 2)]
    paths = [write_clip(tmp_path / f"{n}.mkv", c, "gbrp", first=n) for n, c in enumerate(clips)]

    found, _ = made(tmp_path, paths, "5.24", layout="side")

    for half, clip in zip((found[:, :32], found[:, 32:]), clips, strict=True):
        g, b, r = clip[131]
        np.testing.assert_array_equal(np.stack([r, g, b], 2), half)


def test_a_frame_that_stands_for_long_is_found(tmp_path):
    """A frame every 10 s: at 39 s the one of 30 s is on screen in both clips."""
    clips = [noise(6, (32, 32), "gbrp", seed=seed) for seed in (1, 2)]
    paths = [
        write_clip(tmp_path / f"{n}.mkv", c, "gbrp", rate=Fraction(1, 10))
        for n, c in enumerate(clips)
    ]

    found, _ = made(tmp_path, paths, "39", layout="side")

    for half, clip in zip((found[:, :32], found[:, 32:]), clips, strict=True):
        g, b, r = clip[3]
        np.testing.assert_array_equal(np.stack([r, g, b], 2), half)


def test_crop_and_zoom_show_pixels_as_they_are(tmp_path, pair):
    """An odd part of the picture, each pixel four times in both directions."""
    paths, (first, second) = pair
    part = (slice(9, 28), slice(13, 34))

    found, said = made(
        tmp_path, paths, "0", layout="side", crop=Crop(width=21, height=19, x=13, y=9), zoom=4
    )

    expected = np.concatenate([first[0][part], second[0][part]], 1).repeat(4, 0).repeat(4, 1)
    np.testing.assert_array_equal(expected, found)
    assert said == []


def test_a_crop_without_a_corner_is_in_the_middle(tmp_path, pair):
    """As in FFmpeg's filter."""
    paths, (first, _) = pair

    found, _ = made(tmp_path, paths, "0", layout="stack", crop=Crop(width=20, height=16))

    np.testing.assert_array_equal(first[0][16:32, 22:42], found[:16])


def test_labels_are_white_on_black_in_their_corners(tmp_path):
    """Each in its half, and nowhere else."""
    grey = [[np.full((240, 320), 90, np.uint8)] * 3]
    paths = [write_clip(tmp_path / f"{n}.mkv", grey, "gbrp") for n in range(2)]

    found, _ = made(tmp_path, paths, "0", labels=("before", "after"))

    for corner in (found[:40, :120], found[:40, -120:]):
        assert corner.min() == 0
        assert corner.max() >= 245
    assert {90, 255} == set(found[60:].ravel())


@pytest.mark.parametrize("layout", ["split", "side", "stack"])
def test_pictures_without_room_have_no_label(tmp_path, pair, layout):
    """16x16, the smallest part: labels are left out whole."""
    part = Crop(width=16, height=16)

    bare, _ = made(tmp_path, pair[0], "0", layout=layout, crop=part)
    asked = {"layout": layout, "crop": part, "labels": ("before", "after"), "overwrite": True}
    labelled, _ = made(tmp_path, pair[0], "0", **asked)

    np.testing.assert_array_equal(bare, labelled)


@pytest.mark.parametrize(
    ("asked", "at", "words"),
    [
        ({"layout": "wipe"}, (), "moves"),
        ({"crop": Crop(width=60, height=40, x=10, y=0)}, (), "does not lie within 64x48"),
        ({"crop": Crop(width=8, height=40)}, (), "at least 16"),
        ({}, ("0.48",), "from 0 to 0.480 s only"),
        ({}, ("-1",), "from 0 to"),
    ],
)
def test_what_cannot_be_shown_is_refused(tmp_path, pair, asked, at, words):
    """Before anything is written."""
    with pytest.raises(UsageError, match=words):
        made(tmp_path, pair[0], *at, **asked)

    assert not (tmp_path / "c.png").exists()


@pytest.mark.parametrize("zoom", [0, 17])
def test_a_zoom_has_its_limits(tmp_path, zoom):
    """1 to 16."""
    with pytest.raises(UsageError, match=f"--zoom {zoom}"):
        Asked(first=tmp_path, second=tmp_path, zoom=zoom)
