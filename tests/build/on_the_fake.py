"""From the name of a device to a restored picture, in the child where CUDA and TensorRT are doubles.

Only the builder is stood in for: a plan for the doubles is the graph itself. What is judged, cached,
opened and run is the product's own code over the real PyCUDA.
"""

from __future__ import annotations

import io
import os
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING
from unittest import mock

import onnx

from deblurvid import open_engine
from deblurvid.backends import preflight
from deblurvid.build import cache, ready
from deblurvid.build.process import BuiltPlan
from deblurvid.cli import doctor
from deblurvid.errors import DeviceMemoryError
from deblurvid.frames import PictureFormat
from deblurvid.judge import selftest as judge_selftest
from tests import pictures
from tests.cuda.doubles import plan_of

if TYPE_CHECKING:
    from pathlib import Path

SIZE = (96, 64)
PICTURE = PictureFormat(source="yuv420", depth=8)


@contextmanager
def doubled(folder: Path, builds: list[str], widest: int):
    """A cache of its own, a builder for the doubles, and libraries that need no trial.

    The builder has no memory for pictures of more than `widest` columns.
    """

    def build(request, on_progress):
        builds.append(request.precision)
        if request.profile.largest[0] > widest:
            raise DeviceMemoryError(f"no memory to build for {request.profile}")
        on_progress("Building engine", 1.0)
        shapes = request.profile.shapes(request.picture)
        plan = plan_of(onnx.load_from_string(request.graph), [shapes])
        return BuiltPlan(plan=plan, trt_version="11.4.0", tensors={}, seconds=0.1, warnings=())

    with (
        mock.patch.dict(os.environ, XDG_CACHE_HOME=str(folder)),
        mock.patch.object(ready, "build_in_process", build),
        mock.patch.object(preflight, "runtime_problem", return_value=None),
        mock.patch.object(preflight, "installed_flavours", return_value=("tensorrt",)),
    ):
        yield


def restore(folder: Path, generator: Path, device: str, size=SIZE, widest=16384):
    """Open twice, restore a picture each time; what was built, told, opened, cached, restored."""
    builds: list[str] = []
    told: list[object] = []
    found, specs = [], []
    with doubled(folder, builds, widest):
        for _ in range(2):
            with open_engine(
                str(generator), size=size, picture=PICTURE, device=device, on_build=told.append
            ) as engine:
                engine.submit(pictures.random_planes(PICTURE, 1, size), strength=1)
                found.append(engine.collect().planes)
                specs.append(engine.spec)
        (path,) = cache.plan_paths()
        return builds, told, specs[-1], cache.read_plan(path).record, found


def selftest(folder: Path):
    """`deblurvid doctor --selftest`, with fewer and smaller pictures: exit code and output."""
    with (
        doubled(folder, [], widest=16384),
        mock.patch.object(judge_selftest, "ROUNDS", 2),
        mock.patch.object(doctor, "SELFTEST_SIZE", (256, 256)),
        io.StringIO() as out,
        redirect_stdout(out),
    ):
        return doctor.doctor(selftest=True), out.getvalue()
