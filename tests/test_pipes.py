"""Bytes in and bytes out, as `ffmpeg | deblurvid | ffmpeg` has them."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest

from deblurvid import DeblurvidError, InputError, OutputError, UsageError, deblur_video
from deblurvid.events import Finished, Notice
from deblurvid.stages.raw import frame_bytes
from tests.ffmpeg_tools import ffmpeg
from tests.media import make_video, read_pictures
from tests.processes import ROOT, piped, started

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name != "posix", reason="pipes are POSIX's here")


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    """64x48, 12 frames at 24000/1001, H.264 and AAC in mp4."""
    folder = tmp_path_factory.mktemp("clip")
    return make_video(folder / "a.mp4", rate=Fraction(24000, 1001))


def events_of(source, target, **options):
    return list(deblur_video(source, target, engine="identity", **options))


def notices(events) -> list[str]:
    return [event.text for event in events if isinstance(event, Notice)]


def y4m_by_ffmpeg(clip: Path, target: Path, *words: str) -> bytes:
    ffmpeg("-i", clip, "-an", *words, "-strict", "-1", "-f", "yuv4mpegpipe", target)
    return target.read_bytes()


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("-pix_fmt", "yuv422p10le"),
        ("-vf", "setsar=4/3", "-pix_fmt", "yuv444p"),
        ("-pix_fmt", "yuvj420p"),
        ("-pix_fmt", "gray"),
    ],
    ids=lambda words: words[-1] if words else "as it is",
)
def test_y4m_comes_out_as_ffmpeg_made_it(clip, tmp_path, words):
    """Every byte, header included: rate, shape, siting, range and samples of 8 and 10 bits."""
    made = y4m_by_ffmpeg(clip, tmp_path / "a.y4m", *words)

    code, out, err = piped("-", "-o", "-", "--format", "yuv4mpegpipe", given=made)

    assert code == 0, err
    assert out == made


def test_a_video_becomes_the_y4m_that_ffmpeg_makes_of_it(clip, tmp_path):
    """From H.264 whose chroma lies left of its luma; what is lost is said."""
    made = y4m_by_ffmpeg(clip, tmp_path / "a.y4m")

    code, out, err = piped(clip, "-o", "-", "--format", "yuv4mpegpipe")

    assert code == 0, err
    # PyAV's mp4 says no shape, which FFmpeg's program may take for 1:1.
    assert out.replace(b" A0:0", b" A1:1") == made.replace(b" A0:0", b" A1:1")
    assert "audio" in err
    assert "left out" in err


def poured(data: bytes, fifo: Path) -> threading.Thread:
    """Write into a FIFO from another thread."""
    os.mkfifo(fifo)

    def pour() -> None:
        with suppress(BrokenPipeError):
            fifo.write_bytes(data)

    thread = threading.Thread(target=pour)
    thread.start()
    return thread


@pytest.fixture
def pour(tmp_path) -> Iterator[Callable[[bytes], Path]]:
    """Gives the FIFO into which bytes are being written."""
    threads: list[threading.Thread] = []

    def begin(data: bytes) -> Path:
        fifo: Path = tmp_path / f"fifo{len(threads)}"
        threads.append(poured(data, fifo))
        return fifo

    yield begin
    for thread in threads:
        thread.join()


def same(first, second) -> bool:
    return len(first) == len(second) and all(
        np.array_equal(x, y)
        for a, b in zip(first, second, strict=True)
        for x, y in zip(a, b, strict=True)
    )


@pytest.mark.parametrize("muxer", ["matroska", "mpegts", "nut", "yuv4mpegpipe"])
def test_formats_that_can_be_read_on_are_read_from_a_pipe(clip, tmp_path, pour, muxer):
    """As from a file, found by their bytes."""
    ffmpeg("-i", clip, "-c:v", "copy" if muxer != "yuv4mpegpipe" else "wrapped_avframe",
           "-f", muxer, tmp_path / "a")  # fmt: skip

    events_of(pour((tmp_path / "a").read_bytes()), tmp_path / "b.mkv", codec="ffv1")

    assert same(read_pictures(clip), read_pictures(tmp_path / "b.mkv"))


@pytest.mark.parametrize("muxer", ["matroska", "mpegts", "nut", "mp4", "mov"])
def test_formats_that_can_be_written_on_are_written_to_a_pipe(clip, tmp_path, muxer):
    """The sound too; mp4 in fragments. FFmpeg reads every frame of what came."""
    code, out, err = piped(clip, "-o", "-", "--format", muxer, "--crf", "0", "--codec", "libx264")

    assert code == 0, err
    assert err.rstrip().endswith("checked: frame count")
    (tmp_path / "b").write_bytes(out)
    with av.open(io.BytesIO(out)) as read:
        assert [stream.type for stream in read.streams] == ["video", "audio"]
        pictures = [frame.to_ndarray() for frame in read.decode(read.streams.video[0])]
    with av.open(str(clip)) as first:
        wanted = [frame.to_ndarray() for frame in first.decode(first.streams.video[0])]
    assert [np.array_equal(*pair) for pair in zip(wanted, pictures, strict=True)] == [True] * 12


def test_raw_frames_go_in_and_out(clip, tmp_path):
    """As `-f rawvideo` of ffmpeg, by standard input and output."""
    ffmpeg("-i", clip, "-an", "-f", "rawvideo", "-pix_fmt", "yuv420p", tmp_path / "a.yuv")
    raw = (tmp_path / "a.yuv").read_bytes()
    described = ("--input-format", "rawvideo", "--size", "64x48", "--pixel-format", "yuv420p")

    code, out, err = piped("-", *described, "-o", "-", "--format", "rawvideo", given=raw)

    assert code == 0, err
    assert out == raw


def test_raw_frames_take_their_rate_exactly(clip, tmp_path):
    """24000/1001 is no decimal fraction."""
    ffmpeg("-i", clip, "-an", "-f", "rawvideo", "-pix_fmt", "yuv420p", tmp_path / "a.yuv")
    events_of(
        tmp_path / "a.yuv",
        tmp_path / "b.nut",
        input_format="rawvideo",
        size=(64, 48),
        pixel_format="yuv420p",
        frame_rate=Fraction(24000, 1001),
        codec="ffv1",
    )

    with av.open(str(tmp_path / "b.nut")) as read:
        video = read.streams.video[0]
        times = [frame.pts * video.time_base for frame in read.decode(video)]
    assert times == [Fraction(1001 * number, 24000) for number in range(12)]


@pytest.mark.parametrize(
    ("pixel_format", "size", "wanted"),
    [
        ("yuv420p", (17, 15), 17 * 15 + 2 * 9 * 8),
        ("yuv420p10le", (18, 14), 2 * 18 * 14 * 3 // 2),
        ("rgb0", (18, 14), 4 * 18 * 14),
        ("p010le", (18, 14), 2 * 18 * 14 * 3 // 2),
        ("gray16be", (17, 15), 2 * 17 * 15),
        ("yuyv422", (18, 14), 2 * 18 * 14),
    ],
)
def test_the_bytes_of_a_frame(pixel_format, size, wanted):
    """Chroma of odd sizes is rounded up, deep samples are two bytes, padding counts."""
    assert frame_bytes(pixel_format, *size) == wanted


def test_a_raw_file_of_another_size_is_refused(tmp_path):
    """It would come out as noise."""
    (tmp_path / "a.yuv").write_bytes(bytes(64 * 48 * 3 // 2 * 3 + 1))
    with pytest.raises(InputError, match="no whole number"):
        events_of(
            tmp_path / "a.yuv",
            tmp_path / "b.mkv",
            input_format="rawvideo",
            size=(64, 48),
            pixel_format="yuv420p",
        )


def test_a_part_of_a_pipe_is_that_part_of_the_file(clip, tmp_path, pour):
    """A pipe cannot be sought, so what lies before is read and left."""
    part = {"start": Fraction(1, 5), "duration": Fraction(1, 5), "codec": "ffv1"}
    ffmpeg("-i", clip, "-c", "copy", tmp_path / "a.mkv")
    events_of(tmp_path / "a.mkv", tmp_path / "b.mkv", **part)
    events_of(pour((tmp_path / "a.mkv").read_bytes()), tmp_path / "c.mkv", **part)

    wanted = read_pictures(tmp_path / "b.mkv")
    assert len(wanted) == 5
    assert same(wanted, read_pictures(tmp_path / "c.mkv"))


def test_an_mp4_with_its_index_last_is_refused_with_the_reason(tmp_path, pour):
    """A pipe gives the index after the pictures that need it."""
    source = make_video(tmp_path / "a.mp4")
    assert source.read_bytes().index(b"mdat") < source.read_bytes().index(b"moov")
    # More than FFmpeg would keep in memory to look back at.
    whole = source.read_bytes().replace(b"free", b"skip", 1)
    with pytest.raises(InputError, match=r"index first|readable"):
        events_of(pour(whole[:2000]), tmp_path / "b.mkv")
    assert not (tmp_path / "b.mkv").exists()


def test_what_ends_inside_a_frame_is_said(clip, tmp_path, pour):
    """Its maker may have died; FFmpeg leaves the rest out without a word."""
    made = y4m_by_ffmpeg(clip, tmp_path / "a.y4m")

    whole = notices(events_of(pour(made), tmp_path / "b.mkv"))
    cut = notices(events_of(pour(made[:-100]), tmp_path / "c.mkv"))

    assert (whole, any("inside a frame" in text for text in cut)) == ([], True)


def test_a_fifo_is_written_to_and_never_replaced(clip, tmp_path):
    """It is still a FIFO afterwards, and what came out of it is whole."""
    fifo, came = tmp_path / "out.nut", []
    os.mkfifo(fifo)
    reader = threading.Thread(target=lambda: came.append(fifo.read_bytes()), daemon=True)
    reader.start()
    finished = events_of(clip, fifo, codec="ffv1")[-1]
    reader.join(timeout=10)

    assert isinstance(finished, Finished)
    assert fifo.is_fifo()
    assert (finished.size_bytes, finished.verified) == (len(came[0]), "counted")
    assert [path.name for path in tmp_path.iterdir()] == ["out.nut"]


@pytest.mark.parametrize("muxer", ["yuv4mpegpipe", "matroska"])
def test_a_reader_that_goes_ends_the_run(tmp_path, muxer):
    """As `head -c` does: code 1, one line, no traceback."""
    source = make_video(tmp_path / "a.mkv", size=(320, 240), frames=60)
    words = {"matroska": ("--crf", "0", "--codec", "libx264")}.get(muxer, ())
    command = (source, "-o", "-", "--format", muxer, *words, "--progress", "none")
    with started(*command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(100)
        process.stdout.close()
        said = process.stderr.read().decode().splitlines()

    assert process.returncode == 1
    assert said == ["deblurvid: error: whoever read the output has gone"]


@pytest.mark.parametrize("sent", [0, 30_000])
def test_a_run_that_waits_for_a_pipe_can_be_stopped(clip, tmp_path, sent):
    """Nothing comes any more, before the first frame or after some: SIGTERM ends it at once."""
    made = y4m_by_ffmpeg(clip, tmp_path / "a.y4m")
    with started("-", "-o", tmp_path / "b.mkv", stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.write(made[:sent])
        process.stdin.flush()
        time.sleep(2.5)
        process.send_signal(signal.SIGTERM)
        begin = time.monotonic()
        code = process.wait(timeout=30)

    assert code == 130
    assert time.monotonic() - begin < 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.y4m"]


STRAY = """
import os, sys
from pathlib import Path
from deblurvid import deblur_video
for event in deblur_video(Path(sys.argv[1]), "-", engine="identity", format="yuv4mpegpipe"):
    print("a line of some library", flush=True)
    os.write(1, b"and one of C\\n")
