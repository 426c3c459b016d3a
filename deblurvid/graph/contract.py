"""What a generator is: an ONNX file that restores one picture (contract version 1).

Two kinds, told apart by `deblurvid.kind` in the file's metadata, else by the inputs:

- planes: y [N,1,H,W], u and v [N,1,ceil(H/2),ceil(W/2)], float, code / 2^depth, so that the same
  picture has the same numbers at every depth -> residuals dy, du, dv of the same shapes and scale.
- rgb: one float input [N,3,H,W] -> the restored picture, same shape, values in [0,1] or [-1,1].

The second dimension is where windows of frames will go; a generator that asks for one is refused.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import onnx

from deblurvid.errors import GeneratorError

if TYPE_CHECKING:
    from pathlib import Path

CONTRACT_VERSION = "1"
OLDEST_OPSET = 13
UNSTATED_RGB_MULTIPLE = "32"
"""Assumed of an rgb generator from elsewhere: enough for five halvings, cheap for all others."""
BF16_FLOOR_DB = 50.0
"""PSNR of the bf16 picture against FP32's from which bf16 counts as passed."""

Kind = Literal["planes", "rgb"]
Range = Literal["0..1", "-1..1"]

PLANE_INPUTS = ("y", "u", "v")
PLANE_OUTPUTS = ("dy", "du", "dv")

FLOATS = (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16)


class Key:
    """Names in a generator's `metadata_props`."""

    CONTRACT = "deblurvid.contract"
    NAME = "deblurvid.name"
    KIND = "deblurvid.kind"
    MULTIPLE_OF = "deblurvid.multiple_of"
    RANGE = "deblurvid.range"
    LICENCE = "deblurvid.licence"
    WEIGHTS_SHA256 = "deblurvid.weights_sha256"
    PARITY = "deblurvid.parity"
    """JSON: {"bf16": {"psnr_db": ...}, ...} of the restored picture against FP32's."""
    TRAINING = "deblurvid.training"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Generator:
    """A checked generator: the model, and what its contract says."""

    model: onnx.ModelProto
    name: str
    kind: Kind
    multiple_of: int
    """Both sides of what it is fed must be a multiple of this. At least 1; even for `planes`
    unless 1, so that chroma stays aligned."""
    value_range: Range
    """Range of an `rgb` generator's values; `planes` generators leave it at 0..1."""
    metadata: dict[str, str]

    @property
    def opset(self) -> int:
        """Version of the standard operator set that the file uses."""
        return opset_of(self.model)

    @property
    def passed_bf16(self) -> bool:
        """Whether the metadata state a bf16 parity of at least BF16_FLOOR_DB."""
        try:
            return float(json.loads(self.metadata[Key.PARITY])["bf16"]["psnr_db"]) >= BF16_FLOOR_DB
        except (KeyError, TypeError, ValueError, OverflowError, RecursionError):
            return False


def read_generator(path: Path, *, value_range: Range | None = None) -> Generator:
    """Read and check the generator in an ONNX file.

    Args:
        path: the file; external weights are looked for beside it, as ONNX defines.
        value_range: overrides the metadata of an `rgb` generator.

    Raises:
        GeneratorError: it is no ONNX file, or does not keep the contract; the message says which
            input, output or metadata entry is wrong.
    """
    try:
        model = onnx.load(path)
        onnx.checker.check_model(model)
    except FileNotFoundError as exc:
        raise GeneratorError(f"{path}: no such generator file") from exc
    except Exception as exc:  # protobuf and checker raise types of their own
        reason = str(exc).strip().splitlines()[0] if str(exc).strip() else type(exc).__name__
        raise GeneratorError(f"{path}: not a valid ONNX file ({reason})") from exc
    try:
        return generator_from_model(model, name=path.stem, value_range=value_range)
    except GeneratorError as exc:
        raise GeneratorError(f"{path}: {exc}") from exc


def generator_from_model(
    model: onnx.ModelProto, *, name: str, value_range: Range | None = None
) -> Generator:
    """Check a model in memory against the contract; as `read_generator`."""
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    version = metadata.get(Key.CONTRACT, CONTRACT_VERSION)
    if version != CONTRACT_VERSION:
        raise GeneratorError(
            f"{Key.CONTRACT} is {version!r}; this version knows {CONTRACT_VERSION!r}. "
            "Update deblurvid, or export the generator again"
        )
    if opset_of(model) < OLDEST_OPSET:
        raise GeneratorError(
            f"opset {opset_of(model)}; at least {OLDEST_OPSET} is needed. Export it again, or "
            "convert it with onnx.version_converter"
        )
    kind = _kind(model, metadata)
    (_check_planes if kind == "planes" else _check_rgb)(model)
    return Generator(
        model=model,
        name=metadata.get(Key.NAME, name),
        kind=kind,
        multiple_of=_multiple_of(metadata, kind),
        value_range=value_range or _range(metadata),
        metadata=metadata,
    )


