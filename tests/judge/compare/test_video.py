"""A comparison as a video: which frame of which clip is where, to the bit."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from deblurvid.errors import InputError, UsageError
from deblurvid.judge.compare.asked import Asked, Crop
from deblurvid.judge.compare.video import compare_video
from tests.ffmpeg_tools import ffmpeg, stream_md5
from tests.judge.compare.clips import flat, noise, read_clip, write_clip
from tests.media import make_video, read_packets, read_stamps

SIZE = 64, 48
BARE = ("", "")
"""No labels, so that every sample but the line's is one of the clips'."""
LINE = slice(31, 33)


def compared(tmp_path, first, second, target="c.mkv", **asked):
    """The planes of the comparison of two clips, and what was said."""
    said = []
    wanted = {"labels": BARE} | asked
    out = tmp_path / target
    compare_video(Asked(first=first, second=second, **wanted), out, codec="ffv1", say=said.append)
    return read_clip(out), said


@pytest.fixture(params=["yuv420p", "yuv422p10le", "yuv444p12le", "gbrp10le", "gray"])
def pair(request, tmp_path):
    """Two clips of noise, their planes."""
    pictures = [noise(3, SIZE, request.param, seed=seed) for seed in (1, 2)]
    paths = [
        write_clip(tmp_path / f"{n}.mkv", clip, request.param) for n, clip in enumerate(pictures)
    ]
    return paths, pictures


def test_split_has_the_left_half_of_the_first_and_the_right_of_the_second(pair, tmp_path):
    """Sample for sample in every plane of every frame, but for two columns of white between."""
    paths, (first, second) = pair

    found, _ = compared(tmp_path, *paths)

    assert len(first) == len(found)
    for one, other, whole in zip(first, second, found, strict=True):
        for a, b, c in zip(one, other, whole, strict=True):
            share = c.shape[1] / SIZE[0]
            left, right = int(30 * share), int(34 * share)
            np.testing.assert_array_equal(a[:, :left], c[:, :left])
            np.testing.assert_array_equal(b[:, right:], c[:, right:])


@pytest.mark.parametrize(("layout", "axis"), [("side", 1), ("stack", 0)])
def test_side_and_stack_have_both_whole(tmp_path, layout, axis):
    """The first is before the second along the axis, but for the line at the seam."""
    first, second = noise(2, SIZE, seed=3), noise(2, SIZE, seed=4)
    paths = [write_clip(tmp_path / "a.mkv", first), write_clip(tmp_path / "b.mkv", second)]

    found, _ = compared(tmp_path, *paths, layout=layout)

    for one, other, whole in zip(first, second, found, strict=True):
        for a, b, c in zip(one, other, whole, strict=True):
            expected = np.concatenate([a, b], axis=axis)
            seam = a.shape[axis]
            rest = [n for n in range(2 * seam) if not seam - 2 <= n < seam + 2]
            np.testing.assert_array_equal(expected.take(rest, axis), c.take(rest, axis))


def test_the_line_is_white(tmp_path):
    """Code 235 of luma and 128 of chroma (ITU-R BT.709), over the whole height."""
    paths = [write_clip(tmp_path / f"{n}.mkv", noise(1, SIZE, seed=n)) for n in range(2)]

    ((y, u, v),), _ = compared(tmp_path, *paths)

    assert {235} == set(y[:, LINE].ravel()) or {235} == set(y[:, 30:32].ravel())
    assert {128} == set(u[:, 15].ravel()) == set(v[:, 15].ravel())


def test_wipe_goes_over_and_back(tmp_path):
    """All of the second at first, all of the first in the middle, and the share is a cosine."""
    count = 20
    paths = [
        write_clip(tmp_path / "a.mkv", flat([50] * count, SIZE)),
        write_clip(tmp_path / "b.mkv", flat([200] * count, SIZE)),
    ]

    found, _ = compared(tmp_path, *paths, layout="wipe")

    shares = [float((y == 50).mean()) for y, _, _ in found]
    expected = [(1 - np.cos(2 * np.pi * n / count)) / 2 for n in range(count)]
    assert expected == pytest.approx(shares, abs=0.05)
    for y, _, _ in found:
        assert (y == y[0]).all()
        changes = np.flatnonzero(np.diff((y[0] == 200).astype(int)))
        assert len(changes) <= 2


@pytest.mark.parametrize(("rate", "expected"), [(50, 2), (10, 0.4), (25, 1)])
def test_frames_belong_together_by_their_time(tmp_path, rate, expected):
    """Beside frame n of 25 a second stands the one of the first that is on screen at n / 25 s."""
    first = flat([20 + n for n in range(int(rate * 0.4))], SIZE)
    second = flat([100 + n for n in range(10)], SIZE)
    paths = [
        write_clip(tmp_path / "a.mkv", first, rate=rate),
        write_clip(tmp_path / "b.mkv", second),
    ]

    found, _ = compared(tmp_path, *paths)

    assert [100 + n for n in range(10)] == [int(y[0, -1]) for y, _, _ in found]
    assert [20 + int(n * expected + 1e-9) for n in range(10)] == [int(y[0, 0]) for y, _, _ in found]


def test_a_container_that_begins_later_changes_nothing(tmp_path):
    """Times count from the first frame of each clip; those of the second are kept."""
    codes = range(20, 30)
    paths = [
        write_clip(tmp_path / "a.mkv", flat(codes, SIZE), first=3),
        write_clip(tmp_path / "b.mkv", flat([c + 100 for c in codes], SIZE), first=1),
    ]

    found, said = compared(tmp_path, *paths)

    assert list(codes) == [int(y[0, 0]) for y, _, _ in found]
    assert [c + 100 for c in codes] == [int(y[0, -1]) for y, _, _ in found]
    assert read_stamps(paths[1]) == read_stamps(tmp_path / "c.mkv")
    assert said == []


def test_times_that_a_container_has_rounded_are_the_same(tmp_path):
    """30 frames a second: Matroska says 67 ms where MP4 says 66.67, and the frames are the same."""
    codes = range(20, 40)
    first = write_clip(tmp_path / "a.mkv", flat(codes, SIZE), rate=30)
    second = make_video(tmp_path / "b.mp4", size=SIZE, frames=20, rate=30)

    found, _ = compared(tmp_path, first, second)

    assert list(codes) == [int(y[0, 0]) for y, _, _ in found]


@pytest.mark.parametrize("shorter", [0, 1])
def test_only_what_both_last_is_compared(tmp_path, shorter):
    """Pictures and sound end where the shorter clip does, and it is said."""
    lengths = [20, 20]
    lengths[shorter] = 12
    paths = [
        make_video(tmp_path / f"{n}.mkv", frames=length, size=SIZE)
        for n, length in enumerate(lengths)
    ]

    found, said = compared(tmp_path, *paths)

    sound = read_packets(tmp_path / "c.mkv", "audio")
    assert len(found) == 12
    assert 0.35 < max(float(at) for at, _ in sound if at is not None) <= 0.49
    assert any("0.320 s longer" in text and "0.480 s that both last" in text for text in said)


def test_sound_is_the_second_one_s(tmp_path):
    """Copied packet for packet, as FFmpeg's own program reads it."""
    first = make_video(tmp_path / "a.mp4", size=SIZE, audio=False)
    second = make_video(tmp_path / "b.mp4", size=SIZE)

    compare_video(Asked(first=first, second=second), tmp_path / "c.mp4")

    assert stream_md5(second, "0:a:0") == stream_md5(tmp_path / "c.mp4", "0:a:0")


