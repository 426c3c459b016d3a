"""`deblurvid folder` as it is typed: codes, lines, the table, both kinds of JSON, interruption."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import assert_refused
from tests.folders import image, lying_in, names
from tests.media import make_video
from tests.processes import ROOT

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

IDENTITY = ("--engine", "identity")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Two images, a video, a file that is broken, and notes."""
    image(tmp_path / "in" / "1.png", 1)
    image(tmp_path / "in" / "sub" / "2.jpg", 2)
    make_video(tmp_path / "in" / "3.mp4", size=(32, 24), frames=4)
    (tmp_path / "in" / "broken.mp4").write_bytes(b"no video")
    (tmp_path / "in" / "notes.txt").write_text("text")
    return tmp_path / "in"


def test_a_failure_makes_the_code_1_and_is_told(cli: Cli, tree: Path, tmp_path: Path) -> None:
    """A line for each file, a table with why, and the last line that counts."""
    result = cli("folder", tree, tmp_path / "out", "-r", "--progress", "plain", *IDENTITY)

    assert result.code == 1
    assert names(tmp_path / "out") == ["1.png", "3.mp4", "sub/2.jpg"]
    assert "/4] 3.mp4: 4 frames in " in result.err
    assert "[4/4] failed: broken.mp4: " in result.err
    assert (
        "notice: 1 file left out, neither an image nor a video by its name: notes.txt" in result.err
    )
    table = [line.split() for line in result.err.splitlines()]
    assert [row[:3] for row in table if row[:1] == ["done"]] == [["done", "3", "6"]]
    assert ["skipped", "0"] in table
    assert ["failed", "1"] in table
    assert "error: 1 of 4 files failed, the first broken.mp4: " in result.last_line
    assert result.out == ""


def test_all_done_is_0_and_again_is_refused_or_skipped(
    cli: Cli, tree: Path, tmp_path: Path
) -> None:
    """Existing targets: 2 without a word of what to do, 0 with one."""
    (tree / "broken.mp4").unlink()
    words = ("folder", tree, tmp_path / "out", "--recursive", *IDENTITY)
    assert cli(*words).code == 0
    before = lying_in(tmp_path / "out")

    assert_refused(cli(*words), "3 of 3 targets clash", "3.mp4 exists already", "--skip-existing")
    assert lying_in(tmp_path / "out") == before
    again = cli(*words, "--skip-existing")
    assert again.code == 0
    assert "0 files, 3 more are there already" in again.err
    assert lying_in(tmp_path / "out") == before
    assert cli(*words, "-y").code == 0
    assert lying_in(tmp_path / "out") != before


def test_the_report_is_as_it_is_described(cli: Cli, tree: Path, tmp_path: Path) -> None:
    """The keys of the module's docstring, and figures that agree with the files."""
    image(tmp_path / "out" / "1.png")
    target = tmp_path / "report.json"
    words = ("folder", tree, tmp_path / "out", "-r", "--skip-existing", "--json", target)
    assert cli(*words, *IDENTITY).code == 1
    report = json.loads(target.read_text())

    assert (report["source"], report["target"]) == (str(tree), str(tmp_path / "out"))
    assert report["ended"] == "finished"
    counts = [report[name] for name in ("done", "skipped", "failed", "left", "frames")]
    assert counts == [2, 1, 1, 0, 5]
    assert len(report["notices"]) == 1
    by_name = {file.pop("file"): file for file in report["files"]}
    assert {name: file["outcome"] for name, file in by_name.items()} == {
        "1.png": "skipped", "3.mp4": "done", "broken.mp4": "failed", "sub/2.jpg": "done",
    }  # fmt: skip
    made = by_name["3.mp4"]
    assert (made["frames"], made["why"]) == (4, "")
    assert made["size_bytes"] == (tmp_path / "out" / "3.mp4").stat().st_size
    assert made["frames_per_second"] == pytest.approx(4 / made["seconds"], rel=0.05)
    assert "not a readable video" in by_name["broken.mp4"]["why"]
    from deblurvid.cli import folder

    for name in {*report, *made, "file"}:
        assert name in (folder.__doc__ or "")


