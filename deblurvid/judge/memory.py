"""Memory of a run, taken in a process of its own, so that it is the run's and nobody else's."""

from __future__ import annotations

import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deblurvid.events import FrameDone
from deblurvid.pipeline import deblur_video

if TYPE_CHECKING:
    from collections.abc import Mapping

_STATUS = Path("/proc/self/status")


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryUse:
    """Resident memory of one run."""

    peak_bytes: int | None
    """The largest; None where the system does not tell."""
    samples: tuple[tuple[int, int], ...]
    """(frames done, bytes at that moment)."""


def memory_of_run(
    source: Path, target: Path, options: Mapping[str, Any], *, every: int
) -> MemoryUse:
    """Restore `source` in a new process and tell its memory.

    Args:
        source: the video.
        target: where the restored one goes.
        options: of `deblur_video`; all of them can be pickled.
        every: how many frames lie between two samples.
    """
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:
        return pool.submit(_run, source, target, dict(options), every).result()


def _run(source: Path, target: Path, options: dict[str, Any], every: int) -> MemoryUse:
    samples = []
    for event in deblur_video(source, target, **options):
        if isinstance(event, FrameDone) and event.index % every == 0:
            size = _status_bytes("VmRSS")
            if size is not None:
                samples.append((event.index, size))
    return MemoryUse(peak_bytes=_peak_bytes(), samples=tuple(samples))


def _status_bytes(field: str) -> int | None:
    """A size that Linux tells of this process; None elsewhere."""
    if not _STATUS.exists():
        return None
    lines = dict(line.split(":", 1) for line in _STATUS.read_text().splitlines() if ":" in line)
    return int(lines[field].split()[0]) * 1024


def _peak_bytes() -> int | None:
    # Not getrusage on Linux: its peak counts the process that this one was forked from.
    peak = _status_bytes("VmHWM")
    if peak is None and sys.platform == "darwin":
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak
