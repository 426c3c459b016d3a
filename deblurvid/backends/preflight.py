"""Whether CUDA and TensorRT can be used here, found out without crashing.

Without a usable driver TensorRT's Runtime is an object over a null pointer, which no `except`
survives, and PyCUDA's driver module cannot be imported. So the driver is asked first, through
ctypes; then the libraries are tried in a process of their own; only then does this process load
them.
"""

from __future__ import annotations

import ctypes
import importlib
import signal
import subprocess
import sys
from contextlib import suppress
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from deblurvid.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

Flavour = Literal["tensorrt", "rtx"]
"""TensorRT, or TensorRT-RTX: for consumer GPUs, and built for without one."""

FLAVOURS: tuple[Flavour, ...] = get_args(Flavour)
MODULES: dict[Flavour, str] = {"tensorrt": "tensorrt", "rtx": "tensorrt_rtx"}

DRIVER_LIBRARY = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
PCI_DEVICES = Path("/sys/bus/pci/devices")
"""Linux lists there what is in the slots."""
NO_DEVICE = 100
"""CUDA_ERROR_NO_DEVICE."""

TRIAL_SECONDS = 120.0
"""After which libraries that are being tried count as hung."""
_TRIAL = """\
import importlib, sys
trt = importlib.import_module(sys.argv[1])
runtime = trt.Runtime(trt.Logger(trt.Logger.ERROR))
import pycuda.driver
pycuda.driver.init()
pycuda.driver.Device(int(sys.argv[2]))
"""


def load_trt(flavour: Flavour) -> ModuleType:
    """Import TensorRT's Python module of a flavour.

    Building by "rtx" is safe anywhere. For everything else ask `cuda_problem` first.

    Raises:
        EngineError: it is not installed, or its libraries do not load.
    """
    name = MODULES[flavour]
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as exc:
        if exc.name != name:
            raise EngineError(f"{name} is installed in part: {exc}; {_remedy(flavour)}") from exc
        raise EngineError(f"{name} is not installed; {_remedy(flavour)}") from exc
    except (ImportError, OSError, RuntimeError) as exc:  # a library or symbol that is not there
        raise EngineError(f"{name} does not load: {exc}; {_remedy(flavour)}") from exc


def installed_flavours() -> tuple[Flavour, ...]:
    """The flavours whose package is there, the preferred one first; nothing is imported."""
    return tuple(flavour for flavour in FLAVOURS if find_spec(MODULES[flavour]) is not None)


def cuda_flavour(device: int, flavours: Sequence[Flavour] | None = None) -> Flavour:
    """The first flavour of TensorRT that can run on CUDA device number `device`.

    Args:
        device: CUDA's number.
        flavours: those that would do; None for all that are installed.

    Raises:
        EngineError: none can; one line says why, and what to do where anything can be done.
    """
    if problem := cuda_problem(device):
        raise EngineError(problem)
    problems = []
    for flavour in flavours or installed_flavours() or FLAVOURS[:1]:
        problem = runtime_problem(flavour, device)
        if problem is None:
            return flavour
        problems.append(problem)
    raise EngineError("; ".join(problems))


def cuda_problem(device: int) -> str | None:
    """Why CUDA device number `device` cannot be used by anyone here, in one line; None if it can.

    Asks the driver itself, so it needs no package and never crashes.
    """
    try:
        driver = ctypes.CDLL(DRIVER_LIBRARY)
    except OSError:
        return f"there is no NVIDIA driver ({DRIVER_LIBRARY} cannot be loaded)"
    if error := driver.cuInit(0):
        if error == NO_DEVICE:
            return "the NVIDIA driver finds no GPU"
        return f"the NVIDIA driver does not start: {_words(driver, error)}"
    count = ctypes.c_int()
    if error := driver.cuDeviceGetCount(ctypes.byref(count)):
        return f"the NVIDIA driver does not count its GPUs: {_words(driver, error)}"
    if device >= count.value:
        return f"there is no CUDA device {device}; devices here: 0 to {count.value - 1}"
    return None


def driver_cuda_version() -> int:
    """The newest CUDA that the driver knows, as it counts: 13000 is 13.0; 0 without a driver."""
    with suppress(OSError):
        version = ctypes.c_int()
        if not ctypes.CDLL(DRIVER_LIBRARY).cuDriverGetVersion(ctypes.byref(version)):
            return version.value
    return 0


def gpu_seems_present() -> bool:
    """Whether somebody here would wonder why CUDA is not used: a driver, or NVIDIA's card in a slot."""
    return driver_cuda_version() > 0 or any(map(_is_nvidia_display, PCI_DEVICES.glob("*")))


def _is_nvidia_display(device: Path) -> bool:
    with suppress(OSError):
        vendor, kind = (device / "vendor").read_text(), (device / "class").read_text()
        return vendor.strip() == "0x10de" and kind.startswith("0x03")
    return False


def runtime_problem(flavour: Flavour, device: int) -> str | None:
    """Why TensorRT of `flavour` cannot run on a device that `cuda_problem` has nothing against.

    The driver's age and the packages first, then all of it once, in a process of its own.
    """
    name = MODULES[flavour]
    if find_spec(name) is None:
        return f"{name} is not installed; {_remedy(flavour)}"
    if find_spec("pycuda") is None:
        return f"pycuda is not installed; {_remedy(flavour)}"
    known, needed = driver_cuda_version(), _needed_cuda(name)
    if needed * 1000 > known:
        return (
            f"the NVIDIA driver is too old: it knows CUDA {known // 1000}.{known % 1000 // 10}, "
            f"{name} is for {needed}. Update the driver, or install {name}-cu{known // 1000}"
        )
    return _trial_problem(name, device)


def _trial_problem(name: str, device: int) -> str | None:
    command = [sys.executable, "-c", _TRIAL, name, str(device)]
    try:
        done = subprocess.run(  # noqa: S603 - this Python, our own words
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TRIAL_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        return f"{name} does not start within {TRIAL_SECONDS:.0f} s"
    if done.returncode == 0:
        return None
    if done.returncode < 0:
        return f"{name} crashes when it starts ({signal_name(-done.returncode)})"
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    return f"{name} does not start: {lines[-1] if lines else f'exit code {done.returncode}'}"


def signal_name(number: int) -> str:
    """SIGSEGV for 11, and so on."""
    with suppress(ValueError):
        return signal.Signals(number).name
    return f"signal {number}"


def _needed_cuda(name: str) -> int:
    """Major version of CUDA that the installed package is for; 0 where it does not say."""
    for distribution in metadata.distributions():
        stem, _, version = (distribution.name or "").replace("-", "_").lower().rpartition("_cu")
        if stem == name and version.isdecimal():
            return int(version)
    return 0


def _remedy(flavour: Flavour) -> str:
    return f"pip install 'deblurvid[{flavour}]'"


def _words(driver: ctypes.CDLL, error: int) -> str:
    text = ctypes.c_char_p()
    if driver.cuGetErrorString(error, ctypes.byref(text)) or text.value is None:
        return f"error {error}"
    return f"{text.value.decode(errors='replace')} (error {error})"
