"""Builds PyCUDA's wheel on a machine with a CUDA compiler but no driver.

`python tests/cuda/build_pycuda.py FOLDER` leaves the wheel in FOLDER; nothing happens if it is there.

PyCUDA has no wheels of its own. With a full CUDA toolkit and a driver `pip install pycuda` is all
it takes; here there is neither libcuda to link against nor cuRAND, and nvcc on the path may be a
wrapper that lies outside its toolkit. So it is told where the toolkit is, given the fake driver to
link against, and built without cuRAND, which deblurvid does not use. What comes out asks for
libcuda.so.1 when it is imported, like any other.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

VERSION = "2026.1"
FAKE_DRIVER = Path(__file__).resolve().with_name("fake_libcuda.c")


def main(folder: Path) -> int:
    """Build the wheel into `folder`."""
    if any(folder.glob(f"pycuda-{VERSION}-*.whl")):
        return 0
    with tempfile.TemporaryDirectory(prefix="pycuda-") as name:
        home = Path(name)
        # Not an empty library: linkers leave out what gives them nothing.
        driver = [
            "cc",
            "-shared",
            "-fPIC",
            "-pthread",
            str(FAKE_DRIVER),
            "-Wl,-soname,libcuda.so.1",
        ]
        subprocess.run([*driver, "-o", str(home / "libcuda.so")], check=True)
        # Read by PyCUDA's setup from the home folder, and from nowhere else that a user may write.
        (home / ".aksetup-defaults.py").write_text(
            f"CUDA_ROOT = {str(toolkit())!r}\n"
            f"CUDADRV_LIB_DIR = [{str(home)!r}]\n"
            "CUDA_ENABLE_CURAND = False\n",
            encoding="utf-8",
        )
        environment = {**os.environ, "HOME": name}
        command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-binary", "pycuda"]
        command += ["--no-cache-dir", "--wheel-dir", str(folder), f"pycuda=={VERSION}"]
        return subprocess.run(command, env=environment, check=False).returncode


def toolkit() -> Path:
    """The folder of the CUDA toolkit that nvcc belongs to."""
    with tempfile.TemporaryDirectory() as name:
        source = Path(name, "empty.cu")
        source.touch()
        told = subprocess.run(
            ["nvcc", "--dryrun", source], capture_output=True, text=True, check=True
        )
    found = re.search(r"^#\$ TOP=(.+)$", told.stderr, re.MULTILINE)
    if found is None:
        raise SystemExit("nvcc --dryrun does not tell where its toolkit is")
    return Path(found[1]).resolve()


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
