"""Bytes -> a file, whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deblurvid.errors import OutputError, UsageError
from deblurvid.stages.landing import File
from deblurvid.stages.pipes import is_pipe
from deblurvid.stages.target import check_target

if TYPE_CHECKING:
    from pathlib import Path

    from deblurvid.judge.compare.asked import Asked


def check_targets(asked: Asked, target: Path) -> None:
    """Refuse a target that is one of the clips, exists, or cannot be written.

    Raises:
        UsageError: it is a pipe or a clip, or exists and may not be replaced.
        OutputError: its folder is missing or not writable.
    """
    if is_pipe(target):
        raise UsageError(f"-o {target}: comparisons are written to files; name one")
    for clip in filter(None, (asked.first, asked.second, asked.reference)):
        check_target(clip, target, overwrite=asked.overwrite)


def write_whole(target: Path, data: bytes, *, overwrite: bool) -> None:
    """Write `data` beside its place and move it there.

    Raises:
        OutputError: it cannot be written, or the name has been taken meanwhile.
    """
    try:
        landing = File(target)
    except OSError as exc:
        raise OutputError(f"{target}: cannot be written: {exc.strerror}") from exc
    try:
        landing.part.write_bytes(data)
        landing.settle(overwrite=overwrite)
    except OutputError:
        raise
    except OSError as exc:
        raise OutputError(f"{target}: cannot be written: {exc.strerror}") from exc
    finally:
        landing.discard()
