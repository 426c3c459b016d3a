"""`--help` answers at once, because it imports nothing heavy."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = {
    "av",
    "numpy",
    "onnx",
    "openvino",
    "torch",
    "tensorrt",
    "tensorrt_rtx",
    "pycuda",
    "cv2",
    "skimage",
    "PIL",
}

PROBE = """
import contextlib, io, json, sys, time
with contextlib.redirect_stdout(io.StringIO()) as shown:
    from deblurvid.cli import main
    code = main(sys.argv[1:])
report = {"code": code, "shown": shown.getvalue(), "modules": sorted(sys.modules)}
print(json.dumps(report | {"cpu_seconds": time.process_time()}))
"""


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["--version"],
        ["run", "--help"],
        ["folder", "--help"],
        ["doctor", "--help"],
        ["bench", "--help"],
        ["build-engine", "--help"],
        ["engines", "--help"],
        ["score", "--help"],
        ["compare", "--help"],
        ["run"],
    ],
)
def test_help_is_light(words: list[str]) -> None:
    """No help and no usage error imports FFmpeg, NumPy, ONNX or an engine."""
    probe = [sys.executable, "-c", PROBE, *words]
    done = subprocess.run(probe, capture_output=True, text=True, check=True)

    report = json.loads(done.stdout)
    # 0.5 is the aim, but load makes it vary: shown by pytest -s.
    sys.stdout.write(f"{report['cpu_seconds']:.2f} s of CPU time for {' '.join(words)}\n")
    assert HEAVY.isdisjoint(report["modules"])
    assert report["shown"] or report["code"] == 2


def test_package_is_light() -> None:
    """Importing the package costs no heavy import either; its names come when they are used."""
    code = "import deblurvid, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert HEAVY.isdisjoint(done.stdout.split())
