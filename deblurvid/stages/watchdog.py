"""A pipe whose writer may stop: then the run ends, and does not wait for ever."""

from __future__ import annotations

import time

from deblurvid.errors import InputError


class Stall:
    """Counts the time in which nothing has come."""

    def __init__(self, seconds: float) -> None:
        """Allow `seconds` without a byte; 0 allows any time."""
        self._seconds = seconds
        self._since = time.perf_counter()

    def begin(self) -> None:
        """Something came, or is asked for only now: the time starts anew."""
        self._since = time.perf_counter()

    def check(self, name: str) -> None:
        """Raise InputError if it has been too long."""
        if self._seconds and time.perf_counter() - self._since > self._seconds:
            raise InputError(
                f"{name}: nothing has come for {self._seconds:g} s; --stall-timeout allows more"
            )
