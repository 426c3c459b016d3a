"""How a run ends before its time: signals, a full disk, a reader that has gone.

Each in a process of its own, on a clip that takes seconds.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.media import make_video

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")

INTERRUPTED = 130
PATIENCE_SECONDS = 60


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_video(
        tmp_path_factory.mktemp("long") / "long.mp4", size=(320, 240), frames=600, audio=False
    )


def _start(
    source: Path, target: Path, *words: str, before: Callable[[], None] | None = None
) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "deblurvid", "run", str(source), "-o", str(target)]
    return subprocess.Popen(
        [*command, "--engine", "identity", "--progress", "json", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=before,  # noqa: PLW1509 - sets a limit, no threads run yet
    )


@pytest.fixture
def slow_run(long_clip: Path, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A run that has written some frames and would go on for long."""
    process = _start(long_clip, folder / "out.mp4", "--preset", "placebo")
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line)["event"] == "frame":
            break
    yield process
    process.kill()
    process.communicate()


def _error_lines(process: subprocess.Popen[str]) -> list[str]:
    _, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert "Traceback" not in err
    return err.splitlines()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal(slow_run: subprocess.Popen[str], folder: Path, number: int) -> None:
    """Ctrl-C, kill and a closed terminal end a run cleanly: 130, no file, and a last line."""
    slow_run.send_signal(number)

    lines = _error_lines(slow_run)

    assert slow_run.returncode == INTERRUPTED
    assert lines[-1] == f"deblurvid: interrupted; nothing was written to {folder / 'out.mp4'}"
    assert list(folder.iterdir()) == []


def test_impatience(slow_run: subprocess.Popen[str], folder: Path) -> None:
    """Hammering on Ctrl-C does not hurt the cleaning up."""
    for _ in range(100):
        slow_run.send_signal(signal.SIGINT)
        time.sleep(0.001)

    _error_lines(slow_run)

    assert slow_run.returncode == INTERRUPTED
    assert list(folder.iterdir()) == []


def test_interrupted_replacement(long_clip: Path, folder: Path) -> None:
    """An interrupted run leaves the file that it was to replace, and says so."""
    target = folder / "out.mp4"
    target.write_bytes(b"precious")
    process = _start(long_clip, target, "-y", "--preset", "placebo")
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)

    lines = _error_lines(process)

    assert process.returncode == INTERRUPTED
    assert lines[-1] == f"deblurvid: interrupted; {target} is as it was"
    assert target.read_bytes() == b"precious"
    assert list(folder.iterdir()) == [target]


def test_killed(slow_run: subprocess.Popen[str], folder: Path) -> None:
    """A killed run leaves no file under the final name."""
    slow_run.kill()
    slow_run.communicate()

    assert not (folder / "out.mp4").exists()


def test_full_disk(long_clip: Path, folder: Path) -> None:
    """A file that cannot grow fails the run with code 1; the reason is said, nothing is left."""
    limit = 400_000

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    target = folder / "out.mkv"
    process = _start(long_clip, target, "--codec", "ffv1", before=small_files)

    lines = _error_lines(process)

    assert process.returncode == 1
    assert lines[-1].startswith(f"deblurvid: error: {target}: cannot be written: ")
    assert list(folder.iterdir()) == []


def test_reader_that_has_gone(long_clip: Path, folder: Path) -> None:
    """When nobody reads the JSON any more, the run ends with code 1 and leaves nothing."""
    process = _start(long_clip, folder / "out.mp4", "--preset", "placebo")
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    process.stdout = None

    lines = _error_lines(process)

    assert process.returncode == 1
    assert lines == ["deblurvid: error: whoever read the output has gone"]
    assert list(folder.iterdir()) == []


def test_help_into_a_closed_pipe() -> None:
    """Output that is cut off by its reader, as by `head`, is no reason to complain."""
    process = subprocess.Popen(
        [sys.executable, "-m", "deblurvid", "run", "--help"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None

    assert [line for line in _error_lines(process) if "Exception" in line] == []
