"""Number types of a generator, written into the graph: TensorRT 11 has no FP16 switch.

Operators that sum over many samples, or that exist in float32 only, stay float32 between casts;
so does arithmetic on shapes, and element-wise arithmetic on nothing but such results.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import onnx
from onnx import TensorProto, helper, inliner, numpy_helper, version_converter

from deblurvid.errors import PrecisionError
from deblurvid.graph.contract import opset_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

GraphPrecision = Literal["fp32", "fp16", "bf16"]

ELEMENT_TYPES: dict[str, int] = {"fp16": TensorProto.FLOAT16, "bf16": TensorProto.BFLOAT16}
_TYPE_NAMES: dict[int, str] = {
    TensorProto.FLOAT16: "tensor(float16)",
    TensorProto.BFLOAT16: "tensor(bfloat16)",
}

BF16_OPSET = 22
"""The first opset whose convolutions take bfloat16."""

ISLANDS = frozenset(
    {
        "InstanceNormalization", "GroupNormalization", "LayerNormalization", "RMSNormalization",
        "BatchNormalization", "LpNormalization", "MeanVarianceNormalization", "LRN",
        "ReduceMean", "ReduceSum", "ReduceSumSquare", "ReduceL1", "ReduceL2", "ReduceLogSum",
        "ReduceLogSumExp", "ReduceProd", "AveragePool", "GlobalAveragePool", "GlobalLpPool",
        "Softmax", "LogSoftmax", "Pow", "Exp", "CumSum",
        "Resize", "Upsample", "Range", "GridSample",
        "RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "EyeLike",
    }
)  # fmt: skip
"""Operators that stay float32: their sums leave FP16's range, or their type is fixed by ONNX.

