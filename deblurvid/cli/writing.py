"""Reports as text: to a file, whole or not at all, or to standard output as `-`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from deblurvid.cli.standard import is_standard_output
from deblurvid.errors import OutputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def check_texts(targets: Iterable[Path | None], *, taken: str | None = None) -> bool:
    """Refuse, before work begins, what surely cannot be written or is a picture.

    Args:
        targets: where reports go; None is none.
        taken: what else is written to standard output, such as --progress json.

    Returns:
        Whether one of them is standard output: then nothing else may be written there.

    Raises:
        UsageError: it is such a place, or standard output would get two of them.
    """
    from deblurvid.folder.search import is_media

    given = [target for target in targets if target is not None]
    standard = [target for target in given if is_standard_output(target)]
    if len(standard) > 1 or (standard and taken):
        other = taken or "another report"
        raise UsageError(f"{standard[0]}: {other} goes to standard output too; write one to a file")
    for target in given:
        if target in standard:
            continue
        if not target.parent.is_dir() or target.is_dir():
            raise UsageError(f"{target}: cannot be written there; name a file in a folder that is")
        if is_media(target):
            raise UsageError(f"{target}: is called like a picture; a report is text")
    return bool(standard)


def write_text(target: Path | None, text: str) -> None:
    """Write a report, whole or not at all; None is nowhere.

    Raises:
        OutputError: it cannot be written.
    """
    from deblurvid.stages.parts import part_name

    if target is None:
        return
    if is_standard_output(target):
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    special = target.is_symlink() or (target.exists() and not target.is_file())
    part = target if special else target.with_name(part_name(target))
    try:
        part.write_text(text, encoding="utf-8")
        if not special:
            part.replace(target)
    except OSError as exc:
        if not special:
            part.unlink(missing_ok=True)
        raise OutputError(f"{target}: cannot be written: {exc.strerror}") from exc
