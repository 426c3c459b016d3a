"""Events as lines of text."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TextIO

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
    from collections.abc import Callable

    from deblurvid.events import FolderEvent

PLAIN_SECONDS = 5.0
"""Between two lines about frames."""


class PlainDisplay(NoDisplay):
    """Whole lines without escape codes, for logs and pipes."""

    def __init__(
        self, stream: TextIO | None, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._stream = stream
        self._clock = clock
        self._pace = Pace(None, clock)
        self._next = PLAIN_SECONDS
        self._next_build = 0.0
        self._next_compared = 0.0

    def show(self, event: FolderEvent) -> None:
        """See Display.show."""
        match event:
            case Building():
                if self._clock() >= self._next_build:
                    self._next_build = self._clock() + PLAIN_SECONDS
                    share = f"{100 * event.share:.0f} %, {event.phase}"
                    self._print(f"building {event.generator}: {share}")
            case Comparing():
                # Nothing is said of what takes no longer.
                self._next_compared = self._next_compared or self._clock() + PLAIN_SECONDS
                if self._clock() >= self._next_compared:
                    self._next_compared = self._clock() + PLAIN_SECONDS
                    self._print(f"{event.target}: {100 * event.share:.0f} % compared")
            case FrameDone():
                self._pace.mark(event.index)
                if self._pace.elapsed >= self._next:
                    self._next = self._pace.elapsed + PLAIN_SECONDS
                    self._print(self._frame_line(event))
            case _:
                if isinstance(event, Started):
                    self._pace = Pace(event.frame_count, self._clock, done=event.resumed_frames)
                for line in _lines(event):
                    self._print(line)

    def _frame_line(self, event: FrameDone) -> str:
        pace = self._pace
        total, fps, eta = pace.total, pace.fps, pace.eta_seconds
        parts = [counted(event.index, "frame")]
        if total:
            parts = [f"{event.index}/{total} frames ({100 * event.index // total} %)"]
        parts += [f"{fps:.1f} fps"] if fps else []
        parts += [f"{duration_text(eta)} left"] if eta is not None else []
        parts += [size_text(event.size_bytes), f"{event.bottleneck} is the slowest"]
        return ", ".join(parts)

    def _print(self, line: str) -> None:
        if self._stream is not None:  # None where the process was given no standard error
            print(printable(line), file=self._stream, flush=True)


def _lines(event: FolderEvent) -> tuple[str, ...]:
    """What comes once, in lines."""
    match event:
        case Built():
            return (built_line(event),)
        case Started():
            return started_lines(event)
        case Notice():
            return (f"notice: {event.text}",)
        case Finished():
            return (finished_line(event),)
        case Sampled():
            return sampled_lines(event)
        case _:  # of a folder, which another display is for
            return ()
