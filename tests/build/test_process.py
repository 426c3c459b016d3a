"""A build that fails, crashes or is stopped: one clear error, and nothing left behind."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import time

import numpy as np
import pytest

from deblurvid.build import process
from deblurvid.build.request import USUAL_PROFILE
from deblurvid.build.worker import PLAN, write_request
from deblurvid.choose import load_generator
from deblurvid.errors import EngineError, GeneratorError
from deblurvid.frames import PictureFormat
from tests.build.conftest import build, request_for
from tests.graph.generators import generator, model_of, node, tensor, weight

GRAY = PictureFormat(source="gray", depth=8)
TEN_BITS = PictureFormat(source="yuv420", depth=10)


def antialiased():
    """An operator that no TensorRT has: Resize with antialiasing."""
    nodes = [
        node("Resize", "in  scales", "small", antialias=1, mode="linear", name="shrink"),
        node("Resize", "small  back", "restored", mode="linear", name="grow"),
    ]
    nodes[0].input[:] = ["in", "", "scales"]
    nodes[1].input[:] = ["small", "", "back"]
    weights = [weight("scales", [1, 1, 0.5, 0.5]), weight("back", [1, 1, 2, 2])]
    shape = (1, 3, "H", "W")
    return model_of(nodes, [tensor("in", *shape)], [tensor("restored", *shape)], weights, opset=18)


@pytest.mark.usefixtures("rtx")
@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"graph": b"not a model"}, GeneratorError, ("Failed to parse the ONNX model", "again")),
        ({"graph": b""}, GeneratorError, ("at least one output", "Export it again")),
        ({"picture": TEN_BITS, "graph": request_for().graph}, EngineError,
         ("Dimension mismatch for tensor", "(--size)")),
        ({"picture": GRAY, "graph": request_for().graph}, EngineError, ("profile", "(--size)")),
    ],
    ids=["corrupt", "empty", "channels", "no profile"],
)  # fmt: skip
def test_what_tensorrt_refuses(changes, error, words):
    """The message says what is wrong in one line, and what to do."""
    with pytest.raises(error) as caught:
        build(request_for(**changes))

    for word in ("tiny", *words):
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)
    assert ".cpp" not in str(caught.value)


@pytest.mark.usefixtures("rtx")
def test_an_operator_that_tensorrt_lacks_is_named():
    """The generator's own node and operator are in the message, and another way."""
    with pytest.raises(GeneratorError, match=r"node 'shrink' \(Resize\): Antialiasing is not"):
        build(request_for(generator(antialiased()), precision="fp32"))


class Recorded(subprocess.Popen[bytes]):
    """Keeps the workers that were started."""

    started: list[Recorded]

    def __init__(self, *words, **options):
        super().__init__(*words, **options)
        Recorded.started.append(self)


@pytest.fixture
def workers(monkeypatch, tmp_path):
    """The workers of a test; their folders lie in an empty one."""
    Recorded.started = []
    monkeypatch.setattr(process.subprocess, "Popen", Recorded)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return Recorded.started


@pytest.mark.usefixtures("rtx")
def test_stopping_ends_the_worker(workers, tmp_path):
    """An exception while building, such as Ctrl-C, ends the worker of its own will, soon."""
    big = load_generator("auto")

    def stop(phase: str, share: float) -> None:
        raise KeyboardInterrupt

    began = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        build(request_for(big, profile=USUAL_PROFILE), stop)

    (worker,) = workers
    assert worker.returncode == 0
    assert time.perf_counter() - began < process.STOP_SECONDS
    assert list(tmp_path.iterdir()) == []


class Interrupted(Recorded):
    """Ctrl-C is pressed while it is waited for; not when it was killed."""

    def wait(self, timeout=None):  # noqa: D102
        if timeout is not None:
            raise KeyboardInterrupt
        return super().wait()


def test_interrupted_once_more_the_worker_is_killed(workers, monkeypatch):
    """A second Ctrl-C, while the worker is given time to end, leaves none behind."""

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(process.subprocess, "Popen", Interrupted)
    monkeypatch.setattr(process, "_followed", interrupted)
    with pytest.raises(KeyboardInterrupt):
        build(request_for())

    (worker,) = workers
    assert worker.returncode == -signal.SIGKILL


@pytest.mark.usefixtures("rtx")
def test_a_worker_does_not_outlive_its_parent(tmp_path):
    """When standard input ends, the build is cancelled, and no plan is left."""
    write_request(tmp_path, request_for(load_generator("auto")))
    worker = subprocess.Popen(
        [sys.executable, "-m", "deblurvid.build.worker", str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert worker.stdin
    assert worker.stdout
    for line in worker.stdout:
        if json.loads(line)[0] == "phase":
            break
    worker.stdin.close()
    rest = [json.loads(line) for line in worker.stdout]
    worker.stdout.close()

    assert worker.wait() == 0
    assert rest[-1] == ["cancelled"]
    assert not (tmp_path / PLAN).exists()


FAKES = {
    "crash": "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n",
    "memory": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n",
    "exit": "import os, sys\nsys.stderr.write('out of luck')\nsys.stderr.flush()\nos._exit(3)\n",
    "import": "raise ImportError('libnvinfer.so.11: cannot open shared object file')\n",
}


@pytest.mark.parametrize(
    ("fake", "words"),
    [
        ("crash", ("builder crashed (SIGSEGV)", "--debug")),
        ("memory", ("SIGKILL: perhaps memory ran out", "--size")),
        ("exit", ("ended unexpectedly: out of luck",)),
        ("import", ("tensorrt_rtx does not load: libnvinfer.so.11", "pip install")),
    ],
)
def test_a_worker_that_dies(tmp_path, monkeypatch, fake, words):
    """The process that asked lives on and tells how the other one ended."""
    (tmp_path / "tensorrt_rtx.py").write_text(FAKES[fake])
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")
    with pytest.raises(EngineError) as caught:
        build(request_for())

    for word in words:
        assert word in str(caught.value)


@pytest.mark.usefixtures("rtx")
def test_progress_rises_from_nothing_to_all():
    """Shares lie within 0 and 1, and most of the way is told."""
    shares: list[float] = []
    build(request_for(), lambda _phase, share: shares.append(share))

    assert all(0 <= share <= 1 for share in shares)
    assert shares[0] < 0.2
    assert np.max(shares) > 0.5


@pytest.mark.parametrize(
    ("visible", "device", "expected"),
    [(None, 1, "1"), ("2,5", 1, "5"), ("GPU-abc", 0, "GPU-abc"), ("", 0, ""), ("2,5", 2, "")],
)
def test_a_worker_sees_the_device_that_is_meant(monkeypatch, visible, device, expected):
    """Device N is the Nth that this process sees; what the environment hides stays hidden."""
    if visible is None:
        monkeypatch.delenv(process.DEVICES, raising=False)
    else:
        monkeypatch.setenv(process.DEVICES, visible)

    assert process._environment(device)[process.DEVICES] == expected
