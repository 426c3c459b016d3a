"""Processes killed at any moment, with `--resumable`: the same command again gives the same video."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from deblurvid import deblur_video
from deblurvid.stages import journal
from tests.media import make_video, read_packets, read_pictures, read_stamps

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")

SEGMENT = 8
FRAMES = 60
OPTIONS = ("--resumable", "--engine", "identity", "--progress", "json")
SLOW_SECONDS = 0.004
"""A frame restored, and one joined: half a second of a run for each of the two."""
STAMPS = [900 * number + (3000 if number > 30 else 0) + number % 3 for number in range(FRAMES)]

KINDS: dict[str, tuple[dict[str, Any], str, dict[str, Any], tuple[str, ...]]] = {
    "B-frames": ({"bframes": 2}, ".mp4", {"encoder_options": {"preset": "ultrafast"}}, ()),
    "lossless": (
        {"codec": "ffv1", "pixel_format": "yuv420p10le"}, ".mkv", {"codec": "ffv1"}, ()
    ),
    "varying rate": (
        {"time_base": Fraction(1, 90_000), "stamps": STAMPS},
        ".mp4",
        {"encoder_options": {"preset": "ultrafast", "bf": "3"}},
        ("-e", "bf=3"),
    ),
    "cut out": (
        {"bframes": 1},
        ".mkv",
        {"encoder_options": {"preset": "ultrafast"}, "start": Fraction("0.2")},
        ("--start", "0.2"),
    ),
}  # fmt: skip


def _start(source: Path, target: Path, kind: str) -> subprocess.Popen[str]:
    _, _, options, words = KINDS[kind]
    encoder = ["--codec", "ffv1"] if "codec" in options else ["--preset", "ultrafast"]
    command = [sys.executable, "-m", "tests.resume_child", str(SEGMENT), str(SLOW_SECONDS)]
    return subprocess.Popen(
        [*command, str(source), "-o", str(target), *OPTIONS, *encoder, *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def _read(path: Path) -> tuple[list[Fraction], list[tuple[Fraction | None, bytes]], list[Any]]:
    return read_stamps(path), read_packets(path, "audio"), read_pictures(path)


def _assert_same(path: Path, wanted: tuple[list[Any], list[Any], list[Any]]) -> None:
    stamps, sound, pictures = _read(path)
    assert stamps == wanted[0]
    assert sound == wanted[1]
    assert all(
        np.array_equal(here, there)
        for planes, others in zip(pictures, wanted[2], strict=True)
        for here, there in zip(planes, others, strict=True)
    )


def _kill_and_go_on(folder: Path, kind: str, chance: random.Random, *, most_kills: int) -> int:
    """Kill runs of one command at random moments, let the last one end; how many were hit."""
    facts, suffix, options, _ = KINDS[kind]
    source = make_video(folder / f"a{suffix}", **{"frames": FRAMES, **facts})
    whole = folder / f"whole{suffix}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal, "SEGMENT_FRAMES", SEGMENT)
        list(deblur_video(source, whole, engine="identity", resumable=True, **options))
    wanted = _read(whole)
    target = folder / f"b{suffix}"
    hit = 0
    for _ in range(chance.randint(1, most_kills)):
        process = _start(source, target, kind)
        assert process.stdout is not None
        process.stdout.readline()
        # From Started to a little behind the end; machines differ, and any moment is a good one.
        time.sleep(chance.uniform(0, 3 * FRAMES * SLOW_SECONDS))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        hit += process.returncode == -signal.SIGKILL
        if target.exists():
            _assert_same(target, wanted)
    process = _start(source, target, kind)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0 or "exists already" in err, err
    assert json.loads(out.splitlines()[-1])["event"] in ("finished", "error")
    _assert_same(target, wanted)
    assert sorted(folder.iterdir()) == sorted([source, whole, target])
    return hit


@pytest.mark.parametrize("seed", range(8))
def test_killed_and_gone_on(tmp_path: Path, seed: int) -> None:
    """Frame by frame the video of an unbroken run; at no moment half a file; no trace is left."""
    kind = list(KINDS)[seed % len(KINDS)]

    _kill_and_go_on(tmp_path, kind, random.Random(seed), most_kills=1)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_fifty_times(tmp_path: Path) -> None:
    """The same with several kills of one command."""
    chance = random.Random(50)
    hit = number = 0
    while hit < 50:
        folder = tmp_path / str(number)
        folder.mkdir()
        hit += _kill_and_go_on(folder, list(KINDS)[number % len(KINDS)], chance, most_kills=4)
        number += 1
