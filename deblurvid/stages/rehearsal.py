"""A landing that is no place: an output is opened in memory, to see whether it could be written."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from deblurvid.stages.landing import Landing
from deblurvid.stages.pipes import refuse_terminal

if TYPE_CHECKING:
    from pathlib import Path


class Rehearsal(Landing):
    """Takes a header like any other place, and makes no file. Nothing settles here."""

    def __init__(self, target: Path, muxer: str) -> None:
        """Stand in for `target`, which `check_target` has found good.

        Raises:
            UsageError: it is standard output, and that is a terminal.
        """
        refuse_terminal(target)
        self.target = self.part = target
        # FFmpeg opens an image's file with its first frame, which never comes.
        self.where = f"file:%d{target.suffix}" if muxer == "image2" else BytesIO()

    @property
    def size_bytes(self) -> int:
        """See Landing."""
        return 0

    def settle(self, *, overwrite: bool) -> list[str]:
        """See Landing."""
        raise NotImplementedError("nothing was written in a rehearsal")

    def give_up(self) -> None:
        """See Landing."""

    def discard(self) -> None:
        """See Landing."""
