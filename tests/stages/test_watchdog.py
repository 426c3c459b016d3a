"""A FIFO whose writer stops, goes, or never comes."""

import os
import subprocess
import sys
import threading
import time

import pytest

from deblurvid import deblur_video
from deblurvid.errors import InputError
from deblurvid.stages.pipes import open_reader
from tests.media import make_video, read_stamps

pytestmark = pytest.mark.skipif(os.name != "posix", reason="FIFOs are POSIX's")

FRAMES = 120
STALL_SECONDS = 0.5
PATIENCE_SECONDS = 20


@pytest.fixture
def fifo(tmp_path):
    path = tmp_path / "fifo"
    os.mkfifo(path)
    return path


@pytest.fixture
def data(tmp_path):
    return make_video(tmp_path / "a.mkv", frames=FRAMES, size=(160, 120)).read_bytes()


def writer(fifo, data, *, hold=None):
    """Writes from a thread, and keeps the FIFO open until `hold` is set."""

    def write():
        with fifo.open("wb", buffering=0) as file:
            rest = memoryview(data)
            while rest:
                rest = rest[file.write(rest) :]
            if hold is not None:
                hold.wait(PATIENCE_SECONDS)

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    return thread


def test_a_fifo_is_read_to_its_end(tmp_path, fifo, data):
    """As the file would be."""
    thread = writer(fifo, data)
    list(deblur_video(fifo, tmp_path / "b.mkv", engine="identity"))
    thread.join(PATIENCE_SECONDS)

    assert len(read_stamps(tmp_path / "b.mkv")) == FRAMES


@pytest.mark.parametrize("share", [0.02, 0.6])
def test_a_writer_that_stops_ends_the_run(tmp_path, fifo, data, share):
    """Before the first frame or later: an error that says so, in time, and no thread is left."""
    hold = threading.Event()
    thread = writer(fifo, data[: int(share * len(data))], hold=hold)
    before, began = threading.active_count(), time.perf_counter()
    with pytest.raises(InputError, match=r"nothing has come for 0\.5 s; --stall-timeout"):
        list(deblur_video(fifo, tmp_path / "b.mkv", engine="identity", stall_timeout=STALL_SECONDS))

    assert time.perf_counter() - began < STALL_SECONDS + PATIENCE_SECONDS / 2
    assert threading.active_count() == before
    assert [path.name for path in tmp_path.glob(".*")] == []
    hold.set()
    thread.join(PATIENCE_SECONDS)


def test_a_writer_that_never_comes_ends_the_run(tmp_path, fifo):
    """Opening does not wait, reading does."""
    with pytest.raises(InputError, match="nothing has come"):
        list(deblur_video(fifo, tmp_path / "b.mkv", engine="identity", stall_timeout=0.3))


def test_a_slow_writer_is_waited_for(fifo):
    """The time counts from the last byte, and while nobody reads it does not count at all."""
    reader = open_reader(fifo, 0.4)

    def write():
        with fifo.open("wb", buffering=0) as file:
            for _ in range(3):
                time.sleep(0.25)
                file.write(b"x")

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    found = [reader.read(1), reader.read(1)]
    time.sleep(0.6)
    found += [reader.read(1), reader.read(1)]
    thread.join(PATIENCE_SECONDS)
    reader.close()

    assert found == [b"x", b"x", b"x", b""]


def test_zero_waits_for_ever(fifo):
    """Or rather until somebody does not want it any more."""
    reader = open_reader(fifo, 0)
    threading.Timer(0.4, reader.leave).start()

    assert reader.read(1) == b""
    reader.close()


def test_a_run_that_is_left_does_not_wait_for_bytes(tmp_path, fifo, data, monkeypatch):
    """Whoever leaves gets away at once, though the writer is silent."""
    monkeypatch.setattr("deblurvid.pipeline.QUEUE_CAPACITY", 2 * FRAMES)
    hold = threading.Event()
    thread = writer(fifo, data[: int(0.6 * len(data))], hold=hold)
    events = deblur_video(fifo, tmp_path / "b.mkv", engine="identity", codec="ffv1")
    next(events)
    next(events)
    time.sleep(1)  # until all that has come is used up, and more is waited for
    began = time.perf_counter()
    events.close()

    assert time.perf_counter() - began < PATIENCE_SECONDS / 2
    hold.set()
    thread.join(PATIENCE_SECONDS)


def test_the_process_says_it_and_ends(tmp_path, fifo, data):
    """Exit code 1, one line."""
    hold = threading.Event()
    thread = writer(fifo, data[: int(0.6 * len(data))], hold=hold)
    words = ["-m", "deblurvid", "run", str(fifo), "-o", str(tmp_path / "b.mkv")]
    done = subprocess.run(
        [sys.executable, *words, "--engine", "identity", "--stall-timeout", "0.5"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    hold.set()
    thread.join(PATIENCE_SECONDS)

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        f"deblurvid: error: {fifo}: nothing has come for 0.5 s; --stall-timeout allows more"
    )
    assert not list(tmp_path.glob(".*"))
