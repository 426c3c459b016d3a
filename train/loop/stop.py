"""Ending a run on Ctrl-C or SIGTERM between two steps, so that what is saved can be gone on with."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def catch_stop() -> Iterator[threading.Event]:
    """Turn the first SIGINT or SIGTERM into an event; a second one acts as it always does.

    Outside the main thread, which alone may set handlers, the event is never set.
    """
    event = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield event
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def stop(_number: int, _frame: Any) -> None:
        event.set()
        restore()

    for number in _SIGNALS:
        signal.signal(number, stop)
    try:
        yield event
    finally:
        restore()
