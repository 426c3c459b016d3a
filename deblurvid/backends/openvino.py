"""Runs a graph in OpenVINO: the embedded engine, on any CPU and on Intel's accelerators."""

from __future__ import annotations

import functools
import sys
from collections import deque
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any

import filelock
import platformdirs

from deblurvid.backends.base import Engine, EngineSpec, Restored
from deblurvid.backends.isa import held_below_bf16
from deblurvid.errors import EngineError
from deblurvid.frames import Planes
from deblurvid.graph import colour
from deblurvid.graph.wrap import INVALID, OUT, STRENGTH, plane_names

# OpenVINO tells its maker over the network of being imported, unless this package is not there.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
import openvino as ov  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import onnx

    from deblurvid.frames import ColourTags, PictureFormat
    from deblurvid.graph.contract import Generator

OPENVINO_NAMES = {"fp32": "f32", "bf16": "bf16", "fp16": "f16"}
MOST_STREAMS = 4
"""Pictures computed side by side at most: each holds its own activations."""


def cache_folder() -> Path:
    """Where compiled models are kept for the next run."""
    return platformdirs.user_cache_path("deblurvid") / "openvino"


@functools.cache
def runtime() -> ov.Core:
    """OpenVINO's one core of this process, which is never freed.

    Its CPU plugin gives the calling thread another stack for signal handlers, and takes it away
    again when its core is freed. With two cores, the first of them freed first, the thread is left
    with a stack that is gone, and the next signal, such as Ctrl-C, is a segmentation fault.
    """
    return ov.Core()


def devices() -> dict[str, str]:
    """OpenVINO's devices on this machine: CPU, GPU, GPU.1, NPU ... and their full names."""
    core = runtime()
    return {
        name: str(core.get_property(name, "FULL_DEVICE_NAME")) for name in core.available_devices
    }


def capabilities(device: str) -> list[str]:
    """What a device computes in, in OpenVINO's words: FP32, BF16, FP16, INT8 ..."""
    found = runtime().get_property(device, "OPTIMIZATION_CAPABILITIES")
    return sorted(str(name) for name in found)


