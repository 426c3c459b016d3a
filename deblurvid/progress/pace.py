"""Frames done so far -> frames a second, and the time that is left."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

WINDOW_SECONDS = 8.0
"""Frames a second are those of this last while."""
SAMPLE_SECONDS = 0.1
FEW_FRAMES, FEW_SECONDS = 8, 2.0
"""Beyond the first frame, before which nothing is said of the time that is left."""


class Pace:
    """How fast frames have been coming of late, and what that means for the rest."""

    def __init__(
        self,
        total: int | None,
        clock: Callable[[], float] = time.perf_counter,
        *,
        done: int = 0,
    ) -> None:
        """Expect `total` frames, of which `done` were there when the clock began."""
        self._clock = clock
        self._began = clock()
        self._recent: deque[tuple[float, int]] = deque()
        self._first: tuple[float, int] | None = None
        self._total = total
        self.done = done

    def mark(self, done: int) -> None:
        """Note that `done` frames are done by now."""
        now = self._clock()
        self.done = done
        self._first = self._first or (now, done)
        if len(self._recent) > 1 and now - self._recent[-2][0] < SAMPLE_SECONDS:
            self._recent.pop()
        self._recent.append((now, done))
        while len(self._recent) > 2 and now - self._recent[1][0] > WINDOW_SECONDS:
            self._recent.popleft()

    def _recent_seconds(self, since: float) -> float:
        return self._recent[-1][0] - since if self._recent else 0.0

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return self._clock() - self._began

    @property
    def total(self) -> int | None:
        """Frames expected; None once there were more, for then it was an estimate."""
        return self._total if self._total and self.done <= self._total else None

    @property
    def fps(self) -> float | None:
        """Frames a second over the window; None before the second frame.

        The first one waits for engine and encoder to begin, and says nothing of the rest.
        """
        if not self._recent:
            return None
        (began, before), (ended, done) = self._recent[0], self._recent[-1]
        return (done - before) / (ended - began) if ended > began else None

    @property
    def eta_seconds(self) -> float | None:
        """Seconds that the rest will take at this pace, where both are known and it can be told."""
        fps, total = self.fps, self.total
        began, before = self._first or (self._began, self.done)
        if self.done - before < FEW_FRAMES and self._recent_seconds(began) < FEW_SECONDS:
            return None
        return (total - self.done) / fps if fps and total else None
