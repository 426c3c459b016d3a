"""Videos as RGB pictures."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame

from deblurvid.errors import InputError
from deblurvid.frames import ColourTags
from deblurvid.stages.rgb import rgb_frames
from tests.ffmpeg_tools import ffmpeg, ffprobe_json
from tests.graph.reference import SAMPLINGS, random_planes, rgb_of
from tests.media import make_video, read_pictures, read_stamps
from tests.test_corrupt import make_damaged

SIZE = (47, 67)
"""Height and width."""
MATRICES = {"bt601": 6, "bt709": 1, "bt2020": 9}
RANGES = {False: 1, True: 2}


def write(path, pixel_format, planes, colour, codec="ffv1"):
    """One frame of these codes, without loss, with these tags."""
    with av.open(f"file:{path}", "w") as target:
        stream = target.add_stream(codec, rate=25)
        context = stream.codec_context
        context.height, context.width = SIZE
        context.pix_fmt = pixel_format
        for name, value in colour.items():
            setattr(context, name, value)
        frame = VideoFrame(SIZE[1], SIZE[0], pixel_format)
        deep = frame.format.components[0].bits > 8
        for plane, codes in zip(frame.planes, planes, strict=True):
            rows = np.frombuffer(plane, np.uint16 if deep else np.uint8)
            rows.reshape(plane.height, -1)[:, : plane.width] = codes
        frame.pts, frame.time_base = 0, Fraction(1, 25)
        target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("full_range", [False, True])
@pytest.mark.parametrize("matrix", MATRICES)
@pytest.mark.parametrize(
    ("pixel_format", "source", "depth"),
    [
        ("yuv420p", "yuv420", 8),
        ("yuv444p", "yuv444", 8),
        ("yuv420p10le", "yuv420", 10),
        ("yuv422p10le", "yuv422", 10),
        ("yuv444p12le", "yuv444", 12),
        ("gray", "gray", 8),
        ("gray10le", "gray", 10),
    ],
)
def test_rgb_is_that_of_the_standards(tmp_path, pixel_format, source, depth, matrix, full_range):
    """The equations of BT.601, BT.709 and BT.2020, to rounding: 0.52 of a code of 8 bits.

    Of deep samples to 0.02: swscale's fixed point. Chroma is one colour, so that no interpolation
    hides or makes a difference.
    """
    planes = random_planes(source, depth, SIZE)
    for plane, code in zip(planes[1:], (100, 150), strict=False):
        plane[:] = code << (depth - 8)
    tags = ColourTags(matrix=matrix, full_range=full_range)
    colour = {"colorspace": MATRICES[matrix], "color_range": RANGES[full_range]}
    (frame,) = rgb_frames(write(tmp_path / "a.mkv", pixel_format, planes, colour))
    expected = np.clip(rgb_of(planes, source, depth, tags), 0, 1).transpose(1, 2, 0) * 255

    kind, scale, slack = (np.uint8, 1, 0.52) if depth == 8 else (np.uint16, 257, 0.02)
    assert frame.rgb.dtype == kind
    assert np.abs(frame.rgb / scale - expected).max() <= slack
    assert (frame.luma.codes == planes[0]).all()
    assert (frame.luma.depth, frame.luma.colour.full_range) == (depth, full_range)


@pytest.mark.parametrize(("pixel_format", "depth"), [("gbrp", 8), ("gbrp10le", 10)])
def test_rgb_stays_rgb(tmp_path, pixel_format, depth):
    """R, G and B of planar RGB, which FFmpeg stores as G, B, R; white is 255 or 65535; no luma."""
    planes = random_planes("rgb", depth, SIZE)
    name, codec = ("a.avi", "utvideo") if depth == 8 else ("a.mkv", "ffv1")
    (frame,) = rgb_frames(write(tmp_path / name, pixel_format, planes, {}, codec))
    top = 255 if depth == 8 else 65535
    expected = np.stack([planes[2], planes[0], planes[1]], 2) * (top / (2**depth - 1))

    assert np.abs(frame.rgb - expected).max() <= (0 if depth == 8 else 1)
    assert frame.luma is None


@pytest.mark.parametrize("sampling", ["yuv420p", "yuv422p10le"])
def test_chroma_is_interpolated_as_ffmpeg_does(tmp_path, sampling):
    """The ffmpeg program converts moving pictures alike, its range conversion of deep ones apart."""
    colour = {"colorspace": 1, "color_range": 1}
    video = make_video(
        tmp_path / "a.mkv", codec="ffv1", pixel_format=sampling, frames=3, audio=False,
        colour=colour,
    )  # fmt: skip
    raw = tmp_path / "a.raw"
    ffmpeg(
        "-i", video, "-vf", "scale=flags=bicubic+accurate_rnd+full_chroma_int,format=rgb48le",
        "-f", "rawvideo", raw,
    )  # fmt: skip
    theirs = np.fromfile(raw, np.uint16).reshape(3, 48, 64, 3) / 257
    ours = np.stack([frame.rgb for frame in rgb_frames(video)])

    assert SAMPLINGS[sampling[:6]].columns
    assert np.abs(ours / (257 if "10" in sampling else 1) - theirs).max() <= 1.5


def test_where_a_codec_says_that_chroma_lies_makes_no_difference(tmp_path):
    """H.264 says left, FFV1 says nothing: the same samples are the same picture."""
    made = {
        name: make_video(tmp_path / name, codec=codec, frames=3, audio=False, options=options)
        for name, codec, options in (
            ("a.mkv", "ffv1", {}), ("b.mp4", "libx264", {"qp": "0"}),
        )
    }  # fmt: skip
    tagged = [ffprobe_json(path)["streams"][0].get("chroma_location") for path in made.values()]
    a, b = ([frame.rgb for frame in rgb_frames(path)] for path in made.values())

    assert tagged == [None, "left"]
    assert np.array_equal(a, b)


@pytest.mark.parametrize(
    ("planar", "other"),
    [
        ("yuv420p", "nv12"),
        ("yuv422p", "yuyv422"),
        ("yuv422p10le", "yuv422p10be"),
        ("gray", "ya8"),
    ],
)
def test_another_layout_of_the_same_samples_is_the_same_picture(tmp_path, planar, other):
    """Semi-planar, packed, big-endian, with alpha: RGB and luma are those of the planar clip."""
    made = make_video(tmp_path / "a.mkv", codec="ffv1", pixel_format=planar, frames=2, audio=False)
    laid = tmp_path / "b.nut"
    with av.open(str(made)) as old, av.open(str(laid), "w") as new:
        stream = new.add_stream("rawvideo", rate=25)
        stream.codec_context.width, stream.codec_context.height = 64, 48
        stream.codec_context.pix_fmt = other
        for frame in old.decode(video=0):
            new.mux(stream.encode(frame.reformat(format=other)))
        new.mux(stream.encode(None))

    with av.open(str(laid)) as file:
        assert file.streams.video[0].codec_context.pix_fmt == other
    for a, b in zip(rgb_frames(made), rgb_frames(laid), strict=True):
        assert np.array_equal(a.luma.codes, b.luma.codes)
        assert a.luma.depth == b.luma.depth
        assert np.array_equal(a.rgb, b.rgb)


@pytest.mark.parametrize("codec", ["libx264", "ffv1"])
def test_a_damaged_video_has_no_figures(tmp_path, codec):
    """A packet that does not decode whole is an error that names the file, not a frame left out."""
    video = make_damaged(tmp_path / "a.mkv", codec, {6})

    with pytest.raises(InputError, match=r"a\.mkv: damaged"):
        list(rgb_frames(video))


def test_times_and_count_are_the_frames_own(tmp_path):
    """As many as PyAV decodes, at their times, B-frames or not, sound left aside."""
    stamps = [0, 3, 4, 9, 11, 12, 20, 21]
    video = make_video(
        tmp_path / "a.mp4", stamps=stamps, time_base=Fraction(1, 100), bframes=2, audio=True
    )
    frames = list(rgb_frames(video))

    assert [frame.seconds for frame in frames] == read_stamps(video)
    for frame, planes in zip(frames, read_pictures(video), strict=True):
        assert (frame.luma.codes == planes[0]).all()


def test_a_frame_outlives_its_decoder(tmp_path):
    """What a frame holds stays as it was while later frames are decoded, and after the file's end."""
    video = make_video(tmp_path / "a.mp4", frames=30, audio=False)
    kept = [(frame, frame.luma.codes.copy(), frame.rgb.copy()) for frame in rgb_frames(video)]

    assert all((f.luma.codes == y).all() and (f.rgb == rgb).all() for f, y, rgb in kept)


def test_no_video_is_refused(tmp_path):
    """Text is no video."""
    (tmp_path / "a.mp4").write_text("no video " * 100)

    with pytest.raises(InputError, match=r"a\.mp4"):
        next(rgb_frames(tmp_path / "a.mp4"))
