"""From a generator to an open engine: cached, healed once, and never below the floor unsaid.

The plans are built by the real TensorRT-RTX or stood in for; where they would run on a GPU, the
same graph runs in OpenVINO instead.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from deblurvid.build import cache, opening, ready
from deblurvid.build.parity import specimens
from deblurvid.errors import (
    DeviceMemoryError,
    EngineError,
    GeneratorError,
    OutputError,
    PrecisionError,
    UsageError,
)
from deblurvid.events import Building, Built
from tests.build.conftest import GPU, SMALL, YUV420, tiny
from tests.build.world import SIZE, cannot_take, open_
from tests.graph.generators import generator, model_of, node, tensor

pytestmark = pytest.mark.usefixtures("rtx")


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


def test_a_driver_that_has_become_older_is_told(world, monkeypatch):
    """A plan from the cache was built under CUDA 13.1, the driver now knows 13.0; not the reverse."""
    monkeypatch.setattr(ready, "driver_cuda_version", lambda: 13010)
    for now in (13010, 13020, 13000):
        monkeypatch.setattr(opening, "driver_cuda_version", lambda now=now: now)
        open_(world).close()

    (notice,) = world.notices()
    assert notice.endswith(".plan was built under a newer driver; it may fail")
    assert world.builds == ["fp16"]


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
    with pytest.raises(PrecisionError, match=r"in fp32 gives 36.* cannot be trusted; use --devi"):
        open_(world)

    assert world.builds == ["fp16", "bf16", "fp32"]


def test_a_precision_that_cannot_be_built(world):
    """The next one is tried for "auto"; a precision that was named is an error."""
    world.errors["fp16"] = cannot_take("fp16")
    with open_(world) as engine:
        assert engine.spec.precision == "bf16"

    assert world.notices() == ["TensorRT cannot take tiny in fp16; going on with bf16"]
    with pytest.raises(PrecisionError, match="cannot take tiny in fp16"):
        open_(world, "fp16")


@pytest.mark.parametrize(
    "error",
    [GeneratorError("no such operator"), EngineError("it crashed"), UsageError("no such GPU"),
     DeviceMemoryError("no memory"), OutputError("no space")],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
def test_only_a_precision_is_a_reason_for_another(world, error):
    """What would fail in all of them fails at once, as what it is."""
    world.errors["fp16"] = error
    with pytest.raises(type(error), match=str(error)) as raised:
        open_(world)

    assert raised.value is error
    assert (world.builds, world.notices()) == (["fp16"], [])


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


@pytest.mark.parametrize("harm", ["torn", "open to others", "refused"])
def test_a_plan_that_does_not_work_is_built_again_once(world, harm):
    """Torn, not to be trusted, or not taken by the runtime: a notice, a build, and all is well."""
    open_(world).close()
    if harm == "torn":
        in_cache().write_bytes(b"pla")
    elif harm == "open to others":
        in_cache().chmod(0o666)
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


MIDDLE = (640, 400)
"""Held by the usual profile."""
LARGE = (2048, 96)
"""Not held by it."""


def restored(engine):
    size = engine.spec.width, engine.spec.height
    engine.submit(specimens(size, YUV420)[0], strength=1)
    return [samples.tolist() for samples in engine.collect().planes.samples]


def test_too_little_memory_means_tiles(world):
    """Memory is no fault of the plan: nothing is built again, and the picture is cut."""
    with open_(world, size=MIDDLE) as engine:
        whole = restored(engine)
    world.widest = MIDDLE[0] - 1
    with open_(world, size=MIDDLE) as engine:
        assert "tiles of" in engine.spec.device
        assert restored(engine) == whole

    assert world.builds == ["fp16"]


def test_memory_for_no_tiles_is_an_error(world):
    """Tiles that the plan does not take are not tried; it stays in the cache."""
    open_(world, size=MIDDLE).close()
    world.widest = 300
    with pytest.raises(DeviceMemoryError, match="do not fit; tiles of tiny must overlap"):
        open_(world, size=MIDDLE)

    assert world.builds == ["fp16"]
    assert in_cache().exists()


@pytest.mark.parametrize("where", ["widest_built", "widest_loaded"])
def test_too_little_memory_for_a_large_plan_means_a_usual_one(world, where):
    """Where building for a large picture, or loading that plan, lacks memory: tiles of the usual."""
    with open_(world, size=LARGE) as engine:
        whole = restored(engine)
        assert "tiles" not in engine.spec.device
    if where == "widest_built":
        cache.discard(in_cache())
    setattr(world, where, LARGE[0] - 1)
    with open_(world, size=LARGE) as engine:
        assert "tiles of" in engine.spec.device
        assert restored(engine) == whole

    assert "going on with a plan for tiles" in world.notices()[0]
    assert len(world.builds) == {"widest_built": 3, "widest_loaded": 2}[where]


def test_memory_for_not_even_a_usual_plan_is_an_error(world):
    """One try for the picture's size, one for tiles, and a clear end."""
    world.widest_built = 100
    with pytest.raises(DeviceMemoryError, match="no memory to build for 256x96 to 1920x1920"):
        open_(world, size=LARGE)

    assert world.builds == ["fp16", "fp16"]


def test_a_small_picture_is_not_built_for_twice(world):
    """The usual plan is larger than one for small pictures, so it is no way out."""
    world.widest_built = 100
    with pytest.raises(DeviceMemoryError, match="no memory to build"):
        open_(world)

    assert world.builds == ["fp16"]


def test_what_cannot_be_cut_is_not_built_for_tiles(world):
    """A generator that looks at the whole picture: the reason is told, nothing more is built."""
    nodes = [node("GlobalAveragePool", "in", "mean"), node("Add", "in mean", "restored")]
    shape = (1, 3, "H", "W")
    model = model_of(nodes, [tensor("in", *shape)], [tensor("restored", *shape)])
    world.widest_built = LARGE[0] - 1
    with pytest.raises(DeviceMemoryError, match=r"no memory to build .*cannot be cut into tiles"):
        open_(world, size=LARGE, made=generator(model))

    assert world.builds == ["fp16"]


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
    """-o writes there, and leaves the cache alone; what was not compared to the end is not left."""
    path = tmp_path / "mine.plan"
    wanted = ready.Wanted(generator=tiny(), picture=YUV420, flavour="rtx", profile=SMALL, gpu=GPU)
    ready.ready(wanted, "auto", lambda _: None, tell=world.events.append, target=path)

    assert cache.plan_paths() == []
    assert cache.read_plan(path).settings["precision"] == "fp16"
    world.off = {"fp16": 4, "bf16": 4, "fp32": 4}
    with pytest.raises(PrecisionError, match="cannot be trusted"):
        ready.ready(wanted, "auto", lambda _: None, tell=world.events.append, target=path)
    assert list(tmp_path.glob("mine*")) == []
    world.widest = 1
    with pytest.raises(DeviceMemoryError):
        ready.ready(wanted, "auto", lambda _: None, tell=world.events.append, target=path)
    assert list(tmp_path.glob("mine*")) == []


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
