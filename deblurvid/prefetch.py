"""A bounded thread boundary between two stages."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from queue import Queue
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")


@dataclass(slots=True)
class Waits:
    """Seconds that the two sides of one boundary have stood still."""

    producer: float = 0.0
    """The worker waited, because the queue was full: what follows is slower."""
    consumer: float = 0.0
    """The consumer waited, because the queue was empty: what precedes is slower."""


@dataclass(slots=True)
class _End:
    """The last thing a worker puts: why it ended."""

    error: BaseException | None = None


@dataclass(slots=True)
class _Worker:
    """Runs an iterator in a thread of its own and puts what it yields into a queue."""

    items: Iterator[object]
    queue: Queue[object]
    waits: Waits
    left: threading.Event = field(default_factory=threading.Event)
    ticket: threading.Lock = field(default_factory=threading.Lock)

    def claim(self) -> bool:
        """True for whoever asks first: the thread, which then runs, or a consumer that leaves.

        An interrupt can hit while a thread starts, and then nothing else tells whether it will run.
        """
        return self.ticket.acquire(blocking=False)

    def run(self) -> None:
        if not self.claim():
            return
        end = _End()
        try:
            for item in self.items:
                before = time.perf_counter()
                self.queue.put(item)
                self.waits.producer += time.perf_counter() - before
                if self.left.is_set():
                    break
        except BaseException as exc:  # noqa: BLE001 - carried to the consumer, which raises it
            end.error = exc
        finally:
            # The stages behind must end in the thread that ran them.
            if isinstance(self.items, Generator):
                try:
                    self.items.close()
                except BaseException as exc:  # noqa: BLE001 - as above
                    end.error = end.error or exc
        self.queue.put(end)


def prefetch(
    items: Iterator[T],
    *,
    capacity: int,
    waits: Waits,
    name: str,
    leave: Callable[[], None] = lambda: None,
) -> Generator[T, None, None]:
    """Run `items` in a thread, at most `capacity` values ahead of the consumer.

    The worker's exception is raised here, at the place in the order where it happened. When the
    consumer leaves early (`close`, or an error of its own), the worker finishes the value in hand,
    closes `items` and is joined before this returns. `leave` is called first then, to wake a worker
    that waits for something that may never come. `waits` is updated as time goes by.
    """
    queue: Queue[object] = Queue(capacity)
    worker = _Worker(items, queue, waits)
    thread = threading.Thread(target=worker.run, name=f"deblurvid-{name}", daemon=True)
    ended = False
    try:
        thread.start()
        while True:
            before = time.perf_counter()
            item = queue.get()
            waits.consumer += time.perf_counter() - before
            if isinstance(item, _End):
                ended = True
                if item.error is not None:
                    raise item.error
                return
            yield item  # type: ignore[misc]
    finally:
        if not ended:
            leave()
        worker.left.set()
        if not worker.claim():
            while not ended:  # make room, so that the worker can put its last
                ended = isinstance(queue.get(), _End)
            thread.join()
