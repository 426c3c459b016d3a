"""What there is to build with, and which GPU to build for and check on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from deblurvid.backends.cuda import device_facts
from deblurvid.backends.preflight import (
    Flavour,
    cuda_flavour,
    cuda_problem,
    installed_flavours,
    load_trt,
    runtime_problem,
)
from deblurvid.errors import EngineError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deblurvid.backends.cuda import DeviceFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolchain:
    """A TensorRT that builds, and where its plans go."""

    flavour: Flavour
    targets: tuple[str, ...]
    """Compute capabilities to build for, such as SM89; "rtx" only."""
    gpu: DeviceFacts | None
    """The GPU at hand, where plans can be run on it."""
    remark: str | None
    """Why they cannot."""


def target_of(gpu: DeviceFacts) -> str:
    """A GPU's compute capability as TensorRT-RTX names it."""
    major, minor = gpu.compute_capability
    return f"SM{major}{minor}"


def toolchain(
    flavour: Flavour | Literal["auto"], *, device: int, targets: Sequence[str]
) -> Toolchain:
    """Find out how to build for a device, or for compute capabilities.

    Args:
        flavour: tensorrt, rtx, or auto: what can run on the device, else what builds without one.
        device: CUDA's number.
        targets: compute capabilities to build for; empty for the device's own, where there is one.

    Raises:
        UsageError: a target is none that it builds for.
        EngineError: it is not installed, or needs a GPU that is not there.
    """
    chosen, problem = _chosen(flavour, device)
    if problem is not None and chosen == "tensorrt":
        raise EngineError(
            f"TensorRT builds on the GPU only, but {problem}. TensorRT-RTX builds without one: "
            "pip install 'deblurvid[rtx]', and --flavour rtx"
        )
    trt = load_trt(chosen)
    if targets and chosen == "rtx":
        known = [name for name in trt.ComputeCapability.__members__ if name.startswith("SM")]
        if wrong := sorted(set(targets) - set(known)):
            raise UsageError(
                f"TensorRT-RTX {trt.__version__} does not build for {wrong[0]!r}; it builds for "
                f"{', '.join(known)}. For other GPUs use --flavour tensorrt on a machine with one"
            )
    if problem is not None:
        return Toolchain(flavour=chosen, targets=tuple(targets), gpu=None, remark=problem)
    gpu = device_facts(device)
    own = (target_of(gpu),) if chosen == "rtx" else ()
    if targets and not set(own) <= set(targets):
        remark = f"it is not built for this {gpu}"
        return Toolchain(flavour=chosen, targets=tuple(targets), gpu=None, remark=remark)
    return Toolchain(flavour=chosen, targets=tuple(targets) or own, gpu=gpu, remark=None)


def _chosen(flavour: Flavour | Literal["auto"], device: int) -> tuple[Flavour, str | None]:
    """Who builds, and why what it builds cannot run here."""
    if flavour != "auto":
        return flavour, cuda_problem(device) or runtime_problem(flavour, device)
    try:
        return cuda_flavour(device), None
    except EngineError as exc:
        return "rtx" if "rtx" in installed_flavours() else "tensorrt", str(exc)
