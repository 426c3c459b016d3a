"""Interlaced video is found wherever it says so, refused, and deinterlaced if that is asked for."""

import os
import shutil
import subprocess
from fractions import Fraction

import av
import numpy as np
import pytest
from av.filter import Graph

from deblurvid import deblur_video
from deblurvid.errors import InputError
from deblurvid.events import Notice
from tests.media import make_frame, make_video, read_pictures, read_stamps
from tests.test_every_picture import join

FIELD_ORDER = {"tff": 2, "bff": 3}


def run(source, target, **options):
    return list(deblur_video(source, target, **{"engine": "identity", "codec": "ffv1", **options}))


def make_interlaced(path, order, *, pixel_format="yuv420p", frames=9, codec="ffv1"):
    """A video whose frames say that they are interlaced, and which field is shown first."""
    graph = Graph()
    buffer = graph.add("buffer", f"video_size=64x48:pix_fmt={pixel_format}:time_base=1/25")
    fields, sink = graph.add("setfield", order), graph.add("buffersink")
    buffer.link_to(fields)
    fields.link_to(sink)
    graph.configure()
    with av.open(str(path), "w") as target:
        stream = target.add_stream(codec, rate=25)
        context = stream.codec_context
        context.width, context.height, context.pix_fmt = 64, 48, pixel_format
        for index in range(frames):
            graph.vpush(make_frame(index, (64, 48), pixel_format, index, Fraction(1, 25)))
            target.mux(stream.encode(graph.vpull()))
        target.mux(stream.encode(None))
    with av.open(str(path)) as file:
        assert next(file.decode(video=0)).interlaced_frame
    return path


def make_silent(path, order):
    """A video that only its container calls interlaced: PNG's decoder says nothing of fields."""
    with av.open(str(path), "w") as target:
        stream = target.add_stream("png", rate=25)
        context = stream.codec_context
        context.width, context.height, context.pix_fmt = 64, 48, "gray"
        context.field_order = FIELD_ORDER[order]
        for index in range(6):
            target.mux(stream.encode(make_frame(index, (64, 48), "gray", index, Fraction(1, 25))))
        target.mux(stream.encode(None))
    with av.open(str(path)) as file:
        assert not next(file.decode(video=0)).interlaced_frame
    return path


@pytest.fixture(scope="module")
def ffmpeg():
    """FFmpeg's own program, which CI has."""
    found = shutil.which("ffmpeg")
    if found is None and os.environ.get("CI") != "true":
        pytest.skip("ffmpeg is not installed")
    return found


@pytest.mark.parametrize("order", ["tff", "bff"])
@pytest.mark.parametrize(
    "pixel_format", ["yuv420p", "yuv422p", "yuv444p", "gray", "yuv420p10le", "yuv422p10le"]
)
def test_as_ffmpeg_does_it(tmp_path, ffmpeg, order, pixel_format):
    """Every sample is what `ffmpeg -vf bwdif=mode=send_frame` gives, in a build of its own.

    But in the first frame, where FFmpeg 5 and 8 differ: it has no frame before it.
    """
    source = make_interlaced(tmp_path / "a.mkv", order, pixel_format=pixel_format)
    run(source, tmp_path / "b.mkv", deinterlace=True)
    command = [ffmpeg, "-v", "error", "-i", source, "-vf", "bwdif=mode=send_frame"]
    subprocess.run([*command, "-c:v", "ffv1", tmp_path / "c.mkv"], check=True)

    found, expected = read_pictures(tmp_path / "b.mkv"), read_pictures(tmp_path / "c.mkv")
    assert len(found) == len(expected) == 9
    for ours, theirs in zip(found[1:], expected[1:], strict=True):
        assert all(map(np.array_equal, ours, theirs))


@pytest.mark.parametrize(("order", "kept"), [("tff", 0), ("bff", 1)])
@pytest.mark.parametrize("silent", [False, True])
def test_the_field_shown_first_is_kept(tmp_path, order, kept, silent):
    """Its rows are the source's, and the other field's are made anew, by frames' word or the file's."""
    if silent:
        source = make_silent(tmp_path / "a.mov", order)
    else:
        source = make_interlaced(tmp_path / "a.mkv", order)
    run(source, tmp_path / "b.mkv", deinterlace=True)

    for before, after in zip(read_pictures(source), read_pictures(tmp_path / "b.mkv"), strict=True):
        assert np.array_equal(before[0][kept::2], after[0][kept::2])
        assert not np.array_equal(before[0][1 - kept :: 2], after[0][1 - kept :: 2])


