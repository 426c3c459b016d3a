"""The machine around an installation: system, memory, graphics driver, environment."""

from __future__ import annotations

import os
import platform
import re
from contextlib import suppress
from pathlib import Path

VARIABLES = (
    "CUDA_DEVICE_ORDER",
    "CUDA_MODULE_LOADING",
    "CUDA_VISIBLE_DEVICES",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "OMP_NUM_THREADS",
    "ONEDNN_MAX_CPU_ISA",
    "ONEDNN_VERBOSE",
    "PYTHONPATH",
    "TERM",
    "TMPDIR",
    "XDG_CACHE_HOME",
)
"""Those that change what a run does or how fast."""
_MEMORY = Path("/proc/meminfo")
_LIMIT = Path("/sys/fs/cgroup/memory.max")
_NVIDIA = Path("/proc/driver/nvidia/version")


def system() -> str:
    """The system's own name for itself, and its kernel."""
    name = platform.platform()
    with suppress(OSError):  # none but Linux has it
        return f"{platform.freedesktop_os_release()['PRETTY_NAME']} ({name})"
    return name


def memory() -> dict[str, int | None]:
    """Bytes of memory, those that are free for use, and a container's limit; None if not known."""
    fields = {}
    with suppress(OSError):
        for line in _MEMORY.read_text(encoding="ascii").splitlines():
            key, _, rest = line.partition(":")
            fields[key] = int(rest.split()[0]) * 1024
    limit = None
    with suppress(OSError, ValueError):  # "max" is none
        limit = int(_LIMIT.read_text(encoding="ascii"))
    return {
        "total_bytes": fields.get("MemTotal", _total()),
        "available_bytes": fields.get("MemAvailable"),
        "limit_bytes": limit,
    }


def _total() -> int | None:
    with suppress(AttributeError, OSError, ValueError):  # Windows has no sysconf
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return None


def graphics() -> dict[str, str | None]:
    """Versions of NVIDIA's driver and of the newest CUDA that it knows; None without one."""
    from deblurvid.backends.preflight import driver_cuda_version

    cuda = driver_cuda_version()
    driver = None
    with suppress(OSError):  # Linux only
        found = re.search(r"\b\d+\.\d+(\.\d+)?\b", _NVIDIA.read_text(encoding="ascii"))
        driver = found[0] if found else None
    return {
        "nvidia_driver": driver,
        "cuda": f"{cuda // 1000}.{cuda % 1000 // 10}" if cuda else None,
    }


def environment() -> dict[str, str]:
    """Variables that matter and are set."""
    return {name: os.environ[name] for name in VARIABLES if name in os.environ}
