"""`deblurvid run --dry-run`: tells what the run would do, and does nothing."""

from __future__ import annotations

import json
import os
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import av
import pytest

from deblurvid import deblur_video
from deblurvid.events import FrameDone, Notice
from deblurvid.planning import plan_video
from deblurvid.stages import journal as journals
from tests.cli.conftest import Cli, assert_refused
from tests.media import make_video

if TYPE_CHECKING:
    from pathlib import Path

IDENTITY = ("--engine", "identity")


@pytest.fixture(scope="module")
def rich_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Matroska with sound, a font, chapters and tags of the picture."""
    return make_video(
        tmp_path_factory.mktemp("rich") / "rich.mkv",
        bframes=2,
        attachment=b"font",
        rotation=90,
        chapters=((0, 400, "One"),),
        colour={"color_primaries": 9, "colorspace": 9},
    )


def _listing(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Every file and folder below, the folder itself included: size, change, inode."""
    found = [folder, *sorted(folder.rglob("*"))]
    stats = {str(path.relative_to(folder)): path.lstat() for path in found}
    return {name: (s.st_size, s.st_mtime_ns, s.st_ino) for name, s in stats.items()}


def _plan(cli: Cli, *words: str | Path) -> dict[str, Any]:
    result = cli("run", *words, "--dry-run", "--progress", "json")
    assert result.code == 0, result.err
    (line,) = result.out.splitlines()
    plan: dict[str, Any] = json.loads(line)
    return plan


TARGETS = ["out.mp4", "out.mkv", "out.webm", "out.ts", "out.avi", "out.y4m", "out%03d.png"]


@pytest.mark.parametrize("name", TARGETS)
def test_its_notices_are_those_of_the_run(rich_clip: Path, folder: Path, name: str) -> None:
    """What the run says before its first frame is what was told, word for word and in order."""
    target = folder / name
    plan = plan_video(rich_clip, target, engine="identity")

    events = deblur_video(rich_clip, target, engine="identity")
    begin = takewhile(lambda event: not isinstance(event, FrameDone), list(events))
    said = [event.text for event in begin if isinstance(event, Notice)]
    assert said == list(plan.notices)
    assert set(plan.losses) <= set(said)


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_is_touched(cli: Cli, clip: Path, folder: Path, name: str) -> None:
    """Neither the target's folder nor the source's, nor a dead run's part file in the former."""
    (folder / ".out.0123abcd.part").write_bytes(b"left by a dead run")
    before = _listing(folder), _listing(clip.parent)

    result = cli("run", clip, "-o", folder / name, "--dry-run", *IDENTITY)

    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines()[-1] == "The run would begin. Nothing was written."
    assert before == (_listing(folder), _listing(clip.parent))


REFUSED = {
    "target exists": ("taken.mp4",),
    "no such folder": ("nowhere/out.mp4",),
    "unknown container": ("out.xyz",),
    "lossy": ("out.y4m", "--strict"),
    "encoder's value": ("out.mp4", "--preset", "warp"),
    "encoder's option": ("out.mp4", "-e", "tnue=grain"),
    "encoder's profile": ("out.mp4", "-e", "profile=warp"),
    "no such encoder": ("out.mp4", "--codec", "nosuch"),
    "not for the container": ("out.webm", "--codec", "libx264"),
    "no such engine": ("out.mp4", "--engine", "nobody"),
    "no such device": ("out.mp4", "--device", "gpu.7"),
    "strength": ("out.mp4", "--strength", "2"),
    "behind the end": ("out.mp4", "--start", "90"),
    "one image of many": ("out.png",),
    "json in the video": ("/dev/stdout", "--format", "matroska", "--resumable"),
}


@pytest.mark.parametrize("words", REFUSED.values(), ids=REFUSED)
def test_it_is_refused_as_the_run_is(
    cli: Cli, clip: Path, folder: Path, words: tuple[str, ...]
) -> None:
    """The same line, the same object for programs, the same exit code."""
    (folder / "taken.mp4").write_bytes(b"mine")
    target = words[0] if words[0].startswith("/") else folder / words[0]
    call = ("run", clip, "-o", target, *IDENTITY, *words[1:])

    run, dry = cli(*call), cli(*call, "--dry-run")
    run_json, dry_json = (cli(*call, *more, "--progress", "json") for more in ((), ("--dry-run",)))

    assert_refused(run)
    assert (run.code, run.err, run.out) == (dry.code, dry.err, dry.out)
    assert (run_json.code, run_json.out) == (dry_json.code, dry_json.out)


