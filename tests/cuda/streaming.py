"""What is run in the child process: engines over the fake driver, and the synchronous reference."""

import ctypes
import gc
import io
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, nullcontext, redirect_stdout
from unittest import mock

import numpy as np

from deblurvid import deblur_video
from deblurvid.backends.base import EngineSpec, Restored
from deblurvid.backends.cuda import Driver, Event, Stream, free_memory
from deblurvid.backends.identity import identity_generator
from deblurvid.backends.tensorrt import TensorRtEngine
from deblurvid.backends.tiles import open_in_tiles
from deblurvid.errors import DeblurvidError, EngineError
from deblurvid.frames import ColourTags, PictureFormat, Planes
from deblurvid.graph import colour
from deblurvid.graph.wrap import INVALID, OUT, STRENGTH, plane_names, wrap
from tests import pictures
from tests.cuda import doubles
from tests.cuda.child import driver_of_child
from tests.graph.generators import conv_planes, conv_rgb, generator, rgb_model

YUV420 = PictureFormat(source="yuv420", depth=8)
SIZE = (62, 46)
MADE = {
    "identity": identity_generator,
    "planes": lambda: generator(conv_planes(0.5)),
    "rgb": lambda: generator(conv_rgb(0.5)),
}


def plan_for(
    name="planes", picture=YUV420, *, smallest=(32, 32), best=((64, 48),), largest=(128, 128)
):
    """A plan of the doubles with a profile for each of the `best` sizes."""
    model = wrap(MADE[name](), picture)
    profiles = []
    for tuned in best:
        sizes = [picture.plane_sizes(*size) for size in (smallest, tuned, largest)]
        profiles.append(
            {
                plane: [[1, picture.bytes_per_sample, *sides] for sides in three]
                for plane, *three in zip(plane_names(picture.source), *sizes, strict=True)
            }
        )
    return doubles.plan_of(model, profiles)


def spec_for(name="planes", picture=YUV420, size=SIZE) -> EngineSpec:
    return EngineSpec(
        width=size[0],
        height=size[1],
        picture=picture,
        generator=name,
        device="CUDA 0 (Fake GPU)",
        precision="fp32",
    )


def open_(name="planes", picture=YUV420, *, size=SIZE, plan=None, **options) -> TensorRtEngine:
    return TensorRtEngine(
        plan_for(name, picture) if plan is None else plan,
        spec=spec_for(name, picture, size),
        **{"flavour": "tensorrt", "device": 0, **options},
    )


def random_planes(picture: PictureFormat, seed: int, size=SIZE) -> Planes:
    return pictures.random_planes(picture, seed, size)


class Reference:
    """The same plan, one picture at a time, without a driver."""

    def __init__(self, plan: bytes, picture: PictureFormat) -> None:
        self.session = doubles.runner(plan)
        self.inputs = {value.name for value in self.session.get_inputs()}
        self.names = plane_names(picture.source)
        self.depth = picture.depth

    def __call__(self, planes, strength):
        """Samples of each plane, and how many of the residual were invalid."""
        feeds = {n: s[None] for n, s in zip(self.names, planes.samples, strict=True)}
        feeds[STRENGTH] = np.array([strength], np.float32)
        feeds |= colour.coefficients(planes.colour, self.depth)
        feeds = {name: value for name, value in feeds.items() if name in self.inputs}
        outputs = [*(OUT + name for name in self.names), INVALID]
        *samples, invalid = self.session.run(outputs, feeds)
        return [plane[0] for plane in samples], int(invalid[0])


