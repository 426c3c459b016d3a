"""Tiny generators, built node by node: each a plain function that gives an ONNX model.

All have convolutions for a body, so that a low precision has something to act on. What the last
convolution gives is random times `gain`; with a gain of 0 it is the honest zero generator. Known
residuals come in behind it, as the convolution's bias or as a table of the (padded) picture's size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from deblurvid.graph.contract import Generator, Key, Range, generator_from_model

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import ArrayLike

OPSET, IR_VERSION = 17, 8
HIDDEN = 8

Triple = tuple[float, float, float]
Tables = tuple["ArrayLike", "ArrayLike", "ArrayLike"]


def generator(model: onnx.ModelProto, *, value_range: Range | None = None) -> Generator:
    """`model`, checked against the contract."""
    return generator_from_model(model, name="tiny", value_range=value_range)


def save(model: onnx.ModelProto, path: Path) -> Path:
    """Write `model` to `path` and give the path back."""
    onnx.save(model, path)
    return path


def with_metadata(model: onnx.ModelProto, entries: dict[str, str]) -> onnx.ModelProto:
    """`model` with entries added to its metadata, or replaced."""
    known = {entry.key: entry.value for entry in model.metadata_props}
    helper.set_model_props(model, known | entries)
    return model


def node(op_type: str, inputs: str, outputs: str, **attributes: Any) -> onnx.NodeProto:
    """A node; inputs and outputs are names with spaces between."""
    return helper.make_node(op_type, inputs.split(), outputs.split(), **attributes)


def weight(name: str, values: ArrayLike, dtype: type = np.float32) -> onnx.TensorProto:
    """An initialiser."""
    return numpy_helper.from_array(np.asarray(values, dtype), name)


def tensor(name: str, *shape: str | int, kind: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
    """A graph input or output."""
    return helper.make_tensor_value_info(name, kind, shape)


def planes_tensors(names: str, kind: int = TensorProto.FLOAT) -> list[onnx.ValueInfoProto]:
    """Inputs or outputs of a planes generator, by three names with spaces between."""
    luma, *chroma = names.split()
    return [
        tensor(luma, 1, 1, "H", "W", kind=kind),
        *(tensor(name, 1, 1, "h", "w", kind=kind) for name in chroma),
    ]


def model_of(
    nodes: Sequence[onnx.NodeProto],
    inputs: Sequence[onnx.ValueInfoProto],
    outputs: Sequence[onnx.ValueInfoProto],
    weights: Sequence[onnx.TensorProto] = (),
    *,
    opset: int = OPSET,
) -> onnx.ModelProto:
    """A model without metadata."""
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, weights)
    version = IR_VERSION if opset <= 18 else onnx.IR_VERSION
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=version
    )


def _convolutions(channels: int, *, gain: float, bias: Sequence[float]) -> list[onnx.TensorProto]:
    """Weights of channels -> HIDDEN -> channels, 3x3; `gain` scales the second's."""
    rng = np.random.default_rng(1)
    return [
        weight("w1", rng.normal(size=(HIDDEN, channels, 3, 3)) / 6),
        weight("b1", rng.normal(size=HIDDEN) / 6),
        weight("w2", gain * rng.normal(size=(channels, HIDDEN, 3, 3)) / 6),
        weight("b2", bias),
    ]


_BODY = [
    node("Conv", "in w1 b1", "before", pads=[1] * 4),
    node("Relu", "before", "hidden"),
    node("Conv", "hidden w2 b2", "out", pads=[1] * 4),
]


