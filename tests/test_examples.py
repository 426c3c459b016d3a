"""The programs in examples/ run."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from deblurvid import deblur_image, deblur_video
from tests.media import make_video, read_pictures, read_stamps

ROOT = Path(__file__).parent.parent
CLIP = ROOT / "examples/shaky.mp4"


def run(name, *words, code=0):
    """Run an example and give what it prints."""
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / name, *words],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return (done.stdout + done.stderr).splitlines()


def sharpened(plane):
    """A plane of codes plus 0.8 times what it differs from its mean over 3x3, in float64."""
    windows = sliding_window_view(np.pad(plane.astype(float), 1, mode="edge"), (3, 3))
    return np.clip(plane + 0.8 * (plane - windows.mean((2, 3))), 0, 255)


def rgb_of(path):
    """The first picture of a file, uint8 [height, width, 3]."""
    with av.open(str(path)) as file:
        return next(file.decode(video=0)).to_ndarray(format="rgb24")


@pytest.fixture
def video(tmp_path):
    """64x48, 12 frames, with sound."""
    return make_video(tmp_path / "in.mp4")


def test_the_clip_is_what_its_credit_says():
    """84 frames at 24 a second, 1280x720, with sound."""
    with av.open(str(CLIP)) as file:
        video = file.streams.video[0]
        assert (video.width, video.height, video.codec_context.name) == (1280, 720, "h264")
        assert [stream.codec_context.name for stream in file.streams.audio] == ["aac"]
    assert len(read_stamps(CLIP)) == 84
    credit = (ROOT / "examples/README.md").read_text()
    assert "CC0" in credit


def test_before_after_makes_a_picture(tmp_path):
    """Three crops side by side, one row a frame."""
    cv2 = pytest.importorskip("cv2", reason="needs the train extra")
    video = make_video(tmp_path / "a.mp4", size=(320, 240), frames=3, audio=False)
    picture = tmp_path / "p.png"
    places = ["--at", "0", "10", "10", "--at", "2", "20", "30"]
    command = [sys.executable, "examples/before_after.py", *[str(video)] * 3, str(picture), *places]
    subprocess.run(command, cwd=ROOT, check=True)

    height, width = cv2.imread(str(picture)).shape[:2]
    assert (height, width) == (2 * (300 + 34), 3 * 450 + 2 * 6)


def test_deblur_file_tells_how_far_it_is(tmp_path, video):
    """What is used, every tenth frame, the end; and an error in one line where it cannot be."""
    first, *frames, last = run("deblur_file.py", video, tmp_path / "out.mp4")
    (refused,) = run("deblur_file.py", video, tmp_path / "out.mp4", code=1)

    assert first.startswith("64x48, fast on CPU")
    assert frames == ["frame 10 of 12"]
    assert last.startswith("12 frames in")
    assert len(read_stamps(tmp_path / "out.mp4")) == 12
    assert refused.startswith("failed: ")


def test_deblur_folder_goes_on_after_a_file_that_fails(tmp_path, video):
    """What can be restored is, what cannot is named, and the code says so; once more, all is skipped."""
    (tmp_path / "in").mkdir()
    video.rename(tmp_path / "in/a.mp4")
    (tmp_path / "in/b.mp4").write_text("no video")
    lines = run("deblur_folder.py", tmp_path / "in", tmp_path / "out", code=1)
    (tmp_path / "in/b.mp4").unlink()
    again = run("deblur_folder.py", tmp_path / "in", tmp_path / "out")

    assert lines[0] == "2 files, 0 are done already"
    assert lines[1].startswith("a.mp4: 12 frames in")
    assert lines[2].startswith("b.mp4: ")
    assert len(read_stamps(tmp_path / "out/a.mp4")) == 12
    assert again == ["0 files, 1 are done already"]


def test_deblur_pictures_writes_what_deblur_image_gives(tmp_path, video):
    """RGB in, RGB out, without loss on the way."""
    run("deblur_pictures.py", video, tmp_path / "1.png")

    assert np.array_equal(deblur_image(rgb_of(video)), rgb_of(tmp_path / "1.png"))


def test_deblur_pictures_keeps_16_bits(tmp_path):
    """What a file has more than 8 bits of is restored and written with them all."""
    cv2 = pytest.importorskip("cv2", reason="needs the train extra")
    codes = np.random.default_rng(0).integers(0, 65536, (48, 64, 3), np.uint16)
    cv2.imwrite(str(tmp_path / "deep.png"), codes[..., ::-1])
    run("deblur_pictures.py", tmp_path / "deep.png", tmp_path / "1.png")
    written = cv2.imread(str(tmp_path / "1.png"), cv2.IMREAD_UNCHANGED)[..., ::-1]

    assert written.dtype == np.uint16
    assert np.array_equal(deblur_image(codes), written)


PROGRAMS = sorted(path.name for path in (ROOT / "examples").glob("*.py"))


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_without_words_says_how_it_is_used(name):
    """A line of usage, and no traceback."""
    if name in ("before_after.py", "make_clip.py"):
        pytest.importorskip("cv2", reason="needs the train extra")
    if name == "own_generator.py":
        pytest.importorskip("torch", reason="needs the train extra")
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / name],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode in (1, 2)
    assert done.stderr.startswith("usage: ")
    assert name in done.stderr.splitlines()[0]


def test_frame_by_frame_collects_every_frame(video):
    """As many as were submitted, each changed by little."""
    engine, *lines = run("frame_by_frame.py", video)

    assert engine.startswith("fast on CPU")
    assert len(lines) == 12
    assert all(0 <= float(line.split()[3]) < 20 for line in lines)


def test_own_engine_sharpens_what_it_says(tmp_path, video):
    """Luma of every frame is the unsharp mask of the source's, chroma is the source's."""
    engine = runpy.run_path(str(ROOT / "examples/own_engine.py"))["UnsharpMask"]
    target = tmp_path / "out.mkv"
    list(deblur_video(video, target, engine=engine, codec="ffv1"))
    sources, results = read_pictures(video), read_pictures(target)
    ends = run("own_engine.py", video, tmp_path / "out.mp4")

    assert len(sources) == len(results) == 12
    for (y, u, v), restored in zip(sources, results, strict=True):
        assert np.abs(restored[0] - sharpened(y)).max() <= 0.51
        assert np.array_equal([u, v], restored[1:])
    assert ends[-1].startswith("Finished(")


def test_own_generator_goes_from_torch_to_video(tmp_path, video):
    """The video is made, and the file that is exported computes what the module says."""
    pytest.importorskip("torch", reason="needs the train extra")
    generator = tmp_path / "own.onnx"
    lines = run("own_generator.py", video, tmp_path / "out.mp4", generator)
    rgb = rgb_of(video)
    expected = np.stack([sharpened(rgb[..., channel]) for channel in range(3)], axis=-1)
    actual = deblur_image(rgb, engine=str(generator), precision="fp32")

    assert [line for line in lines if line.startswith("Finished(")]
    assert len(read_stamps(tmp_path / "out.mp4")) == 12
    assert np.abs(actual - expected).max() <= 0.51
