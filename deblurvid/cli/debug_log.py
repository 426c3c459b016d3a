"""What the package and TensorRT log, on standard error, where `--debug` asks for it."""

from __future__ import annotations

import logging
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from deblurvid.progress.words import printable

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Lines(logging.Handler):
    """Writes to what is standard error at the moment: a progress bar moves it above itself."""

    def emit(self, record: logging.LogRecord) -> None:
        if sys.stderr is not None:
            with suppress(OSError):
                print(printable(self.format(record)), file=sys.stderr, flush=True)


@contextmanager
def log_shown(wanted: bool) -> Iterator[None]:
    """Within, what is logged is shown if `wanted`, one line each; else nowhere."""
    logger, lines = logging.getLogger("deblurvid"), _Lines()
    if not wanted:
        yield
        return
    before = logger.level
    logger.addHandler(lines)
    logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        logger.setLevel(before)
        logger.removeHandler(lines)
