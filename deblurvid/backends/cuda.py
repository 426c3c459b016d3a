"""CUDA's driver through PyCUDA: one device, its memory, streams and events.

Note: [CUDA thread]
A context is current on one thread, and PyCUDA frees nothing from any other: what it cannot free, it
leaks with a warning. So one thread of its own opens the driver, does all that touches the device,
and closes it. The context is the device's primary one, which TensorRT uses too; a second one would
make handles of the one invalid in the other.
"""

from __future__ import annotations

import queue
import threading
import warnings
from concurrent.futures import Future
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from deblurvid.errors import DeviceMemoryError, EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np
    from numpy.typing import NDArray

P = ParamSpec("P")
T = TypeVar("T")

NON_BLOCKING = 1
"""CU_STREAM_NON_BLOCKING: the stream does not wait for the legacy default stream."""
ALIGNMENT = 256
"""Bytes to which CUDA aligns what it allocates, and TensorRT wants its tensors aligned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceFacts:
    """What a GPU says of itself."""

    name: str
    compute_capability: tuple[int, int]
    multiprocessors: int
    memory_gib: int
    """All that it has, rounded: the exact bytes vary with the driver."""
    clock_hz: int
    """Highest clock of the multiprocessors."""
    memory_bytes_per_second: int
    """Peak rate of the device's memory: two transfers a clock on the whole bus."""

    @property
    def has_bf16(self) -> bool:
        """Whether it computes in bfloat16: from Ampere on."""
        return self.compute_capability >= (8, 0)

    def __str__(self) -> str:
        major, minor = self.compute_capability
        return f"{self.name} (compute capability {major}.{minor})"


def device_facts(device: int) -> DeviceFacts:
    """Ask device number `device`; needs no context.

    Raises:
        EngineError: PyCUDA, the driver or the device is missing.
    """
    cuda = _pycuda()
    with _translated(cuda, f"ask device {device}"):
        gpu = cuda.Device(device)
        tell, wanted = gpu.get_attribute, cuda.device_attribute
        bus = tell(wanted.MEMORY_CLOCK_RATE) * 1000 * tell(wanted.GLOBAL_MEMORY_BUS_WIDTH) // 8
        return DeviceFacts(
            name=gpu.name(),
            compute_capability=gpu.compute_capability(),
            multiprocessors=tell(wanted.MULTIPROCESSOR_COUNT),
            memory_gib=round(gpu.total_memory() / 2**30),
            clock_hz=tell(wanted.CLOCK_RATE) * 1000,
            memory_bytes_per_second=2 * bus,
        )


def free_memory(device: int) -> int:
    """Bytes of device memory that nobody has, in this process or another.

    Raises:
        EngineError: PyCUDA, the driver or the device is missing.
    """

    def ask() -> int:
        driver = Driver(device)
        try:
            return driver.free_memory()
        finally:
            driver.close()

    with closing(OwnThread("cuda")) as thread:
        return thread.call(ask)