def test_a_dry_run_tells_what_the_run_does(cli: Cli, tree: Path, tmp_path: Path) -> None:
    """Every file, its target and what is left out or skipped, as the run then has them; no trace."""
    image(tmp_path / "out" / "1.png")
    make_video(tmp_path / "film.mkv", frames=2).rename(tree / "film.flv")
    before = lying_in(tmp_path)
    words = ("folder", tree, tmp_path / "out", "-r", "--skip-existing", *IDENTITY)
    told = cli(*words, "--dry-run")
    objects = [
        json.loads(o) for o in cli(*words, "--dry-run", "--progress", "json").out.split("\n")[:-1]
    ]

    assert (told.code, told.err) == (0, "")
    assert lying_in(tmp_path) == before
    assert f"restored  film.flv -> {tmp_path / 'out' / 'film.mkv'}" in told.out
    assert f"skipped   1.png: {tmp_path / 'out' / '1.png'} exists" in told.out
    assert "notes.txt" in told.out
    assert told.out.endswith("4 files would be restored, 1 skipped. Nothing was written.\n")
    cli(*words, "--json", tmp_path / "r.json")
    done = json.loads((tmp_path / "r.json").read_text())
    head, *files = objects
    assert (head["files"], head["skipped"], head["notices"]) == (4, 1, done["notices"])
    fates = {"restore": ("done", "failed"), "skip": ("skipped",)}
    outcomes = {(file["file"], file["target"]): file["outcome"] for file in done["files"]}
    assert len(files) == len(outcomes)
    for file in files:
        assert outcomes[file["file"], file["target"]] in fates[file["fate"]]


def test_images_that_are_not_read_are_to_be_converted(cli: Cli, tree: Path, tmp_path: Path) -> None:
    """The notice says so, and where there is nothing else the error does."""
    (tree / "IMG_1.HEIC").write_bytes(b"heic")
    (tmp_path / "phone").mkdir()
    (tmp_path / "phone" / "a.heic").write_bytes(b"heic")
    told = cli("folder", tree, tmp_path / "out", "--dry-run", *IDENTITY)
    alone = cli("folder", tmp_path / "phone", tmp_path / "out", "--dry-run", *IDENTITY)

    assert "IMG_1.HEIC; to have one restored convert it to .png, .jpg or .tiff" in told.out
    assert_refused(alone, "a.heic", "convert it to .png")


@pytest.mark.parametrize("style", ["plain", "json"])
def test_a_dry_run_is_refused_as_the_run_is(
    cli: Cli, tree: Path, tmp_path: Path, style: str
) -> None:
    """With the same code and the same words."""
    image(tmp_path / "there" / "1.png")
    for words in (("there", *IDENTITY), ("out", "--engine", "none"), ("out", "--codec", "none")):
        target, *options = words
        asked = ["folder", str(tree), str(tmp_path / target), *options, "--progress", style]
        run, told = cli(*asked), cli(*asked, "--dry-run")

        assert (told.code, told.out, told.err) == (run.code, run.out, run.err)
        assert told.code == 2


def test_events_as_json_name_their_file(cli: Cli, tree: Path, tmp_path: Path) -> None:
    """One object a line; from file_started to file_ended each says of which file it is."""
    result = cli("folder", tree, tmp_path / "out", "-r", "--progress", "json", *IDENTITY)
    objects = [json.loads(line) for line in result.out.splitlines()]

    kinds = [item["event"] for item in objects]
    assert kinds[0] == "folder_started"
    assert kinds[-1] == "folder_finished"
    assert (objects[0]["files"], objects[-1]["done"], objects[-1]["failed"]) == (4, 3, 1)
    of_files = [(item["event"], item.get("file")) for item in objects]
    begin, end = of_files.index(("file_started", "3.mp4")), of_files.index(("file_ended", "3.mp4"))
    within = objects[begin : end + 1]
    assert {item["file"] for item in within} == {"3.mp4"}
    assert kinds[begin : end + 1][1] == "started"
    assert [o["index"] for o in within if o["event"] == "frame"][-1] == 4
    assert kinds[end - 1] == "finished"
    failed = objects[of_files.index(("file_ended", "broken.mp4"))]
    assert (failed["outcome"], "not a readable video" in failed["why"]) == ("failed", True)


def test_a_terminal_gets_bars(cli: Cli, tree: Path, tmp_path: Path) -> None:
    """Of files and of frames; what failed stays above them."""
    result = cli("folder", tree, tmp_path / "out", "-r", "--progress", "rich", *IDENTITY)

    assert result.code == 1
    assert "4/4" in result.err
    assert "failed: broken.mp4" in result.err


