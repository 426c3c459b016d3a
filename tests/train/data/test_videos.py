"""Frames of videos."""

from __future__ import annotations

from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
from av.video.frame import VideoFrame

from tests.media import make_audio, make_video
from train.colour import BT601, BT709, planes_from_image
from train.data import videos

SIZE = (96, 80)


def film(path, images):
    """Write RGB pictures without loss of more than the rounding of Y'CbCr."""
    with av.open(str(path), "w") as target:
        stream = target.add_stream("ffv1", rate=25)
        stream.width, stream.height = images[0].shape[1], images[0].shape[0]
        stream.pix_fmt = "yuv444p"
        for image in images:
            target.mux(stream.encode(VideoFrame.from_ndarray(image, format="rgb24")))
        target.mux(stream.encode(None))
    return path


def views(sharpest, frames=36, seed=0):
    """Pictures of noise, all softened by sigma 3 but those whose sigma is given."""
    rng = np.random.default_rng(seed)
    grain = np.kron(
        rng.integers(0, 256, (SIZE[1] // 4, SIZE[0] // 4, 3), np.uint8), np.ones((4, 4, 1))
    )
    grain = grain.astype(np.uint8)
    sigmas = [sharpest.get(k, 3.0) for k in range(frames)]
    return [cv2.GaussianBlur(grain, (0, 0), sigma) if sigma else grain for sigma in sigmas]


def test_the_sharpest_frame_of_every_twelve_is_taken_if_its_half_is_sharp(tmp_path):
    """Three dozens: the best of each is 5, 17, 30; 30 is the softest and under the median."""
    path = film(tmp_path / "a.mkv", views({5: 0.0, 6: 0.5, 17: 0.8, 18: 1.2, 30: 2.0}))
    photos = videos.read_sharp_frames([path], 64)

    assert [photo.name for photo in photos] == ["a.mkv:5", "a.mkv:17"]
    assert photos[0].image.shape == (SIZE[1], SIZE[0], 3)
    # Y'CbCr of limited range and back moves a code by two at most.
    assert np.abs(photos[0].image.astype(int) - views({5: 0.0})[5]).max() <= 2


def test_frames_kept_are_bounded_and_spread(tmp_path, monkeypatch):
    """Room for four frames in two videos: each keeps two, the first and the last of its sharp."""
    sharp = dict.fromkeys(range(3, 96, 12), 0.0)
    paths = [film(tmp_path / f"{k}.mkv", views(sharp, 96, k)) for k in range(2)]
    monkeypatch.setattr(videos, "MEMORY", 4 * 3 * SIZE[0] * SIZE[1])
    names = [photo.name for photo in videos.read_sharp_frames(paths, 64)]

    assert names == ["0.mkv:3", "0.mkv:87", "1.mkv:3", "1.mkv:87"]


def test_small_videos_give_no_photos(tmp_path):
    """None large enough: an error that says how large."""
    path = film(tmp_path / "a.mkv", views({}, 3))

    with pytest.raises(ValueError, match="No frame of at least 81 x 81 pixels in 1 videos"):
        videos.read_sharp_frames([path], 81)


@pytest.mark.parametrize(
    ("name", "bframes"), [("a.mp4", 0), ("a.mp4", 2), ("a.mkv", 2), ("a.ts", 2)]
)
def test_any_run_of_frames_is_that_of_decoding_all(name, bframes, tmp_path):
    """Wherever key frames lie and in whatever order frames are stored."""
    path = make_video(tmp_path / name, frames=40, audio=False, bframes=bframes, options={"g": "12"})
    with av.open(str(path)) as container:
        whole = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    frames = videos.index_frames(path, 48)

    assert len(frames) == len(whole) == 40
    for first, count in ((0, 3), (11, 3), (12, 1), (22, 7), (39, 1), (0, 40)):
        for found, expected in zip(
            frames.read(first, count), whole[first : first + count], strict=True
        ):
            assert (found == expected).all()


@pytest.mark.parametrize(("space", "tag"), [(BT709, 1), (BT601, 5), (BT709, 2), (BT601, 2)])
def test_a_frame_s_colours_are_those_of_its_matrix(space, tag):
    """As tagged; untagged (2) BT.709 from 720 rows on, BT.601 below."""
    height = 720 if space is BT709 else 576
    rgb = np.full((height, 64, 3), (200, 30, 40), np.uint8)
    frame = VideoFrame(64, height, "yuv420p")
    for plane, codes in zip(frame.planes, planes_from_image(rgb, space), strict=True):
        memory = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, -1)
        memory[:] = np.rint(codes[0, 0])
    frame.colorspace, frame.color_range = tag, 1

    assert videos.image_from_frame(frame)[5, 5] == pytest.approx([200, 30, 40], abs=3)


def test_hdr_is_refused(tmp_path):
    """PQ codes are no display codes."""
    path = make_video(
        tmp_path / "a.mp4", codec="libx265", audio=False, colour={"color_trc": 16}, frames=2
    )

    with pytest.raises(ValueError, match="HDR video"):
        videos.read_sharp_frames([path], 48)


def test_what_is_no_video_is_named(tmp_path):
    """Sound alone, and a file of nonsense."""
    broken = tmp_path / "b.mp4"
    broken.write_bytes(b"nonsense" * 100)

    with pytest.raises(ValueError, match=r"a\.m4a holds no video"):
        videos.index_frames(make_audio(tmp_path / "a.m4a"), 1)
    with pytest.raises(ValueError, match=r"b\.mp4 cannot be decoded"):
        videos.index_frames(broken, 1)


def test_a_video_without_timestamps_is_refused(tmp_path):
    """A bare H.264 stream cannot be sought in."""
    path = make_video(tmp_path / "a.h264", audio=False, container="h264", bframes=2)

    with pytest.raises(ValueError, match="without timestamps"):
        videos.index_frames(path, 1)


def test_a_video_cut_off_is_no_silent_loss(tmp_path):
    """Frames that the file announces and does not give are named."""
    whole = make_video(tmp_path / "a.mkv", frames=4, audio=False)
    frames = videos.index_frames(whole, 48)
    longer = videos.VideoFrames(path=whole, stamps=(*frames.stamps, frames.stamps[-1] + 40))

    with pytest.raises(ValueError, match=r"a\.mkv: frames 3 to 4 cannot be decoded"):
        longer.read(3, 2)


def test_frames_of_a_variable_rate_are_all_listed(tmp_path):
    """Stamps are the file's own, whatever the rate."""
    stamps = [0, 1, 5, 6, 20]
    path = make_video(
        tmp_path / "a.mkv", audio=False, stamps=stamps, time_base=Fraction(1, 25), frames=5
    )

    assert videos.index_frames(path, 1).stamps == tuple(40 * stamp for stamp in stamps)
