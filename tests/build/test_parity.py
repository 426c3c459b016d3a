"""The comparison with float32 measures what it says."""

from __future__ import annotations

import math

import numpy as np
import pytest

from deblurvid.backends.openvino import OpenVinoEngine
from deblurvid.build.parity import FLOOR_DB, Parity, cut_to, measure, size_to_check, specimens
from deblurvid.build.request import USUAL_PROFILE, Profile
from deblurvid.errors import UsageError
from deblurvid.frames import ColourTags, PictureFormat, Planes
from deblurvid.graph.wrap import wrap
from tests.build.conftest import tiny
from tests.build.world import Off
from tests.graph.generators import constant_planes, generator

SIZE = (64, 48)
TAGS = ColourTags(matrix="bt709", full_range=False)
PICTURES = {
    "8 bits": PictureFormat(source="yuv420", depth=8),
    "10 bits": PictureFormat(source="yuv444", depth=10),
}


def engine(picture, made=None):
    made = made or tiny()
    return OpenVinoEngine(
        wrap(made, picture), made, picture, size=SIZE, device="CPU", precision="fp32"
    )


@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES)
def test_an_engine_against_itself(picture):
    """No error is 120 dB."""
    with engine(picture) as one, engine(picture) as other:
        parity = measure(one, other, specimens(SIZE, picture))

    assert parity == Parity(pictures=3, psnr_db=120.0, largest_error=0, invalid=0)
    assert parity.passed


def test_a_known_error_gives_its_psnr():
    """Every sample off by 2 codes, mid-range pictures: 20 log10(255 / 2)."""
    picture = PICTURES["8 bits"]
    calm = specimens(SIZE, picture)[:1]
    with engine(picture) as reference, engine(picture) as moved:
        parity = measure(Off(moved, 2, 0), reference, calm)

    assert parity.largest_error == 2
    assert parity.psnr_db == pytest.approx(20 * math.log10(255 / 2), abs=0.05)
    assert not parity.passed


def test_ten_bits_are_counted_in_their_own_codes():
    """A generator that adds 3 / 1024 of the range is 3 codes off, not 768 or a wrapped byte."""
    picture = PICTURES["10 bits"]
    three = generator(constant_planes((3 / 1024, 3 / 1024, 3 / 1024)))
    zero = generator(constant_planes((0, 0, 0)))
    with engine(picture, three) as judged, engine(picture, zero) as reference:
        parity = measure(judged, reference, specimens(SIZE, picture)[:1])

    assert parity.largest_error == 3
    assert parity.psnr_db == pytest.approx(20 * math.log10(1023 / 3), abs=0.05)


@pytest.mark.parametrize(
    ("psnr_db", "invalid", "passed"), [(FLOOR_DB, 0, True), (49.9, 0, False), (90.0, 1, False)]
)
def test_the_floor(psnr_db, invalid, passed):
    """50 dB is enough; a single NaN is too much."""
    parity = Parity(pictures=1, psnr_db=psnr_db, largest_error=1, invalid=invalid)

    assert passed == parity.passed


def test_pictures_are_the_same_each_time_and_cover_the_range():
    """A photograph's spectrum, noise, and stripes of black and white."""
    picture = PICTURES["8 bits"]
    ours, again = specimens((384, 256), picture), specimens((384, 256), picture)
    natural, noise, stripes = (one.samples[0][0].astype(float) for one in ours)

    for one, other in zip(ours, again, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one.samples, other.samples, strict=True))
    assert {0.0, 255.0} == set(np.unique(stripes))
    assert np.abs(np.diff(stripes, axis=1)).min() == 255
    # Neighbours are alike in a photograph and are not in noise.
    assert np.abs(np.diff(natural, axis=1)).mean() < natural.std() / 2
    assert np.abs(np.diff(noise, axis=1)).mean() > noise.std()
    assert 30 < natural.std() < 60


@pytest.mark.parametrize("source", ["yuv420", "yuv422", "yuv444"])
def test_the_middle_of_a_picture(source):
    """Every plane is cut at the same place, by its own sampling, odd sizes too."""
    picture = PictureFormat(source=source, depth=10)
    rows, columns = np.mgrid[:61, :93]
    wide, high = (2 if source != "yuv444" else 1), (2 if source == "yuv420" else 1)
    marks = [rows + columns, (rows + columns)[::high, ::wide], (rows + columns)[::high, ::wide]]
    planes = Planes(tuple(np.stack([m, m]).astype(np.uint8) for m in marks), TAGS)
    cut = cut_to(planes, picture, (31, 21))

    assert [part.shape[1:] for part in cut.samples] == list(picture.plane_sizes(31, 21))
    assert {int(part[0, 0, 0]) for part in cut.samples} == {20 + 30}
    assert all(part.flags.c_contiguous for part in cut.samples)
    with pytest.raises(UsageError, match="93x61 are too small to compare by; 94x61"):
        cut_to(planes, picture, (94, 61))


@pytest.mark.parametrize(
    ("profile", "size"),
    [
        (USUAL_PROFILE, (384, 256)),
        (Profile(smallest=(1920, 1080), best=(1920, 1080), largest=(1920, 1080)), (1920, 1080)),
        (Profile(smallest=(64, 64), best=(96, 96), largest=(128, 512)), (128, 256)),
    ],
)
def test_the_size_is_one_that_the_plan_takes(profile, size):
    """As small as float32 on a CPU wants it, within the profile."""
    assert size == size_to_check(profile)
    assert profile.holds(size)