def weights_sha256(model: onnx.ModelProto) -> str:
    """SHA-256 over the initialisers' raw bytes, in the file's order."""
    digest = hashlib.sha256()
    for tensor in model.graph.initializer:
        digest.update(onnx.numpy_helper.to_array(tensor).tobytes())
    return digest.hexdigest()


def real_inputs(model: onnx.ModelProto) -> list[Any]:
    """The graph's inputs that are not initialisers."""
    weights = {tensor.name for tensor in model.graph.initializer}
    return [value for value in model.graph.input if value.name not in weights]


def opset_of(model: onnx.ModelProto) -> int:
    """Version of the standard operator set that a model uses; 0 where it states none."""
    versions = [o.version for o in model.opset_import if o.domain in ("", "ai.onnx")]
    return int(versions[0]) if versions else 0


def _kind(model: onnx.ModelProto, metadata: dict[str, str]) -> Kind:
    stated = metadata.get(Key.KIND)
    if stated is not None:
        for kind in get_args(Kind):
            if stated == kind:
                return kind  # type: ignore[no-any-return]
        raise GeneratorError(f"{Key.KIND} is {stated!r}; one of {', '.join(get_args(Kind))}")
    names = [value.name for value in real_inputs(model)]
    if set(names) == set(PLANE_INPUTS):
        return "planes"
    if len(names) == 1:
        return "rgb"
    raise GeneratorError(
        f"inputs {names}: a generator takes either y, u and v, or one RGB picture [N,3,H,W]"
    )


def _check_planes(model: onnx.ModelProto) -> None:
    inputs, outputs = real_inputs(model), list(model.graph.output)
    for role, values, wanted in (
        ("input", inputs, PLANE_INPUTS),
        ("output", outputs, PLANE_OUTPUTS),
    ):
        names = [value.name for value in values]
        if missing := [name for name in wanted if name not in names]:
            raise GeneratorError(f"{role} {missing[0]!r} is missing; the file has {names}")
        if extra := [name for name in names if name not in wanted]:
            raise GeneratorError(f"{role} {extra[0]!r} is not known; expected {list(wanted)}")
        for value in values:
            _check_tensor(value, role, channels=1)


def _check_rgb(model: onnx.ModelProto) -> None:
    inputs, outputs = real_inputs(model), list(model.graph.output)
    for role, values in (("input", inputs), ("output", outputs)):
        if len(values) != 1:
            names = [value.name for value in values]
            raise GeneratorError(f"{len(values)} {role}s {names}; an rgb generator has one")
        _check_tensor(values[0], role, channels=3)


def _check_tensor(value: onnx.ValueInfoProto, role: str, *, channels: int) -> None:
    tensor = value.type.tensor_type
    label = f"{role} {value.name!r}"
    if tensor.elem_type not in FLOATS:
        kind = onnx.TensorProto.DataType.Name(tensor.elem_type)
        raise GeneratorError(f"{label} is {kind}; float or float16 is needed")
    if not tensor.HasField("shape"):
        return  # an output whose shape the exporter did not state
    dims = [d.dim_value or d.dim_param or "?" for d in tensor.shape.dim]
    if len(dims) != 4:
        raise GeneratorError(f"{label} has shape {dims}; four dimensions [N,C,H,W] are needed")
    if isinstance(dims[0], int) and dims[0] != 1:
        raise GeneratorError(
            f"{label} has a fixed batch of {dims[0]}; 1 or a dynamic one is needed"
        )
    got = dims[1]
    if isinstance(got, int) and got != channels:
        if got % channels == 0:
            raise GeneratorError(
                f"{label} has {got} channels, a window of {got // channels} frames; windows are "
                f"not supported yet, {channels} is needed"
            )
        raise GeneratorError(f"{label} has {got} channels; {channels} is needed")
    if isinstance(dims[2], int) or isinstance(dims[3], int):
        raise GeneratorError(
            f"{label} has the fixed size {dims[2:]}; export it with dynamic height and width"
        )


def _multiple_of(metadata: dict[str, str], kind: Kind) -> int:
    text = metadata.get(Key.MULTIPLE_OF, "1" if kind == "planes" else UNSTATED_RGB_MULTIPLE)
    if not text.isdecimal() or not 1 <= int(text) <= 1024:
        raise GeneratorError(f"{Key.MULTIPLE_OF} is {text!r}; a whole number of 1 to 1024")
    multiple = int(text)
    if kind == "planes" and multiple > 1 and multiple % 2:
        raise GeneratorError(f"{Key.MULTIPLE_OF} is {multiple}; a planes generator's must be even")
    return multiple


def _range(metadata: dict[str, str]) -> Range:
    stated = metadata.get(Key.RANGE, "0..1")
    for value_range in get_args(Range):
        if stated == value_range:
            return value_range  # type: ignore[no-any-return]
    raise GeneratorError(f"{Key.RANGE} is {stated!r}; one of {', '.join(get_args(Range))}")
