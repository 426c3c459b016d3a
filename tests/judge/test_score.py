"""Scores of clips, beside FFmpeg's own."""

from __future__ import annotations

import re
import tracemalloc
from itertools import pairwise

import numpy as np
import pytest

from deblurvid.errors import UsageError
from deblurvid.judge.matching import Clip, Item
from deblurvid.judge.metrics import flicker
from deblurvid.judge.metrics.fidelity import psnr_from_error
from deblurvid.judge.metrics.sharpness import laplacian_variance
from deblurvid.judge.score import check_libraries, laplacian_name, score
from deblurvid.stages.rgb import rgb_frames
from tests.ffmpeg_tools import ffmpeg
from tests.media import make_video

cv2 = pytest.importorskip("cv2", reason="needs the score extra")

COLOUR = {"colorspace": 1, "color_range": 1}
FRAMES = 6


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """A sharp clip, a bad copy as the blurred one, a better one as the restored; at 8 and 10 bits."""
    folder = tmp_path_factory.mktemp("clips")
    made = {}
    for depth, pixel_format in ((8, "yuv420p"), (10, "yuv420p10le")):
        common = {"frames": FRAMES, "audio": False, "colour": COLOUR, "pixel_format": pixel_format}
        made[depth] = {
            "reference": make_video(folder / f"sharp{depth}.mkv", codec="ffv1", **common),
            "blurred": make_video(folder / f"b{depth}.mp4", options={"crf": "45"}, **common),
            "restored": make_video(folder / f"r{depth}.mp4", options={"crf": "32"}, **common),
        }
    return made


def scored(files, *, sizes=()):
    item = Item(name="a", clips={kind: Clip((file,)) for kind, file in files.items()})
    (found,), total = score([item], sizes, lambda item, number: None)
    assert total.means.keys() == found.tally.means.keys()
    return found


def ffmpeg_psnr(folder, file, reference, name, before="null"):
    """Per frame, 10 log10(peak^2 / mse) by FFmpeg's psnr filter, with two decimals; mse too."""
    stats = folder / "stats.txt"
    ffmpeg(
        "-i", file, "-i", reference, "-lavfi",
        f"[0]{before}[a];[1]{before}[b];[a][b]psnr=stats_file={stats}", "-f", "null", "-",
    )  # fmt: skip
    text = stats.read_text()
    return [
        np.array(re.findall(rf"\b{what}_{name}:(\S+)", text), float) for what in ("psnr", "mse")
    ]


@pytest.mark.parametrize("depth", [8, 10])
@pytest.mark.parametrize("kind", ["blurred", "restored"])
def test_psnr_of_y_is_that_of_ffmpeg_s_filter(clips, tmp_path, depth, kind):
    """Of the mean squared error over all frames, as FFmpeg's summary has it."""
    files = clips[depth]
    _, errors = ffmpeg_psnr(tmp_path, files[kind], files["reference"], "y")
    expected = 10 * np.log10((2**depth - 1) ** 2 / errors.mean())
    error = scored(files).tally.mean(kind, "error_y")

    assert len(errors) == FRAMES
    assert psnr_from_error(error) == pytest.approx(expected, abs=0.005)


@pytest.mark.parametrize("depth", [8, 10])
@pytest.mark.parametrize("kind", ["blurred", "restored"])
def test_psnr_of_rgb_is_that_of_ffmpeg_s_filter(clips, tmp_path, depth, kind):
    """FFmpeg converts both to planar RGB of 16 bits and averages the three errors of each frame."""
    before = "scale=flags=bicubic+accurate_rnd+full_chroma_int,format=gbrp16le"
    if depth == 8:
        before = before.replace("gbrp16le", "rgb24,format=gbrp")
    files = clips[depth]
    decibels, _ = ffmpeg_psnr(tmp_path, files[kind], files["reference"], "avg", before)
    tally = scored(files).tally

    assert tally.mean(kind, "psnr") == pytest.approx(decibels.mean(), abs=0.05)
    moments = {m.frame: m for m in (*tally.worst, *tally.best)}
    assert sorted(moments) == list(range(FRAMES))
    for number, m in moments.items():
        ours = m.psnr_db if kind == "restored" else m.blurred_psnr_db
        assert ours == pytest.approx(decibels[number], abs=0.05)


def test_equal_clips_score_best(clips):
    """100 dB, SSIM 1, no error in Y, the same motion."""
    sharp = clips[8]["reference"]
    tally = scored({"restored": sharp, "reference": sharp}).tally

    assert tally.mean("restored", "psnr") == 100
    assert tally.mean("restored", "ssim") == pytest.approx(1)
    assert tally.mean("restored", "error_y") == 0
    assert tally.mean("restored", "tof") == 0
    assert tally.mean("restored", "warping") == tally.mean("reference", "warping")


