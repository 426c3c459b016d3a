"""What of a TensorRT engine lives on its CUDA thread: plan, context, streams, slots.

Note: [Ring of slots]
Each picture in flight has a slot: a pinned block and a device block for what goes in, the same for
what comes out, and three events. Three streams work side by side:

    upload     copy in, record `uploaded`
    compute    wait for `uploaded`, run, record `ran`
    download   wait for `ran`, copy out, record `downloaded`

The host waits for `downloaded` before it reads the pinned block. Only then is the slot given to the
next picture, so nothing overwrites what is still in use, and no other wait is needed.
"""

from __future__ import annotations

import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from deblurvid.backends.blocks import Block
from deblurvid.backends.cuda import Driver
from deblurvid.backends.log import collecting_log, lacks_memory
from deblurvid.backends.preflight import load_trt
from deblurvid.backends.tensors import Tensors, profile_for
from deblurvid.errors import DeviceMemoryError, EngineError

if TYPE_CHECKING:
    from types import ModuleType
    from typing import NoReturn

    from deblurvid.backends.base import EngineSpec
    from deblurvid.backends.cuda import Stream
    from deblurvid.backends.preflight import Flavour


class Slot:
    """Memory and events of one picture in flight. See Note: [Ring of slots]."""

    def __init__(self, driver: Driver, tensors: Tensors) -> None:
        self.inputs = Block(driver, tensors.inputs, tensors.dtypes, upload=True)
        self.outputs = Block(driver, tensors.outputs, tensors.dtypes, upload=False)
        self.uploaded, self.ran, self.downloaded = (driver.event() for _ in range(3))


class Session:
    """What lives on the engine's thread. See Note: [CUDA thread] in cuda.py."""

    def __init__(
        self, plan: bytes, spec: EngineSpec, flavour: Flavour, *, device: int, slots: int
    ) -> None:
        self._spec = spec
        self.slots: list[Slot] = []
        self._context: Any = None
        self._engine: Any = None
        self._runtime: Any = None
        # First: it fails where there is no driver, and TensorRT would crash.
        self._driver = Driver(device)
        try:
            trt = load_trt(flavour)
            self._log = collecting_log(trt)
            self._load(trt, plan)
            tensors = self._tensors(trt)
            self._streams = self._driver.stream(), self._driver.stream(), self._driver.stream()
            self._make_context(trt, tensors)
            self.slots += [Slot(self._driver, tensors) for _ in range(slots)]
            self.launch(self.slots[0])  # the first run loads kernels, and shows what is wrong
            self.wait(self.slots[0])
        except BaseException as error:
            # Its frames hold TensorRT's objects, which must not outlive the context.
            traceback.clear_frames(error.__traceback__)
            self.close()
            raise

    def _load(self, trt: ModuleType, plan: bytes) -> None:
        self._runtime = trt.Runtime(self._log)
        self._engine = self._runtime.deserialize_cuda_engine(plan)
        if self._engine is None:
            self._fail(
                f"load the plan by {trt.__name__} {trt.__version__}",
                "it may be for another GPU or version: build it again",
            )

    def _tensors(self, trt: ModuleType) -> Tensors:
        """What the plan takes and gives, which must be what a graph of the spec's format does."""
        engine = self._engine
        names = [engine.get_tensor_name(at) for at in range(engine.num_io_tensors)]
        tensors = Tensors(self._spec, with_colour="matrix" in names)
        types = {trt.uint8: np.uint8, trt.float32: np.float32, trt.int32: np.int32}
        got = {name: types.get(engine.get_tensor_dtype(name)) for name in names}
        inputs = {n for n in names if engine.get_tensor_mode(n) == trt.TensorIOMode.INPUT}
        if got != tensors.dtypes or inputs != set(tensors.inputs):
            raise EngineError(
                f"the plan takes {', '.join(sorted(inputs))}, which is not what a "
                f"{self._spec.picture.source} picture needs. Build it for this kind of video"
            )
        return tensors

    def _make_context(self, trt: ModuleType, tensors: Tensors) -> None:
        """Make the context for the spec's size, with memory for no more than that."""
        strategy = trt.ExecutionContextAllocationStrategy.USER_MANAGED
        context = self._context = self._engine.create_execution_context(strategy)
        if context is None:
            self._fail("make an execution context")
        profile = profile_for(self._engine, tensors, self._spec)
        # The stream that runs is the one that switches, so they need no wait between them.
        if not context.set_optimization_profile_async(profile, self._streams[1].address):
            self._fail(f"use the plan's profile {profile}")
        for name in tensors.planes:  # the other inputs have fixed shapes
            shape = tensors.inputs[name]
            if not context.set_input_shape(name, shape):
                self._fail(f"take {name} of shape {list(shape)}")
        if missing := context.infer_shapes():
            self._fail(f"tell its shapes without {', '.join(missing)}")
        for name, shape in tensors.outputs.items():
            if (got := tuple(context.get_tensor_shape(name))) != shape:
                self._fail(f"give {name} of shape {list(shape)}, but {list(got)}")
        size = int(context.update_device_memory_size_for_shapes())
        if size:
            context.set_device_memory(self._driver.allocate(size), size)

    def launch(self, slot: Slot) -> None:
        """Begin to copy in, run and copy out. See Note: [Ring of slots]."""
        upload, compute, download = self._streams
        with self._driver.translated("begin a picture"):
            slot.inputs.upload(upload)
            slot.uploaded.record(upload)
            compute.wait_for(slot.uploaded)
            self._run(slot, compute)
            slot.ran.record(compute)
            download.wait_for(slot.ran)
            slot.outputs.download(download)
            slot.downloaded.record(download)

    def wait(self, slot: Slot) -> None:
        """Wait until the slot's pinned block holds the restored picture."""
        with self._driver.translated("finish a picture"):
            slot.downloaded.synchronize()

    def timed(self, frames: int) -> dict[str, float]:
        """See TensorRtEngine.device_seconds. All is put on one stream."""
        slot, (_, stream, _) = self.slots[0], self._streams
        marks = [self._driver.event(timed=True) for _ in range(4)]
        totals = dict.fromkeys(("upload", "run", "download"), 0.0)
        with self._driver.translated("time a picture"):
            for _ in range(frames):
                marks[0].record(stream)
                slot.inputs.upload(stream)
                marks[1].record(stream)
                self._run(slot, stream)
                marks[2].record(stream)
                slot.outputs.download(stream)
                marks[3].record(stream)
                marks[3].synchronize()
                for name, start, end in zip(totals, marks, marks[1:], strict=False):
                    totals[name] += end.seconds_since(start) / frames
        return totals

    def _run(self, slot: Slot, stream: Stream) -> None:
        for name, address in (slot.inputs.addresses | slot.outputs.addresses).items():
            if not self._context.set_tensor_address(name, address):
                self._fail(f"use memory for {name}")
        if not self._context.execute_async_v3(stream.address):
            self._fail("run the plan")

    def _fail(self, action: str, hint: str = "") -> NoReturn:
        """Raise what TensorRT logged; `hint` goes with all but a lack of memory."""
        reason = self._log.reason()
        words = f"TensorRT could not {action}: {reason}"
        if lacks_memory(reason):
            raise DeviceMemoryError(words)
        raise EngineError(f"{words}; {hint}" if hint else words)

    def close(self) -> None:
        """Wait for what runs, then free everything, each before what it needs itself."""
        with suppress(EngineError):  # a broken device has nothing left to wait for
            self._driver.synchronize()
        self._context = None
        self._engine = None
        self._runtime = None
        self.slots.clear()
        self._driver.close()