class OpenVinoEngine(Engine):
    """A graph compiled by OpenVINO for one size; a ring of infer requests."""

    def __init__(  # noqa: PLR0913 - each is a choice of its own
        self,
        graph: onnx.ModelProto,
        generator: Generator,
        picture: PictureFormat,
        *,
        size: tuple[int, int],
        device: str,
        precision: str,
        at_once: int = MOST_STREAMS,
    ) -> None:
        """Compile `graph`, or load it from the cache.

        Args:
            graph: what `wrap` made of `generator` for `picture`.
            generator: names the engine, and decides what "auto" means.
            picture: sampling and depth of the frames.
            size: width and height.
            device: a name that `devices` lists.
            precision: fp32, bf16, fp16, or auto: bf16 on a CPU that has it, for a generator whose
                metadata say that it passed there, else fp32; the device's own elsewhere.
            at_once: pictures computed side by side at most; one alone gets the whole device.

        Raises:
            EngineError: the device is missing, cannot compute in `precision`, or cannot compile.
        """
        width, height = size
        core = runtime()
        if device not in core.available_devices:
            listed = ", ".join(core.available_devices) or "none"
            raise EngineError(f"OpenVINO sees no device {device!r} here; it sees: {listed}")
        wanted = _wanted_precision(core, device, precision, generator)
        with _translated(f"compile {generator.name} for {width}x{height} on {device}"):
            model = core.read_model(graph.SerializeToString())
            model.reshape(_static_shapes(graph, picture, size))
            self._compiled = _compiled(core, model, device, wanted, at_once)
            parallel = int(self._compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
            # One more than run at once, so that the next picture waits when one is done.
            self.slots = parallel + 1
            self._free = [self._compiled.create_infer_request() for _ in range(self.slots)]
        actual = _actual_precision(self._compiled)
        if precision not in ("auto", actual):
            raise EngineError(
                f"precision {precision} is not to be had on this {device}: OpenVINO would compute "
                f"in {actual}. Use --precision {actual} or auto"
            )
        self.spec = EngineSpec(
            width=width,
            height=height,
            picture=picture,
            generator=generator.name,
            device=f"{device} ({core.get_property(device, 'FULL_DEVICE_NAME')})",
            precision=actual,
        )
        self._names = plane_names(picture.source)
        self._needs_colour = any(value.name == "matrix" for value in graph.graph.input)
        self._in_flight: deque[tuple[Any, ColourTags]] = deque()

    def submit(self, planes: Planes, *, strength: float) -> None:
        """See Engine.submit."""
        self.spec.check(planes)
        request = self._free.pop()
        for name, samples in zip(self._names, planes.samples, strict=True):
            request.get_tensor(name).data[0] = samples
        request.get_tensor(STRENGTH).data[0] = strength
        if self._needs_colour:
            values = colour.coefficients(planes.colour, self.spec.picture.depth)
            for name, value in values.items():
                request.get_tensor(name).data[:] = value
        request.start_async()
        self._in_flight.append((request, planes.colour))

    def collect(self) -> Restored:
        """See Engine.collect."""
        request, tags = self._in_flight.popleft()
        with _translated(f"run {self.spec.generator}"):
            request.wait()
        samples = tuple(request.get_tensor(OUT + name).data[0].copy() for name in self._names)
        invalid = int(request.get_tensor(INVALID).data[0])
        self._free.append(request)
        return Restored(Planes(samples, tags), invalid)

    def close(self) -> None:
        """See Engine.close."""
        while self._in_flight:
            request, _ = self._in_flight.popleft()
            request.cancel()
            with suppress(RuntimeError):  # what a cancelled request reports is of no interest
                request.wait()
        self._free.clear()


@contextmanager
def _translated(action: str) -> Iterator[None]:
    """Raise EngineError for OpenVINO's RuntimeError, with the line that tells."""
    try:
        yield
    except RuntimeError as exc:
        lines = [line.strip() for line in str(exc).splitlines() if line.strip()]
        raise EngineError(f"OpenVINO could not {action}: {lines[-1] if lines else exc!r}") from exc


def _wanted_precision(core: Any, device: str, precision: str, generator: Generator) -> str | None:
    """The precision to ask for; None leaves it to the device."""
    if precision != "auto":
        return precision
    if device != "CPU":
        return None
    capable = "BF16" in core.get_property(device, "OPTIMIZATION_CAPABILITIES")
    capable = capable and not held_below_bf16()
    return "bf16" if capable and generator.passed_bf16 else "fp32"


def _actual_precision(compiled: Any) -> str:
    used = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
    return next((name for name, known in OPENVINO_NAMES.items() if known == used), str(used))


def _compiled(core: Any, model: Any, device: str, precision: str | None, at_once: int) -> Any:
    folder = cache_folder()
    settings = {
        "PERFORMANCE_HINT": "THROUGHPUT",
        "PERFORMANCE_HINT_NUM_REQUESTS": at_once,
    }
    if precision is not None:
        settings["INFERENCE_PRECISION_HINT"] = OPENVINO_NAMES[precision]
    with ExitStack() as stack:
        # Without a place to keep it, the model is compiled each time.
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            # OpenVINO writes a cached model in place: two processes must not do it at once.
            stack.enter_context(filelock.FileLock(folder / ".lock"))
            settings["CACHE_DIR"] = str(folder)
        return core.compile_model(model, device, settings)


def _static_shapes(
    graph: onnx.ModelProto, picture: PictureFormat, size: tuple[int, int]
) -> dict[str, list[int]]:
    planes = dict(zip(plane_names(picture.source), picture.plane_sizes(*size), strict=True))
    shapes = {}
    for value in graph.graph.input:
        fixed = [d.dim_value for d in value.type.tensor_type.shape.dim]
        side = planes.get(value.name)
        shapes[value.name] = [1, picture.bytes_per_sample, *side] if side else fixed
    return shapes
