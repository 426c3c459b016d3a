"""The events of a folder as two bars on a terminal: of its files, and of the frames of the one at work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from deblurvid.events import (
    Building,
    Built,
    FileEnded,
    FileStarted,
    FolderFinished,
    FolderStarted,
    FrameDone,
    Notice,
    Started,
)
from deblurvid.progress.bars import bars_on
from deblurvid.progress.display import NoDisplay
from deblurvid.progress.pace import Pace
from deblurvid.progress.words import (
    built_line,
    duration_text,
    ended_line,
    folder_line,
    printable,
)

if TYPE_CHECKING:
    from types import TracebackType

    from rich.console import Console

    from deblurvid.events import FolderEvent


class RichFolderDisplay(NoDisplay):
    """Bars with figures, for a terminal; notices and files that failed stay above them."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._file = ""
        self._engine = ""
        self._all, self._one = Pace(None), Pace(None)
        self._bars = bars_on(
            console,
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[count]}"),
            TextColumn("[green]{task.fields[fps]}"),
            TimeElapsedColumn(),
            TextColumn("[cyan]{task.fields[eta]}"),
        )
        self._files = self._bars.add_task("files", total=None, count="", fps="", eta="")
        self._frames = self._bars.add_task("", total=None, count="", fps="", eta="", visible=False)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the bars away."""
        self._bars.stop()

    def show(self, event: FolderEvent) -> None:
        """See Display.show."""
        match event:
            case FolderStarted():
                self._print(folder_line(event), "bold")
                self._all = Pace(event.files)
                self._bars.update(self._files, total=event.files, count=f"0/{event.files}")
                self._bars.start()
            case FileStarted():
                self._file = f"{event.file}: "
                self._at_work(printable(str(event.file)))
            case Building():
                self._at_work(f"building {printable(event.generator)} ({100 * event.share:.0f} %)")
            case Built():
                self._print(built_line(event), "dim")
            case Started():
                self._begin(event)
            case FrameDone():
                self._one.mark(event.index)
                self._bars.update(self._frames, completed=event.index, **_figures(self._one))
            case Notice():
                self._print(f"notice: {self._file}{event.text}", "yellow")
            case FileEnded() if event.outcome != "skipped":
                self._end(event)
            case FolderFinished():
                self._bars.stop()

    def _at_work(self, words: str) -> None:
        self._bars.reset(
            self._frames,
            total=None,
            description=escape(words),
            count="",
            fps="",
            eta="",
            visible=True,
        )

    def _begin(self, event: Started) -> None:
        self._one = Pace(event.frame_count)
        self._bars.update(self._frames, total=event.frame_count)
        if event.engine != self._engine:
            self._engine = event.engine
            self._print(event.engine, "dim")

    def _end(self, event: FileEnded) -> None:
        self._file = ""
        self._all.mark(self._all.done + 1)
        figures = _figures(self._all) | {"fps": ""}
        self._bars.update(self._files, completed=self._all.done, **figures)
        if event.outcome == "failed":
            self._print(ended_line(event), "red")

    def _print(self, line: str, style: str) -> None:
        self._console.print(Text(printable(line), style), soft_wrap=True)


def _figures(pace: Pace) -> dict[str, Any]:
    total, fps, eta = pace.total, pace.fps, pace.eta_seconds
    return {
        "count": f"{pace.done}/{total}" if total else str(pace.done),
        "fps": f"{fps:.1f} fps" if fps else "",
        "eta": f"ETA {duration_text(eta)}" if eta is not None else "",
    }
