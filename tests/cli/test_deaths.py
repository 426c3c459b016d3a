"""Whatever dies in the middle of a run: code 1, one line of reason, no part file, no thread.

With `--resumable` what is finished stays.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import av
import pytest

from deblurvid.backends.base import Restored
from deblurvid.backends.openvino import OpenVinoEngine
from deblurvid.errors import DeviceMemoryError, EngineError, InputError
from deblurvid.frames import Planes
from deblurvid.stages import decode, journal, manifest, packets, resume
from deblurvid.stages import encode as encode_stage
from deblurvid.stages.ffmpeg import translated
from tests.cli.conftest import assert_refused
from tests.media import make_video

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.cli.conftest import Cli

SEGMENT = 8
FRAMES = 40
GOOD = 2 * SEGMENT + 3
"""Calls that go well before one fails."""
INTERRUPTED = 130


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_video(tmp_path_factory.mktemp("deaths") / "a.mp4", frames=FRAMES, audio=False)


@pytest.fixture(autouse=True)
def short_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "SEGMENT_FRAMES", SEGMENT)


def failing_after(call: Callable[..., Any], good: int, failure: Any) -> Callable[..., Any]:
    """`call`, which raises `failure` after `good` calls, or gives what `failure` makes of it."""
    count = 0

    def instead(*args: Any, **facts: Any) -> Any:
        nonlocal count
        count += 1
        if count > good and isinstance(failure, BaseException):
            raise failure
        result = call(*args, **facts)
        return failure(result) if count > good else result

    return instead


def too_few(restored: Restored) -> Restored:
    return Restored(Planes(restored.planes.samples[:2], restored.planes.colour), 0)


class DyingEncoder:
    """An encoder whose `encode` fails as FFmpeg does."""

    def __init__(self, stream: Any, *, good: int, error: Exception) -> None:
        self.stream = stream
        self.encode = failing_after(stream.encode, good, error)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


EXTERNAL = av.error.ExternalError(-542398533, "Generic error in an external library")
DEATHS = {
    "engine in submit": ((OpenVinoEngine, "submit"), EngineError("planted"), ("planted",)),
    "engine in collect": ((OpenVinoEngine, "collect"), EngineError("planted"), ("planted",)),
    "engine, in its own words": (
        (OpenVinoEngine, "collect"), RuntimeError("planted"), ("unexpected RuntimeError", "planted"),
    ),
    "engine gives too few planes": ((OpenVinoEngine, "collect"), too_few, ("unexpected",)),
    "device memory": (
        (OpenVinoEngine, "submit"), DeviceMemoryError("the device is full"), ("device is full",)
    ),
    "memory": ((OpenVinoEngine, "submit"), MemoryError(), ("the memory is used up",)),
}  # fmt: skip


@pytest.mark.parametrize("resumable", [False, True])
@pytest.mark.parametrize("death", DEATHS)
def test_a_death_in_the_engine(
    cli: Cli, clip: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, death: str, resumable: bool
) -> None:
    (owner, name), failure, words = DEATHS[death]
    monkeypatch.setattr(owner, name, failing_after(getattr(owner, name), GOOD, failure))
    assert_clean_death(cli, clip, folder, words, resumable=resumable)


@pytest.mark.parametrize("resumable", [False, True])
@pytest.mark.parametrize("good", [GOOD, 2 * SEGMENT])  # amid a segment; at its last call
def test_a_death_in_the_encoder(
    cli: Cli, clip: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, good: int, resumable: bool
) -> None:
    encode, done = encode_stage.encode, [0]

    def dying(items: Any, stream: Any, stamps: Any) -> Iterator[Any]:
        dead = DyingEncoder(stream, good=good - done[0], error=EXTERNAL)
        for packet in encode(items, dead, stamps):  # type: ignore[arg-type]
            done[0] += packet.stream is stream
            yield packet

    monkeypatch.setattr(encode_stage, "encode", dying)
    monkeypatch.setattr("deblurvid.stages.segments.encode", dying)
    words = ("cannot", "external library")
    assert_clean_death(cli, clip, folder, words, resumable=resumable, kept=1 if good == 16 else 2)


@pytest.mark.parametrize("resumable", [False, True])
def test_a_death_in_the_decoder(
    cli: Cli, clip: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, resumable: bool
) -> None:
    frames = decode.decode

    def dying(*args: Any, **facts: Any) -> Iterator[Any]:
        with translated(InputError, "cannot decode the video"):
            for number, item in enumerate(frames(*args, **facts)):
                if number > 30:
                    raise av.error.InvalidDataError(-1094995529, "Invalid data found")
                yield item

    monkeypatch.setattr(decode, "decode", dying)
    monkeypatch.setattr(resume, "decode", dying)
    words = ("cannot decode the video",)
    assert_clean_death(cli, clip, folder, words, resumable=resumable, kept=3)


@pytest.mark.parametrize("place", ["segment", "manifest"])
def test_a_full_disk_under_the_journal(
    cli: Cli, clip: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    full = OSError(28, "No space left on device")
    owner, name = {
        "segment": (packets.PacketWriter, "write"),
        "manifest": (manifest, "_seal"),
    }[place]
    good = GOOD if place == "segment" else 3
    monkeypatch.setattr(owner, name, failing_after(getattr(owner, name), good, full))
    assert_clean_death(
        cli, clip, folder, (".b.mkv.journal: cannot be written: No space",), resumable=True
    )


def assert_clean_death(
    cli: Cli,
    clip: Path,
    folder: Path,
    words: tuple[str, ...],
    *,
    resumable: bool,
    kept: int = 2,
) -> None:
    """Code 1 and a line with these words; nothing is left but, if `resumable`, `kept` segments."""
    target, before = folder / "b.mkv", threading.active_count()
    command: list[str | Path] = [
        "run",
        clip,
        "-o",
        target,
        "--engine",
        "identity",
        "--preset",
        "ultrafast",
    ]
    command += ["--resumable"] if resumable else []
    result = cli(*command, "--progress", "none")

    assert_refused(result, *words, code=1)
    assert threading.active_count() == before
    assert list(folder.iterdir()) == ([journal.journal_folder(target)] if resumable else [])
    if resumable:
        found = json.loads((journal.journal_folder(target) / "manifest.json").read_text())
        assert [segment["frames"] for segment in found["segments"]] == [SEGMENT] * kept
        files = journal.journal_folder(target).glob("*.packets")
        assert len(list(files)) == kept


def _child(
    source: Path, target: Path, *words: str, slow: float = 0.01, **facts: Any
) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.resume_child", str(SEGMENT), str(slow)]
    command += [str(source), "-o", str(target), "--engine", "identity"]
    command += [] if "--codec" in words else ["--preset", "ultrafast"]
    return subprocess.Popen(
        [*command, "--resumable", "--progress", "json", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **facts,
    )  # fmt: skip


def _wait_for_frame(process: subprocess.Popen[str], index: int) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line).get("index", 0) >= index:
            return


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_keeps_what_is_finished(clip: Path, folder: Path, number: int) -> None:
    """130, the last line says that it is kept, and the same command goes on and finishes."""
    target = folder / "b.mkv"
    process = _child(clip, target, slow=0.05)
    _wait_for_frame(process, SEGMENT + 2)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)

    assert process.returncode == INTERRUPTED
    assert err.splitlines()[-1] == (
        f"deblurvid: interrupted; nothing was written to {target}; what is finished is kept: "
        "the same command goes on with it"
    )
    assert list(folder.iterdir()) == [journal.journal_folder(target)]

    again = _child(clip, target, slow=0)
    out, err = again.communicate(timeout=60)
    assert again.returncode == 0, err
    assert '"text": "continuing at frame' in out
    assert list(folder.iterdir()) == [target]


def test_a_terminal_that_goes_away(clip: Path, folder: Path) -> None:
    """Its processes get SIGHUP and cannot write to it any more: they end, and leave no part file."""
    import pty

    target = folder / "b.mkv"
    outer, inner = pty.openpty()
    words = [sys.executable, "-m", "tests.resume_child", str(SEGMENT), "0.05", str(clip)]
    process = subprocess.Popen(
        [*words, "-o", str(target), "--engine", "identity", "--progress", "rich"],
        stdin=inner, stdout=inner, stderr=inner, start_new_session=True,
        preexec_fn=_take_terminal,  # noqa: PLW1509 - calls the system once
    )  # fmt: skip
    os.close(inner)
    seen = b""
    while b"fps" not in seen:
        seen += os.read(outer, 4096)
    os.close(outer)

    assert process.wait(60) == INTERRUPTED
    assert list(folder.iterdir()) == []


def _take_terminal() -> None:
    """Make standard input the terminal that this session hangs on."""
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def test_a_file_that_may_not_grow(clip: Path, folder: Path) -> None:
    """Segments fit under the limit and the joined file does not: all of them are kept."""
    target = folder / "b.mkv"

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    process = _child(clip, target, slow=0, preexec_fn=small_files)
    _, err = process.communicate(timeout=60)

    assert process.returncode == 1
    assert err.splitlines()[-1].startswith(f"deblurvid: error: {target}: cannot be written: ")
    assert list(folder.iterdir()) == [journal.journal_folder(target)]
    again = _child(clip, target, slow=0)
    assert again.communicate(timeout=60)[1] == ""
    assert list(folder.iterdir()) == [target]


@pytest.fixture
def small_disk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A disk of its own, of a few KiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={request.param}k", "tmpfs", str(disk)],
        capture_output=True, check=False,
    )  # fmt: skip
    if mounted.returncode:
        pytest.skip("mounting is not allowed here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("small_disk", [40, 120], indirect=True)
def test_a_full_disk(clip: Path, small_disk: Path) -> None:
    """Really full, amid a segment or when they are joined: the reason is said, segments are kept."""
    target = small_disk / "b.mkv"
    process = _child(clip, target, "--codec", "ffv1", slow=0)
    _, err = process.communicate(timeout=60)

    assert process.returncode == 1
    assert "No space left on device" in err.splitlines()[-1]
    assert list(small_disk.iterdir()) == [journal.journal_folder(target)]
