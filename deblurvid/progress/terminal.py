"""Events as a bar with figures on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.progress import (
    BarColumn,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from deblurvid.events import (
    Building,
    Built,
    Comparing,
    Finished,
    FrameDone,
    Notice,
    Sampled,
    Started,
)
from deblurvid.progress.bars import bars_on
from deblurvid.progress.display import NoDisplay
from deblurvid.progress.pace import Pace
from deblurvid.progress.words import (
    built_line,
    counted,
    duration_text,
    finished_line,
    printable,
    sampled_lines,
    size_text,
    started_lines,
)

if TYPE_CHECKING:
    from types import TracebackType

    from rich.console import Console

    from deblurvid.events import FolderEvent


class RichDisplay(NoDisplay):
    """A bar with figures, for a terminal; notices and the summary stay above it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._pace = Pace(None)
        self._bar = bars_on(
            console,
            BarColumn(bar_width=None),
            TextColumn("{task.fields[frames]}"),
            TextColumn("[green]{task.fields[fps]}"),
            TimeElapsedColumn(),
            TextColumn("[cyan]{task.fields[eta]}"),
            TextColumn("{task.fields[size]}"),
            TextColumn("[dim]{task.fields[slowest]}"),
        )
        self._task: TaskID | None = None
        # The spinner turns where TensorRT tells nothing for seconds.
        self._work_bar = bars_on(
            console,
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[phase]}"),
        )
        self._work: TaskID | None = None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the bars away."""
        self._work_bar.stop()
        self._bar.stop()

    def show(self, event: FolderEvent) -> None:
        """See Display.show."""
        match event:
            case Building():
                words = f"building {printable(event.generator)}"
                self._show_work(words, event.share, escape(printable(event.phase)))
            case Built():
                self._end_work()
                self._print(built_line(event), "dim")
            case Started():
                self._pace = Pace(event.frame_count, done=event.resumed_frames)
                files, how = started_lines(event)
                self._print(files, "bold")
                self._print(how, "dim")
                self._task = self._bar.add_task(
                    "",
                    total=event.frame_count,
                    completed=event.resumed_frames,
                    **self._figures(None),
                )
                self._bar.start()
            case Notice():
                self._print(f"notice: {event.text}", "yellow")
            case FrameDone() if self._task is not None:
                self._pace.mark(event.index)
                self._bar.update(
                    self._task,
                    completed=event.index,
                    total=self._pace.total,
                    **self._figures(event),
                )
            case Finished():
                self._bar.stop()
                self._print(finished_line(event), "green")
            case Comparing():
                self._show_work(f"comparing: {printable(event.target.name)}", event.share, "")
            case Sampled():
                self._end_work()
                for line in sampled_lines(event):
                    self._print(line, "bold")

    def _show_work(self, words: str, share: float, phase: str) -> None:
        if self._work is None:
            self._work = self._work_bar.add_task(words, total=1.0, phase=phase)
            self._work_bar.start()
        self._work_bar.update(self._work, completed=share, phase=phase)

    def _end_work(self) -> None:
        if self._work is not None:
            self._work_bar.stop()
            self._work_bar.remove_task(self._work)
            self._work = None

    def _figures(self, event: FrameDone | None) -> dict[str, Any]:
        pace = self._pace
        total, fps, eta = pace.total, pace.fps, pace.eta_seconds
        return {
            "frames": f"{pace.done}/{total}" if total else counted(pace.done, "frame"),
            "fps": f"{fps:.1f} fps" if fps else "",
            "eta": f"ETA {duration_text(eta)}" if eta is not None else "",
            "size": size_text(event.size_bytes) if event else "",
            "slowest": f"slowest: {event.bottleneck}" if event else "",
        }

    def _print(self, line: str, style: str) -> None:
        self._console.print(Text(printable(line), style), soft_wrap=True)