def test_clips_are_turned_as_players_do(tmp_path):
    """A clip that is turned by its container lies on the one that FFmpeg's program has turned."""
    lying = write_clip(tmp_path / "a.mkv", noise(2, SIZE))
    turned = tmp_path / "turned.mp4"
    upright = tmp_path / "upright.mkv"
    with_matrix = make_video(turned, size=SIZE, frames=2, audio=False, rotation=90)
    ffmpeg("-i", with_matrix, "-c:v", "ffv1", upright)
    expected = read_clip(upright)

    found, _ = compared(tmp_path, upright, with_matrix, layout="side")

    assert expected[0][0].shape == (SIZE[0], SIZE[1])
    for planes, whole in zip(expected, found, strict=True):
        for plane, both in zip(planes, whole, strict=True):
            width = plane.shape[1]
            np.testing.assert_array_equal(plane[:, : width - 2], both[:, : width - 2])
            np.testing.assert_array_equal(plane[:, 2:], both[:, width + 2 :])
    with pytest.raises(InputError, match=r"sizes differ.*scale=48:64"):
        compared(tmp_path, lying, with_matrix, target="d.mkv")


def test_crop_and_zoom_show_pixels_as_they_are(tmp_path):
    """Each of the part's samples n times in both directions: nothing is interpolated."""
    first, second = noise(1, SIZE, seed=5), noise(1, SIZE, seed=6)
    paths = [write_clip(tmp_path / "a.mkv", first), write_clip(tmp_path / "b.mkv", second)]

    (whole,), said = compared(
        tmp_path, *paths, layout="side", crop=Crop(width=20, height=16, x=10, y=8), zoom=3
    )

    for plane, source, share in zip(whole, second[0], (1, 2, 2), strict=True):
        part = source[8 // share : 24 // share, 10 // share : 30 // share]
        expected = part.repeat(3, 0).repeat(3, 1)
        np.testing.assert_array_equal(expected[:, 4:], plane[:, expected.shape[1] + 4 :])
    assert said == []


def test_a_crop_between_samples_of_chroma_is_moved_and_told(tmp_path):
    """4:2:0 has one sample of colour for 2x2 pixels."""
    paths = [write_clip(tmp_path / f"{n}.mkv", noise(1, SIZE, seed=n)) for n in range(2)]

    (whole,), said = compared(tmp_path, *paths, crop=Crop(width=21, height=17, x=11, y=9))

    assert whole[0].shape == (16, 20)
    assert said == [
        "20x16+10+8 of the pictures is shown: yuv420p has one sample of colour for several pixels"
    ]


def test_the_first_is_shown_in_the_second_one_s_colour(tmp_path):
    """One colour coded by BT.601 and by BT.709 (their own formulas) is one colour in the output."""
    rgb = np.array([0.8, 0.3, 0.2])
    pictures, tags = [], ({"colorspace": 6}, {"colorspace": 1})
    for kr, kb in ((0.299, 0.114), (0.2126, 0.0722)):
        y = kr * rgb[0] + (1 - kr - kb) * rgb[1] + kb * rgb[2]
        cb, cr = (rgb[2] - y) / (2 - 2 * kb), (rgb[0] - y) / (2 - 2 * kr)
        codes = np.rint([16 + 219 * y, 128 + 224 * cb, 128 + 224 * cr])
        shapes = ((48, 64), (24, 32), (24, 32))
        pictures.append([np.full(s, c, np.uint8) for s, c in zip(shapes, codes, strict=True)])
    paths = [
        write_clip(tmp_path / f"{n}.mkv", [planes], colour=tag)
        for n, (planes, tag) in enumerate(zip(pictures, tags, strict=True))
    ]

    (whole,), _ = compared(tmp_path, *paths)

    assert [int(plane[0, 0]) for plane in pictures[0]] != [int(p[0, 0]) for p in pictures[1]]
    for plane, wanted in zip(whole, pictures[1], strict=True):
        assert abs(int(plane[5, 3]) - int(wanted[0, 0])) <= 1


def test_light_that_is_not_converted_is_told(tmp_path):
    """HDR (PQ, transfer 16) beside what is none."""
    sdr = write_clip(tmp_path / "a.mkv", noise(1, SIZE))
    pq = write_clip(tmp_path / "b.mkv", noise(1, SIZE), colour={"color_trc": 16})

    _, said = compared(tmp_path, sdr, pq)

    assert [f"{sdr} is SDR, and shown as the HDR of {pq}: its light is not converted"] == said


def test_labels_stand_in_their_corners(tmp_path):
    """Bright words in a dark box at the left above for the first, at the right for the second."""
    paths = [write_clip(tmp_path / f"{n}.mkv", flat([120], (320, 240))) for n in range(2)]

    ((y, u, _),), _ = compared(tmp_path, *paths, labels=("before", "after"))

    left, right, below = y[:40, :120], y[:40, -120:], y[60:]
    for corner in (left, right):
        assert corner.min() == 16
        assert corner.max() >= 225
        assert 0.004 < (corner > 200).mean() < 0.3
    assert {120, 235} == set(below.ravel())
    assert {128} == set(u.ravel())


@pytest.mark.parametrize("layout", ["split", "side", "stack", "wipe"])
def test_pictures_without_room_have_no_label(tmp_path, layout):
    """16x16, the smallest: no letter is cut, and nothing but the line is written over."""
    pictures = [noise(1, (16, 16), "gray", seed=seed) for seed in (1, 2)]
    paths = [write_clip(tmp_path / f"{n}.mkv", p, "gray") for n, p in enumerate(pictures)]

    bare, _ = compared(tmp_path, *paths, layout=layout)
    labelled, _ = compared(tmp_path, *paths, "d.mkv", layout=layout, labels=("before", "after"))

    np.testing.assert_array_equal(bare[0][0], labelled[0][0])


def test_nothing_is_left_of_a_comparison_that_fails(tmp_path):
    """An encoder that is not there: no file, hidden ones neither; an old one is as it was."""
    first = make_video(tmp_path / "a.mkv", size=SIZE)
    second = make_video(tmp_path / "b.mkv", size=SIZE)
    target = tmp_path / "c.mkv"
    target.write_bytes(b"old")

    with pytest.raises(UsageError, match="exists already"):
        compare_video(Asked(first=first, second=second), target)
    with pytest.raises(ValueError, match="no_such"):
        compare_video(Asked(first=first, second=second, overwrite=True), target, codec="no_such")

    assert target.read_bytes() == b"old"
    assert {"a.mkv", "b.mkv", "c.mkv"} == {path.name for path in tmp_path.iterdir()}


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".webm", ".ts", ".avi", ".nut", ".y4m"])
def test_every_container_holds_a_comparison(tmp_path, suffix):
    """As many frames as the second clip has, in the size of both beside each other."""
    first = make_video(tmp_path / "a.mkv", size=SIZE, frames=6)
    second = make_video(tmp_path / "b.mkv", size=SIZE, frames=6)
    target = tmp_path / f"c{suffix}"

    compare_video(Asked(first=first, second=second, layout="side"), target)

    found = read_clip(target)
    assert len(found) == 6
    assert found[0][0].shape == (SIZE[1], 2 * SIZE[0])


def test_images_are_compared_too(tmp_path):
    """Two images make a video of one frame."""
    for n in range(2):
        clip = write_clip(tmp_path / f"{n}.mkv", noise(1, SIZE, "gbrp", seed=n), "gbrp")
        ffmpeg("-i", clip, tmp_path / f"{n}.png")

    found, _ = compared(tmp_path, tmp_path / "0.png", tmp_path / "1.png")

    assert len(found) == 1
    assert read_stamps(tmp_path / "c.mkv") == [Fraction(0)]


@pytest.mark.parametrize("late", [0, 7])
def test_a_part_stands_beside_its_own_moments(tmp_path, late):
    """From 1.2 s on, in a container that begins late too: the left is the source's code, as the right."""
    codes = [40 + 3 * n for n in range(50)]
    first = write_clip(tmp_path / "a.mkv", flat(codes), first=late)
    second = write_clip(tmp_path / "b.mkv", flat(codes[30:36]))

    found, _ = compared(tmp_path, first, second, layout="side", start=Fraction("1.2"))

    pairs = [(int(planes[0][0, 0]), int(planes[0][0, -1])) for planes in found]
    assert pairs == [(code, code) for code in codes[30:36]]