print("afterwards", flush=True)
"""


def test_nothing_but_the_video_reaches_standard_output(clip, tmp_path):
    """What else writes there meanwhile is sent to standard error; afterwards it is as before."""
    made = y4m_by_ffmpeg(clip, tmp_path / "a.y4m")
    done = subprocess.run(
        [sys.executable, "-c", STRAY, str(tmp_path / "a.y4m")],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=True,
    )

    assert done.stdout == made + b"afterwards\n"
    assert done.stderr.count(b"and one of C\n") == 14


def test_uneven_times_are_said_where_there_are_none(tmp_path):
    """yuv4mpegpipe has a rate and no times."""
    even = make_video(tmp_path / "a.mkv", audio=False)
    uneven = make_video(
        tmp_path / "b.mkv",
        audio=False,
        time_base=Fraction(1, 1000),
        stamps=[0, 40, 80, 300, 340, 380],
    )

    assert not any("no times" in text for text in notices(events_of(even, tmp_path / "a.y4m")))
    assert any("no times" in text for text in notices(events_of(uneven, tmp_path / "b.y4m")))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "--format"),
        ({"format": "image2"}, "not written"),
        ({"format": "matroska", "verify": "full"}, "cannot be read back"),
        ({"format": "rawvideo", "codec": "libx264"}, "always encoded by rawvideo"),
        ({"format": "matroska", "size": (64, 48)}, "--input-format rawvideo"),
        ({"format": "matroska", "input_format": "rawvideo"}, "needs --size"),
        ({"format": "matroska", "input_format": "hls"}, "not read"),
        ({"format": "matroska", "frame_rate": Fraction(30)}, "--frame-rate"),
        (
            {
                "format": "matroska",
                "input_format": "rawvideo",
                "size": (64, 48),
                "pixel_format": "yuv",
            },
            "--pixel-format yuv",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_options_that_do_not_go_together_are_refused(clip, options, words):
    """Before anything is written to standard output."""
    with pytest.raises(UsageError, match=words):
        events_of(clip, "-", **options)


def test_a_full_device_is_a_failed_run(clip):
    """/dev/full takes nothing; what FFmpeg makes of it is an error of ours."""
    with pytest.raises((DeblurvidError, OSError)):
        events_of(clip, "/dev/full", format="matroska")


def test_an_unopened_pipe_names_itself(tmp_path):
    """As a file would."""
    os.mkfifo(tmp_path / "a", mode=0o000)
    if os.geteuid() == 0:
        pytest.skip("root may open everything")
    with pytest.raises((InputError, OutputError), match="denied"):
        events_of(tmp_path / "a", tmp_path / "b.mkv")
