"""Part files, in which an output is written: each held by its run, and swept up if that was killed.

A run holds a lock on its part file. The system lets go of it when the process ends, however it
ends, so a part file that nobody holds is a dead run's.
"""

from __future__ import annotations

import os
import re
import secrets
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

LONGEST_STEM = 40
"""Characters of the target's name in the part file's, which must not be too long for the folder."""
NOBODY = -1


@dataclass(slots=True)
class Part:
    """A new, empty part file, and the hold on it."""

    path: Path
    descriptor: int

    def release(self) -> None:
        """Let go of it; may be called twice."""
        held, self.descriptor = self.descriptor, NOBODY
        if held != NOBODY:
            os.close(held)


def new_part(target: Path) -> Part:
    """Make and hold a hidden part file beside `target`; remove those that dead runs left of it.

    Raises:
        OSError: it cannot be made.
    """
    sweep(target)
    path = target.with_name(part_name(target))
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
    if not _lock(descriptor):  # Windows keeps an open file from being moved, and from being removed
        os.close(descriptor)
        descriptor = NOBODY
    return Part(path, descriptor)


def part_name(target: Path) -> str:
    """A hidden name beside `target` that nobody else has."""
    return f"{_beginning(target)}{secrets.token_hex(4)}.part"


def sweep(target: Path) -> None:
    """Remove part files of `target` that no living run holds."""
    name = re.compile(re.escape(_beginning(target)) + r"[0-9a-f]{8}\.part")
    with suppress(OSError):  # a folder that cannot be listed
        for path in target.parent.iterdir():
            if name.fullmatch(path.name) and path.is_file() and not path.is_symlink():
                with suppress(OSError):
                    _remove_if_dead(path)


def _beginning(target: Path) -> str:
    return f".{target.stem[:LONGEST_STEM]}."


def _remove_if_dead(path: Path) -> None:
    if sys.platform == "win32":
        path.unlink()  # refused while FFmpeg has it open
        return
    descriptor = os.open(path, os.O_RDWR)
    try:
        if _lock(descriptor):
            path.unlink()
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    """Whether the file is ours now. Not where there are no locks: then nothing is swept either."""
    if sys.platform == "win32":
        return False
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
