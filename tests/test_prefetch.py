"""The thread boundary: order, bounds, exceptions, and a clean end whoever leaves first."""

import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deblurvid.prefetch import Waits, prefetch


def ahead(items, capacity=2, waits=None):
    return prefetch(iter(items), capacity=capacity, waits=waits or Waits(), name="test")


@settings(max_examples=30, deadline=None)
@given(items=st.lists(st.integers()), capacity=st.integers(1, 5))
def test_values_arrive_complete_and_in_order(items, capacity):
    """What goes in comes out, in order, whatever the capacity."""
    assert items == list(ahead(items, capacity))


def test_an_exception_arrives_at_its_place():
    """Values before the error are delivered, then the very error is raised."""

    def failing() -> Iterator[int]:
        yield 1
        yield 2
        raise OSError("disk on fire")

    items = ahead(failing())

    assert [next(items), next(items)] == [1, 2]
    with pytest.raises(OSError, match="disk on fire"):
        next(items)


def test_the_worker_runs_at_most_its_capacity_ahead():
    """A full queue stops the worker: capacity values wait and one is in its hand."""
    made = []

    def counting() -> Iterator[int]:
        for value in range(100):
            made.append(value)
            yield value

    items = ahead(counting(), capacity=3)
    next(items)
    time.sleep(0.1)  # long enough for a worker without bounds to make them all

    assert len(made) <= 1 + 3 + 1
    items.close()


def test_leaving_early_stops_joins_and_closes():
    """When the consumer leaves, the worker's thread ends and the iterator is closed in it."""
    closed_in = []

    def endless() -> Iterator[int]:
        try:
            while True:
                yield 0
        finally:
            closed_in.append(threading.current_thread().name)

    items = ahead(endless())
    next(items)
    items.close()

    assert closed_in == ["deblurvid-test"]
    assert not [t for t in threading.enumerate() if t.name == "deblurvid-test"]


def test_chained_boundaries_end_together():
    """Closing the last of three boundaries leaves no thread of the others behind."""
    inner = ahead(range(10_000))
    middle = ahead(value for value in inner)
    outer = ahead(value for value in middle)
    assert next(outer) == 0
    for items in (outer, middle, inner):
        items.close()

    assert not [t for t in threading.enumerate() if t.name == "deblurvid-test"]


def test_both_sides_overlap():
    """The next value is made while the consumer still holds the one before."""
    second_is_being_made = threading.Event()

    def two() -> Iterator[int]:
        yield 1
        second_is_being_made.set()
        yield 2

    items = ahead(two(), capacity=1)
    next(items)

    assert second_is_being_made.wait(timeout=30)
    items.close()


def test_waits_name_the_slow_side():
    """A slow producer lets the consumer wait, a slow consumer the producer."""

    def slow() -> Iterator[int]:
        for value in range(10):
            time.sleep(0.01)
            yield value

    starved, blocked = Waits(), Waits()
    list(ahead(slow(), waits=starved))
    for _ in ahead(range(10), capacity=1, waits=blocked):
        time.sleep(0.01)

    assert starved.consumer > 0.05 > starved.producer
    assert blocked.producer > 0.05 > blocked.consumer


@pytest.mark.parametrize("began", [False, True])
def test_an_interrupt_while_the_thread_starts(began, monkeypatch):
    """An interrupt that hits before or after the thread has begun leaves no thread at work."""
    start = threading.Thread.start
    closed = threading.Event()

    def interrupted(thread: threading.Thread) -> None:
        if began:
            start(thread)
        raise KeyboardInterrupt

    def endless() -> Iterator[int]:
        try:
            while True:
                yield 0
        finally:
            closed.set()

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    values = prefetch(endless(), capacity=1, waits=Waits(), name="starting")
    with pytest.raises(KeyboardInterrupt):
        next(values)

    assert "deblurvid-starting" not in [thread.name for thread in threading.enumerate()]
    assert closed.is_set() is began
