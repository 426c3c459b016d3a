# ruff: noqa: D102 - the doubles do what their originals do
"""From a generator to an open engine: cached, healed once, and never below the floor unsaid.

The plans are built by the real TensorRT-RTX or stood in for; where they would run on a GPU, the
same graph runs in OpenVINO instead.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from deblurvid.backends.base import Engine, Restored
from deblurvid.backends.openvino import OpenVinoEngine
from deblurvid.build import cache, opening, ready
from deblurvid.build.parity import specimens
from deblurvid.build.process import BuiltPlan
from deblurvid.errors import DeviceMemoryError, EngineError, GeneratorError
from deblurvid.events import Building, Built, Notice
from deblurvid.frames import Planes
from deblurvid.graph.wrap import wrap
from tests.build.conftest import GPU, SMALL, YUV420, tiny

pytestmark = pytest.mark.usefixtures("rtx")

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
        self.off: dict[str, int] = {}
        self.invalid: dict[str, int] = {}
        self.refused: set[bytes] = set()
        self.unbuildable: set[str] = set()
        self.widest = 10_000

    def build(self, request, on_progress):
        self.builds.append(request.precision)
        if request.precision in self.unbuildable:
            raise GeneratorError(f"TensorRT cannot take tiny in {request.precision}")
        on_progress("Building engine", 0.5)
        name = f"plan {len(self.builds)} in {request.precision}"
        return BuiltPlan(
            plan=name.encode(), trt_version="1", tensors={}, seconds=0.1, warnings=()
        )  # fmt: skip

    def open(self, plan, *, spec, flavour, device):
        assert flavour == "rtx"
        if plan in self.refused:
            raise EngineError("cannot be loaded")
        if spec.width > self.widest:
            raise DeviceMemoryError(f"{spec.width} columns do not fit")
        size, made = (spec.width, spec.height), tiny()
        engine = OpenVinoEngine(
            wrap(made, YUV420), made, YUV420, size=size, device="CPU", precision="fp32"
        )
        engine.spec = spec
        return Off(engine, self.off.get(spec.precision, 0), self.invalid.get(spec.precision, 0))

    def notices(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Notice)]

    def built(self) -> list[Built]:
        return [event for event in self.events if isinstance(event, Built)]


@pytest.fixture
def world(monkeypatch):
    made = World()
    monkeypatch.setattr(ready, "build_in_process", made.build)
    monkeypatch.setattr(opening, "TensorRtEngine", made.open)
    for module in (ready, opening):
        monkeypatch.setattr(module, "device_facts", lambda device: GPU)
    return made


def open_(world, precision="auto"):
    return ready.open_on_cuda(
        tiny(),
        YUV420,
        size=SIZE,
        device=0,
        flavour="rtx",
        precision=precision,
        tell=world.events.append,
    )


def test_the_first_use_builds_and_the_second_does_not(world):
    """One build, told of; then the plan and its comparison come from the cache."""
    for _ in range(2):
        with open_(world) as engine:
            spec = engine.spec
            assert (spec.width, spec.height) == SIZE
            assert (spec.precision, spec.device) == ("fp16", "cuda:0 (Some GPU)")

    assert world.builds == ["fp16"]
    assert [event.reused for event in world.built()] == [False, True]
    assert [e.share for e in world.events if isinstance(e, Building)] == [0.0, 0.5]
    assert world.notices() == []
    assert "dB to float32 over 3 pictures" in (world.built()[1].parity or "")


def test_a_precision_that_fails_is_left_with_its_figures(world):
    """FP16 that is 4 codes off (36 dB) is not used: bf16 is built, and that is said."""
    world.off["fp16"] = 4
    with open_(world) as engine:
        assert engine.spec.precision == "bf16"

    assert world.builds == ["fp16", "bf16"]
    assert "in fp16 gives 36." in world.notices()[0]
    assert "below 50 dB; going on with bf16" in world.notices()[0]
    with open_(world) as engine:
        assert engine.spec.precision == "bf16"
    assert world.builds == ["fp16", "bf16"]


def test_invalid_samples_fail_too(world):
    """The picture may be right where NaN kept the source: the count alone is enough."""
    world.invalid["fp16"] = 7
    with open_(world) as engine:
        assert engine.spec.precision == "bf16"

    assert "21 invalid samples" in world.notices()[0]


def test_a_precision_that_was_asked_for_is_used_but_told_of(world):
    """Nobody is given another precision than the one named."""
    world.off["fp16"] = 4
    with open_(world, "fp16") as engine:
        assert engine.spec.precision == "fp16"

    assert world.builds == ["fp16"]
    assert "is used because it was asked for" in world.notices()[0]


def test_a_gpu_that_is_wrong_in_every_precision(world):
    """What not even float32 gets right is an error."""
    world.off = {"fp16": 4, "bf16": 4, "fp32": 4}
    with pytest.raises(EngineError, match=r"in fp32 gives 36.* cannot be trusted; use --device"):
        open_(world)

    assert world.builds == ["fp16", "bf16", "fp32"]


def test_a_precision_that_cannot_be_built(world):
    """The next one is tried for "auto"; a precision that was named is an error."""
    world.unbuildable = {"fp16"}
    with open_(world) as engine:
        assert engine.spec.precision == "bf16"

    assert world.notices() == ["TensorRT cannot take tiny in fp16; going on with bf16"]
    with pytest.raises(GeneratorError, match="cannot take tiny in fp16"):
        open_(world, "fp16")


def test_old_gpus_are_not_given_bf16(world, monkeypatch):
    """Before Ampere (8.0) there is no bfloat16."""
    turing = replace(GPU, compute_capability=(7, 5))
    monkeypatch.setattr(ready, "device_facts", lambda device: turing)
    world.off["fp16"] = 4
    with open_(world) as engine:
        assert engine.spec.precision == "fp32"

    assert world.builds == ["fp16", "fp32"]


def in_cache():
    (path,) = cache.plan_paths()
    return path


@pytest.mark.parametrize("harm", ["torn", "refused"])
def test_a_plan_that_does_not_work_is_built_again_once(world, harm):
    """A torn file, or one that the runtime does not load: a notice, a build, and all is well."""
    open_(world).close()
    if harm == "torn":
        in_cache().write_bytes(b"pla")
    else:
        world.refused = {b"plan 1 in fp16"}
    open_(world).close()

    assert world.builds == ["fp16", "fp16"]
    assert "built again" in world.notices()[0]
    assert in_cache().read_bytes() == b"plan 2 in fp16"


def test_a_plan_under_another_s_name_is_built_again(world):
    """Whole, with a sidecar that agrees with it, but not what was asked for: a notice, a build."""
    open_(world, "fp16").close()
    half = in_cache()
    open_(world, "fp32").close()
    (full,) = set(cache.plan_paths()) - {half}
    full.write_bytes(half.read_bytes())
    cache.sidecar_of(full).write_bytes(cache.sidecar_of(half).read_bytes())
    open_(world, "fp32").close()

    assert world.builds == ["fp16", "fp32", "fp32"]
    assert any("another plan than its name says" in notice for notice in world.notices())


def test_a_plan_that_never_works_is_an_error(world):
    """After the second build the reason is told, and nothing is built for ever."""
    open_(world).close()
    world.refused = {b"plan 1 in fp16", b"plan 2 in fp16"}
    with pytest.raises(EngineError, match="cannot be loaded"):
        open_(world, "fp16")

    assert world.builds == ["fp16", "fp16"]


def restored(engine):
    engine.submit(specimens(SIZE, YUV420)[0], strength=1)
    return [samples.tolist() for samples in engine.collect().planes.samples]


def test_too_little_memory_means_tiles(world):
    """Memory is no fault of the plan: nothing is built again, and the picture is cut."""
    with open_(world) as engine:
        whole = restored(engine)
    world.widest = SIZE[0] - 1
    with open_(world) as engine:
        assert "tiles of" in engine.spec.device
        assert restored(engine) == whole

    assert world.builds == ["fp16"]
    world.widest = 1
    with pytest.raises(DeviceMemoryError):
        open_(world)
    assert world.builds == ["fp16"]
    assert in_cache().exists()


def test_without_a_gpu_the_real_builder_makes_a_plan(monkeypatch):
    """TensorRT-RTX builds ahead of time; nothing is compared, and the plan is in the cache."""
    events: list[object] = []
    wanted = ready.Wanted(generator=tiny(), picture=YUV420, flavour="rtx", profile=SMALL)
    plan = ready.ready(wanted, "auto", lambda plan: plan, tell=events.append)

    assert plan.record.parity is None
    assert plan.settings["precision"] == "fp16"
    assert len(plan.data) > 10_000
    assert cache.read_plan(plan.path).data == plan.data
    assert [type(event) for event in events[-1:]] == [Built]
    monkeypatch.setattr(ready, "build_in_process", None)
    assert ready.ready(wanted, "auto", lambda plan: plan, tell=events.append).data == plan.data


def test_a_plan_at_a_path_of_its_own(world, tmp_path):
    """-o writes there, leaves the cache alone, and `open_plan` opens it again."""
    path = tmp_path / "mine.plan"
    wanted = ready.Wanted(
        generator=tiny(), picture=YUV420, flavour="rtx", profile=SMALL, gpu=GPU
    )  # fmt: skip
    ready.ready(wanted, "auto", lambda _: None, tell=world.events.append, target=path)

    assert cache.plan_paths() == []
    with opening.open_plan(path, YUV420, size=SIZE, device=0, flavour="rtx") as engine:
        assert engine.spec.precision == "fp16"
    with pytest.raises(EngineError, match="is for yuv420 at 8 bits, the video is yuv420 at 10"):
        opening.open_plan(path, replace(YUV420, depth=10), size=SIZE, device=0, flavour="rtx")
    with pytest.raises(EngineError, match="built by rtx, but tensorrt is what runs"):
        opening.open_plan(path, YUV420, size=SIZE, device=0, flavour="tensorrt")


def test_real_pictures_are_compared_too(world):
    """Also by a plan that was compared before, and what is found goes into the sidecar."""
    wanted = ready.Wanted(generator=tiny(), picture=YUV420, flavour="rtx", profile=SMALL, gpu=GPU)
    real = replace(wanted, pictures=tuple(specimens((200, 150), YUV420)[:2]))
    plans = [
        ready.ready(each, "auto", lambda plan: plan, tell=world.events.append)
        for each in (wanted, real)
    ]

    assert [plan.record.parity["pictures"] for plan in plans] == [3, 5]
    assert cache.read_record(plans[1].path).parity == plans[1].record.parity
    assert world.builds == ["fp16"]


def test_a_plan_of_another_version_is_refused(world, tmp_path, monkeypatch):
    """Plans belong to one version of TensorRT."""
    path = tmp_path / "mine.plan"
    wanted = ready.Wanted(generator=tiny(), picture=YUV420, flavour="rtx", profile=SMALL)
    ready.ready(wanted, "auto", lambda _: None, tell=world.events.append, target=path)
    other = type("Other", (), {"__version__": "9.9"})
    monkeypatch.setattr(opening, "load_trt", lambda _: other)
    with pytest.raises(EngineError, match=r"9\.9 is installed; build it again"):
        opening.open_plan(path, YUV420, size=SIZE, device=0, flavour="rtx")
