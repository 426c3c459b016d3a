"""What a shell may complete an option's value to.

Each function takes the beginning of a word and gives (value, what it is) of all that it may become.
Files that are not named here the shell completes by itself.
"""

from __future__ import annotations

from pathlib import Path

ENGINE_FILES = (".onnx", ".plan")


def engine_values(begun: str) -> list[tuple[str, str]]:
    """Of `--engine`: names, and the generators and plans in the folder that the word names."""
    return [
        ("auto", "base on CUDA, else fast"),
        ("identity", "changes nothing"),
        *generators(begun),
    ]


def generators(begun: str) -> list[tuple[str, str]]:
    """Of GENERATOR: the shipped ones and files."""
    from deblurvid.choose import shipped_generators

    folder = begun[: begun.rfind("/") + 1]
    files = sorted(p.name for p in Path(folder or ".").glob("*") if p.suffix in ENGINE_FILES)
    shipped = [(name, "shipped generator") for name in shipped_generators()]
    return shipped + [(folder + name, "file") for name in files]


def device_values(begun: str) -> list[tuple[str, str]]:  # noqa: ARG001 - typer's form
    """Of `--device`."""
    return [
        ("auto", "cuda where it can be used, else cpu"),
        ("cpu", "through OpenVINO"),
        ("gpu", "an Intel GPU, through OpenVINO"),
        ("npu", "an Intel NPU, through OpenVINO"),
        ("cuda", "an NVIDIA GPU, through TensorRT"),
    ]


def codec_values(begun: str) -> list[tuple[str, str]]:  # noqa: ARG001 - typer's form
    """Of `--codec`: what `deblurvid doctor` tries; FFmpeg has more."""
    from deblurvid.stages.trial import ENCODERS

    return [(name, "encoder") for name in ENCODERS]
