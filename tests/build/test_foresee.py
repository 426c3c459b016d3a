"""What would run on a GPU is told from the cache alone."""

from __future__ import annotations

import pytest

from deblurvid.build import cache, foresee
from deblurvid.build.foresee import CACHED, TO_BUILD, foresee_on_cuda
from tests.build.conftest import GPU, YUV420, tiny
from tests.build.world import SIZE, cannot_take, open_

pytestmark = pytest.mark.usefixtures("rtx")


@pytest.fixture(autouse=True)
def _gpu(monkeypatch):
    monkeypatch.setattr(foresee, "device_facts", lambda _: GPU)


def foreseen(precision="auto"):
    engine = foresee_on_cuda(
        tiny(), YUV420, size=SIZE, device=0, flavour="rtx", precision=precision
    )
    return engine.spec


def test_a_plan_that_is_not_there_would_be_built(world):
    """Nothing is built, opened or written: the cache's folder is not even made."""
    spec = foreseen()

    assert (spec.precision, spec.remark) == ("fp16", TO_BUILD)
    assert str(spec) == f"tiny on cuda:0 (Some GPU) in fp16 ({TO_BUILD})"
    assert world.builds == world.events == []
    assert not cache.cache_folder().exists()


def test_it_is_the_engine_that_is_opened(world):
    """After a run the plan is found; but for the remark, the spec is that of the engine."""
    with open_(world) as engine:
        opened = engine.spec

    spec = foreseen()
    assert spec.remark == CACHED
    assert str(spec) == f"{opened} ({CACHED})"


def test_a_precision_that_failed_is_passed_over(world):
    """FP16 that lay below the floor is in the cache, and would not be used."""
    world.off["fp16"] = 4
    open_(world).close()

    assert (foreseen().precision, foreseen().remark) == ("bf16", CACHED)
    assert foreseen("fp16").precision == "fp16"  # asked for, it is


def test_the_last_precision_is_what_is_left(world):
    """Where FP16 failed and bf16 has no kernels, bf16 would be tried again, as the run does."""
    world.off["fp16"] = 4
    world.errors["bf16"] = cannot_take("bf16")
    open_(world).close()

    assert (foreseen().precision, foreseen().remark) == ("bf16", TO_BUILD)
    assert (foreseen("fp32").precision, foreseen("fp32").remark) == ("fp32", CACHED)


def test_a_torn_plan_would_be_built_again(world):
    """A plan whose bytes are not those of its sidecar counts for nothing."""
    open_(world).close()
    (plan,) = cache.cache_folder().glob("*.plan")
    plan.write_bytes(b"torn")

    assert foreseen().remark == TO_BUILD


def test_what_is_foreseen_restores_nothing(world):
    """It has no slots, and says so to who submits a picture."""
    engine = foresee_on_cuda(tiny(), YUV420, size=SIZE, device=0, flavour="rtx", precision="auto")

    assert engine.slots == 0
    with pytest.raises(NotImplementedError):
        engine.collect()
