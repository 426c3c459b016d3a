"""Who builds, and for which GPU: what can run here, else what builds without one."""

from __future__ import annotations

import pytest

from deblurvid.build import toolchain as module
from deblurvid.build.toolchain import toolchain
from deblurvid.errors import EngineError, UsageError
from tests.build.conftest import GPU

KNOWN = type("ComputeCapability", (), {"__members__": {"NONE": 0, "SM75": 1, "SM89": 2}})
MODULE = type("Module", (), {"__version__": "1.7", "ComputeCapability": KNOWN})


@pytest.fixture
def machine(monkeypatch):
    """A machine with a GPU, on which the flavours run, or have the problems, that a test says."""

    def make(*, driver: str | None = None, **problems: str | None) -> None:
        def runs(device, flavours=None):
            usable = [each for each in flavours or problems if problems[each] is None]
            if driver or not usable:
                raise EngineError(driver or "; ".join(filter(None, problems.values())))
            return usable[0]

        monkeypatch.setattr(module, "cuda_problem", lambda _: driver)
        monkeypatch.setattr(module, "cuda_flavour", runs)
        monkeypatch.setattr(module, "runtime_problem", lambda flavour, _: problems[flavour])
        monkeypatch.setattr(module, "installed_flavours", lambda: tuple(problems))
        monkeypatch.setattr(module, "load_trt", lambda _: MODULE)
        monkeypatch.setattr(module, "device_facts", lambda _: GPU)

    return make


def found(flavour, *targets):
    made = toolchain(flavour, device=0, targets=targets)
    return made.flavour, made.targets, made.gpu, made.remark


def test_on_a_gpu_the_first_that_runs_builds_for_it(machine):
    """TensorRT-RTX builds for the compute capability at hand, TensorRT for the GPU itself."""
    machine(tensorrt=None, rtx=None)

    assert found("auto") == ("tensorrt", (), GPU, None)
    assert found("rtx") == ("rtx", ("SM89",), GPU, None)


def test_for_another_gpu_it_cannot_be_checked(machine):
    """And that is said."""
    machine(rtx=None)

    assert found("rtx", "SM75") == (
        "rtx",
        ("SM75",),
        None,
        "it is not built for this Some GPU (compute capability 8.9)",
    )
    assert found("rtx", "SM75", "SM89") == ("rtx", ("SM75", "SM89"), GPU, None)


@pytest.mark.parametrize(
    "machine_facts",
    [
        {"driver": "there is no NVIDIA driver", "tensorrt": None, "rtx": None},
        {"tensorrt": "the driver is too old", "rtx": "the driver is too old too"},
    ],
)
def test_what_runs_nowhere_here_is_built_by_rtx(machine, machine_facts):
    """No driver, or one that is too old: TensorRT-RTX builds all the same, and the reason is kept."""
    machine(**machine_facts)
    flavour, targets, gpu, remark = found("auto")

    assert (flavour, targets, gpu) == ("rtx", (), None)
    assert remark is not None
    assert remark.startswith(("there is no NVIDIA driver", "the driver is too old"))


def test_tensorrt_needs_the_gpu(machine):
    """By name, or where TensorRT-RTX is not installed: refused, with the way out."""
    machine(driver="there is no NVIDIA driver", tensorrt=None)
    for flavour in ("auto", "tensorrt"):
        with pytest.raises(EngineError, match=r"on the GPU only, but there is no .*--flavour rtx"):
            found(flavour)


def test_targets_that_nobody_builds_for_are_refused(machine):
    """Before anything is built, with those that there are."""
    machine(rtx=None)
    with pytest.raises(UsageError, match="does not build for 'SM99'; it builds for SM75, SM89"):
        found("rtx", "SM89", "SM99")
