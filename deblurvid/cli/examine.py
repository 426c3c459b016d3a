"""What this machine and this installation can do, as plain values that JSON can hold."""

from __future__ import annotations

import json
import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

from deblurvid import __version__
from deblurvid.cli.hiding import without_names
from deblurvid.cli.surroundings import environment, graphics, memory, system

PACKAGES = ("av", "numpy", "onnx", "openvino", "tensorrt", "tensorrt_rtx", "pycuda")
NEEDED_ENCODER = "libx264"
LOCK = ".lock"
"""Of a cache; no file of it."""


def examine() -> dict[str, Any]:
    """Everything that `deblurvid doctor` tells, without names; nothing in it raises."""
    report: dict[str, Any] = {
        "versions": versions(),
        "cpu": cpu(),
        "memory": memory(),
        "graphics": graphics(),
        "engines": engines(),
        "encoders": encoders(),
        "generators": generators(),
        "caches": caches(),
        "environment": environment(),
    }
    problems = _problems(report)
    report = without_names(report | {"problems": problems})
    return report | {"can_run": not problems}


def _problems(report: dict[str, Any]) -> list[str]:
    """What stands in the way of `deblurvid run in.mp4 -o out.mp4`."""
    problems = []
    if not any(e["device"] == "CPU" and e["usable"] for e in report["engines"]):
        problems.append("OpenVINO does not run on this CPU")
    if not any(e["name"] == NEEDED_ENCODER and e["usable"] for e in report["encoders"]):
        problems.append(f"the encoder {NEEDED_ENCODER} does not open")
    if not any(g["default"] and g["usable"] for g in report["generators"]):
        problems.append("the default generator is missing or broken; name another by --engine")
    return problems


def versions() -> dict[str, str | None]:
    """Versions by name; None where something is not installed."""
    found: dict[str, str | None] = {
        "deblurvid": __version__,
        "python": platform.python_version(),
        "system": system(),
    }
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    try:
        from deblurvid.stages.trial import ffmpeg_versions

        return found | ffmpeg_versions()
    except Exception as exc:  # noqa: BLE001 - the report goes on
        return found | {"ffmpeg": f"cannot be loaded: {exc}"}


def cpu() -> dict[str, Any]:
    """Name, cores, and the instructions that decide about speed; None where it cannot be told."""
    name, flags = platform.processor(), None
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text(encoding="utf-8", errors="replace").splitlines()
        fields = {key.strip(): value.strip() for key, _, value in (x.partition(":") for x in lines)}
        name = fields.get("model name", name)
        flags = set(fields["flags"].split()) if "flags" in fields else None
    usable = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else ()
    return {
        "name": name or platform.machine(),
        "cores": os.cpu_count(),
        "usable_cores": len(usable) or os.cpu_count(),
        "amx_bf16": None if flags is None else "amx_bf16" in flags,
        "avx512_bf16": None if flags is None else "avx512_bf16" in flags,
    }


def engines() -> list[dict[str, Any]]:
    """One entry for each device of each engine, and why it cannot be used."""
    absent: dict[str, Any] = {"device": None, "name": None, "precisions": [], "usable": False}
    try:
        from deblurvid.backends.openvino import capabilities, devices

        found = [
            {
                "engine": "openvino",
                "device": device,
                "name": name,
                "precisions": [p for p in ("FP32", "BF16", "FP16") if p in capabilities(device)],
                "usable": True,
                "reason": None,
            }
            for device, name in devices().items()
        ]
    except Exception as exc:  # noqa: BLE001 - the report goes on
        found = [absent | {"engine": "openvino", "reason": f"cannot be loaded: {exc}"}]
    return [*found, *_tensorrt(absent)]


def _tensorrt(absent: dict[str, Any]) -> list[dict[str, Any]]:
    """The flavour of TensorRT that runs on the first GPU, or why none does; and who can build."""
    from deblurvid.backends.preflight import cuda_flavour, installed_flavours

    try:
        from deblurvid.backends.cuda import device_facts

        flavour, gpu = cuda_flavour(0), device_facts(0)
    except Exception as exc:  # noqa: BLE001 - the report goes on
        builds = "; it builds plans (build-engine)" if "rtx" in installed_flavours() else ""
        return [absent | {"engine": "tensorrt", "device": "cuda", "reason": f"{exc}{builds}"}]
    works = {"name": f"{gpu}, by {flavour}", "usable": True, "reason": None}
    precisions = ["FP32", "BF16", "FP16"] if gpu.has_bf16 else ["FP32", "FP16"]
    return [absent | works | {"engine": "tensorrt", "device": "cuda:0", "precisions": precisions}]


def encoders() -> list[dict[str, Any]]:
    """Encoders that are commonly asked for, each tried on one picture."""
    try:
        from deblurvid.stages.trial import ENCODERS, why_not

        reasons = {name: why_not(name) for name in ENCODERS}
    except Exception as exc:  # noqa: BLE001 - the report goes on
        reasons = {NEEDED_ENCODER: f"cannot be tried: {exc}"}
    return [
        {"name": name, "usable": reason is None, "reason": reason}
        for name, reason in reasons.items()
    ]


def generators() -> list[dict[str, Any]]:
    """The shipped generators and what their metadata say."""
    from deblurvid.choose import (
        CUDA_GENERATOR,
        DEFAULT_GENERATOR,
        engines_folder,
        shipped_generators,
    )

    return [
        {
            "name": name,
            "default": name == DEFAULT_GENERATOR,
            "default_on_cuda": name == CUDA_GENERATOR,
            **_generator(engines_folder() / f"{name}.onnx"),
        }
        for name in shipped_generators()
    ]


def _generator(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = {"path": str(path), "size_bytes": path.stat().st_size}
    try:
        from deblurvid.graph.contract import Key, read_generator

        generator = read_generator(path)
    except Exception as exc:  # noqa: BLE001 - the report goes on
        return found | {"usable": False, "reason": str(exc)}
    return found | {
        "usable": True,
        "reason": None,
        "kind": generator.kind,
        "multiple_of": generator.multiple_of,
        "licence": generator.metadata.get(Key.LICENCE),
        "passed_bf16": generator.passed_bf16,
        "training": _object(generator.metadata.get(Key.TRAINING)),
    }


def _object(text: str | None) -> Any:
    """What a metadata entry says: an object if it is JSON, else the words themselves."""
    try:
        return None if text is None else json.loads(text)
    except ValueError:
        return text


def caches() -> list[dict[str, Any]]:
    """Folders that deblurvid keeps files in; they can be deleted at any time."""
    from deblurvid.build.cache import cache_folder as plans_folder

    try:
        from deblurvid.backends.openvino import cache_folder
    except Exception:  # noqa: BLE001 - `engines` tells why
        return [_cache("plans of TensorRT", plans_folder())]
    return [
        _cache("compiled models of OpenVINO", cache_folder()),
        _cache("plans of TensorRT", plans_folder()),
    ]


def _cache(name: str, folder: Path) -> dict[str, Any]:
    found = folder.rglob("*") if folder.is_dir() else ()
    files = [path for path in found if path.is_file() and path.name != LOCK]
    size_bytes = sum(path.stat().st_size for path in files)
    return {"name": name, "path": str(folder), "files": len(files), "size_bytes": size_bytes}
