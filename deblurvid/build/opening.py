"""A plan in, an engine on a GPU out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deblurvid.backends.base import EngineSpec
from deblurvid.backends.cuda import device_facts
from deblurvid.backends.preflight import cuda_flavour, driver_cuda_version, load_trt
from deblurvid.backends.tensorrt import TensorRtEngine
from deblurvid.build.cache import read_plan
from deblurvid.build.parity import FLOOR_DB, Parity
from deblurvid.build.toolchain import target_of
from deblurvid.errors import EngineError
from deblurvid.events import Notice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from deblurvid.backends.cuda import DeviceFacts
    from deblurvid.build.cache import Plan
    from deblurvid.build.request import Size
    from deblurvid.events import Event
    from deblurvid.frames import PictureFormat


def opened(
    plan: Plan, picture: PictureFormat, *, size: Size, device: int, gpu: DeviceFacts
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
    path: Path, picture: PictureFormat, *, size: Size, device: int, tell: Callable[[Event], None]
) -> TensorRtEngine:
    """Open a plan that was built before, by its path, with the TensorRT that built it.

    Args:
        path: of the plan; its sidecar lies beside it.
        picture: sampling and depth of the frames.
        size: width and height of the frames.
        device: CUDA's number.
        tell: is told in Notices what speaks against the plan, but does not forbid it.

    Raises:
        EngineError: it is torn, has no sidecar, or is for other pictures, another TensorRT or
            another GPU; or there is no GPU that can be used.
    """
    plan = read_plan(path)
    try:
        cuda_flavour(device, [plan.settings["flavour"]])
    except EngineError as exc:
        raise EngineError(
            f"{path} is a plan, which runs on CUDA only, and {exc}; give its generator to --engine"
        ) from exc
    gpu = device_facts(device)
    if misfit := _misfit(plan, picture, gpu):
        raise EngineError(f"{path} {misfit}")
    for doubt in _doubts(plan, gpu):
        tell(Notice(text=f"{path} {doubt}"))
    return opened(plan, picture, size=size, device=device, gpu=gpu)


def _misfit(plan: Plan, picture: PictureFormat, gpu: DeviceFacts) -> str | None:
    """Why a plan cannot run here, by what its sidecar states."""
    stated, built_by = plan.settings, plan.record.facts["trt_version"]
    if (stated["source"], stated["depth"]) != (picture.source, picture.depth):
        return (
            f"is for {stated['source']} at {stated['depth']} bits, the video is "
            f"{picture.source} at {picture.depth}; build one with --source and --depth"
        )
    if built_by != (version := str(load_trt(stated["flavour"]).__version__)):
        return (
            f"was built by version {built_by} of {stated['flavour']}, {version} is installed; "
            "build it again"
        )
    targets = stated["targets"]
    if stated["gpu"] is not None:
        targets = ["SM{}{}".format(*stated["gpu"]["compute_capability"])]
    if targets and target_of(gpu) not in targets:
        return (
            f"was built for {', '.join(targets)}, this is {gpu}, {target_of(gpu)}; build it again"
        )
    return None


def driver_doubts(plan: Plan) -> Iterator[str]:
    """What the driver here may have against a plan; a newer one than at its birth has nothing."""
    if driver_cuda_version() < plan.record.driver_cuda:
        yield "was built under a newer driver; it may fail"


def _doubts(plan: Plan, gpu: DeviceFacts) -> Iterator[str]:
    """What may be wrong with a plan here, by what its sidecar states."""
    built_for = plan.settings["gpu"]
    if built_for is not None and built_for["name"] != gpu.name:
        yield f"was built for {built_for['name']}, this is {gpu.name}; it may be slow, or fail"
    yield from driver_doubts(plan)
    if plan.record.parity is None:
        yield "was never compared with float32; build-engine does that where a GPU can run it"
    elif not (parity := Parity(**plan.record.parity)).passed:
        yield f"gives {parity}: below {FLOOR_DB:g} dB"
