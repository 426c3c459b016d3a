"""How the process ends: exit codes, the last line, signals, and readers that have gone.

Imports next to nothing: it must be at work before anything that takes time to import.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from contextlib import contextmanager, suppress
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType


GRACE_SECONDS = 3.0
"""For cleaning up undisturbed."""
NEVER = float("-inf")


class Exit(IntEnum):
    """Exit codes of every command."""

    DONE = 0
    FAILED = 1
    """The work began and failed."""
    REFUSED = 2
    """Found before work began: nothing was touched."""
    INTERRUPTED = 130
    """By the user or the system, as shells count SIGINT."""


def tell(message: str) -> None:
    """Write one line to standard error, if anyone still reads it."""
    from deblurvid.progress.words import printable

    if sys.stderr is not None:
        with suppress(OSError):
            print(printable(f"deblurvid: {message}"), file=sys.stderr, flush=True)


@contextmanager
def stoppable() -> Iterator[None]:
    """Within, SIGINT, SIGTERM and SIGHUP raise KeyboardInterrupt.

    Once, and then not again for a while, so that a second Ctrl-C does not leave behind what the
    first one is cleaning up; afterwards they are ignored, for then the process ends. A signal that
    the parent process chose to ignore, as `nohup` does, stays ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    last = NEVER

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        nonlocal last
        now = time.perf_counter()
        if now - last >= GRACE_SECONDS:
            last = now
            raise KeyboardInterrupt

    names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    old = {n: signal.getsignal(n) for n in numbers if signal.getsignal(n) != signal.SIG_IGN}
    for number in old:
        signal.signal(number, stop)
    try:
        yield
    finally:
        interrupted = last != NEVER
        for number, handler in old.items():
            signal.signal(number, signal.SIG_IGN if interrupted else handler)


def flush_or_mute() -> bool:
    """Write out what standard output holds; False if nobody reads it any more.

    Then it and standard error lead nowhere from now on: Python would complain once more when it
    flushes them at exit.
    """
    alive = True
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except BrokenPipeError:
            alive = False
            with suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return alive
