# ruff: noqa: D102 - the doubles do what their originals do
"""A GPU and a builder that do as a test tells them; OpenVINO runs what the GPU would."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deblurvid.backends.base import Engine, Restored
from deblurvid.backends.openvino import OpenVinoEngine
from deblurvid.build import ready
from deblurvid.build.process import BuiltPlan
from deblurvid.errors import DeviceMemoryError, EngineError, PrecisionError
from deblurvid.events import Built, Notice
from deblurvid.frames import Planes
from deblurvid.graph.wrap import wrap
from tests.build.conftest import YUV420, tiny

if TYPE_CHECKING:
    from deblurvid.build.request import Profile

SIZE = (96, 64)


class Off(Engine):
    """An engine whose samples are off by `codes`, or whose residuals were invalid."""

    def __init__(self, engine: Engine, codes: int, invalid: int) -> None:
        self.engine, self.codes, self.invalid = engine, codes, invalid
        self.spec, self.slots = engine.spec, engine.slots

    def submit(self, planes, *, strength):
        self.engine.submit(planes, strength=strength)

    def collect(self):
        done = self.engine.collect()
        moved = tuple(
            np.clip(s.astype(int) + self.codes, 0, 255).astype(np.uint8)
            for s in done.planes.samples
        )
        return Restored(Planes(moved, done.planes.colour), done.invalid + self.invalid)

    def close(self):
        self.engine.close()


class World:
    """What builds and runs, and what was told."""

    def __init__(self) -> None:
        self.events: list[object] = []
        self.builds: list[str] = []
        self.profiles: dict[bytes, Profile] = {}
        self.off: dict[str, int] = {}
        self.invalid: dict[str, int] = {}
        self.refused: set[bytes] = set()
        self.errors: dict[str, Exception] = {}
        """What building in a precision raises."""
        self.widest = 10_000
        """Columns of a picture that fit into the memory."""
        self.widest_built = 10_000
        """Columns of the largest picture of a plan that fit while it is built."""
        self.widest_loaded = 10_000
        """The same for a plan that is loaded."""

    def build(self, request, on_progress):
        self.builds.append(request.precision)
        if request.precision in self.errors:
            raise self.errors[request.precision]
        if request.profile.largest[0] > self.widest_built:
            raise DeviceMemoryError(f"no memory to build for {request.profile}")
        on_progress("Building engine", 0.5)
        plan = f"plan {len(self.builds)} in {request.precision}".encode()
        self.profiles[plan] = request.profile
        return BuiltPlan(plan=plan, trt_version="1", tensors={}, seconds=0.1, warnings=())

    def open(self, plan, *, spec, flavour, device):
        assert flavour == "rtx"
        if plan in self.refused:
            raise EngineError("cannot be loaded")
        profile, size = self.profiles[plan], (spec.width, spec.height)
        if profile.largest[0] > self.widest_loaded or spec.width > self.widest:
            raise DeviceMemoryError(f"{spec.width} columns do not fit")
        if not profile.holds(size):
            raise EngineError(f"the plan takes {profile}")
        made = tiny()
        engine = OpenVinoEngine(
            wrap(made, YUV420), made, YUV420, size=size, device="CPU", precision="fp32"
        )
        engine.spec = spec
        return Off(engine, self.off.get(spec.precision, 0), self.invalid.get(spec.precision, 0))

    def notices(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Notice)]

    def built(self) -> list[Built]:
        return [event for event in self.events if isinstance(event, Built)]


def open_(world: World, precision="auto", *, size=SIZE, made=None):
    return ready.open_on_cuda(
        made or tiny(),
        YUV420,
        size=size,
        device=0,
        flavour="rtx",
        precision=precision,
        tell=world.events.append,
    )


def cannot_take(precision: str) -> PrecisionError:
    """What the builder says of a precision that it has no kernels for."""
    return PrecisionError(f"TensorRT cannot take tiny in {precision}")
