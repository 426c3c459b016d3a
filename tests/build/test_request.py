"""What is asked for makes sense, or is refused by name."""

from __future__ import annotations

import pytest

from deblurvid.build.request import (
    USUAL_PROFILE,
    Profile,
    profile_for,
    profile_for_tiles,
    profile_of,
)
from deblurvid.build.worker import read_request, write_request
from deblurvid.errors import UsageError
from deblurvid.frames import PictureFormat
from tests.build.conftest import request_for


def test_shapes_of_a_profile():
    """Chroma of odd sizes rounds up; 10 bits are two channels; the order is height, width."""
    profile = Profile(smallest=(33, 35), best=(64, 48), largest=(129, 97))
    shapes = profile.shapes(PictureFormat(source="yuv420", depth=10))

    assert shapes == {
        "y": ((1, 2, 35, 33), (1, 2, 48, 64), (1, 2, 97, 129)),
        "u": ((1, 2, 18, 17), (1, 2, 24, 32), (1, 2, 49, 65)),
        "v": ((1, 2, 18, 17), (1, 2, 24, 32), (1, 2, 49, 65)),
    }


@pytest.mark.parametrize(
    ("sizes", "profile"),
    [
        ([], USUAL_PROFILE),
        ([(1280, 720)], Profile(smallest=(1280, 720), best=(1280, 720), largest=(1280, 720))),
        (
            [(1280, 720), (1080, 1920), (640, 360)],
            Profile(smallest=(640, 360), best=(1280, 720), largest=(1280, 1920)),
        ),
    ],
)
def test_sizes_make_a_profile(sizes, profile):
    """One size is exact; several span what lies between, tuned to the first."""
    assert profile == profile_of(sizes)


@pytest.mark.parametrize("size", [(64, 48), (3840, 2160), (128, 4000)])
def test_a_size_outside_the_usual_ones(size):
    """It is what the plan is best at, and tiles of a large picture fit too."""
    profile = profile_for(size)

    assert profile.best == size
    assert profile.holds(size)
    assert profile.holds((min(size[0], 1000), min(size[1], 1000)))
    assert profile_for((1920, 1080)) is USUAL_PROFILE


@pytest.mark.parametrize(
    ("size", "smallest"),
    [((3840, 2160), (256, 256)), ((128, 4000), (128, 256)), ((1921, 64), (256, 64))],
)
def test_tiles_of_large_pictures(size, smallest):
    """They have the usual sizes, but for a side of the picture that is shorter than those."""
    profile = profile_for_tiles(size)

    assert profile is not None
    assert (profile.smallest, profile.largest) == (smallest, USUAL_PROFILE.largest)
    assert profile.best == USUAL_PROFILE.best


@pytest.mark.parametrize("size", [(64, 48), (1920, 1080), (1080, 1920)])
def test_small_pictures_need_no_tiles(size):
    """What the usual sizes hold, or more than hold, has no other plan to go to."""
    assert profile_for_tiles(size) is None


@pytest.mark.parametrize(
    ("size", "holds"),
    [((256, 256), True), ((1920, 1080), True), ((1080, 1920), True), ((255, 720), False),
     ((1920, 1921), False)],
)  # fmt: skip
def test_what_the_usual_profile_holds(size, holds):
    """Upright and lying videos up to 1920 on each side."""
    assert holds == USUAL_PROFILE.holds(size)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"optimization_level": 6}, "optimization level is 6; use 0 to 5"),
        ({"workspace_mib": 0}, "workspace is 0 MiB"),
        ({"targets": ("SM89",), "flavour": "tensorrt"}, "only TensorRT-RTX builds for another"),
    ],
)
def test_settings_that_cannot_be_meant(changes, words):
    """The value and what to do are in the message."""
    with pytest.raises(UsageError, match=words):
        request_for(**changes)


@pytest.mark.parametrize(
    "sides", [((8, 32), (64, 48), (128, 96)), ((64, 32), (32, 48), (128, 96)),
              ((32, 32), (64, 48), (60, 96)), ((32, 32), (64, 48), (20000, 96))]
)  # fmt: skip
def test_sizes_that_cannot_be_meant(sides):
    """Too small, out of order, too large."""
    smallest, best, largest = sides
    with pytest.raises(UsageError, match="cannot be built for"):
        Profile(smallest=smallest, best=best, largest=largest)


def test_a_request_reaches_the_worker_whole(tmp_path):
    """What is laid down for another process is read there as it was."""
    request = request_for(optimization_level=5, workspace_mib=256, targets=("SM75", "SM89"))
    write_request(tmp_path, request)

    assert request == read_request(tmp_path)