def wrong_frames(frames, *, name="planes", picture=YUV420, schedule=0, without=None, size=SIZE):
    """Restore `frames` random pictures with the ring kept full; which differ from the reference.

    Strength and colour change from picture to picture. `without` leaves out one of WAITS.
    """
    plan = plan_for(name, picture)
    reference = Reference(plan, picture)
    driver_of_child().fake_schedule(schedule)
    wrong = []
    with (
        open_(name, picture, plan=plan, size=size) as engine,
        WAITS[without](engine) if without else nullcontext(),
    ):
        expected: dict[int, tuple] = {}
        kept: dict[int, Restored] = {}
        for number in range(frames + 3 * engine.slots):
            if engine.slots <= number < frames + engine.slots:
                kept[number - engine.slots] = engine.collect()
            # Looked at only when its slot has held another picture.
            if (at := number - 3 * engine.slots) >= 0:
                got, (samples, invalid) = kept.pop(at), expected.pop(at)
                same = map(np.array_equal, got.planes.samples, samples)
                if not all(same) or got.invalid != invalid:
                    wrong.append(at)
            if number < frames:
                planes = random_planes(picture, number, size)
                tags = ColourTags(matrix=("bt601", "bt709")[number % 2], full_range=False)
                planes, strength = Planes(planes.samples, tags), (number % 5) / 4
                expected[number] = reference(planes, strength)
                engine.submit(planes, strength=strength)
                for samples in planes.samples:
                    samples[:] = 0
    return wrong


def _without_wait_of(which: int):
    """Stream number `which` of the session waits for nobody."""

    @contextmanager
    def removed(engine):
        deaf, wait_for = engine._session._streams[which], Stream.wait_for

        def forgetful(self, event):
            if self is not deaf:
                wait_for(self, event)

        with mock.patch.object(Stream, "wait_for", forgetful):
            yield

    return removed


@contextmanager
def _without_wait_of_host(engine):
    with mock.patch.object(Event, "synchronize"):
        yield


@contextmanager
def _slots_given_back_early(engine):
    """The next picture takes a slot that is still in use."""
    first, *others = engine._session.slots
    for slot in others:
        slot.inputs = first.inputs
    yield


WAITS = {
    "compute for upload": _without_wait_of(1),
    "download for compute": _without_wait_of(2),
    "host for download": _without_wait_of_host,
    "next picture for its slot": _slots_given_back_early,
}


def close_without_waiting(*, removed: bool) -> None:
    """Close with all slots in flight; `removed` leaves out what waits for them."""
    engine = open_()
    for seed in range(engine.slots):
        engine.submit(random_planes(YUV420, seed), strength=1)
    with mock.patch.object(Driver, "synchronize") if removed else nullcontext():
        engine.close()
    engine.close()


def failing(call: str, after: int, code: int) -> str:
    """What is raised when the driver's `call` fails at the engine's opening or its first picture."""
    driver_of_child().fake_fail(call.encode(), after, code)
    engine = None
    try:
        engine = open_()
        engine.submit(random_planes(YUV420, 1), strength=1)
        engine.collect()
    except DeblurvidError as error:
        return f"{type(error).__name__}: {error}"
    finally:
        if engine is not None:
            engine.close()
        driver_of_child().fake_fail(b"", 0, 0)
    return "nothing"


def threads_left() -> list[str]:
    """Threads of engines that still run."""
    return [each.name for each in threading.enumerate() if each.name == "cuda"]


def dying() -> tuple[str, list[str]]:
    """What is raised when the device dies under a picture, and the threads that are left."""
    try:
        with open_() as engine:
            driver_of_child().fake_fail(b"cuEventSynchronize", 0, 999)
            engine.submit(random_planes(YUV420, 1), strength=1)
            engine.collect()
    except DeblurvidError as error:
        return f"{type(error).__name__}: {error}", threads_left()
    return "nothing", []


def interrupted_opening() -> list[str]:
    """Interrupt the opening while the plan is loaded; the threads that are left."""
    load, before = doubles.Runtime.deserialize_cuda_engine, signal.getsignal(signal.SIGINT)

    def interrupting(self, plan):
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        time.sleep(0.2)  # the other thread hears of it meanwhile
        return load(self, plan)

    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with mock.patch.object(doubles.Runtime, "deserialize_cuda_engine", interrupting):
            open_()
    except KeyboardInterrupt:
        return threads_left()
    finally:
        signal.signal(signal.SIGINT, before)
    return ["not interrupted"]


def refusal(**options) -> str:
    """What is raised when an engine is opened so."""
    try:
        open_(**options).close()
    except DeblurvidError as error:
        return f"{type(error).__name__}: {error}"
    return "nothing"


def opened_with_plan_for(picture: PictureFormat) -> str:
    return refusal(plan=plan_for("planes", picture))


def refusal_in(memory: int) -> str:
    driver_of_child().fake_memory(ctypes.c_size_t(memory))
    return refusal()


