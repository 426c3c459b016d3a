"""Standard output: what a video may be written to, and then nothing else."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from deblurvid.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

STANDARD = "-"


def is_standard_output(target: Path) -> bool:
    """Whether it is `-`, or another name of the pipe behind it such as /dev/stdout."""
    if str(target) == STANDARD:
        return True
    with suppress(OSError, ValueError):
        return not target.is_file() and os.path.samestat(target.stat(), os.fstat(1))
    return False


def refuse_json_in_video(style: str, target: Path) -> None:
    """Refuse a display that writes to where the video goes.

    Raises:
        UsageError: `style` is json, and `target` standard output.
    """
    if style == "json" and is_standard_output(target):
        raise UsageError(
            f"--progress json writes to standard output, where -o {target} puts the video; "
            "use plain, or write the video to a file or FIFO"
        )
