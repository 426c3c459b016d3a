"""Builds in a process of its own, which may crash, run out of memory or be told to stop."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO, TYPE_CHECKING, Any

from deblurvid import errors
from deblurvid.backends.preflight import signal_name
from deblurvid.build.worker import PLAN, write_request

if TYPE_CHECKING:
    from collections.abc import Callable

    from deblurvid.build.request import BuildRequest

STOP_SECONDS = 10.0
"""A worker that was told to stop may take this long before it is killed."""
DEVICES = "CUDA_VISIBLE_DEVICES"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltPlan:
    """What came out of a build."""

    plan: bytes
    trt_version: str
    tensors: dict[str, str]
    """See `builder.Compiled`."""
    seconds: float
    warnings: tuple[str, ...]
    """TensorRT's own words."""


def build_in_process(request: BuildRequest, on_progress: Callable[[str, float], None]) -> BuiltPlan:
    """Let a worker build; on any exception here, Ctrl-C too, the worker stops first.

    Args:
        request: what to build.
        on_progress: is told TensorRT's name of the current phase and the share that is done, 0 to
            1, some twenty times a second at most.

    Raises:
        PrecisionError: TensorRT cannot take the graph in its number types.
        GeneratorError: TensorRT cannot take the graph.
        DeviceMemoryError: the sizes are too large for it, or for the device.
        EngineError: TensorRT failed, is not there, or its process died.
    """
    began = time.perf_counter()
    with TemporaryDirectory(prefix="deblurvid-build-") as name, TemporaryFile() as words:
        folder = Path(name)
        write_request(folder, request)
        worker = subprocess.Popen(  # noqa: S603 - this Python, our own module
            [sys.executable, "-m", "deblurvid.build.worker", name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=words,
            env=_environment(request.device),
        )
        try:
            end, warnings = _followed(worker, on_progress)
            worker.wait()
        finally:
            _stop(worker)
        version, tensors = _outcome(end, worker.returncode, words)
        return BuiltPlan(
            plan=(folder / PLAN).read_bytes(),
            trt_version=version,
            tensors=tensors,
            seconds=time.perf_counter() - began,
            warnings=tuple(warnings),
        )


def _followed(
    worker: subprocess.Popen[bytes], on_progress: Callable[[str, float], None]
) -> tuple[list[Any], list[str]]:
    """Take what the worker tells until it ends; gives its last words and TensorRT's warnings."""
    end: list[Any] = []
    warnings = []
    assert worker.stdout is not None  # noqa: S101 - it is a pipe
    for line in worker.stdout:
        match _message(line):
            case ["phase", str(phase), float(share)]:
                on_progress(phase, share)
            case ["log", str(level), str(text)]:
                log.debug("%s: %s", level, text)
                if level == "WARNING":
                    warnings.append(text)
            case [("built" | "failed" | "cancelled"), *_] as last:
                end = list(last)
            case _:  # a library that prints
                log.debug("%s", line.decode(errors="replace").rstrip())
    return end, warnings


def _message(line: bytes) -> object:
    with suppress(ValueError):
        return json.loads(line)
    return None


def _outcome(end: list[Any], code: int, words: IO[bytes]) -> tuple[str, dict[str, str]]:
    """TensorRT's version and the tensors from the worker's last words; raises what they say."""
    match end:
        case ["built", version, tensors]:
            return version, tensors
        case ["failed", kind, message]:
            raise getattr(errors, kind)(message)
    words.seek(0)
    lines = [line.strip() for line in words.read().decode(errors="replace").splitlines()]
    for line in lines:
        log.debug("%s", line)
    if code < 0:
        hint = ": perhaps memory ran out" if signal_name(-code) == "SIGKILL" else ""
        raise errors.EngineError(
            f"TensorRT's builder crashed ({signal_name(-code)}{hint}). Give it smaller sizes "
            "(--size) or another --precision; --debug shows its log"
        )
    last = next((line for line in reversed(lines) if line), f"exit code {code}")
    raise errors.EngineError(f"the process that builds ended unexpectedly: {last}")


def _stop(worker: subprocess.Popen[bytes]) -> None:
    """End the worker, kindly first, and leave no pipe open; interrupted once more, at once."""
    try:
        for pipe in (worker.stdin, worker.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        with suppress(subprocess.TimeoutExpired):
            worker.wait(STOP_SECONDS)
    finally:
        worker.kill()  # of one that has ended: nothing
        worker.wait()


def _environment(device: int) -> dict[str, str]:
    """The environment of a worker: this package, and one CUDA device."""
    package = str(Path(errors.__file__).parent.parent)
    paths = [package, os.environ.get("PYTHONPATH", "")]
    chosen = str(device)
    if DEVICES in os.environ:  # what it hides, all where it is empty, stays hidden
        chosen = ",".join(os.environ[DEVICES].split(",")[device : device + 1])
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        DEVICES: chosen,
    }
