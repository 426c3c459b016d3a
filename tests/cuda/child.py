"""A process in which PyCUDA finds the fake driver, and TensorRT is its double.

Nobody else may find them: a test that asks for a GPU in this process must be told that there is
none. So whatever touches them runs in one child, by `Child.call`, which takes and gives what can be
pickled.
"""

import ctypes
import gc
import importlib.util
import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_name("fake_libcuda.c")
REQUIRED = "DEBLURVID_REQUIRE_PYCUDA"
"""With this variable set to 1, a missing PyCUDA is a failure instead of a skip."""
COUNTED = ("streams", "events", "device memory", "pinned memory", "contexts")


def compiled(folder: Path) -> Path:
    """The fake driver, built into `folder` under the name that PyCUDA is linked with."""
    library = folder / "libcuda.so.1"
    command = ["cc", "-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC", "-pthread"]
    command += [f"-Wl,-soname,{library.name}", "-o", str(library), str(SOURCE)]
    subprocess.run(command, check=True, timeout=60)
    return library


def driver_of_child() -> ctypes.CDLL:
    from tests.cuda import doubles

    return doubles.DRIVER[0]


def _begin(library: Path) -> None:
    """Load the driver before anyone else looks for one; put the doubles where TensorRT would be."""
    from tests.cuda import doubles

    # Found by its name from now on. Symbols that only other parts of PyCUDA need may be missing.
    doubles.DRIVER.append(ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL))
    doubles.DRIVER[0].fake_violations.restype = ctypes.c_char_p
    sys.setdlopenflags(os.RTLD_LAZY)
    for name in ("tensorrt", "tensorrt_rtx"):
        sys.modules[name] = doubles.module(name)


def _reset() -> None:
    from tests.cuda import doubles

    doubles.DRIVER[0].fake_reset()
    doubles.TROUBLES.clear()


def _left_behind() -> dict[str, object]:
    """What still lives on the device, and what was done wrong."""
    from tests.cuda import doubles

    gc.collect()
    counts = (ctypes.c_int * 6)()
    doubles.DRIVER[0].fake_counts(counts)
    found: dict[str, object] = {
        name: count for name, count in zip(COUNTED, counts, strict=False) if count
    }
    wrong = doubles.DRIVER[0].fake_violations().decode().splitlines() + doubles.TROUBLES
    return found | ({"wrong": sorted(set(wrong))} if wrong else {})


class Child:
    """The process; `call` runs a function there."""

    def __init__(self, library: Path) -> None:
        self.library = library
        self._pool = ProcessPoolExecutor(
            1, multiprocessing.get_context("spawn"), initializer=_begin, initargs=(library,)
        )

    def call(self, function, *args, **kwargs):
        """What `function` gives or raises there."""
        return self._pool.submit(function, *args, **kwargs).result()

    def reset(self) -> None:
        """Forget what a test left behind."""
        self.call(_reset)

    def left_behind(self):
        """What still lives on the device, and what was done wrong; empty if all is well."""
        return self.call(_left_behind)

    def close(self) -> None:
        """End the process."""
        self._pool.shutdown()


def opened(folder: Path) -> Child:
    """A child; skips where PyCUDA is not installed, or fails where it is required."""
    if importlib.util.find_spec("pycuda") is None:
        if os.environ.get(REQUIRED) == "1":
            pytest.fail("PyCUDA is not installed; see tests/cuda/build_pycuda.py")
        pytest.skip("PyCUDA is not installed; see tests/cuda/build_pycuda.py")
    return Child(compiled(folder))
