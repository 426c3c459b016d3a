"""Which engine runs, decided before work begins and never changed afterwards."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from deblurvid.errors import EngineError, UsageError

if TYPE_CHECKING:
    from deblurvid.backends.base import Engine
    from deblurvid.frames import PictureFormat
    from deblurvid.graph.contract import Generator

PRECISIONS = ("auto", "fp32", "bf16", "fp16")
DEVICE_PATTERN = re.compile(r"auto|cpu|npu|gpu(\.\d+)?|cuda(:\d+)?")


def engines_folder() -> Path:
    """The folder of the shipped generators: inside the installed package, else beside it."""
    package = Path(__file__).parent
    inside = package / "engines"
    return inside if inside.is_dir() else package.parent / "engines"


def shipped_generators() -> list[str]:
    """Names of the generators that come with the package, the default one first."""
    names = sorted(path.stem for path in engines_folder().glob("*.onnx"))
    return sorted(names, key=lambda name: name != DEFAULT_GENERATOR)


DEFAULT_GENERATOR = "fast"


def load_generator(engine: str) -> Generator:
    """The generator that `engine` names.

    Args:
        engine: "auto", "identity", the name of a shipped generator, or the path of an ONNX file.

    Raises:
        UsageError: no such name and no such file.
        GeneratorError: the file is no generator.
    """
    from deblurvid.graph.contract import read_generator

    name = DEFAULT_GENERATOR if engine == "auto" else engine
    if name == "identity":
        from deblurvid.backends.identity import identity_generator

        return identity_generator()
    if name in shipped_generators():
        return read_generator(engines_folder() / f"{name}.onnx")
    path = Path(engine)
    if path.suffix.lower() == ".onnx" or path.exists():
        return read_generator(path)
    known = ", ".join(["auto", *shipped_generators(), "identity"])
    raise UsageError(f"engine {engine!r} is neither one of {known} nor an ONNX file that exists")


def open_engine(
    engine: str = "auto",
    *,
    size: tuple[int, int],
    picture: PictureFormat,
    device: str = "auto",
    precision: str = "auto",
) -> Engine:
    """Open the engine that restores pictures of `size` and `picture`.

    Args:
        engine: as for `load_generator`.
        size: width and height.
        picture: sampling and depth of the frames.
        device: auto, cpu, gpu or npu (Intel's, through OpenVINO), or cuda.
        precision: auto, fp32, bf16 or fp16.

    Raises:
        UsageError: an argument is not one of the above.
        GeneratorError: the generator cannot be used.
        EngineError: the device or the precision is not to be had here.
    """
    if not DEVICE_PATTERN.fullmatch(device):
        raise UsageError(f"device {device!r} is not known; use auto, cpu, gpu, npu or cuda[:N]")
    if precision not in PRECISIONS:
        raise UsageError(f"precision {precision!r} is not known; use {', '.join(PRECISIONS)}")
    if device.startswith("cuda"):
        raise EngineError(
            f"device {device} needs the TensorRT engine, which this version does not have yet; "
            "use --device cpu"
        )
    generator = load_generator(engine)

    from deblurvid.backends.openvino import OpenVinoEngine
    from deblurvid.graph.wrap import wrap

    return OpenVinoEngine(
        wrap(generator, picture),
        generator,
        picture,
        size=size,
        device="CPU" if device == "auto" else device.upper(),
        precision=precision,
    )