def profile_for_size(size, best):
    with open_(size=size, plan=plan_for(best=best)) as engine:
        return engine._session._context.profile


def pinned_blocks() -> dict[str, int]:
    counts = (ctypes.c_int * 6)()
    with open_():
        driver_of_child().fake_counts(counts)
    return {"pinned": counts[3], "write-combined": counts[5]}


def allocate_elsewhere() -> str:
    """Allocate with an engine's driver from the calling thread."""
    with open_() as engine:
        try:
            engine._session._driver.allocate(100)
        except EngineError as error:
            return str(error)
    return "nothing"


def two_engines():
    """Pictures through two engines by turns; those that differ from the reference."""
    reference = Reference(plan_for(), YUV420)
    wrong = []
    with open_(), open_() as second:
        with open_() as first:
            pairs = [(engine, seed) for seed in range(20) for engine in (first, second)]
            for engine, seed in pairs:
                planes = random_planes(YUV420, seed)
                engine.submit(planes, strength=1)
                samples, _ = reference(planes, 1)
                if not all(map(np.array_equal, engine.collect().planes.samples, samples)):
                    wrong.append(seed)
        second.submit(planes, strength=1)
        second.collect()
    return wrong


def whole_run(source, target):
    """A run of identity over the fake driver; its last event."""
    with open_("identity", size=(64, 48)) as engine:
        *_, last = deblur_video(source, target, engine=engine, codec="ffv1", strict=True)
    return last


def dropped():
    """Engines that are let go while pictures are in flight."""
    for cycle in (False, True):
        engine = open_()
        engine.submit(random_planes(YUV420, 1), strength=1)
        if cycle:
            engine.itself = engine
        del engine
    gc.collect()


FORGOTTEN = """
import sys
from pathlib import Path
from tests.cuda import child, streaming
child._begin(Path(sys.argv[1]))
engine = streaming.open_()
engine.submit(streaming.random_planes(streaming.YUV420, 1), strength=1)
print("done")
"""


def forgotten(library) -> tuple[int, str]:
    """A process that does not close its engine: exit code and output."""
    done = subprocess.run(
        [sys.executable, "-c", FORGOTTEN, str(library)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    return done.returncode, done.stdout + done.stderr


def device_seconds() -> dict[str, float]:
    with open_(size=(128, 128)) as engine:
        return engine.device_seconds(5)


def in_tiles(memory: int) -> tuple[list[int], str]:
    """Pictures cut to what fits into `memory` bytes: those that differ, and the spec's device."""
    size, made = (128, 120), MADE["planes"]()
    reference = Reference(plan_for(), YUV420)
    driver_of_child().fake_memory(ctypes.c_size_t(memory))
    wrong = []
    with open_in_tiles(lambda small: open_(size=small), made, size) as engine:
        for number in range(6):
            planes = random_planes(YUV420, number, size)
            samples, _ = reference(planes, 1)
            engine.submit(planes, strength=1)
            if not all(map(np.array_equal, engine.collect().planes.samples, samples)):
                wrong.append(number)
        return wrong, engine.spec.device


def benchmark():
    """`deblurvid bench` with an engine over the fake driver: the JSON, and the words for people."""
    from deblurvid.cli import bench_report
    from deblurvid.judge import bench
    from deblurvid.judge.memory import MemoryUse

    options = bench.BenchOptions(
        size=(64, 48), frames=6, cores=2, with_usual=False, device="cuda", engine="one convolution"
    )
    model = rgb_model(gain=0.1)
    with (
        mock.patch.object(bench, "_engine_for", return_value=open_("rgb", size=(64, 48))),
        mock.patch.object(bench, "load_generator", return_value=generator(model)),
        mock.patch.object(bench, "memory_of_run", return_value=MemoryUse(peak_bytes=1, samples=())),
        io.StringIO() as words,
        redirect_stdout(words),
    ):
        figures = bench.bench(options, lambda _: None)
        bench_report.show_figures(figures, 0.0, stderr=False)
        return bench_report.figures_object(figures), words.getvalue()


def free_around_an_engine() -> list[int]:
    """Free memory before, during and after an engine."""
    free = [free_memory(0)]
    with open_():
        free.append(free_memory(0))
    return [*free, free_memory(0)]