def test_none_says_errors_only(cli: Cli, tree: Path, tmp_path: Path) -> None:
    """As run does."""
    result = cli("folder", tree, tmp_path / "out", "-r", "--progress", "none", *IDENTITY)

    assert result.err == result.last_line + "\n"
    assert "error: 1 of 4 files failed, the first broken.mp4: " in result.err


def test_names_are_shown_and_never_obeyed(cli: Cli, tmp_path: Path) -> None:
    """A file's name may hold what a terminal would take for an order, or rich for markup."""
    evil = "\x1b[2J[red]\nx.png"
    image(tmp_path / "in" / "1.png").rename(tmp_path / "in" / evil)
    (tmp_path / "in" / f"2{evil}").write_bytes(b"no image")
    result = cli("folder", tmp_path / "in", tmp_path / "out", *IDENTITY)

    assert "\x1b[2J" not in result.err
    assert "[red]\\nx.png" in result.err
    assert names(tmp_path / "out") == [evil]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("gone", "out"), "No such folder"),
        (("in",), "DST"),
        (("in", "in"), "the same folder"),
        (("in", "out", "--json", "nowhere/r.json"), "cannot be written there"),
        (("in", "out", "--json", "in/3.mp4"), "called like a picture"),
        (("in", "out", "-y", "--skip-existing"), "give one of them"),
        (("in", "out", "--include", "*.gif"), "--include *.gif"),
        (("in", "out", "-e", "tune"), "KEY=VALUE"),
        (("in", "out", "--engine", "nonsense"), "nonsense"),
        (("in", "out", "--codec", "nonsense"), "nonsense"),
    ],
)
def test_usage(
    cli: Cli, tree: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    """Refused with 2 and one line, and nothing is made."""
    monkeypatch.chdir(tree.parent)
    before = lying_in(tree.parent)
    assert_refused(cli("folder", *words), said)

    assert lying_in(tree.parent) == before


def test_a_report_that_cannot_be_written_is_an_error(
    cli: Cli, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The restored files stay, an old report too, and nothing half-written."""
    (tree / "broken.mp4").unlink()
    target = tmp_path / "r.json"
    target.write_text("old")

    def full(*_: object, **__: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    result = cli("folder", tree, tmp_path / "out", "--json", target, *IDENTITY)

    assert result.code == 1
    assert "r.json: cannot be written: No space left on device" in result.last_line
    assert target.read_text() == "old"
    assert names(tmp_path / "out") == ["1.png", "3.mp4"]
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["r.json"]


def test_a_report_goes_to_standard_output(
    cli: Cli, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`-` is no name of a file, and nothing but the report is written there."""
    monkeypatch.chdir(tmp_path)
    words = ("folder", tree, tmp_path / "out", "--json", "-", *IDENTITY)
    twice = cli(*words, "--progress", "json")
    result = cli(*words)

    assert twice.code == 2
    assert "--progress json goes to standard output too" in twice.err
    assert json.loads(result.out)["done"] == 2
    assert not (tmp_path / "-").exists()


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
def test_interrupted(tmp_path: Path) -> None:
    """130; what was done stays and is in the table and the report, of the rest nothing is there.

    The slowest preset, so that the video is not done before it is interrupted.
    """
    image(tmp_path / "in" / "1.png")
    make_video(tmp_path / "in" / "2.mp4", size=(320, 240), frames=300, audio=False)
    words = ["folder", tmp_path / "in", tmp_path / "out", "--json", tmp_path / "r.json"]
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "deblurvid",
            *map(str, words),
            *IDENTITY,
            "--preset",
            "placebo",
            "--progress",
            "plain",
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.perf_counter() + 60
    while not list((tmp_path / "out").glob(".2.*")) and time.perf_counter() < deadline:
        time.sleep(0.02)
    time.sleep(0.5)  # into the work: the file is there before anybody is answerable for it
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    report = json.loads((tmp_path / "r.json").read_text())

    assert process.returncode == 130, err
    assert names(tmp_path / "out") == ["1.png"]
    assert err.splitlines()[-1] == "deblurvid: interrupted; 1 of 2 files are done"
    assert [report[name] for name in ("ended", "done", "failed", "left")] == [
        "interrupted",
        1,
        0,
        1,
    ]
    assert [(file["file"], file["outcome"]) for file in report["files"]] == [
        ("1.png", "done"),
        ("2.mp4", "left"),
    ]
    assert report["files"][1]["target"] == str(tmp_path / "out" / "2.mp4")
    assert any(line.split()[:2] == ["done", "1"] for line in err.splitlines())
