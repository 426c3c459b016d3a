"""A plan that was built before is opened by its path, with what built it, and only where it fits."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from deblurvid.backends.preflight import cuda_flavour
from deblurvid.build import cache, opening, ready
from deblurvid.errors import EngineError
from tests.build.conftest import GPU, SMALL, YUV420, request_for, tiny
from tests.build.world import SIZE

PARITY = {"pictures": 3, "psnr_db": 61.5, "largest_error": 2, "invalid": 0}


@pytest.fixture
def make(world, tmp_path, monkeypatch):
    """Writes a plan and its sidecar as `changes` of the request say; gives its path."""
    versions = type("Module", (), {"__version__": "1"})
    for module in (opening, ready):
        monkeypatch.setattr(module, "load_trt", lambda _: versions)
    monkeypatch.setattr(opening, "driver_cuda_version", lambda: 13000)

    def write(*, parity=PARITY, driver_cuda=13000, **changes):
        path, request = tmp_path / "mine.plan", request_for(**changes)
        built = world.build(request, lambda *_: None)
        facts = cache.facts_of(request, built.trt_version)
        plan = cache.store(path, facts, built, driver_cuda=driver_cuda)
        if parity is not None:
            cache.with_parity(plan, parity)
        return path

    return write


def open_plan(path, world, picture=YUV420):
    return opening.open_plan(path, picture, size=SIZE, device=0, tell=world.events.append)


def test_a_plan_that_fits_is_opened_without_a_word(make, world):
    """For this GPU, compared, under this driver: nothing to say."""
    with open_plan(make(targets=("SM89",)), world) as engine:
        assert (engine.spec.precision, engine.spec.device) == ("fp16", "cuda:0 (Some GPU)")

    assert world.events == []


def test_the_flavour_is_the_plan_s(make, world, monkeypatch):
    """Whatever else is installed, and preferred, what built the plan runs it."""
    asked = []

    def flavour(device, flavours):
        asked.append((device, flavours))
        return flavours[0]

    monkeypatch.setattr(opening, "cuda_flavour", flavour)
    open_plan(make(), world).close()

    assert asked == [(0, ["rtx"])]


def test_without_a_gpu_the_way_out_is_named(make, world, monkeypatch):
    """A plan cannot run on the CPU; its generator can."""
    monkeypatch.setattr(opening, "cuda_flavour", cuda_flavour)
    with pytest.raises(EngineError, match=r"which runs on CUDA only, and .*; give its generator"):
        open_plan(make(), world)


def gpu(**changes):
    return {"flavour": "tensorrt", "gpu": replace(GPU, **changes)}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"picture": replace(YUV420, depth=10)},
         "is for yuv420 at 10 bits, the video is yuv420 at 8"),
        ({"targets": ("SM75", "SM120")},
         r"was built for SM120, SM75, this is Some GPU \(compute capability 8.9\), SM89; build it"),
        (gpu(compute_capability=(8, 6)), "was built for SM86, this is Some GPU"),
    ],
)  # fmt: skip
def test_a_plan_for_something_else_is_refused(make, world, changes, words):
    """Other pictures, other compute capabilities: before TensorRT is asked, by name."""
    with pytest.raises(EngineError, match=words):
        open_plan(make(**changes), world)


def test_a_plan_of_another_version_is_refused(make, world, monkeypatch):
    """Plans belong to one version of TensorRT."""
    path = make()
    monkeypatch.setattr(opening, "load_trt", lambda _: type("Other", (), {"__version__": "9.9"}))
    with pytest.raises(EngineError, match=r"version 1 of rtx, 9\.9 is installed; build it again"):
        open_plan(path, world)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (gpu(name="Other GPU"), "was built for Other GPU, this is Some GPU; it may be slow"),
        ({"driver_cuda": 13010}, "was built under a newer driver"),
        ({"parity": None}, "was never compared with float32"),
        ({"parity": PARITY | {"psnr_db": 49.0}}, "gives 49.0 dB to float32 .*below 50 dB"),
        ({"parity": PARITY | {"invalid": 1}}, "1 invalid samples: below 50 dB"),
    ],
)
def test_doubts_about_a_plan_are_told(make, world, monkeypatch, changes, words):
    """It is used, since it was named; what speaks against it is said once."""
    opens = world.open
    monkeypatch.setattr(
        opening, "TensorRtEngine", lambda plan, **facts: opens(plan, **facts | {"flavour": "rtx"})
    )
    open_plan(make(**changes), world).close()

    (notice,) = world.notices()
    assert re.search(words, notice), notice


def test_a_torn_plan_by_its_path_is_an_error(make, world):
    """Nothing is known to build it from again."""
    path = make()
    path.write_bytes(b"torn")
    with pytest.raises(EngineError, match="is not what was built"):
        open_plan(path, world)


def test_the_plan_of_a_build_is_opened(world, tmp_path):
    """What `ready` writes to a path, `open_plan` opens."""
    path = tmp_path / "mine.plan"
    wanted = ready.Wanted(generator=tiny(), picture=YUV420, flavour="rtx", profile=SMALL, gpu=GPU)
    ready.ready(wanted, "auto", lambda _: None, tell=world.events.append, target=path)
    with open_plan(path, world) as engine:
        assert engine.spec.precision == "fp16"
