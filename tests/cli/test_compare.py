"""`deblurvid compare`: what it writes by the suffix, prints and refuses."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import av
import pytest
from PIL import Image

from deblurvid.progress import plain
from tests.cli.conftest import assert_refused
from tests.media import make_video

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Cli


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two videos of 64x48 and 12 frames."""
    folder = tmp_path_factory.mktemp("pair")
    return make_video(folder / "a.mp4"), make_video(folder / "b.mp4", options={"crf": "40"})


def test_html_is_a_page(cli: Cli, pair: tuple[Path, Path], folder: Path) -> None:
    """One file, and one line that names it; nothing on standard output."""
    target = folder / "c.html"

    result = cli("compare", *pair, "-o", target, "--labels", "vorher", "nachher")

    assert result.code == 0, result.err
    assert '<h1><span class="is-a">vorher</span>' in target.read_text(encoding="utf-8")
    assert result.out == ""
    assert result.last_line.startswith(f"deblurvid: {target}: ")
    assert [target] == list(folder.iterdir())


def test_png_is_a_picture(cli: Cli, pair: tuple[Path, Path], folder: Path) -> None:
    """Both whole above each other, four times as large, at two moments."""
    target = folder / "c.png"
    words = [
        "--layout",
        "stack",
        "--crop",
        "20x16+4+2",
        "--zoom",
        "4",
        "--at",
        "0.2",
        "--at",
        "0:00.4",
    ]

    result = cli("compare", *pair, "-o", target, *words)

    assert result.code == 0, result.err
    with Image.open(target) as image:
        assert (image.format, image.size) == ("PNG", (80, 2 * (2 * 64) + 4))


def test_mkv_is_a_video(cli: Cli, pair: tuple[Path, Path], folder: Path) -> None:
    """Side by side, by the encoder and with the options that are named, with sound."""
    target = folder / "c.mkv"
    words = ["--layout", "side", "--codec", "libx265", "--crf", "30", "-e", "preset=ultrafast"]

    result = cli("compare", *pair, "-o", target, *words)

    assert result.code == 0, result.err
    with av.open(str(target)) as source:
        video = source.streams.video[0]
        assert (video.width, video.height, video.codec_context.name) == (128, 48, "hevc")
        assert len(source.streams.audio) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("-o c.gif", ".gif is not written; use .html .png .mp4"),
        ("-o c", "without suffix is not written"),
        ("-o c.html --layout side", "--layout has no meaning"),
        ("-o c.html --zoom 2", "--zoom has no meaning"),
        ("-o c.html --crop 32x32", "--crop has no meaning"),
        ("-o c.html --at 1", "--at has no meaning"),
        ("-o c.html --crf 20", "an option of the encoder has no meaning"),
        ("-o c.png --codec ffv1", "--codec has no meaning"),
        ("-o c.mp4 --at 1", "--at has no meaning"),
        ("-o c.png --reference c.mp4", "--reference has no meaning"),
        ("-o c.html --reference no.mp4", "no.mp4: No such file"),
        ("-o c.mp4 --crop 32x32+4", "write WIDTHxHEIGHT+X+Y"),
        ("-o c.mp4 --crop 64x64", "does not lie within 64x48"),
        ("-o c.mp4 --zoom 99", "within 1 and 16"),
        ("-o c.png --layout wipe", "moves"),
        ("-o c.png --at 9", "from 0 to 0.480 s only"),
        ("-o c.png --at soon", "no time"),
        ("-o c.mp4 --codec nonsense", "'nonsense' is not in this FFmpeg"),
        ("-o missing/c.html", "no such folder"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    cli: Cli,
    pair: tuple[Path, Path],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: str,
    said: str,
) -> None:
    """Exit code 2, one line, and nothing is written."""
    monkeypatch.chdir(folder)

    result = cli("compare", *pair, *words.split())

    assert_refused(result, said)
    assert not list(folder.iterdir())


@pytest.mark.parametrize("suffix", [".html", ".png", ".mp4"])
def test_a_file_is_replaced_only_with_y(
    cli: Cli, pair: tuple[Path, Path], folder: Path, suffix: str
) -> None:
    """Without it the old one stays."""
    target = folder / f"c{suffix}"
    target.write_bytes(b"old")

    assert_refused(cli("compare", *pair, "-o", target), "exists already; use -y")
    assert target.read_bytes() == b"old"
    result = cli("compare", *pair, "-o", target, "-y")
    assert result.code == 0, result.err
    assert target.stat().st_size > 500


def test_missing_and_unlike_clips_are_refused(
    cli: Cli, pair: tuple[Path, Path], folder: Path
) -> None:
    """What is wrong, the value, and what to do."""
    wide = make_video(folder / "wide.mp4", size=(96, 48), frames=2)
    target = folder / "c.html"

    assert_refused(cli("compare", pair[0], folder / "no.mp4", "-o", target), "no.mp4", "No such")
    assert_refused(cli("compare", pair[0], wide, "-o", target), "64x48", "96x48", "scale=96:48")
    assert not target.exists()


def test_an_interrupted_comparison_leaves_nothing(pair: tuple[Path, Path], folder: Path) -> None:
    """Ctrl-C while frames are encoded: 130, one line, no file and no hidden one."""
    code = (
        "import sys; from deblurvid.cli import main; from deblurvid.stages import compose\n"
        "def stop(*_): raise KeyboardInterrupt\n"
        "plain = compose.Composer.__call__; seen = []\n"
        "def call(self, pair):\n"
        "    seen.append(1)\n"
        "    return stop() if len(seen) > 3 else plain(self, pair)\n"
        "compose.Composer.__call__ = call\n"
        "sys.exit(main(sys.argv[1:]))"
    )
    words = ["compare", *map(str, pair), "-o", str(folder / "c.mp4")]

    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr.splitlines() == ["deblurvid: interrupted"]
    assert not list(folder.iterdir())


def test_a_part_is_found_in_its_source(cli: Cli, pair: tuple[Path, Path], folder: Path) -> None:
    """With --start a picture shows the source's frame of that time beside the part's first."""
    part, target = folder / "part.mkv", folder / "c.png"
    words = ["--start", "0.2", "--engine", "identity", "--codec", "ffv1", "--progress", "none"]
    assert cli("run", pair[0], "-o", part, *words).code == 0

    words = ["--start", "0.2", "--at", "0", "--layout", "side", "--labels", "", ""]
    result = cli("compare", pair[0], part, "-o", target, *words)

    assert result.code == 0, result.err
    with Image.open(target) as image:
        left, right = image.crop((0, 0, 64, 48)), image.crop((64, 0, 128, 48))
    assert left.tobytes() == right.tobytes()


@pytest.mark.parametrize("suffix", [".html", ".png", ".mp4"])
def test_how_far_it_is_is_shown(
    cli: Cli, pair: tuple[Path, Path], folder: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    """As lines, here one for each step, up to all of it; none of what is soon done, or if unwanted."""
    target = folder / f"c{suffix}"

    assert "compared" not in cli("compare", *pair, "-o", target).err
    monkeypatch.setattr(plain, "PLAIN_SECONDS", 1e-9)
    result = cli("compare", *pair, "-o", target, "-y", "--progress", "plain")
    assert f"{target}: 100 % compared" in result.err
    assert "compared" not in cli("compare", *pair, "-o", target, "-y", "--progress", "none").err
