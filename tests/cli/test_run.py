"""`deblurvid run` when all goes well, and what it shows of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

import deblurvid.pipeline
from tests.cli.conftest import ESCAPE, Cli, assert_refused
from tests.media import make_video, read_packets, read_pictures, read_stamps

if TYPE_CHECKING:
    from pathlib import Path


def _objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_plain(cli: Cli, clip: Path, folder: Path) -> None:
    """Without a terminal the display is whole lines on standard error, free of escape codes."""
    result = cli("run", clip, "-o", folder / "out.mp4", "--engine", "identity")

    assert result.code == 0
    assert result.out == ""
    assert ESCAPE not in result.err
    assert "\r" not in result.err
    assert "12 frames" in result.last_line
    assert "out.mp4" in result.last_line
    assert "checked" in result.last_line
    assert len(read_stamps(folder / "out.mp4")) == 12


def test_json(cli: Cli, tmp_path: Path, folder: Path) -> None:
    """JSON is one object a line on standard output; frames rise to the last; nothing else shows."""
    source = make_video(tmp_path / "in.mkv", frames=60, rate=Fraction(30000, 1001), bframes=2)
    target = folder / "out.mp4"

    result = cli("run", source, "-o", target, "--engine", "identity", "--progress", "json")

    objects = _objects(result.out)
    started, finished = objects[0], objects[-1]
    frames = [o["index"] for o in objects if o["event"] == "frame"]
    assert result.code == 0
    assert result.err == ""
    assert started["event"] == "started"
    assert (started["width"], started["height"]) == (64, 48)
    assert started["frame_rate"] == pytest.approx(29.97, abs=0.01)
    assert frames == sorted(set(frames))
    assert frames[-1] == 60
    assert finished["event"] == "finished"
    assert finished["frames"] == len(read_stamps(source)) == 60
    assert finished["size_bytes"] == target.stat().st_size
    assert {o["event"] for o in objects} == {"started", "frame", "finished"}


def test_json_of_a_failure(cli: Cli, clip: Path, folder: Path) -> None:
    """A program is told of a failure in its own words; people still get their line."""
    words = ("--engine", "identity", "--progress", "json", "--preset", "warp")
    result = cli("run", clip, "-o", folder / "out.mp4", *words)

    last = _objects(result.out)[-1]
    assert result.code == 2
    assert last["event"] == "error"
    assert last["type"] == "EncoderError"
    assert last["exit_code"] == 2
    assert "warp" in last["message"]
    assert result.last_line == f"deblurvid: error: {last['message']}"


def test_none(cli: Cli, clip: Path, folder: Path) -> None:
    """`--progress none` shows nothing of a run that succeeds, and still tells errors."""
    words = ("run", clip, "-o", folder / "out.mp4", "--engine", "identity", "--progress", "none")

    first, second = cli(*words), cli(*words)

    assert (first.code, first.out, first.err) == (0, "", "")
    assert_refused(second, "exists already")


def test_rich(cli: Cli, clip: Path, folder: Path) -> None:
    """`--progress rich` draws its bar on standard error even where that is no terminal."""
    words = ("--engine", "identity", "--progress", "rich")
    result = cli("run", clip, "-o", folder / "out.mp4", *words)

    assert result.code == 0
    assert result.out == ""
    assert ESCAPE in result.err
    assert "12 frames in" in result.err


@pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals are POSIX's")
def test_auto_on_a_terminal(clip: Path, folder: Path) -> None:
    """On a terminal the display is a bar, and the summary stays when it goes."""
    ours, theirs = os.openpty()
    words = ("run", str(clip), "-o", str(folder / "out.mp4"), "--engine", "identity")
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "120"}
    done = subprocess.run(
        [sys.executable, "-m", "deblurvid", *words],
        stderr=theirs,
        stdout=subprocess.PIPE,
        env=environment,
        check=False,
    )
    os.close(theirs)
    shown = os.read(ours, 100_000).decode()
    os.close(ours)

    assert (done.returncode, done.stdout) == (0, b"")
    assert ESCAPE in shown
    assert "12 frames in" in shown


def test_span(cli: Cli, tmp_path: Path, folder: Path) -> None:
    """--start and --duration choose exactly the frames that begin within them."""
    source = make_video(tmp_path / "in.mp4", frames=50, codec="libx264", bframes=2)
    target = folder / "out.mkv"
    words = ("--engine", "identity", "--codec", "ffv1", "--start", "0:00.4", "--duration", "1")

    result = cli("run", source, "-o", target, *words)

    assert result.code == 0, result.err
    wanted = read_pictures(source)[10:35]
    found = read_pictures(target)
    assert len(found) == len(wanted)
    for ours, theirs in zip(found, wanted, strict=True):
        assert all((a == b).all() for a, b in zip(ours, theirs, strict=True))


def test_a_duration_below_one_packet_of_sound(cli: Cli, clip: Path, folder: Path) -> None:
    """AAC begins before 0; where its last packet is the one at 0, it ends where it did."""
    words = ("--engine", "identity", "--duration", "0.01s")
    result = cli("run", clip, "-o", folder / "out.mp4", *words)

    assert result.code == 0, result.err
    assert "out.mp4: 1 frame in " in result.last_line
    stamps = [stamp for stamp, _ in read_packets(folder / "out.mp4", "audio")]
    assert stamps == [Fraction(-1024, 48_000), 0]


def test_encoder_options(cli: Cli, clip: Path, folder: Path) -> None:
    """--crf, --preset and -e reach the encoder, and the display names them."""
    words = ("--engine", "identity", "--crf", "30", "--preset", "ultrafast", "-e", "tune=grain")
    result = cli("run", clip, "-o", folder / "out.mkv", *words)

    assert result.code == 0, result.err
    assert all(option in result.err for option in ("preset=ultrafast", "crf=30", "tune=grain"))
    written = (folder / "out.mkv").read_bytes()
    assert b"crf=30.0" in written  # x264 writes its settings into the stream


@pytest.mark.parametrize("debug", [False, True])
def test_bug(
    cli: Cli, clip: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, debug: bool
) -> None:
    """An error nobody foresaw is one line with its type; the traceback comes with --debug."""

    def broken(*args: object, **options: object) -> object:
        raise ZeroDivisionError("one by none")

    monkeypatch.setattr(deblurvid.pipeline, "deblur_video", broken)

    result = cli("run", clip, "-o", folder / "out.mp4", *(["--debug"] if debug else []))

    assert result.code == 1
    assert "ZeroDivisionError: one by none" in result.last_line
    assert "--debug" in result.last_line
    assert ("Traceback" in result.err) is debug


def test_debug(cli: Cli, tmp_path: Path, folder: Path) -> None:
    """With --debug an expected error has its traceback too, and the same last line."""
    result = cli("run", tmp_path / "none.mp4", "-o", folder / "out.mp4", "--debug")

    assert result.code == 2
    assert "Traceback" in result.err
    assert result.last_line.startswith("deblurvid: error: ")
