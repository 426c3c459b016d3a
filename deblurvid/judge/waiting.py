"""An engine that only waits: what is left of a run is the streaming."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

from deblurvid.backends.base import EngineSpec, Restored
from deblurvid.frames import Planes

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from deblurvid.frames import PictureFormat


class WaitEngine:
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
        picture = self.spec.picture
        sizes = picture.plane_sizes(self.spec.width, self.spec.height)
        wanted = [(picture.bytes_per_sample, *size) for size in sizes]
        got = [samples.shape for samples in planes.samples]
        if got != wanted:
            raise ValueError(f"planes of {got} do not fit an engine for {wanted}")
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

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
