"""Writes the names in a TensorRT binding: `python tests/trt_api/dump.py MODULE OUT.json`.

The bindings of TensorRT are on PyPI (tensorrt-cu13-bindings, module tensorrt_bindings), the
libraries that they are linked against are not. Stubs of these, whose functions all give a null
pointer, are enough to import the real binding and to look at it. TensorRT-RTX comes with its
libraries and needs none.

    pip install --target FOLDER --no-deps tensorrt-cu13-bindings==11.4.0.106
    PYTHONPATH=FOLDER python tests/trt_api/dump.py tensorrt_bindings tests/trt_api/tensorrt-11.4.json
"""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

STUBS = {
    "libnvinfer": (
        "createInferBuilder_INTERNAL createInferRefitter_INTERNAL createInferRuntime_INTERNAL "
        "getBuilderPluginRegistry getPluginRegistry"
    ),
    "libnvonnxparser": (
        "createNvOnnxParserRefitter_INTERNAL createNvOnnxParser_INTERNAL getNvOnnxParserVersion"
    ),
    "libnvinfer_plugin": "initLibNvInferPlugins",
}
"""Libraries by name, and the functions that the bindings take from each."""


def main(name: str, out: Path) -> int:
    """Dump module `name` to `out`."""
    with tempfile.TemporaryDirectory() as folder:
        if name == "tensorrt_bindings":
            _load_stubs(Path(folder))
        module = importlib.import_module(name)
    found = {key: _members(getattr(module, key)) for key in sorted(dir(module))}
    lines = [f'"module": "{name}"', f'"version": "{module.__version__}"', '"names": {']
    names = ",\n".join(f'"{key}": {json.dumps(members)}' for key, members in found.items())
    out.write_text("{\n" + ",\n".join(lines) + f"\n{names}\n}}}}\n", encoding="utf-8")
    return 0


def _members(value: Any) -> list[str]:
    """Names that a class has of its own kind; none for anything else."""
    if isinstance(value, ModuleType) or not isinstance(value, type):
        return []
    return sorted(name for name in dir(value) if not name.startswith("_"))


def _load_stubs(folder: Path) -> None:
    """Compile and load stand-ins under the very names that the binding asks for."""
    package = importlib.util.find_spec("tensorrt_bindings")
    assert package is not None
    assert package.origin is not None
    binding = Path(package.origin).with_name("tensorrt.so").read_bytes()
    for library, functions in STUBS.items():
        asked = re.search(rb"\0(" + library.encode() + rb"\.so\.\d+)\0", binding)
        assert asked is not None, f"the binding does not ask for {library}"
        name = asked[1].decode()
        source = folder / f"{library}.c"
        source.write_text("".join(f"void *{f}(void) {{ return 0; }}\n" for f in functions.split()))
        command = ["cc", "-shared", "-fPIC", f"-Wl,-soname,{name}", str(source)]
        subprocess.run([*command, "-o", str(folder / name)], check=True)
        ctypes.CDLL(str(folder / name), mode=ctypes.RTLD_GLOBAL)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], Path(sys.argv[2])))
