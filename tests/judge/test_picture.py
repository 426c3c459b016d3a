"""The video that benchmarks make."""

import numpy as np
import pytest

from deblurvid.frames import PictureFormat
from deblurvid.judge.picture import moving_picture

SIZE = (64, 48)


@pytest.mark.parametrize("depth", [8, 10])
def test_planes_fit_their_format(depth):
    """Sizes, types and codes are those of the format."""
    picture = PictureFormat(source="yuv420", depth=depth)
    frames = list(moving_picture(SIZE, picture, 3))

    assert [tuple(plane.shape for plane in frame) for frame in frames] == [
        picture.plane_sizes(*SIZE)
    ] * 3
    assert all(plane.itemsize == picture.bytes_per_sample for f in frames for plane in f)
    assert 2**depth / 2 < max(plane.max() for f in frames for plane in f) < 2**depth


def test_it_moves_and_has_detail():
    """An encoder finds work in every frame, and the same arguments give the same frames."""
    picture = PictureFormat(source="yuv420", depth=8)
    first, second = (np.stack([f[0] for f in moving_picture(SIZE, picture, 4)]) for _ in range(2))
    changes = np.abs(np.diff(first.astype(int), axis=0)).mean(axis=(1, 2))

    assert np.array_equal(first, second)
    assert changes.min() > 1
    assert first[0].std() > 10