def test_y_of_another_kind_is_not_compared(clips, tmp_path):
    """10 bits beside 8, and another range: no figure for Y, but one for RGB."""
    sharp = clips[8]["reference"]
    full = make_video(
        tmp_path / "f.mkv", codec="ffv1", frames=FRAMES, audio=False,
        colour=COLOUR | {"color_range": 2},
    )  # fmt: skip
    for other in (clips[10]["reference"], full):
        tally = scored({"restored": other, "reference": sharp}).tally
        assert tally.mean("restored", "error_y") is None
        assert 15 < tally.mean("restored", "psnr") <= 100


def test_ten_bits_beside_eight_are_compared_as_light(tmp_path):
    """The same flat grey at 8 and at 10 bits is the same picture: 68 dB, half a code of 8 bits or less."""
    files = {}
    for kind, pixel_format in (("restored", "yuv420p10le"), ("reference", "yuv420p")):
        source = ("-f", "lavfi", "-i", "color=gray:s=64x48:r=25:d=0.08")
        files[kind] = tmp_path / f"{kind}.mkv"
        ffmpeg(*source, "-pix_fmt", pixel_format, "-c:v", "ffv1", files[kind])
    found = scored(files)

    assert found.data_range == 65535
    assert found.tally.mean("restored", "psnr") > 20 * np.log10(255 / 0.5)


def test_sharpness_is_that_of_each_picture_at_each_size(clips):
    """The mean over frames; a size is width x height."""
    files = clips[8]
    tally = scored(files, sizes=[(40, 20)]).tally

    for kind, file in files.items():
        pictures = [frame.rgb for frame in rgb_frames(file)]
        native = np.mean([laplacian_variance(picture) for picture in pictures])
        small = np.mean([laplacian_variance(picture, (20, 40)) for picture in pictures])
        assert tally.mean(kind, laplacian_name(None)) == pytest.approx(native)
        assert tally.mean(kind, "laplacian 40x20") == pytest.approx(small)


def test_flicker_is_measured_along_the_reference(clips):
    """Each step of each clip, beside the reference's own motion; a mean over the steps."""
    files = clips[8]
    pictures = {kind: [frame.rgb for frame in rgb_frames(file)] for kind, file in files.items()}
    steps = range(FRAMES - 1)
    sharp = pictures["reference"]
    motions = [flicker.motion(sharp[n], sharp[n + 1]) for n in steps]
    truths = [flicker.flow_for_tof(sharp[n], sharp[n + 1]) for n in steps]
    tally = scored(files).tally

    for kind, own in pictures.items():
        warps = [flicker.warping_error(own[n], own[n + 1], *motions[n]) for n in steps]
        assert tally.mean(kind, "warping") == pytest.approx(np.mean(warps))
        if kind != "reference":
            tofs = [flicker.tof(flicker.flow_for_tof(own[n], own[n + 1]), truths[n]) for n in steps]
            assert tally.mean(kind, "tof") == pytest.approx(np.mean(tofs))


def test_without_a_reference_each_clip_is_followed_by_itself(clips):
    """Sharpness, and the warping error along its own flow; nothing that would need the truth."""
    files = {kind: clips[8][kind] for kind in ("blurred", "restored")}
    tally = scored(files).tally

    assert {name for _, name in tally.means} == {"laplacian native", "own warping"}
    assert tally.worst == []
    for kind, file in files.items():
        own = [frame.rgb for frame in rgb_frames(file)]
        warps = [flicker.warping_error(a, b, *flicker.motion(a, b)) for a, b in pairwise(own)]
        assert tally.mean(kind, "own warping") == pytest.approx(np.mean(warps))


def test_memory_does_not_grow_with_length(tmp_path):
    """24 more frames, 2 x 24 pictures of RGB, take less memory at the peak than 5 pictures."""
    peaks = []
    for frames in (12, 12, 36):  # the first fills what libraries keep
        file = make_video(tmp_path / f"{frames}.mp4", frames=frames, audio=False)
        tracemalloc.start()
        scored({"restored": file, "reference": file})
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    assert peaks[2] - peaks[1] < 5 * 64 * 48 * 3


def test_missing_libraries_are_named_with_the_remedy(monkeypatch):
    """One line, and what to install."""
    monkeypatch.setattr("deblurvid.judge.score.find_spec", lambda name: None)

    with pytest.raises(UsageError, match=r'cv2 and skimage .*pip install "deblurvid\[score\]"'):
        check_libraries()
