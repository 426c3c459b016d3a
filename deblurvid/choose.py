"""Which engine runs, decided before work begins and never changed afterwards."""

from __future__ import annotations

import hashlib
import re
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from deblurvid.errors import EngineError, GeneratorError, OutputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from deblurvid.backends.base import Engine, EngineFactory, EngineSpec
    from deblurvid.backends.openvino import OpenVinoEngine
    from deblurvid.backends.preflight import Flavour
    from deblurvid.events import Event
    from deblurvid.frames import PictureFormat
    from deblurvid.graph.contract import Generator

PRECISIONS = ("auto", "fp32", "bf16", "fp16")
DEVICE_PATTERN = re.compile(r"auto|cpu|npu|gpu(\.\d+)?|cuda(:\d+)?")
PLAN_SUFFIX = ".plan"


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
CUDA_GENERATOR = "base"
"""What "auto" is on CUDA: better, and slower by what a GPU can spare."""


def load_generator(engine: str, *, cuda: bool = False) -> Generator:
    """The generator that `engine` names.

    Args:
        engine: "auto", "identity", the name of a shipped generator, or the path of an ONNX file.
        cuda: whether it is to run there, which "auto" depends on.

    Raises:
        UsageError: no such name and no such file.
        GeneratorError: the file is no generator, or what "auto" is has not been shipped.
    """
    from deblurvid.graph.contract import read_generator

    name = (CUDA_GENERATOR if cuda else DEFAULT_GENERATOR) if engine == "auto" else engine
    if name == "identity":
        from deblurvid.backends.identity import identity_generator

        return identity_generator()
    if name in shipped_generators() or engine == "auto":
        return read_generator(engines_folder() / f"{name}.onnx")
    path = Path(engine)
    if path.suffix.lower() == ".onnx" or path.exists():
        return read_generator(path)
    known = ", ".join(["auto", *shipped_generators(), "identity"])
    raise UsageError(f"engine {engine!r} is neither one of {known} nor an ONNX file that exists")


def opened_generator(engine: str, spec: EngineSpec) -> str:
    """What `engine` stands for once it is open: the name of what "auto" chose, else itself."""
    return spec.generator if engine == "auto" else engine


def engine_sha256(engine: str) -> str:
    """SHA-256 of what `engine` names, weights included; arguments and errors as `load_generator`."""
    if Path(engine).suffix.lower() == PLAN_SUFFIX:
        return hashlib.sha256(Path(engine).read_bytes()).hexdigest()
    return hashlib.sha256(load_generator(engine).model.SerializeToString()).hexdigest()


def open_engine(  # noqa: PLR0913 - each is a choice of its own
    engine: str = "auto",
    *,
    size: tuple[int, int],
    picture: PictureFormat,
    device: str = "auto",
    precision: str = "auto",
    on_build: Callable[[Event], None] | None = None,
    build: bool = True,
) -> Engine:
    """Open the engine that restores pictures of `size` and `picture`.

    Args:
        engine: as for `load_generator`, or the path of a plan, which runs on CUDA only.
        size: width and height.
        picture: sampling and depth of the frames.
        device: cpu, gpu or npu (Intel's, through OpenVINO), cuda[:N] (TensorRT), or auto: CUDA
            device 0 where it can be used, else the CPU, and then the spec's remark says why.
        precision: auto, fp32, bf16 or fp16.
        on_build: is told Building, Built and Notices where TensorRT has to build first.
        build: whether it may. If not, what would run on CUDA is described, and restores nothing.

    Raises:
        UsageError: an argument is not one of the above.
        GeneratorError: the generator cannot be used.
        EngineError: the device or the precision is not to be had here.
        OutputError: a plan was built and cannot be written into the cache.
    """
    _check_words(device, precision)
    tell = on_build or (lambda _: None)
    if Path(engine).suffix.lower() == PLAN_SUFFIX:
        number = _number_for_plan(engine, device, precision)
        from deblurvid.build.opening import open_plan

        return open_plan(Path(engine), picture, size=size, device=number, tell=tell)
    on_cuda = partial(_on_cuda, tell=tell) if build else _foreseen_on_cuda
    if device.startswith("cuda"):
        better, place = load_generator(engine, cuda=True), cuda_place(device)
        return on_cuda(better, picture, size=size, place=place, precision=precision)
    generator = load_generator(engine)
    if device != "auto":
        return _in_openvino(
            generator, picture, size=size, device=device.upper(), precision=precision
        )
    from deblurvid.backends.preflight import cuda_flavour, gpu_seems_present

    try:
        place = 0, cuda_flavour(0)
        better = load_generator(engine, cuda=True) if engine == "auto" else generator
        return on_cuda(better, picture, size=size, place=place, precision=precision)
    except (EngineError, GeneratorError, OutputError) as error:
        reason = f"not CUDA: {error}"
    opened = _in_openvino(generator, picture, size=size, device="CPU", precision=precision)
    opened.spec = replace(opened.spec, remark=reason, remarkable=gpu_seems_present())
    return opened


