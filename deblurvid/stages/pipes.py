"""Bytes that come from a pipe or go into one, in a way that can be stopped.

FFmpeg could read and write descriptors by itself, but nothing could call it back from a pipe on
which nothing comes. So Python moves the bytes, and FFmpeg gets no protocol at all.
"""

from __future__ import annotations

import os
import select
import stat
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from deblurvid.errors import InputError, OutputError, UsageError
from deblurvid.stages.watchdog import Stall

if TYPE_CHECKING:
    from collections.abc import Callable

STANDARD = Path("-")
"""Standard input or output."""
PATIENCE_MS = 100
"""How long a wait for bytes lasts before it looks whether anybody still wants them."""
HEAD_BYTES = 1024
BUFFER_BYTES = 1 << 20
"""What FFmpeg asks for, and passes on, at once."""


def is_pipe(path: Path) -> bool:
    """Whether bytes can only follow each other there: `-`, a FIFO, a device such as /dev/stdin."""
    if path == STANDARD:
        return True
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) or stat.S_ISSOCK(mode)


@dataclass(slots=True, kw_only=True)
class Reader:
    """What PyAV reads a pipe by. It cannot seek, so FFmpeg does not try to."""

    name: str
    descriptor: int
    stall: Stall
    head: bytes = b""
    """The first bytes that came; a pipe gives them only once."""
    size_bytes: int = 0
    """How many have come."""
    error: BaseException | None = None
    """What ended the reading: FFmpeg takes some errors for the end of the file."""
    left: threading.Event = field(default_factory=threading.Event)

    def read(self, size: int) -> bytes:
        """At least one byte and at most `size`; none at the end, or once it is left.

        Raises:
            InputError: nothing came for too long, it cannot be read, or the wait was interrupted.
        """
        if self.error is not None:  # told already: PyAV asks again, and would print the next one
            return b""
        self.stall.begin()  # while nobody read, the writer had to wait
        try:
            while not self.left.is_set():
                if _ready(self.descriptor, for_writing=False):
                    data = os.read(self.descriptor, size)
                    if len(self.head) < HEAD_BYTES:
                        self.head += data[:HEAD_BYTES]
                    self.size_bytes += len(data)
                    return data
                self.stall.check(self.name)
        except InputError as exc:
            self.error = exc
            raise
        except BaseException as exc:
            self.error = exc
            # PyAV loses all that is no Exception, so that an interrupt has to travel inside one.
            raise InputError(f"{self.name}: cannot be read on: {exc}") from exc
        return b""

    def leave(self) -> None:
        """From any thread: nobody will want what comes, so do not wait for it."""
        self.left.set()

    def check(self) -> None:
        """Raise what ended the reading, if it was an error."""
        if isinstance(self.error, InputError):
            raise self.error
        if self.error is not None:
            raise InputError(f"{self.name}: cannot be read on: {self.error}") from self.error

    def close(self) -> None:
        """Close what was opened; standard input stays."""
        self.leave()
        if self.descriptor > 2:
            os.close(self.descriptor)


def open_reader(path: Path, stall_seconds: float) -> Reader:
    """Open `-`, a FIFO or a device for reading.

    Args:
        path: what to read.
        stall_seconds: how long nothing may come; 0 for any time.

    Raises:
        UsageError: standard input is a terminal.
        InputError: it cannot be opened.
    """
    if path == STANDARD:
        if os.isatty(0):
            raise UsageError("standard input is a terminal; pipe a video into it")
        descriptor = 0
    else:
        try:
            # Otherwise open(2) would wait for a FIFO's writer, and nothing could call it back.
            waiting = 0 if sys.platform == "win32" else os.O_NONBLOCK
            descriptor = os.open(path, os.O_RDONLY | waiting)
        except OSError as exc:
            raise InputError(f"{path}: {exc.strerror}") from exc
    if sys.platform == "win32":
        import msvcrt

        msvcrt.setmode(descriptor, os.O_BINARY)
    name = "standard input" if path == STANDARD else str(path)
    return Reader(name=name, descriptor=descriptor, stall=Stall(stall_seconds))


@dataclass(slots=True, kw_only=True)
class Writer:
    """What PyAV writes into a pipe by."""

    name: str
    descriptor: int
    given_back_to: int | None = None
    """Where standard output has to be put again; see `open_writer`."""
    size_bytes: int = 0
    left: bool = False
    head_edit: Callable[[bytes], bytes] | None = None
    """Applied to what is written first."""

    def write(self, data: bytes) -> int:
        """Write all of `data`; gives its length. Once it is left, write nothing."""
        length = len(data)
        if self.head_edit is not None:
            data, self.head_edit = self.head_edit(data), None
        rest = memoryview(data)
        try:
            while rest and not self.left:
                try:
                    done = os.write(self.descriptor, rest)
                except BlockingIOError:  # whoever made the pipe wants no waiting in it
                    _ready(self.descriptor, for_writing=True)
                    continue
                rest = rest[done:]
                self.size_bytes += done
        except KeyboardInterrupt as exc:  # see Reader.read
            raise OutputError(f"{self.name}: interrupted") from exc
        return length

    def leave(self) -> None:
        """Nothing more is to be written: FFmpeg writes an end to what it leaves."""
        self.left = True

    def close(self) -> None:
        """Close the pipe, so that its reader sees the end; give standard output back."""
        self.leave()
        if self.descriptor < 0:
            return
        if self.given_back_to is not None:
            os.dup2(self.descriptor, self.given_back_to)
        os.close(self.descriptor)
        self.descriptor = -1


def refuse_terminal(path: Path) -> None:
    """Refuse to write a video where it would be shown as text.

    Raises:
        UsageError: `path` is standard output, and that is a terminal.
    """
    if path == STANDARD and os.isatty(1):
        raise UsageError("standard output is a terminal; pipe it into a program, or use -o FILE")


def open_writer(path: Path) -> Writer:
    """Open `-`, a FIFO or a device for writing; a FIFO waits for its reader.

    While standard output carries a video, whatever else in this process writes there reaches
    standard error: one line of a library would spoil the stream.

    Raises:
        UsageError: standard output is a terminal.
        OutputError: it cannot be opened.
    """
    if path != STANDARD:
        try:
            return Writer(name=str(path), descriptor=os.open(path, os.O_WRONLY))
        except OSError as exc:
            raise OutputError(f"{path}: cannot be written: {exc.strerror}") from exc
    refuse_terminal(path)
    if sys.stdout is not None:
        with suppress(ValueError):
            sys.stdout.flush()
    try:
        descriptor = os.dup(1)
    except OSError as exc:
        raise OutputError(f"standard output: cannot be written: {exc.strerror}") from exc
    try:
        os.dup2(2, 1)
    except OSError:  # there is no standard error
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.close(nowhere)
    if sys.platform == "win32":
        import msvcrt

        msvcrt.setmode(descriptor, os.O_BINARY)
    return Writer(name="standard output", descriptor=descriptor, given_back_to=1)


def _ready(descriptor: int, *, for_writing: bool) -> bool:
    """Wait a little; whether the descriptor can be read or written, or has nobody left."""
    if not hasattr(select, "poll"):  # Windows cannot wait for a pipe: read it, and block
        return True
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT if for_writing else select.POLLIN)
    return bool(poll.poll(PATIENCE_MS))
