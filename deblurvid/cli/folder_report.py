"""What became of the files of a folder: gathered from events, shown as a table, written as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from deblurvid.events import (
    FileEnded,
    FileStarted,
    FolderFinished,
    FolderStarted,
    Notice,
)
from deblurvid.progress.words import printable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from deblurvid.events import FolderEvent, Outcome
    from deblurvid.progress import Style


@dataclass(slots=True)
class Record:
    """The events of a folder, as far as they have come."""

    started: FolderStarted | None = None
    finished: FolderFinished | None = None
    ended: list[FileEnded] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    """About the folder."""
    of_files: dict[Path, list[str]] = field(default_factory=dict)
    """Notices about each file."""
    _file: Path | None = None

    def note(self, event: FolderEvent) -> None:
        """Take the next event."""
        match event:
            case FolderStarted():
                self.started = event
            case FileStarted():
                self._file = event.file
            case Notice():
                texts = self.of_files.setdefault(self._file, []) if self._file else self.notices
                texts.append(event.text)
            case FileEnded():
                self.ended.append(event)
                self._file = None
            case FolderFinished():
                self.finished = event

    def count(self, outcome: Outcome) -> int:
        """How many files came to this."""
        return sum(file.outcome == outcome for file in self.ended)

    def result(self) -> dict[str, Any]:
        """The object that `deblurvid.cli.folder` describes."""
        assert self.started is not None  # noqa: S101 - there is nothing to tell before
        frames = sum(file.frames for file in self.ended)
        # Of what was interrupted, the time of the files is all that is known.
        seconds = sum(file.seconds for file in self.ended)
        seconds = self.finished.seconds if self.finished else seconds
        ended = "interrupted"
        if self.finished is not None:
            ended = "stopped" if self.finished.left else "finished"
        return {
            "source": str(self.started.source),
            "target": str(self.started.target),
            "ended": ended,
            "done": self.count("done"),
            "skipped": self.count("skipped"),
            "failed": self.count("failed"),
            "left": self.started.files - self.count("done") - self.count("failed"),
            "frames": frames,
            "seconds": round(seconds, 3),
            "frames_per_second": _speed(frames, seconds),
            "notices": self.notices,
            "files": [self._file_object(file) for file in [*self.ended, *self._left()]],
        }

    def _left(self) -> Iterator[FileEnded]:
        """What was to be done, and had no end."""
        assert self.started is not None  # noqa: S101 - `result` sees to it
        ended = {file.file for file in self.ended}
        for file, target in self.started.planned:
            if file not in ended:
                yield FileEnded(file=file, target=target, outcome="left")

    def _file_object(self, file: FileEnded) -> dict[str, Any]:
        return {
            "file": str(file.file),
            "target": str(file.target),
            "outcome": file.outcome,
            "why": file.why,
            "frames": file.frames,
            "seconds": round(file.seconds, 3),
            "frames_per_second": _speed(file.frames, file.seconds),
            "size_bytes": file.size_bytes,
            "notices": self.of_files.get(file.file, []),
        }


def _speed(frames: int, seconds: float) -> float | None:
    return round(frames / seconds, 3) if frames and seconds else None


def show_record(record: Record, style: Style) -> None:
    """Print the table to standard error; with none or json, programs are told in other ways."""
    if style in ("none", "json"):
        return
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    result = record.result()
    table = Table(box=SIMPLE_HEAD)
    for name in ("", "files", "frames", "frames/s"):
        table.add_column(name, justify="right" if name else "left")
    speed = result["frames_per_second"]
    shown = f"{speed:.1f}" if speed else ""
    table.add_row("done", str(result["done"]), str(result["frames"]), shown)
    for name in ("skipped", "failed", "left"):
        if result[name] or name != "left":
            table.add_row(name, str(result[name]))
    console = Console(stderr=True)
    console.print(table)
    failed = [file for file in record.ended if file.outcome == "failed"]
    if failed:
        why = Table("failed", "why", box=SIMPLE_HEAD)
        for file in failed:
            why.add_row(Text(printable(str(file.file))), Text(printable(file.why)))
        console.print(why)
