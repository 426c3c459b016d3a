"""Whether an engine on a GPU gives the right pictures, also when they overlap, and frees its memory."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from deblurvid.build.parity import FLOOR_DB, Parity, measure, specimens

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from deblurvid.backends.base import Engine
    from deblurvid.frames import Planes

ROUNDS = 20
"""Times that the pictures are restored, one by one and overlapping."""
OPENINGS = 3
"""Engines that are opened and closed while the memory is watched."""
LEAK_BYTES = 4 * 2**20
"""More than this is lost: drivers keep a little of what was freed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfTest:
    """What was found."""

    engine: str
    parity: Parity
    frames: int
    different: int
    """Frames that were not the same, to the bit, when several were in flight."""
    alone_seconds: float
    overlapping_seconds: float
    lost_bytes: int
    """Device memory that is gone after engines were opened and closed."""

    @property
    def problems(self) -> list[str]:
        """What is wrong, in words; none if all is well."""
        problems = []
        if not self.parity.passed:
            problems.append(f"{self.parity}: below {FLOOR_DB:g} dB, or invalid")
        if self.different:
            problems.append(f"{self.different} of {self.frames} frames differ when they overlap")
        if self.lost_bytes > LEAK_BYTES:
            problems.append(f"{self.lost_bytes / 2**20:.1f} MiB of the GPU's memory are lost")
        return problems


def selftest(open_: Callable[[], Engine], reference: Engine, free: Callable[[], int]) -> SelfTest:
    """Test the engines that `open_` opens.

    Args:
        open_: opens the engine that is tested; called several times.
        reference: the same generator in float32 on the CPU, for the same pictures.
        free: bytes of the device's memory that are free.

    Raises:
        EngineError: an engine cannot be opened, or fails.
    """
    spec = reference.spec
    pictures = specimens((spec.width, spec.height), spec.picture) * ROUNDS
    with open_() as engine:  # also: what libraries allocate once and for all is allocated
        parity = measure(engine, reference, pictures[: len(pictures) // ROUNDS])
        words = str(engine.spec)
        began = time.perf_counter()
        alone = _restored(engine, pictures, in_flight=1)
        between = time.perf_counter()
        together = _restored(engine, pictures, in_flight=engine.slots)
        ended = time.perf_counter()
    before = free()
    for _ in range(OPENINGS):
        open_().close()
    return SelfTest(
        engine=words,
        parity=parity,
        frames=len(pictures),
        different=sum(not _same(a, b) for a, b in zip(alone, together, strict=True)),
        alone_seconds=between - began,
        overlapping_seconds=ended - between,
        lost_bytes=before - free(),
    )


def _restored(engine: Engine, pictures: Sequence[Planes], *, in_flight: int) -> list[Planes]:
    """All pictures restored, with so many submitted before the first is collected."""
    restored = []
    for number, picture in enumerate(pictures):
        if number >= in_flight:
            restored.append(engine.collect().planes)
        engine.submit(picture, strength=1.0)
    return restored + [engine.collect().planes for _ in range(len(pictures) - len(restored))]


def _same(one: Planes, other: Planes) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one.samples, other.samples, strict=True))
