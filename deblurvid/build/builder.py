"""ONNX -> plan by TensorRT's API, which is one for TensorRT 10.12 and later, 11, and TensorRT-RTX.

TensorRT reports by return values and its log, hardly ever by exceptions. Types are those that the
graph states: none of the builder's precision flags, which version 11 no longer has, is set.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deblurvid.backends.log import lacks_memory
from deblurvid.build.messages import failure, is_noise, node_failure

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from deblurvid.build.request import BuildRequest

MIB = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """A plan and what goes in and out of it."""

    plan: bytes
    tensors: dict[str, str]
    """Type and shape of each input and output by name, such as "uint8 [1, 1, -1, -1]"."""


class BuildCancelledError(Exception):
    """`on_progress` gave False."""


def build_plan(
    trt: ModuleType,
    request: BuildRequest,
    *,
    on_progress: Callable[[str, float], bool],
    on_log: Callable[[str, str], None],
) -> Compiled:
    """Build a plan.

    The same request gives the same plan, if not always the same bytes: TensorRT-RTX 1.7 writes a few
    numbers in the order of addresses.

    Args:
        trt: the module of the request's flavour.
        request: what to build. Its `gpu` must be this process's first CUDA device.
        on_progress: is told TensorRT's name of the current phase, and how much of all is done,
            0 to 1; on the calling thread. False cancels.
        on_log: is told the level (TensorRT's name: ERROR, WARNING ...) and the text of each line.

    Raises:
        PrecisionError: TensorRT cannot take the graph in its number types.
        GeneratorError: TensorRT cannot take the graph; the message names the node.
        DeviceMemoryError: the sizes are too large for it, or for the device.
        EngineError: TensorRT failed.
        BuildCancelledError: `on_progress` gave False.
    """
    errors: list[str] = []

    def listen(level: str, text: str) -> None:
        if level in ("ERROR", "INTERNAL_ERROR") or lacks_memory(text):
            errors.append(text)
        on_log(level, text)

    # TensorRT keeps no reference to these two.
    log, monitor = _logger(trt, listen), _monitor(trt, on_progress)
    try:
        builder = trt.Builder(log)
    except TypeError as exc:  # its library gave a null pointer
        raise failure("TensorRT's builder does not start", errors) from exc
    network, parser = _parsed(trt, builder, log, request)
    config = _config(trt, builder, request, errors)
    config.progress_monitor = monitor
    plan = builder.build_serialized_network(network, config)
    if monitor.cancelled:
        raise BuildCancelledError
    if plan is None:
        raise failure(f"TensorRT cannot build {request.generator}", errors)
    del parser  # holds the weights that the network refers to
    return Compiled(plan=bytes(plan), tensors=_tensors(network))


def _tensors(network: Any) -> dict[str, str]:
    bound = [network.get_input(index) for index in range(network.num_inputs)]
    bound += [network.get_output(index) for index in range(network.num_outputs)]
    return {tensor.name: f"{tensor.dtype.name.lower()} {list(tensor.shape)}" for tensor in bound}


def _parsed(trt: ModuleType, builder: Any, log: Any, request: BuildRequest) -> tuple[Any, Any]:
    """The network, and the parser that owns its weights."""
    # Required before TensorRT 11, ignored since.
    typed = 1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED)
    network = builder.create_network(typed)
    parser = trt.OnnxParser(network, log)
    if not parser.parse(request.graph):
        first = parser.get_error(0)
        raise node_failure(
            f"TensorRT cannot take {request.generator}",
            first.desc(),
            node=first.node_name(),
            operator=first.node_operator(),
        )
    return network, parser


def _config(trt: ModuleType, builder: Any, request: BuildRequest, errors: list[str]) -> Any:
    config = builder.create_builder_config()
    # Where the graph says float32, it means all of its bits.
    config.clear_flag(trt.BuilderFlag.TF32)
    config.builder_optimization_level = request.optimization_level
    if request.workspace_mib is not None:
        config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, request.workspace_mib * MIB)
    if request.targets:
        config.num_compute_capabilities = len(request.targets)
        for index, target in enumerate(sorted(request.targets)):
            config.set_compute_capability(getattr(trt.ComputeCapability, target), index)
    profile = builder.create_optimization_profile()
    for name, shapes in request.profile.shapes(request.picture).items():
        profile.set_shape(name, *shapes)
    if config.add_optimization_profile(profile) < 0:
        raise failure(f"TensorRT cannot build {request.generator} for {request.profile}", errors)
    return config


def _logger(trt: ModuleType, listen: Callable[[str, str], None]) -> Any:
    class Logger(trt.ILogger):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            trt.ILogger.__init__(self)

        def log(self, severity: Any, message: str) -> None:
            if severity != trt.ILogger.VERBOSE:
                quiet = severity == trt.ILogger.WARNING and is_noise(message)
                listen("INFO" if quiet else severity.name, message)

    return Logger()


def _monitor(trt: ModuleType, on_progress: Callable[[str, float], bool]) -> Any:
    class Monitor(trt.IProgressMonitor):  # type: ignore[misc, name-defined]
        """Phases nest: a step of one is as far as the phase within it."""

        def __init__(self) -> None:
            trt.IProgressMonitor.__init__(self)
            self.cancelled = False
            self.phases: dict[str, list[int]] = {}  # steps done, steps in all; outermost first

        def phase_start(self, phase: str, parent: str | None, steps: int) -> None:  # noqa: ARG002
            self.phases[phase] = [0, steps]
            self.tell(phase)

        def step_complete(self, phase: str, step: int) -> bool:
            if phase in self.phases:
                self.phases[phase][0] = step + 1
            return self.tell(phase)

        def phase_finish(self, phase: str) -> None:
            self.phases.pop(phase, None)

        def tell(self, phase: str) -> bool:
            share, unit = 0.0, 1.0
            for done, steps in self.phases.values():
                unit /= max(steps, 1)
                share += done * unit
            self.cancelled = self.cancelled or not on_progress(phase, min(share, 1.0))
            return not self.cancelled

    return Monitor()
