"""Bytes of a FIFO, whose writer may stop: then the run ends, and does not wait for ever.

A thread that waits inside read(2) cannot be called back. So it never does: it waits in poll(2), a
short while at a time, and looks up in between.
"""

from __future__ import annotations

import os
import select
import threading
import time
from typing import TYPE_CHECKING

from deblurvid.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

SLICE_SECONDS = 0.1
"""Between two looks at the clock and at whether anybody still wants the bytes."""


class Stall:
    """Counts the time in which nothing has come."""

    def __init__(self, seconds: float) -> None:
        """Allow `seconds` without a byte; 0 allows any time."""
        self._seconds = seconds
        self._since = time.perf_counter()

    def begin(self) -> None:
        """Something came, or is asked for only now: the time starts anew."""
        self._since = time.perf_counter()

    def check(self, name: str) -> None:
        """Raise InputError if it has been too long."""
        if self._seconds and time.perf_counter() - self._since > self._seconds:
            raise InputError(
                f"{name}: nothing has come for {self._seconds:g} s; --stall-timeout allows more"
            )


def watched(path: Path, stall_seconds: float) -> WatchedFifo | None:
    """What reads `path` if it is a FIFO, else None.

    Raises:
        InputError: it cannot be opened.
    """
    try:
        return WatchedFifo(path, stall_seconds) if path.is_fifo() else None
    except OSError as exc:
        raise InputError(f"{path}: {exc.strerror}") from exc


class WatchedFifo:
    """What PyAV reads a FIFO by; it cannot seek."""

    def __init__(self, path: Path, stall_seconds: float) -> None:
        self.name = str(path)
        # Otherwise open(2) would wait for a writer.
        self._descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self._poll = select.poll()
        self._poll.register(self._descriptor, select.POLLIN)
        self._stall = Stall(stall_seconds)
        self._left = threading.Event()
        self.error: BaseException | None = None
        """What ended the reading; FFmpeg takes some errors for the end of the file."""

    def read(self, size: int) -> bytes:
        """At least one byte and at most `size`; none at the end, or once it is left.

        Raises:
            InputError: nothing came for too long, or the wait was interrupted.
        """
        self._stall.begin()  # while nobody read, the writer had to wait
        try:
            while not self._left.is_set():
                if self._poll.poll(1000 * SLICE_SECONDS):
                    return os.read(self._descriptor, size)
                self._stall.check(self.name)
        except BaseException as exc:
            self.error = exc
            # PyAV swallows what is no Exception: an interrupt has to travel inside one.
            raise InputError(str(exc) or f"{self.name}: interrupted") from exc
        return b""

    def check(self) -> None:
        """Raise what ended the reading, if it was an error."""
        if self.error is not None:
            raise self.error

    def leave(self) -> None:
        """From any thread: nobody wants what may still come."""
        self._left.set()

    def close(self) -> None:
        """Close the FIFO. Nobody may be reading."""
        self.leave()
        os.close(self._descriptor)