class OwnThread:
    """Runs calls one after another on a thread of its own. See Note: [CUDA thread].

    A daemon, so that a process can end whose owner forgot to close: the interpreter waits for all
    other threads before it calls what cleans up.
    """

    def __init__(self, name: str) -> None:
        """Start the thread."""
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def begin(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Call there, after all that was begun before."""
        future: Future[T] = Future()

        def run() -> None:
            try:
                future.set_result(call(*args, **kwargs))
            except BaseException as exc:  # noqa: BLE001 - carried to whoever waits
                future.set_exception(exc)

        self._calls.put(run)
        return future

    def call(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call there, and wait for what it gives or raises."""
        return self.begin(call, *args, **kwargs).result()

    def close(self) -> None:
        """Let the thread end, and wait until all that was begun is done. May be called twice."""
        self._calls.put(None)
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            call()
            del call  # what it held is freed here, not when the next one comes


class Event:
    """A point on a stream that others can wait for."""

    def __init__(self, handle: Any) -> None:
        self.handle = handle

    def record(self, stream: Stream) -> None:
        """Mark the stream's end as it is now."""
        self.handle.record(stream.handle)

    def synchronize(self) -> None:
        """Block this thread until the marked work is done; the GIL is free meanwhile."""
        self.handle.synchronize()

    def seconds_since(self, start: Event) -> float:
        """Device time between two events that were made with `timed` and have been reached."""
        return float(self.handle.time_since(start.handle)) / 1e3


class Stream:
    """Work that the device does in order, beside other streams."""

    def __init__(self, handle: Any) -> None:
        self.handle = handle

    @property
    def address(self) -> int:
        """CUstream as a number, as TensorRT takes it."""
        return int(self.handle.handle)

    def wait_for(self, event: Event) -> None:
        """Let what follows on this stream begin after the event."""
        self.handle.wait_for_event(event.handle)

    def synchronize(self) -> None:
        """Block this thread until all work on the stream is done; the GIL is free meanwhile."""
        self.handle.synchronize()


class Driver:
    """A device's primary context, current on the thread that opens it, and all that lives in it."""

    def __init__(self, device: int) -> None:
        """Retain the primary context of device number `device`, and make it current here.

        Raises:
            EngineError: PyCUDA, the driver or the device is missing.
        """
        self._cuda = _pycuda()
        self._memory: list[Any] = []
        self._pinned: list[Any] = []
        self._events: list[Event] = []
        self._streams: list[Stream] = []
        with self.translated(f"open device {device}"):
            self._context = self._cuda.Device(device).retain_primary_context()
            self._context.push()

    def translated(self, action: str) -> Any:
        """A block in which PyCUDA's errors become EngineError, saying that `action` failed."""
        return _translated(self._cuda, action)

    def stream(self) -> Stream:
        """A new stream that does not wait for the legacy default stream."""
        with self.translated("make a stream"):
            self._streams.append(Stream(self._cuda.Stream(NON_BLOCKING)))
        return self._streams[-1]

    def event(self, *, timed: bool = False) -> Event:
        """A new event; whoever waits for it sleeps instead of spinning."""
        flags = self._cuda.event_flags.BLOCKING_SYNC
        if not timed:
            flags |= self._cuda.event_flags.DISABLE_TIMING
        with self.translated("make an event"):
            self._events.append(Event(self._cuda.Event(flags)))
        return self._events[-1]

    def allocate(self, size: int) -> int:
        """The address of `size` new bytes of device memory.

        Raises:
            DeviceMemoryError: there is not so much.
        """
        with self.translated(f"allocate {size / 1e6:.0f} MB on the device"):
            self._memory.append(self._cuda.mem_alloc(size))
        return int(self._memory[-1])

    def pinned(self, size: int, *, upload: bool) -> NDArray[np.uint8]:
        """`size` bytes of page-locked memory, zero.

        Args:
            size: in bytes.
            upload: the host only writes them: write-combined, so that they stay out of its caches;
                reading them is very slow.
        """
        flags = self._cuda.host_alloc_flags.WRITECOMBINED if upload else 0
        with self.translated(f"lock {size / 1e6:.0f} MB of the host's memory"):
            block: NDArray[np.uint8] = self._cuda.pagelocked_empty(size, "uint8", mem_flags=flags)
        self._pinned.append(block.base)
        block[:] = 0
        return block

    def upload(self, block: NDArray[np.uint8], address: int, stream: Stream) -> None:
        """Begin to copy a pinned block to the device."""
        self._cuda.memcpy_htod_async(address, block, stream.handle)

    def download(self, address: int, block: NDArray[np.uint8], stream: Stream) -> None:
        """Begin to copy device memory to a pinned block."""
        self._cuda.memcpy_dtoh_async(block, address, stream.handle)

    def free_memory(self) -> int:
        """Bytes of device memory that nobody has, in this process or another."""
        with self.translated("tell its free memory"):
            free, _ = self._cuda.mem_get_info()
        return int(free)

    def synchronize(self) -> None:
        """Block this thread until all streams are done."""
        with self.translated("finish what it was doing"):
            for stream in self._streams:
                stream.synchronize()

    def close(self) -> None:
        """Free everything, the context last. Nothing may be running; arrays of `pinned` are dead.

        A context that an error has broken refuses to free, and is freed with the process. That
        raises nothing: whoever closes is often on the way out with the error that broke it.
        """
        for allocation in (*self._memory, *self._pinned):
            with suppress(self._cuda.Error):
                allocation.free()
        self._memory.clear()
        self._pinned.clear()
        for event in self._events:
            event.handle = None
        for stream in self._streams:
            stream.handle = None
        # Not pop() first, which raises where the device is dead, and leaves the context with the
        # thread, whose end then aborts the process. This takes it off the thread in any case.
        self._context.detach()


def _pycuda() -> Any:
    """PyCUDA's driver module, initialised."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it says of an old driver what is raised below
            import pycuda.driver as cuda
    except ModuleNotFoundError as exc:
        raise EngineError(
            f"{exc.name} is not installed; pip install 'deblurvid[tensorrt]' (PyCUDA is compiled "
            "with the CUDA toolkit)"
        ) from exc
    except ImportError as exc:  # no driver, or one older than the CUDA that PyCUDA was built for
        raise EngineError(
            f"PyCUDA cannot use the NVIDIA driver: {exc}. Update the driver, or build PyCUDA with "
            "an older CUDA toolkit"
        ) from exc
    with _translated(cuda, "start"):
        cuda.init()
    return cuda


@contextmanager
def _translated(cuda: Any, action: str) -> Iterator[None]:
    try:
        yield
    except cuda.MemoryError as exc:
        raise DeviceMemoryError(f"CUDA could not {action}: {_words(exc)}") from exc
    except cuda.Error as exc:
        raise EngineError(f"CUDA could not {action}: {_words(exc)}") from exc


def _words(error: Exception) -> str:
    """PyCUDA's message without the function's name: 'out of memory'."""
    return str(error).partition(" failed: ")[2] or str(error)
