"""What there is to build with, and which GPU to build for and check on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from deblurvid.backends.cuda import device_facts
from deblurvid.backends.preflight import (
    Flavour,
    cuda_flavour,
    cuda_problem,
    installed_flavours,
    load_trt,
    runtime_problem,
)
from deblurvid.build.request import GpuIdentity
from deblurvid.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolchain:
    """A TensorRT that builds, and where its plans go."""

    flavour: Flavour
    targets: tuple[str, ...]
    """Compute capabilities to build for, such as SM89; "rtx" only."""
    gpu: GpuIdentity | None
    """The GPU at hand, where plans can be run on it."""
    remark: str | None
    """Why they cannot."""


def gpu_identity(device: int) -> GpuIdentity:
    """What plans for CUDA device number `device` are bound to; EngineError without one."""
    facts = device_facts(device)
    return GpuIdentity(
        name=facts.name,
        compute_capability=facts.compute_capability,
        multiprocessors=facts.multiprocessors,
        memory_gib=round(facts.total_memory / 2**30),
    )


def target_of(gpu: GpuIdentity) -> str:
    """A GPU's compute capability as TensorRT-RTX names it."""
    major, minor = gpu.compute_capability
    return f"SM{major}{minor}"


def toolchain(flavour: str, *, device: int, targets: Sequence[str]) -> Toolchain:
    """Find out how to build for a device, or for compute capabilities.

    Args:
        flavour: tensorrt, rtx, or auto: what can run on the device, else what builds without one.
        device: CUDA's number.
        targets: compute capabilities to build for; empty for the device's own, where there is one.

    Raises:
        EngineError: it is not installed, or needs a GPU that is not there.
    """
    problem = cuda_problem(device)
    match flavour:
        case "auto" if problem is None:
            chosen = cuda_flavour(device)
        case "auto" if "rtx" in installed_flavours():
            chosen = "rtx"
        case "auto" | "tensorrt" if problem is not None:
            raise EngineError(
                f"TensorRT builds on the GPU only, but {problem}. TensorRT-RTX builds without one: "
                "pip install 'deblurvid[rtx]', and --flavour rtx"
            )
        case "rtx":
            chosen = "rtx"
        case _:
            chosen = "tensorrt"
    load_trt(chosen)
    problem = problem or runtime_problem(chosen, device)
    if problem is not None:
        if chosen == "tensorrt":
            raise EngineError(problem)
        return Toolchain(flavour=chosen, targets=tuple(targets), gpu=None, remark=problem)
    gpu = gpu_identity(device)
    own = (target_of(gpu),) if chosen == "rtx" else ()
    if targets and not set(own) <= set(targets):
        remark = f"it is not built for this {gpu}"
        return Toolchain(flavour=chosen, targets=tuple(targets), gpu=None, remark=remark)
    return Toolchain(flavour=chosen, targets=tuple(targets) or own, gpu=gpu, remark=None)
