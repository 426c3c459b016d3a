"""Every name of TensorRT that the package uses exists in 10.16, in 11.4 and in TensorRT-RTX."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PACKAGE = HERE.parent.parent / "deblurvid"
SOURCES = [
    path
    for path in (*PACKAGE.glob("build/*.py"), *PACKAGE.glob("backends/*.py"))
    if "trt." in path.read_text()
]
DUMPS = {path.stem: json.loads(path.read_text()) for path in HERE.glob("*.json")}

CLASSES = {
    "levels": "ILogger",
    "builder": "Builder",
    "network": "INetworkDefinition",
    "parser": "OnnxParser",
    "first": "ParserError",
    "config": "IBuilderConfig",
    "profile": "IOptimizationProfile",
    "tensor": "ITensor",
    "_runtime": "Runtime",
    "_engine": "ICudaEngine",
    "engine": "ICudaEngine",
    "_context": "IExecutionContext",
    "context": "IExecutionContext",
}
"""What the variables and attributes of these names hold."""
ONLY_IN_RTX = {"ComputeCapability", "num_compute_capabilities", "set_compute_capability"}


def chains() -> set[tuple[str, ...]]:
    """All dotted names in the sources that begin with `trt` or with a key of CLASSES."""
    found = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and re.fullmatch(r"[\w.]+", ast.unparse(node)):
                names = ast.unparse(node).removeprefix("self.").split(".")
                if len(names) > 1 and (names[0] == "trt" or names[0] in CLASSES):
                    found.add(tuple(names))
    return found


USED = sorted(chains())


def test_the_list_is_not_empty_or_stale():
    """The sources are read, and every kind of object in the table is used."""
    assert {"trt", *CLASSES} == {names[0] for names in USED}
    assert ("trt", "NetworkDefinitionCreationFlag", "STRONGLY_TYPED") in USED
    assert {"tensorrt-10.16", "tensorrt-11.4", "tensorrt_rtx-1.7"} == set(DUMPS)


@pytest.mark.parametrize("binding", sorted(DUMPS))
def test_every_name_exists(binding):
    """Classes, their members, enumerators, methods."""
    names = DUMPS[binding]["names"]
    missing = []
    for base, first, *rest in USED:
        known = first in names if base == "trt" else first in names[CLASSES[base]]
        members = names.get(first, []) if base == "trt" else []
        if base == "trt" and rest:
            known = known and rest[0] in (*members, "__init__", "__members__")
        if not known and not (first in ONLY_IN_RTX and "rtx" not in binding):
            missing.append(".".join((base, first, *rest)))

    assert missing == []


def test_names_that_version_11_removed_are_seen_as_missing():
    """The dumps tell versions apart: the FP16 flag is in 10.16 alone."""
    flags = {name: "FP16" in dump["names"]["BuilderFlag"] for name, dump in DUMPS.items()}

    assert flags == {"tensorrt-10.16": True, "tensorrt-11.4": False, "tensorrt_rtx-1.7": False}


def test_the_dump_is_what_the_installed_binding_offers(tmp_path):
    """The script, run on the TensorRT-RTX that is installed, gives the file in the repository."""
    module = pytest.importorskip("tensorrt_rtx")
    stated = DUMPS["tensorrt_rtx-1.7"]
    if module.__version__ != stated["version"]:
        pytest.skip(f"tensorrt_rtx {module.__version__} is installed")
    from tests.trt_api.dump import main

    main("tensorrt_rtx", tmp_path / "dump.json")

    assert stated == json.loads((tmp_path / "dump.json").read_text())