@contextmanager
def fitting_engine(  # noqa: PLR0913 - each is a choice of its own
    engine: str | Engine | EngineFactory,
    *,
    size: tuple[int, int],
    picture: PictureFormat,
    device: str,
    precision: str,
    on_build: Callable[[Event], None] | None = None,
    build: bool = True,
) -> Iterator[Engine]:
    """The engine that `engine` names or makes, open within; or `engine` itself, which stays open.

    Args:
        engine: as for `open_engine`, a function of size and picture that opens one, or one that is
            open already.
        size: width and height.
        picture: sampling and depth of the pictures.
        device: as for `open_engine`, as are the next three: for engines by name only.
        precision: see there.
        on_build: see there.
        build: see there.

    Raises:
        UsageError: the open engine is one for other pictures.
        DeblurvidError: as `open_engine`.
    """
    if isinstance(engine, str):
        with open_engine(
            engine,
            size=size,
            picture=picture,
            device=device,
            precision=precision,
            on_build=on_build,
            build=build,
        ) as opened:
            yield opened
        return
    if callable(engine):
        with engine(size, picture) as opened:
            yield opened
        return
    spec = engine.spec
    if (spec.width, spec.height, spec.picture) != (*size, picture):
        raise UsageError(
            f"the engine is open for {spec.width}x{spec.height} {_words(spec.picture)}, but the "
            f"pictures are {size[0]}x{size[1]} {_words(picture)}"
        )
    yield engine


def _words(picture: PictureFormat) -> str:
    return f"{picture.source} of {picture.depth} bits"


def check_engine(engine: str, *, device: str, precision: str) -> None:
    """Refuse what no picture could be restored by; arguments and errors as `open_engine`."""
    _check_words(device, precision)
    if Path(engine).suffix.lower() == PLAN_SUFFIX:
        _number_for_plan(engine, device, precision)
        return
    load_generator(engine, cuda=device.startswith("cuda"))
    if device.startswith("cuda"):
        cuda_place(device)


def _check_words(device: str, precision: str) -> None:
    if not DEVICE_PATTERN.fullmatch(device):
        raise UsageError(f"device {device!r} is not known; use auto, cpu, gpu, npu or cuda[:N]")
    if precision not in PRECISIONS:
        raise UsageError(f"precision {precision!r} is not known; use {', '.join(PRECISIONS)}")


def _in_openvino(
    generator: Generator,
    picture: PictureFormat,
    *,
    size: tuple[int, int],
    device: str,
    precision: str,
) -> OpenVinoEngine:
    from deblurvid.backends.openvino import OpenVinoEngine
    from deblurvid.graph.wrap import wrap

    return OpenVinoEngine(
        wrap(generator, picture), generator, picture, size=size, device=device, precision=precision
    )


def _on_cuda(
    generator: Generator,
    picture: PictureFormat,
    *,
    size: tuple[int, int],
    place: tuple[int, Flavour],
    precision: str,
    tell: Callable[[Event], None],
) -> Engine:  # fmt: skip
    from deblurvid.build.ready import open_on_cuda

    return open_on_cuda(
        generator,
        picture,
        size=size,
        device=place[0],
        flavour=place[1],
        precision=precision,
        tell=tell,
    )


def _foreseen_on_cuda(
    generator: Generator,
    picture: PictureFormat,
    *,
    size: tuple[int, int],
    place: tuple[int, Flavour],
    precision: str,
) -> Engine:
    from deblurvid.build.foresee import foresee_on_cuda

    return foresee_on_cuda(
        generator, picture, size=size, device=place[0], flavour=place[1], precision=precision
    )


def _number_for_plan(engine: str, device: str, precision: str) -> int:
    """The number of the CUDA device for a plan; UsageError for what does not go with one."""
    if not device.startswith(("auto", "cuda")):
        raise UsageError(f"{engine} is a plan, which runs on CUDA; device {device} cannot run it")
    if precision != "auto":
        raise UsageError(f"{engine} is a plan, whose precision is fixed; leave --precision out")
    if not Path(engine).is_file():
        raise UsageError(f"{engine}: no such plan; deblurvid build-engine makes one")
    return _number(device)


def _number(device: str) -> int:
    """The number of a CUDA device in words, such as cuda:1; 0 where there is none."""
    return int(device.partition(":")[2] or 0)


def cuda_place(device: str) -> tuple[int, Flavour]:
    """The number of a CUDA device in words, and the flavour of TensorRT that can run on it.

    Raises:
        EngineError: none can; one line says why.
    """
    from deblurvid.backends.preflight import cuda_flavour

    try:
        return _number(device), cuda_flavour(_number(device))
    except EngineError as exc:
        raise EngineError(f"device {device} cannot be used: {exc}; use --device cpu") from exc