Variances of image-to-image networks pass 65504 (NVIDIA/TensorRT issues 3726, 3897, 4338).
"""

WITHOUT_KERNEL = frozenset({("ConvTranspose", TensorProto.BFLOAT16)})
"""Operators that stay float32 beside one low type: legal in ONNX, but TensorRT-RTX 1.7 cannot build
a transposed convolution of bfloat16."""

FOLLOWERS = frozenset(
    {"Add", "Sub", "Mul", "Div", "Sqrt", "Reciprocal", "Neg", "Abs", "Max", "Min"}
)
"""Operators that stay float32 behind islands: a variance has yet to become a deviation."""


def retyped(model: onnx.ModelProto, precision: GraphPrecision) -> onnx.ModelProto:
    """A copy of `model` that computes in `precision` by type; inputs and outputs stay as they are.

    Args:
        model: float32 graph without control flow. For bf16 its opset may be raised.
        precision: "fp32" returns the model itself.

    Raises:
        PrecisionError: the graph has subgraphs or operators without type inference, or a weight
            leaves the range of FP16.
    """
    if precision == "fp32":
        return model
    return _Retyper(_prepared(model, precision), ELEMENT_TYPES[precision]).run()


def _prepared(model: onnx.ModelProto, precision: GraphPrecision) -> onnx.ModelProto:
    """A copy without functions and Constant nodes, the type of every value known."""
    try:
        model = inliner.inline_local_functions(model)
        if precision == "bf16" and opset_of(model) < BF16_OPSET:
            model = version_converter.convert_version(model, BF16_OPSET)
        _constants_as_weights(model.graph)
        model = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
    except Exception as exc:  # ONNX raises types of its own
        raise PrecisionError(
            f"cannot be written in {precision} ({str(exc).strip()}); use --precision fp32"
        ) from exc
    known = _element_types(model)
    for node in model.graph.node:
        if any(a.type in (a.GRAPH, a.GRAPHS) for a in node.attribute):
            raise PrecisionError(
                f"node {node.name!r} ({node.op_type}) has a subgraph; use --precision fp32"
            )
        if unknown := [name for name in node.output if name and name not in known]:
            raise PrecisionError(
                f"the type of {unknown[0]!r}, made by {node.op_type}, cannot be inferred; use "
                "--precision fp32"
            )
    return model


def _constants_as_weights(graph: onnx.GraphProto) -> None:
    """Turn Constant nodes into initialisers, which are typed by who reads them."""
    for node in [one for one in graph.node if one.op_type == "Constant"]:
        (stated,) = node.attribute
        value = stated.t if stated.name == "value" else helper.get_attribute_value(stated)
        if stated.name in ("value_float", "value_floats"):
            value = numpy_helper.from_array(np.array(value, np.float32))
        if isinstance(value, onnx.TensorProto):
            graph.initializer.add().CopyFrom(value)
            graph.initializer[-1].name = node.output[0]
            graph.node.remove(node)


class _Retyper:
    """Decides for every node, then writes it with casts where the types of two meet."""

    def __init__(self, model: onnx.ModelProto, low: int) -> None:
        self.model = model
        self.low = low
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.type_of = _element_types(model)
        self.taken = set(self.type_of)
        self.weights = {tensor.name for tensor in model.graph.initializer}
        self.stored_low: set[str] = set()  # float tensors that are stored in the low type
        self.twins: dict[tuple[str, int], str] = {}  # the same tensor in another type

    def run(self) -> onnx.ModelProto:
        graph = self.model.graph
        wanted = list(self._decisions())
        for tensor in graph.initializer:
            types = {t for n, t in zip(graph.node, wanted, strict=True) if tensor.name in n.input}
            self._add_weight(tensor, types)
        for node, element_type in zip(graph.node, wanted, strict=True):
            self._add_node(node, element_type)
        for output in graph.output:
            self._restore_output(output.name)
        result = onnx.ModelProto()
        result.CopyFrom(self.model)
        inputs = [value for value in graph.input if value.name not in self.weights]
        for field, values in (
            ("node", self.nodes), ("initializer", self.initializers), ("input", inputs),
            ("value_info", []),
        ):  # fmt: skip
            result.graph.ClearField(field)
            getattr(result.graph, field).extend(values)
        return result

    def _decisions(self) -> Iterator[int]:
        """For each node: FLOAT or the low type."""
        moving = {value.name for value in self.model.graph.input} - self.weights
        from_islands: set[str] = set()
        for node in self.model.graph.node:
            reads = [n for n in node.input if n in moving and self._is_float(n)]
            follows = node.op_type in FOLLOWERS and from_islands.issuperset(reads)
            # What no sample flows into is arithmetic on shapes, for which 11 bits are too few.
            if not reads or follows or node.op_type in ISLANDS or not self._low_is_legal(node):
                from_islands.update(node.output)
                yield TensorProto.FLOAT
            else:
                yield self.low
            if node.op_type not in ("Shape", "Size") and moving.intersection(node.input):
                moving.update(node.output)

    def _is_float(self, name: str) -> bool:
        return self.type_of.get(name) == TensorProto.FLOAT

    def _low_is_legal(self, node: onnx.NodeProto) -> bool:
        """Whether ONNX defines the operator for float inputs of the low type, and engines have it."""
        if node.domain not in ("", "ai.onnx") or (node.op_type, self.low) in WITHOUT_KERNEL:
            return False
        schema = onnx.defs.get_schema(node.op_type, opset_of(self.model))
        legal = {c.type_param_str: c.allowed_type_strs for c in schema.type_constraints}
        formal = [schema.inputs[min(i, len(schema.inputs) - 1)] for i in range(len(node.input))]
        return all(
            _TYPE_NAMES[self.low] in legal.get(f.type_str, [f.type_str])
            for f, name in zip(formal, node.input, strict=True)
            if self._is_float(name)
        )

    def _add_weight(self, tensor: onnx.TensorProto, types: set[int]) -> None:
        if not self._is_float(tensor.name) or self.low not in types:
            self.initializers.append(tensor)
            return
        self.initializers.append(self._lowered(tensor))
        self.stored_low.add(tensor.name)
        if TensorProto.FLOAT in types:
            self.initializers.append(onnx.TensorProto())
            self.initializers[-1].CopyFrom(tensor)
            self.initializers[-1].name = self._twin(tensor.name, TensorProto.FLOAT)

    def _lowered(self, tensor: onnx.TensorProto) -> onnx.TensorProto:
        values = numpy_helper.to_array(tensor)
        if self.low == TensorProto.FLOAT16 and np.abs(values).max(initial=0) > 65504:
            raise PrecisionError(
                f"weight {tensor.name!r} reaches {np.abs(values).max():.3g}, beyond FP16's 65504; "
                "use --precision bf16 or fp32"
            )
        dtype = helper.tensor_dtype_to_np_dtype(self.low)
        # Raw bytes: OpenVINO misreads bfloat16 that is stored as whole numbers.
        return numpy_helper.from_array(values.astype(dtype), tensor.name)

    def _add_node(self, node: onnx.NodeProto, wanted: int) -> None:
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        for at, name in enumerate(node.input):
            if self._is_float(name):
                copy.input[at] = self._as(name, wanted)
        self.nodes.append(copy)
        if wanted == self.low:
            self.stored_low.update(name for name in node.output if self._is_float(name))
            for attribute in copy.attribute:
                if (node.op_type, attribute.name, attribute.i) == ("Cast", "to", TensorProto.FLOAT):
                    attribute.i = self.low

    def _as(self, name: str, wanted: int) -> str:
        stored = self.low if name in self.stored_low else TensorProto.FLOAT
        if stored == wanted:
            return name
        if (name, wanted) not in self.twins:
            cast = self._twin(name, wanted)
            self.nodes.append(helper.make_node("Cast", [name], [cast], name=cast, to=wanted))
        return self.twins[name, wanted]

    def _twin(self, name: str, element_type: int) -> str:
        suffix = TensorProto.DataType.Name(element_type).lower()
        self.twins[name, element_type] = self._fresh(f"{name}/{suffix}")
        return self.twins[name, element_type]

    def _fresh(self, name: str) -> str:
        while name in self.taken:
            name += "_"
        self.taken.add(name)
        return name

    def _restore_output(self, name: str) -> None:
        """Produce a graph output under its own name in float32 again."""
        if name not in self.stored_low:
            return
        inner = self._fresh(f"{name}/low")
        for node in self.nodes:
            for names in (node.input, node.output):
                names[:] = [inner if value == name else value for value in names]
        self.nodes.append(helper.make_node("Cast", [inner], [name], to=TensorProto.FLOAT))


def _element_types(model: onnx.ModelProto) -> dict[str, int]:
    graph = model.graph
    types = {tensor.name: int(tensor.data_type) for tensor in graph.initializer}
    values: Iterable[onnx.ValueInfoProto] = [*graph.input, *graph.output, *graph.value_info]
    types.update({value.name: int(value.type.tensor_type.elem_type) for value in values})
    return types
