"""A run that takes its time, in a process of its own, so that it can be killed anywhere.

    python -m tests.resume_child FRAMES_OF_A_SEGMENT SECONDS_A_FRAME WORDS_OF_RUN...

Restoring a frame and joining one take `SECONDS_A_FRAME` more each, so that a tenth of all moments
is no longer the import of a library.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from deblurvid import choose
from deblurvid.backends.base import Engine
from deblurvid.cli import main
from deblurvid.stages import journal, segments

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deblurvid.backends.base import Restored
    from deblurvid.frames import Planes


class Slow(Engine):
    """An engine that is asked to wait."""

    def __init__(self, engine: Engine, seconds: float) -> None:
        self.engine, self.seconds = engine, seconds
        self.spec, self.slots = engine.spec, engine.slots

    def submit(self, planes: Planes, *, strength: float) -> None:
        """See Engine.submit."""
        self.engine.submit(planes, strength=strength)

    def collect(self) -> Restored:
        """See Engine.collect."""
        time.sleep(self.seconds)
        return self.engine.collect()

    def close(self) -> None:
        """See Engine.close."""
        self.engine.close()


def slow_down(seconds: float) -> None:
    """Put the waits in."""
    opened, joined = choose.open_engine, segments.join

    def open_slowly(*args: Any, **facts: Any) -> Engine:
        return Slow(opened(*args, **facts), seconds)

    def join_slowly(*args: Any) -> Iterator[Any]:
        for packet in joined(*args):
            time.sleep(seconds)
            yield packet

    choose.open_engine = open_slowly
    segments.join = join_slowly  # type: ignore[assignment]


if __name__ == "__main__":
    journal.SEGMENT_FRAMES = int(sys.argv[1])
    slow_down(float(sys.argv[2]))
    sys.exit(main(["run", *sys.argv[3:]]))
