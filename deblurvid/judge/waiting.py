"""An engine that only waits: what is left of a run is the streaming."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

from deblurvid.backends.base import Engine, EngineSpec, Restored
from deblurvid.frames import Planes

if TYPE_CHECKING:
    from deblurvid.frames import PictureFormat


class WaitEngine(Engine):
    """Gives every picture back after `wait_seconds`, like a device that computes one at a time.

    It needs no processor meanwhile, so a run's length shows how well the stages overlap.
    """

    slots = 3

    def __init__(
        self, size: tuple[int, int], picture: PictureFormat, *, wait_seconds: float
    ) -> None:
        """Take pictures of `size` (width, height) and `picture`."""
        self.wait_seconds = wait_seconds
        self.spec = EngineSpec(
            width=size[0],
            height=size[1],
            picture=picture,
            generator=f"wait of {wait_seconds * 1e3:g} ms",
            device="no device",
            precision="fp32",
        )
        self._in_flight: deque[tuple[float, Planes]] = deque()
        self._ready = 0.0
        """When the last submitted picture is done."""

    def submit(self, planes: Planes, *, strength: float) -> None:  # noqa: ARG002 - Engine's
        """See Engine.submit."""
        self.spec.check(planes)
        copied = Planes(tuple(samples.copy() for samples in planes.samples), planes.colour)
        self._ready = max(self._ready, time.perf_counter()) + self.wait_seconds
        self._in_flight.append((self._ready, copied))

    def collect(self) -> Restored:
        """See Engine.collect."""
        ready, planes = self._in_flight.popleft()
        time.sleep(max(0.0, ready - time.perf_counter()))
        return Restored(planes, 0)

    def close(self) -> None:
        """See Engine.close."""
        self._in_flight.clear()