def test_json_is_one_object(cli: Cli, rich_clip: Path, folder: Path) -> None:
    """With every stream and what becomes of it: what is not left out is what the run writes."""
    target = folder / "out.mp4"
    plan = _plan(cli, rich_clip, "-o", target, *IDENTITY, "--crf", "30")

    assert plan["event"] == "plan"
    assert (plan["source"], plan["target"]) == (str(rich_clip), str(target))
    assert (plan["container"], plan["muxer"]) == ("matroska,webm", "mp4")
    assert plan["video"] == {
        "width": 64,
        "height": 48,
        "pixel_format": "yuv420p",
        "codec": "h264",
        "frame_rate": 25.0,
        "duration_seconds": pytest.approx(0.48, abs=0.05),
        "frames": pytest.approx(12, abs=1),
    }
    assert plan["engine"].startswith("identity on CPU")
    assert plan["encoder"]["options"]["crf"] == "30"
    fates = {stream["kind"]: stream["fate"] for stream in plan["streams"]}
    assert fates == {"video": "restore", "audio": "copy", "attachment": "drop"}
    assert plan["refused_if_strict"] == [text for text in plan["notices"] if "left out" in text]

    assert cli("run", rich_clip, "-o", target, *IDENTITY).code == 0
    with av.open(str(target)) as written:
        kinds = [stream.type for stream in written.streams if stream.type != "data"]
    assert kinds == ["video", "audio"]


def test_what_is_converted_is_said(cli: Cli, clip: Path, folder: Path) -> None:
    """AAC goes into WebM as Opus; the line of the stream says so, and that strict is against it."""
    words = ("run", clip, "-o", folder / "out.webm", "--dry-run", *IDENTITY)
    lines = cli(*words).out.splitlines()

    (stream,) = [line for line in lines if line.startswith("  stream 1 (audio aac")]
    assert "converted to libopus" in stream
    (notice,) = [line for line in lines if line.startswith("notice")]
    assert "libopus" in notice
    assert notice.endswith("(--strict refuses the run for it)")


def test_a_pipe_is_not_opened(cli: Cli, clip: Path, folder: Path) -> None:
    """A FIFO without a reader would stop a run; its plan is told at once."""
    fifo = folder / "out"
    os.mkfifo(fifo)

    assert _plan(cli, clip, "-o", fifo, "--format", "matroska", *IDENTITY)["muxer"] == "matroska"


def test_standard_output_stays_the_video_s(cli: Cli, clip: Path) -> None:
    """The lines for people go to standard error where a program waits for the video."""
    result = cli("run", clip, "-o", "-", "--format", "nut", "--dry-run", *IDENTITY)

    assert (result.code, result.out) == (0, "")
    assert result.err.startswith("input ")


def test_none_shows_nothing(cli: Cli, clip: Path, folder: Path) -> None:
    """`--progress none` leaves only the exit code."""
    words = ("run", clip, "-o", folder / "out.mp4", "--dry-run", "--progress", "none", *IDENTITY)
    result = cli(*words)

    assert (result.code, result.out, result.err) == (0, "", "")


def test_what_an_interrupted_run_kept_is_told(
    cli: Cli, clip: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With --resumable where it goes on; without, that it is there; and it stays untouched."""
    monkeypatch.setattr(journals, "SEGMENT_FRAMES", 4)
    target = folder / "out.mkv"
    events = deblur_video(clip, target, engine="identity", resumable=True)
    next(event for event in events if isinstance(event, FrameDone) and event.index == 5)
    events.close()
    before = _listing(folder)
    words = (clip, "-o", target, *IDENTITY)

    taken_up, plain = _plan(cli, *words, "--resumable"), _plan(cli, *words)
    other = cli("run", *words, "--resumable", "--strength", "0.5", "--dry-run")
    anew = _plan(cli, *words, "--resumable", "--strength", "0.5", "-y")

    assert before == _listing(folder)
    assert "the frames kept of another run are removed" in anew["notices"][0]
    assert taken_up["notices"] == ["continuing at frame 4 of 12"]
    (notice,) = plain["notices"]
    assert "holds frames of an interrupted run" in notice
    assert_refused(other, "strength was 1.0, and is 0.5")


def test_a_run_that_only_has_to_tidy_up_is_told_so(
    cli: Cli, clip: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The output is there, and is this command's own: no error, and the run's own words."""
    target = folder / "out.mkv"
    words = (clip, "-o", target, "--resumable", *IDENTITY)
    with monkeypatch.context() as killed:
        killed.setattr(journals.Journal, "remove", lambda _: None)
        assert cli("run", *words).code == 0

    (notice,) = _plan(cli, *words)["notices"]

    assert f"notice: {notice}\n" in cli("run", *words).err
