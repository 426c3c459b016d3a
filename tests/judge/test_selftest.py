"""The selftest finds what is wrong with an engine. Here OpenVINO stands in for the GPU."""

from __future__ import annotations

from collections import deque

import pytest

from deblurvid.backends.base import Restored
from deblurvid.backends.openvino import OpenVinoEngine
from deblurvid.cli.doctor import selftest_lines
from deblurvid.frames import PictureFormat, Planes
from deblurvid.graph.wrap import wrap
from deblurvid.judge.selftest import LEAK_BYTES, selftest
from tests.build.world import Off
from tests.graph.generators import conv_planes, generator

PICTURE = PictureFormat(source="yuv420", depth=8)
MADE = generator(conv_planes(0.5))


def engine():
    return OpenVinoEngine(
        wrap(MADE, PICTURE), MADE, PICTURE, size=(64, 48), device="CPU", precision="fp32"
    )


class Late(Off):
    """Gives the picture before, whenever more than one is in flight."""

    def __init__(self, inner) -> None:
        super().__init__(inner, 0, 0)
        self.flying = 0
        self.last: deque[Planes] = deque(maxlen=1)

    def submit(self, planes, *, strength):  # noqa: D102
        self.flying += 1
        super().submit(planes, strength=strength)

    def collect(self):  # noqa: D102
        done = super().collect()
        if self.flying > 1 and self.last:
            done = Restored(self.last[0], 0)
        self.flying -= 1
        self.last.append(done.planes)
        return done


def found(open_, free=lambda: 0):
    with engine() as reference:
        return selftest(open_, reference, free)


def test_a_good_engine_passes():
    """Right, the same in any order, nothing lost."""
    result = found(engine)

    assert result.problems == []
    assert (result.frames, result.different) == (60, 0)
    assert result.parity.psnr_db == 120
    assert list(selftest_lines(result))[-1] == "passed"


def test_wrong_pictures_are_found():
    """4 codes off is below the floor."""
    result = found(lambda: Off(engine(), 4, 0))

    assert len(result.problems) == 1
    assert "below 50 dB" in result.problems[0]
    assert "failed: 36." in list(selftest_lines(result))[-1]


def test_pictures_that_overlap_wrongly_are_found():
    """An engine that is right one by one, and late when it is busy."""
    result = found(lambda: Late(engine()))

    assert result.parity.passed
    assert result.different > 30
    assert "frames differ when they overlap" in result.problems[0]


@pytest.mark.parametrize(("lost", "told"), [(LEAK_BYTES, False), (LEAK_BYTES + 1, True)])
def test_lost_memory_is_found(lost, told):
    """What is free before engines are opened and closed is free afterwards."""
    sizes = iter([10 * LEAK_BYTES, 10 * LEAK_BYTES - lost])
    result = found(engine, lambda: next(sizes))

    assert result.lost_bytes == lost
    assert bool(result.problems) == told