def test_times_and_sound_stay(tmp_path):
    """As many frames as came in, at the same times though they vary, and progressive."""
    stamps = [0, 40, 80, 130, 131, 250, 400, 440]
    source = make_video(
        tmp_path / "a.mkv", options={"x264-params": "tff=1"}, stamps=stamps,
        time_base=Fraction(1, 1000), bframes=2,
    )  # fmt: skip
    run(source, tmp_path / "b.mp4", codec=None, deinterlace=True)

    assert read_stamps(source) == read_stamps(tmp_path / "b.mp4")
    with av.open(str(tmp_path / "b.mp4")) as file:
        assert file.streams.audio
        assert not any(frame.interlaced_frame for frame in file.decode(video=0))


def test_a_span_of_it(tmp_path):
    """With --start and --duration the frames are those of the span, each from its own fields."""
    source = make_interlaced(tmp_path / "a.mkv", "tff")
    run(source, tmp_path / "b.mkv", deinterlace=True, start=0.12, duration=0.16)

    found = read_pictures(tmp_path / "b.mkv")
    assert len(found) == 4
    for before, after in zip(read_pictures(source)[3:7], found, strict=True):
        assert np.array_equal(before[0][::2], after[0][::2])


@pytest.mark.parametrize("how", ["frames", "container"])
def test_refused_with_the_way_out(tmp_path, how):
    """By its first frame or by its container, interlaced video is refused before any work."""
    if how == "frames":
        source = make_interlaced(tmp_path / "a.mkv", "tff")
    else:
        source = make_silent(tmp_path / "a.mov", "bff")
    events = deblur_video(source, tmp_path / "b.mkv", engine="identity")

    with pytest.raises(InputError, match=r"is interlaced; --deinterlace"):
        next(events)


def test_found_on_a_later_frame(tmp_path):
    """A video that becomes interlaced is refused there, by frame and time; or deinterlaced."""
    plain, fields = ({"annexb": "1", "repeat-headers": "1"}, {"tff": "1"})
    parts = [
        make_video(
            tmp_path / f"{number}.h264",
            frames=6,
            audio=False,
            options={"g": "1", "x264-params": ":".join(f"{k}={v}" for k, v in params.items())},
        )
        for number, params in enumerate((plain, plain | fields))
    ]
    source = join(tmp_path / "a.ts", *parts)
    with av.open(str(source)) as file:
        flags = [frame.interlaced_frame for frame in file.decode(video=0)]
    assert flags == [False] * 6 + [True] * 6

    with pytest.raises(InputError, match=r"frame 6, 0\.240 s, the video becomes interlaced"):
        run(source, tmp_path / "b.mkv")
    assert not (tmp_path / "b.mkv").exists()
    run(source, tmp_path / "b.mkv", deinterlace=True)
    assert len(read_stamps(tmp_path / "b.mkv")) == 12


def test_a_format_that_the_filter_would_convert_is_refused(tmp_path):
    """Packed RGB goes through bwdif only converted, so it is refused, with what to do."""
    source = make_video(tmp_path / "a.nut", codec="rawvideo", pixel_format="gray10le", audio=False)
    events = deblur_video(source, tmp_path / "b.mkv", engine="identity", deinterlace=True)

    with pytest.raises(InputError, match=r"gray10le cannot be deinterlaced as it is.*-pix_fmt"):
        next(events)


def test_progressive_video_is_said_to_be(tmp_path):
    """What says nowhere that it is interlaced is deinterlaced if asked for, with a notice."""
    source = make_video(tmp_path / "a.mkv", audio=False)
    events = run(source, tmp_path / "b.mkv", deinterlace=True)

    texts = [event.text for event in events if isinstance(event, Notice)]
    assert [text for text in texts if "nothing says that the video is interlaced" in text]
