"""A plan in, an engine on a GPU out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deblurvid.backends.base import EngineSpec
from deblurvid.backends.preflight import load_trt
from deblurvid.backends.tensorrt import TensorRtEngine
from deblurvid.build.cache import read_plan
from deblurvid.build.toolchain import gpu_identity
from deblurvid.errors import EngineError

if TYPE_CHECKING:
    from pathlib import Path

    from deblurvid.backends.preflight import Flavour
    from deblurvid.build.cache import Plan
    from deblurvid.build.request import GpuIdentity, Size
    from deblurvid.frames import PictureFormat


def opened(
    plan: Plan, picture: PictureFormat, *, size: Size, device: int, gpu: GpuIdentity
) -> TensorRtEngine:
    """Load a plan for pictures of `size` on CUDA device number `device`, which is `gpu`.

    Raises:
        DeviceMemoryError: pictures of this size do not fit into the device's memory.
        EngineError: the plan does not load, or does not take these pictures.
    """
    return TensorRtEngine(
        plan.data,
        spec=EngineSpec(
            width=size[0],
            height=size[1],
            picture=picture,
            generator=plan.settings["generator"],
            device=f"cuda:{device} ({gpu.name})",
            precision=plan.settings["precision"],
        ),
        flavour=plan.settings["flavour"],
        device=device,
    )


def open_plan(
    path: Path, picture: PictureFormat, *, size: Size, device: int, flavour: Flavour
) -> TensorRtEngine:
    """Open a plan that was built before, by its path.

    Raises:
        EngineError: it is torn, has no sidecar, or is for other pictures or another TensorRT.
    """
    plan, gpu = read_plan(path), gpu_identity(device)
    stated = plan.settings
    if stated["flavour"] != flavour:
        raise EngineError(
            f"{path} was built by {stated['flavour']}, but {flavour} is what runs here"
        )
    if (stated["source"], stated["depth"]) != (picture.source, picture.depth):
        raise EngineError(
            f"{path} is for {stated['source']} at {stated['depth']} bits, the video is "
            f"{picture.source} at {picture.depth}; build one with --source and --depth"
        )
    version = load_trt(flavour).__version__
    if plan.record.facts["trt_version"] != version:
        raise EngineError(
            f"{path} was built by version {plan.record.facts['trt_version']} of {flavour}, "
            f"{version} is installed; build it again"
        )
    return opened(plan, picture, size=size, device=device, gpu=gpu)
