"""Runs a plan in TensorRT or TensorRT-RTX, through PyCUDA: copies and kernels overlap.

See Note: [Ring of slots] in session.py.
"""

from __future__ import annotations

import weakref
from collections import deque
from typing import TYPE_CHECKING

from deblurvid.backends.base import Engine, Restored
from deblurvid.backends.cuda import OwnThread
from deblurvid.backends.session import Session
from deblurvid.frames import Planes
from deblurvid.graph import colour
from deblurvid.graph.wrap import INVALID, OUT, STRENGTH, plane_names

if TYPE_CHECKING:
    from concurrent.futures import Future

    from deblurvid.backends.base import EngineSpec
    from deblurvid.backends.preflight import Flavour
    from deblurvid.backends.session import Slot
    from deblurvid.frames import ColourTags


class TensorRtEngine(Engine):
    """A plan for one size, on a thread and a ring of slots of its own."""

    def __init__(
        self,
        plan: bytes,
        *,
        spec: EngineSpec,
        flavour: Flavour,
        device: int,
        slots: int = 3,
    ) -> None:
        """Load `plan` and allocate all that a run needs.

        Args:
            plan: what a graph of `wrap` was built to, for the spec's format and for this device. It
                holds code for the GPU: load none whose origin is not known.
            spec: size, format, and how the engine is told to people.
            flavour: who built the plan.
            device: CUDA's number. `preflight.cuda_flavour` has nothing against it: without a
                driver, TensorRT would crash.
            slots: pictures in flight; 3 keep both copies and the kernels busy.

        Raises:
            DeviceMemoryError: pictures of this size do not fit into the device's memory.
            EngineError: a library or the device is missing; the plan is for another GPU, version,
                format or size.
        """
        self.spec = spec
        self.slots = slots
        self.device = device
        self._thread = OwnThread("cuda")
        opening = self._thread.begin(Session, plan, spec, flavour, device=device, slots=slots)
        # Also when it was forgotten: a thread that ends with a context makes PyCUDA abort.
        self._release = weakref.finalize(self, _release, self._thread, opening)
        try:
            self._session = opening.result()
        except BaseException:
            # After Ctrl-C here the session is still made there, and has to go as any other.
            self._release()
            raise
        self._free = deque(self._session.slots)
        self._in_flight: deque[tuple[Slot, Future[None], ColourTags]] = deque()

    def submit(self, planes: Planes, *, strength: float) -> None:
        """See Engine.submit."""
        self.spec.check(planes)
        slot = self._free.popleft()
        inputs = slot.inputs.views
        for name, samples in zip(
            plane_names(self.spec.picture.source), planes.samples, strict=True
        ):
            inputs[name][0] = samples
        inputs[STRENGTH][:] = strength
        if "matrix" in inputs:
            values = colour.coefficients(planes.colour, self.spec.picture.depth)
            for name, value in values.items():
                inputs[name][:] = value
        begun = self._thread.begin(self._session.launch, slot)
        self._in_flight.append((slot, begun, planes.colour))

    def collect(self) -> Restored:
        """See Engine.collect."""
        slot, begun, tags = self._in_flight.popleft()
        begun.result()
        self._thread.call(self._session.wait, slot)
        outputs = slot.outputs.views
        names = plane_names(self.spec.picture.source)
        samples = tuple(outputs[OUT + name][0].copy() for name in names)
        invalid = int(outputs[INVALID][0])
        self._free.append(slot)
        return Restored(Planes(samples, tags), invalid)

    def device_seconds(self, frames: int) -> dict[str, float]:
        """Mean device time of a frame's upload, run and download, none of which overlap here.

        Args:
            frames: how many are measured, one after another; none may be in flight.
        """
        return self._thread.call(self._session.timed, frames)

    def close(self) -> None:
        """See Engine.close."""
        self._in_flight.clear()
        self._free.clear()
        self._release()


def _release(thread: OwnThread, opening: Future[Session]) -> None:
    def close() -> None:
        if opening.exception() is None:
            opening.result().close()

    closed = thread.begin(close)
    thread.close()
    if closed.done():  # else this is that very thread, collecting garbage
        closed.result()
