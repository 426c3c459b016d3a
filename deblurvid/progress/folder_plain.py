"""The events of a folder as lines of text: one a file, and more while a long one is at work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deblurvid.events import FileEnded, FileStarted, Finished, FolderStarted, Notice, Started
from deblurvid.progress.pace import Pace
from deblurvid.progress.plain import PLAIN_SECONDS, PlainDisplay
from deblurvid.progress.words import ended_line, folder_line

if TYPE_CHECKING:
    from deblurvid.events import FolderEvent, FrameDone


class PlainFolderDisplay(PlainDisplay):
    """Whole lines without escape codes, for logs and pipes."""

    _files = 0
    _file = ""
    _number = ""
    _engine = ""

    def show(self, event: FolderEvent) -> None:
        """See Display.show."""
        match event:
            case FolderStarted():
                self._files = event.files
                self._print(folder_line(event))
            case FileStarted():
                self._number, self._file = f"[{event.number}/{self._files}] ", f"{event.file}: "
            case FileEnded(outcome="skipped") | Finished():
                pass  # counted at the start, and told by FileEnded
            case FileEnded():
                self._print(self._number + ended_line(event))
                self._number = self._file = ""
            case Started():
                self._pace = Pace(event.frame_count, self._clock)
                self._next = PLAIN_SECONDS
                if event.engine != self._engine:
                    self._engine = event.engine
                    self._print(event.engine)
            case Notice():
                self._print(f"notice: {self._file}{event.text}")
            case _:
                super().show(event)

    def _frame_line(self, event: FrameDone) -> str:
        return f"{self._number}{self._file}{super()._frame_line(event)}"
