"""The driver layer: what a device says of itself, and the thread that owns it."""

import threading

import pytest

from deblurvid.backends.cuda import DeviceFacts, OwnThread, device_facts, free_memory
from deblurvid.backends.preflight import cuda_problem
from deblurvid.errors import EngineError
from tests.cuda import streaming


def test_facts_are_the_drivers(cuda):
    """Units are bytes, hertz and bytes a second; the memory moves twice a clock on the whole bus."""
    wanted = DeviceFacts(
        name="Fake GPU",
        compute_capability=(8, 9),
        multiprocessors=128,
        memory_gib=8,
        clock_hz=2_520_000_000,
        memory_bytes_per_second=2 * 10_501_000_000 * 384 // 8,  # a GeForce RTX 4090's 1008 GB/s
    )

    assert cuda.call(device_facts, 0) == wanted


def test_free_memory_is_what_engines_leave(cuda):
    """An open engine takes from it, and a closed one has given back."""
    before, during, after = cuda.call(streaming.free_around_an_engine)

    assert during < before == after == 8 << 30


@pytest.mark.parametrize("ask", [device_facts, free_memory])
def test_a_missing_device_is_told(cuda, ask):
    """By its number."""
    with pytest.raises(EngineError, match="device 5"):
        cuda.call(ask, 5)


@pytest.mark.skipif(cuda_problem(0) is None, reason="there is a GPU here")
def test_without_a_driver_it_is_one_line():
    """PyCUDA missing, or its driver: an EngineError, not an ImportError or a warning."""
    with pytest.raises(EngineError, match="PyCUDA") as raised:
        device_facts(0)
    assert "\n" not in str(raised.value)


def test_calls_run_in_order_on_one_thread():
    """What was begun first is done first, all on the same thread, which is not the caller's."""
    thread = OwnThread("one")
    seen = []
    for number in range(50):
        thread.begin(lambda n: seen.append((n, threading.get_ident())), number)
    own = thread.call(threading.get_ident)
    thread.close()
    thread.close()

    assert seen == [(number, own) for number in range(50)]
    assert own != threading.get_ident()


def test_what_is_raised_there_arrives_here():
    """And the thread goes on."""
    thread = OwnThread("one")
    with pytest.raises(ZeroDivisionError):
        thread.call(lambda: 1 // 0)

    assert thread.call(lambda: 7) == 7
    thread.close()


def test_closing_does_what_was_begun_first():
    """Nothing that was begun is left out, and the thread is gone afterwards."""
    thread, seen = OwnThread("to be closed"), []
    begun = [thread.begin(seen.append, number) for number in range(20)]
    thread.close()

    assert seen == list(range(20))
    assert all(future.done() for future in begun)
    assert "to be closed" not in {each.name for each in threading.enumerate()}
