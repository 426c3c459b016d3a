"""The process that may die: takes numbers of mutants on standard input, tells how each run ended.

    python -m tests.fuzz.worker FOLDER_OF_SEEDS FOLDER_TO_WORK_IN

One JSON object a line: `outcome` is ok, or the name of the error if it is a DeblurvidError;
`wrong` lists what must never be.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import shutil
import sys
import threading
from contextlib import closing, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, TypedDict

from tests.fuzz.mutants import mutant

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_PIXELS = 1 << 21
"""Of a picture that is restored: of larger ones only the opening is tried, for time's sake."""
MOST_FRAMES = 200
MOST_RSS_BYTES = 2 << 30
"""At any time: two pictures of `frames.MOST_PIXELS`, and what FFmpeg keeps of them."""
MOST_GROWTH_BYTES = 200 << 20
"""From the first mutants to the last."""
BY_PIPE = 5
"""Every so many of the files that can be read from a pipe is."""
SOUND = 0
"""Number of the seed that a worker begins with."""
WARM_UP = 20
LATEST_SECONDS = 2
"""A thread that has ended stands in the kernel's list for a moment longer."""


class Report(TypedDict):
    """How one run ended."""

    number: int
    seed: str
    outcome: str
    """ok, large or long where it was stopped, else the name of the error."""
    wrong: list[str]


def main(seeds: Path, folder: Path) -> None:
    """Answer every number until there are no more."""
    known = sorted(seeds.iterdir())
    # Libraries keep threads from their first use on: that is no leak of what comes after it.
    run_one(SOUND, known, folder, damaged=False)
    first_rss = 0
    for done, line in enumerate(sys.stdin):
        report = run_one(int(line), known, folder)
        if done == WARM_UP:
            first_rss = _memory("VmRSS")
        if first_rss and _memory("VmRSS") - first_rss > MOST_GROWTH_BYTES:
            report["wrong"].append(f"memory grew by {_memory('VmRSS') - first_rss} bytes")
            first_rss = 0
        sys.stdout.write(f"{json.dumps(report)}\n")
        sys.stdout.flush()


def run_one(number: int, seeds: Sequence[Path], folder: Path, *, damaged: bool = True) -> Report:
    """Restore one mutant, or its seed, and look at what is left afterwards."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    source = mutant(number, seeds, folder, damaged=damaged)
    before = _held()
    _reset_peak()
    outcome, wrong = _restored(source, folder, by_pipe=number % BY_PIPE == 0)
    peak = _memory("VmHWM")
    gc.collect()
    with suppress(OSError):
        ctypes.CDLL(None).malloc_trim(0)
    expected = {source.name} | ({"out.mkv"} if outcome == "ok" else set())
    left = {path.name for path in folder.iterdir()} - {"fifo"}
    if left != expected:
        wrong.append(f"files: {sorted(left)}")
    deadline = monotonic() + LATEST_SECONDS
    while any(count > before[what] for what, count in _held().items()) and monotonic() < deadline:
        sleep(0.01)
    for what, count in _held().items():
        if count > before[what]:
            wrong.append(f"{what}: {before[what]} before, {count} after")
    if peak > MOST_RSS_BYTES:
        wrong.append(f"peak memory {peak} bytes")
    return Report(number=number, seed=source.name, outcome=outcome, wrong=wrong)


def _restored(source: Path, folder: Path, *, by_pipe: bool) -> tuple[str, list[str]]:
    from deblurvid import DeblurvidError

    try:
        return _attempt(source, folder, by_pipe=by_pipe), []
    except DeblurvidError as exc:
        return type(exc).__name__, [] if str(exc) else ["an error without a word"]
    except BaseException as exc:  # noqa: BLE001 - this is what is looked for
        return type(exc).__name__, [f"{type(exc).__name__}: {exc}"]


def _attempt(source: Path, folder: Path, *, by_pipe: bool) -> str:
    from deblurvid import deblur_video
    from deblurvid.events import FrameDone, Started

    given, writer = source, None
    if by_pipe and source.is_file():
        given = folder / "fifo"
        os.mkfifo(given)
        writer = threading.Thread(target=_pour, args=(source, given))
        writer.start()
    target = folder / "out.mkv"
    try:
        with closing(deblur_video(given, target, engine="identity", device="cpu")) as events:
            for event in events:
                if isinstance(event, Started):
                    if event.info.width * event.info.height > MOST_PIXELS:
                        return "large"
                elif isinstance(event, FrameDone) and event.index >= MOST_FRAMES:
                    return "long"
    finally:
        if writer is not None:
            writer.join()
    return "ok"


def _pour(source: Path, fifo: Path) -> None:
    with suppress(BrokenPipeError):
        fifo.write_bytes(source.read_bytes())


def _held() -> dict[str, int]:
    """What a run must give back."""
    return {
        "descriptors": len(list(Path("/proc/self/fd").iterdir())),
        "threads": len(list(Path("/proc/self/task").iterdir())),
    }


def _memory(name: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024
    raise LookupError(name)


def _reset_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
