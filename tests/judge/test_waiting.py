"""The engine that only waits keeps the contract of engines, and truly waits."""

import time

import numpy as np
import pytest

from deblurvid.frames import ColourTags, PictureFormat, Planes
from deblurvid.judge.waiting import WaitEngine

PICTURE = PictureFormat(source="yuv420", depth=10)
SIZE = (17, 19)
TAGS = ColourTags(matrix="bt709", full_range=False)


def planes(seed, size=SIZE):
    rng = np.random.default_rng(seed)
    shapes = [(2, *sides) for sides in PICTURE.plane_sizes(*size)]
    return Planes(tuple(rng.integers(0, 4, shape, dtype=np.uint8) for shape in shapes), TAGS)


def same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a.samples, b.samples, strict=True))


def test_gives_each_picture_back_in_order():
    """All slots full, the pictures come back unchanged at their own turn."""
    with WaitEngine(SIZE, PICTURE, wait_seconds=0) as engine:
        for seed in range(engine.slots):
            engine.submit(planes(seed), strength=1)
        collected = [engine.collect() for _ in range(engine.slots)]

    assert all(same(planes(seed), one.planes) for seed, one in enumerate(collected))
    assert [0] * len(collected) == [one.invalid for one in collected]


def test_submit_copies():
    """The caller may overwrite its samples as soon as submit returns."""
    source = planes(1)
    with WaitEngine(SIZE, PICTURE, wait_seconds=0) as engine:
        engine.submit(source, strength=1)
        for samples in source.samples:
            samples[:] = 0

        assert same(planes(1), engine.collect().planes)


def test_refuses_planes_of_another_size():
    """As every engine does."""
    with (
        WaitEngine(SIZE, PICTURE, wait_seconds=0) as engine,
        pytest.raises(ValueError, match="do not fit"),
    ):
        engine.submit(planes(1, size=(18, 21)), strength=1)


def test_close_with_work_in_flight():
    """Closing may be done twice, and does not wait for what nobody wants."""
    engine = WaitEngine(SIZE, PICTURE, wait_seconds=3600)
    engine.submit(planes(1), strength=1)
    engine.close()
    engine.close()


def test_computes_one_picture_at_a_time():
    """Three pictures submitted at once take three waits, not one."""
    with WaitEngine(SIZE, PICTURE, wait_seconds=0.01) as engine:
        began = time.perf_counter()
        for seed in range(3):
            engine.submit(planes(seed), strength=1)
        for _ in range(3):
            engine.collect()

        assert time.perf_counter() - began >= 0.03


def test_an_idle_engine_saves_no_time_up():
    """A picture that comes late still takes its whole wait."""
    with WaitEngine(SIZE, PICTURE, wait_seconds=0.01) as engine:
        time.sleep(0.03)
        began = time.perf_counter()
        engine.submit(planes(1), strength=1)
        engine.collect()

        assert time.perf_counter() - began >= 0.01