def planes_model(
    *,
    gain: float = 0.0,
    bias: Triple = (0, 0, 0),
    tables: Tables | None = None,
    fold: int = 2,
    opset: int = OPSET,
) -> onnx.ModelProto:
    """A planes generator: residual = gain * convolutions + bias + tables.

    Built as the shipped ones are: Y folded until it lines up with U and V, convolutions, unfolded.
    """
    luma, chroma = fold * fold, fold * fold // 4
    folded = [name if fold == 2 else f"s{name}" for name in "uv"]
    unfolded = [name if fold == 2 else f"t{name}" for name in ("du", "dv")]
    nodes = [node("SpaceToDepth", "y", "sy", blocksize=fold)]
    if fold > 2:
        nodes += [node("SpaceToDepth", x, f"s{x}", blocksize=fold // 2) for x in "uv"]
    nodes += [
        node("Concat", f"sy {' '.join(folded)}", "in", axis=1),
        *_BODY,
        node("Split", "out parts", f"ty {' '.join(unfolded)}", axis=1),
        node("DepthToSpace", "ty", "dy", blocksize=fold),
    ]
    if fold > 2:
        nodes += [node("DepthToSpace", f"t{x}", x, blocksize=fold // 2) for x in ("du", "dv")]
    spread = [bias[0]] * luma + [bias[1]] * chroma + [bias[2]] * chroma
    weights = [
        *_convolutions(luma + 2 * chroma, gain=gain, bias=spread),
        weight("parts", [luma, chroma, chroma], np.int64),
    ]
    if tables is not None:
        nodes, more = _with_tables(nodes, tables)
        weights += more
    model = model_of(
        nodes, planes_tensors("y u v"), planes_tensors("dy du dv"), weights, opset=opset
    )
    return with_metadata(model, {Key.KIND: "planes", Key.MULTIPLE_OF: str(fold)})


def _with_tables(
    nodes: list[onnx.NodeProto], tables: Tables
) -> tuple[list[onnx.NodeProto], list[onnx.TensorProto]]:
    weights = []
    for name, values in zip(("dy", "du", "dv"), tables, strict=True):
        for one in nodes:
            one.output[:] = [f"net_{name}" if output == name else output for output in one.output]
        nodes = [*nodes, node("Add", f"net_{name} table_{name}", name)]
        array = np.asarray(values)
        weights.append(weight(f"table_{name}", array.reshape(1, 1, *array.shape[-2:])))
    return nodes, weights


def zero_planes(*, fold: int = 2, opset: int = OPSET) -> onnx.ModelProto:
    """Changes nothing, by convolutions."""
    return planes_model(fold=fold, opset=opset)


def constant_planes(change: Triple, *, fold: int = 2) -> onnx.ModelProto:
    """Adds (dy, du, dv), fractions of 2^depth, to every sample."""
    return planes_model(bias=change, fold=fold)


def conv_planes(gain: float = 0.05, *, fold: int = 2, opset: int = OPSET) -> onnx.ModelProto:
    """A residual that depends on the picture; a bf16 engine gives a slightly different one."""
    return planes_model(gain=gain, fold=fold, opset=opset)


def bare_planes(nodes: Sequence[onnx.NodeProto], weights: Sequence[onnx.TensorProto] = (),
                *, opset: int = OPSET) -> onnx.ModelProto:  # fmt: skip
    """A planes generator of these nodes alone, for any size (multiple of 1)."""
    model = model_of(
        nodes, planes_tensors("y u v"), planes_tensors("dy du dv"), weights, opset=opset
    )
    return with_metadata(model, {Key.KIND: "planes", Key.MULTIPLE_OF: "1"})


def rgb_model(
    *,
    gain: float = 0.0,
    bias: Triple = (0, 0, 0),
    table: ArrayLike | None = None,
    value_range: Range = "0..1",
    clamp: bool = False,
    multiple_of: int = 4,
    opset: int = OPSET,
) -> onnx.ModelProto:
    """An rgb generator with a skip: picture + gain * convolutions + bias + table [3,H,W]."""
    nodes = [*(_copy(one) for one in _BODY), node("Add", "in out", "sum")]
    weights = _convolutions(3, gain=gain, bias=bias)
    last = "sum"
    if table is not None:
        array = np.asarray(table)
        weights.append(weight("table", array.reshape(1, *array.shape[-3:])))
        nodes.append(node("Add", f"{last} table", "tabled"))
        last = "tabled"
    if clamp:
        low = -1.0 if value_range == "-1..1" else 0.0
        weights += [weight("low", low), weight("high", 1.0)]
        nodes.append(node("Clip", f"{last} low high", "clamped"))
        last = "clamped"
    nodes.append(node("Identity", last, "restored"))
    model = model_of(
        nodes,
        [tensor("in", 1, 3, "H", "W")],
        [tensor("restored", 1, 3, "H", "W")],
        weights,
        opset=opset,
    )
    return with_metadata(
        model,
        {Key.KIND: "rgb", Key.RANGE: value_range, Key.MULTIPLE_OF: str(multiple_of)},
    )


def zero_rgb(value_range: Range = "0..1", *, clamp: bool = True) -> onnx.ModelProto:
    """Gives the picture back, as a network that clamps its output does."""
    return rgb_model(value_range=value_range, clamp=clamp)


def conv_rgb(gain: float = 0.1, value_range: Range = "0..1") -> onnx.ModelProto:
    """Changes the picture by what it shows."""
    return rgb_model(gain=gain, value_range=value_range)


def _copy(one: onnx.NodeProto) -> onnx.NodeProto:
    twin = onnx.NodeProto()
    twin.CopyFrom(one)
    return twin
