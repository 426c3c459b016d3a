"""The process in which TensorRT builds: `python -m deblurvid.build.worker FOLDER`.

FOLDER holds `request` and `graph.onnx`; the plan is left there as `plan`. Standard output carries
one JSON object a line (see `send`), the last of which is built, failed or cancelled. The build is
cancelled when standard input ends, so it never outlives the process that asked for it.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from deblurvid.backends.preflight import load_trt
from deblurvid.build.builder import BuildCancelledError, build_plan
from deblurvid.build.request import BuildRequest, Profile
from deblurvid.errors import DeblurvidError
from deblurvid.frames import PictureFormat

REQUEST, GRAPH, PLAN = "request", "graph.onnx", "plan"
PROGRESS_SECONDS = 0.05
"""Between two lines about progress; TensorRT may report thousands of steps."""


def write_request(folder: Path, request: BuildRequest) -> None:
    """Lay `request` down for a worker; the other end of `read_request`."""
    (folder / GRAPH).write_bytes(request.graph)
    (folder / REQUEST).write_text(json.dumps(request.settings()), encoding="utf-8")


def read_request(folder: Path) -> BuildRequest:
    """What `write_request` laid down, but the GPU: a worker sees no other."""
    stated = json.loads((folder / REQUEST).read_text(encoding="utf-8"))
    smallest, best, largest = (tuple(size) for size in stated["profile"])
    return BuildRequest(
        graph=(folder / GRAPH).read_bytes(),
        generator=stated["generator"],
        picture=PictureFormat(source=stated["source"], depth=stated["depth"]),
        precision=stated["precision"],
        flavour=stated["flavour"],
        profile=Profile(smallest=smallest, best=best, largest=largest),
        optimization_level=stated["optimization_level"],
        workspace_mib=stated["workspace_mib"],
        targets=tuple(stated["targets"]),
    )


def send(kind: str, *values: Any) -> None:
    """Tell the process at the other end.

    phase NAME SHARE, log LEVEL TEXT, built VERSION TENSORS, failed TYPE MESSAGE, or cancelled.
    """
    with suppress(OSError):  # nobody is there any more: standard input ends too
        print(json.dumps([kind, *values]), flush=True)  # noqa: T201 - the protocol


def main(folder: Path) -> int:
    """Build what FOLDER asks for."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's affair
    stop = threading.Event()
    threading.Thread(target=_watch, args=(stop,), daemon=True).start()
    last = 0.0

    def on_progress(phase: str, share: float) -> bool:
        nonlocal last
        now = time.perf_counter()
        if now - last >= PROGRESS_SECONDS:
            last = now
            send("phase", phase, share)
        return not stop.is_set()

    try:
        request = read_request(folder)
        trt = load_trt(request.flavour)
        made = build_plan(
            trt, request, on_progress=on_progress, on_log=lambda *line: send("log", *line)
        )
    except BuildCancelledError:
        send("cancelled")
    except DeblurvidError as error:
        send("failed", type(error).__name__, str(error))
    else:
        (folder / PLAN).write_bytes(made.plan)
        send("built", str(trt.__version__), made.tensors)
    return 0


def _watch(stop: threading.Event) -> None:
    sys.stdin.buffer.read()
    stop.set()


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
