"""Frames side by side."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from deblurvid.errors import InputError
from deblurvid.judge.matching import Clip
from deblurvid.judge.together import read_image, shots
from tests.media import make_video, read_pictures

cv2 = pytest.importorskip("cv2", reason="needs the score extra")

TICKS = [0, 40, 80, 120, 160, 200, 240, 280]
BASE = Fraction(1, 1000)


def video(path, stamps=TICKS, **options):
    """As long as its stamps; every frame is told by its number."""
    return make_video(path, stamps=stamps, time_base=BASE, audio=False, **options)


def side_by_side(**files):
    clips = {k: Clip(tuple(f) if isinstance(f, list) else (f,)) for k, f in files.items()}
    return list(shots(clips))


def image(path, codes):
    cv2.imwrite(str(path), codes)
    return path


def test_frames_come_in_order_with_their_times(tmp_path):
    """Frame n of either file is its n-th picture, in another container and codec too."""
    a = video(tmp_path / "a.mkv", codec="ffv1")
    b = video(tmp_path / "b.mp4", options={"crf": "0"}, bframes=2)
    found = side_by_side(restored=b, reference=a)

    assert [shot["reference"].seconds for shot in found] == [Fraction(t, 1000) for t in TICKS]
    for shot, planes in zip(found, read_pictures(a), strict=True):
        assert (shot["reference"].luma.codes == planes[0]).all()
        assert (shot["restored"].luma.codes == planes[0]).all()


@pytest.mark.parametrize(("short", "by"), [(1, "1 fewer"), (3, "3 fewer")])
def test_another_length_is_an_error_that_says_by_how_much(tmp_path, short, by):
    """Whichever is shorter; all frames of both are counted."""
    a = video(tmp_path / "a.mkv", codec="ffv1")
    b = video(tmp_path / "b.mkv", TICKS[:-short], codec="ffv1")

    for kinds in ({"restored": a, "reference": b}, {"restored": b, "reference": a}):
        with pytest.raises(InputError, match=by) as caught:
            side_by_side(**kinds)
        assert "a.mkv has 8 frames" in str(caught.value)
        assert f"b.mkv has {8 - short} frames" in str(caught.value)


def test_a_frame_that_is_missing_in_between_is_found_where_it_is(tmp_path):
    """Frame 3 of one comes when frame 4 of the other does; both lengths are told."""
    a = video(tmp_path / "a.mkv", codec="ffv1")
    b = video(tmp_path / "b.mkv", [*TICKS[:3], *TICKS[4:]], codec="ffv1")

    with pytest.raises(InputError, match="frame 3 comes") as caught:
        side_by_side(restored=b, reference=a)
    assert "0.160 s in" in str(caught.value)
    assert "0.120 s in" in str(caught.value)
    assert "1 fewer" in str(caught.value)


def test_a_late_start_and_rounding_are_no_difference(tmp_path):
    """Ten seconds later, and rounded to milliseconds where the other counts 1/30 s."""
    exact = [Fraction(n, 30) for n in range(8)]
    a = make_video(tmp_path / "a.mp4", frames=8, rate=30, audio=False)
    b = video(tmp_path / "b.mkv", [10_000 + round(1000 * t) for t in exact])

    assert len(side_by_side(restored=b, reference=a)) == 8


def test_sizes_must_be_the_same(tmp_path):
    """Both are named."""
    a = video(tmp_path / "a.mkv", codec="ffv1")
    b = video(tmp_path / "b.mkv", codec="ffv1", size=(48, 64))

    with pytest.raises(InputError, match=r"b\.mkv is 48x64.*a\.mkv is 64x48"):
        side_by_side(restored=b, reference=a)


def test_images_of_several_sizes_are_no_clip(tmp_path):
    """The first change is told, and what to do."""
    files = [
        image(tmp_path / f"{n}.png", np.zeros(shape, np.uint8))
        for n, shape in enumerate([(20, 30, 3), (30, 20, 3)])
    ]

    with pytest.raises(InputError, match=r"from 30x20 to 20x30 at frame 1\..*--stills"):
        side_by_side(restored=files)


def test_tiny_pictures_are_refused(tmp_path):
    """SSIM's window and the optical flow need room."""
    with pytest.raises(InputError, match="15x40: both sides"):
        side_by_side(restored=image(tmp_path / "a.png", np.zeros((40, 15, 3), np.uint8)))


def test_eight_bits_beside_more_are_the_same_light(tmp_path):
    """White is 65535 then, black 0, and 128 is 128 / 255 of white."""
    codes = np.full((20, 30, 3), 128, np.uint8)
    codes[0], codes[1] = 0, 255
    a = image(tmp_path / "a.png", codes)
    b = image(tmp_path / "b.png", codes.astype(np.uint16) * 257)
    (shot,) = side_by_side(restored=a, reference=b)

    assert shot["restored"].rgb.dtype == np.uint16
    assert (shot["restored"].rgb == shot["reference"].rgb).all()
    assert set(np.unique(shot["restored"].rgb)) == {0, 128 * 65535 // 255, 65535}


def test_images_are_read_as_rgb(tmp_path):
    """Red is the first; grey has three alike; 16 bits stay; what is transparent shows its colour."""
    bgr = np.zeros((20, 30, 3), np.uint8)
    bgr[:, :, 2] = 200
    clear = np.dstack([bgr, np.full((20, 30), 7, np.uint8)])
    grey = np.full((20, 30), 4660, np.uint16)

    for codes in (bgr, clear):
        assert (read_image(image(tmp_path / "a.png", codes)) == (200, 0, 0)).all()
    read = read_image(image(tmp_path / "a.png", grey))
    assert (read.dtype, read.shape) == (np.uint16, (20, 30, 3))
    assert (read == 4660).all()


def test_unreadable_images_are_named(tmp_path):
    """Text, and floating-point samples."""
    (tmp_path / "a.png").write_text("no image")
    image(tmp_path / "b.tiff", np.zeros((20, 30, 3), np.float32))

    with pytest.raises(InputError, match=r"a\.png: not a readable image"):
        read_image(tmp_path / "a.png")
    with pytest.raises(InputError, match=r"b\.tiff: samples are float32"):
        read_image(tmp_path / "b.tiff")
