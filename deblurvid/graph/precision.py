"""Number types of a generator, written into the graph: TensorRT 11 has no FP16 switch.

Operators that sum over many samples, or whose inputs must be float32, stay float32 between casts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from deblurvid.errors import GeneratorError

if TYPE_CHECKING:
    from collections.abc import Iterable

GraphPrecision = Literal["fp32", "fp16", "bf16"]

ELEMENT_TYPES = {"fp16": TensorProto.FLOAT16, "bf16": TensorProto.BFLOAT16}

ISLANDS = frozenset(
    {
        "InstanceNormalization", "GroupNormalization", "LayerNormalization", "RMSNormalization",
        "BatchNormalization", "LpNormalization", "MeanVarianceNormalization", "LRN",
        "ReduceMean", "ReduceSum", "ReduceSumSquare", "ReduceL1", "ReduceL2", "ReduceLogSum",
        "ReduceLogSumExp", "ReduceProd", "GlobalAveragePool", "GlobalLpPool",
        "Softmax", "LogSoftmax", "Pow", "Exp", "CumSum",
        "Resize", "Upsample", "Range", "RandomNormal", "RandomUniform", "GridSample",
    }
)  # fmt: skip
"""Operators that stay float32: their sums leave FP16's range, or their type is fixed by ONNX.

Variances of image-to-image networks pass 65504 (NVIDIA/TensorRT issues 3726, 3897, 4338).
"""


def retyped(model: onnx.ModelProto, precision: GraphPrecision) -> onnx.ModelProto:
    """A copy of `model` that computes in `precision` by type; inputs and outputs stay as they are.

    Args:
        model: float32 graph without control flow.
        precision: "fp32" returns the model itself.

    Raises:
        GeneratorError: the graph has subgraphs or operators without type inference, or a weight
            leaves the range of FP16.
    """
    if precision == "fp32":
        return model
    return _Retyper(model, ELEMENT_TYPES[precision]).run()


class _Retyper:
    """Walks the nodes once; every float tensor is known under a float32 or a low name."""

    def __init__(self, model: onnx.ModelProto, low: int) -> None:
        self.model = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
        self.low = low
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.type_of = _element_types(self.model)
        self.stored_low: set[str] = set()  # float tensors that are produced in the low type
        self.casts: dict[tuple[str, int], str] = {}

    def run(self) -> onnx.ModelProto:
        for tensor in self.model.graph.initializer:
            self._add_weight(tensor)
        for node in self.model.graph.node:
            self._add_node(node)
        for output in self.model.graph.output:
            self._restore_output(output.name)
        result = onnx.ModelProto()
        result.CopyFrom(self.model)
        for field, values in (("node", self.nodes), ("initializer", self.initializers)):
            result.graph.ClearField(field)
            getattr(result.graph, field).extend(values)
        result.graph.ClearField("value_info")
        return result

    def _add_weight(self, tensor: onnx.TensorProto) -> None:
        consumers = [n for n in self.model.graph.node if tensor.name in n.input]
        if self.type_of[tensor.name] == TensorProto.FLOAT and any(
            n.op_type not in ISLANDS for n in consumers
        ):
            self.initializers.append(self._lowered(tensor))
            self.stored_low.add(tensor.name)
        else:
            self.initializers.append(tensor)

    def _lowered(self, tensor: onnx.TensorProto) -> onnx.TensorProto:
        values = numpy_helper.to_array(tensor)
        if self.low == TensorProto.FLOAT16 and np.abs(values).max(initial=0) > 65504:
            raise GeneratorError(
                f"weight {tensor.name!r} reaches {np.abs(values).max():.3g}, beyond FP16's 65504; "
                "use --precision bf16 or fp32"
            )
        return helper.make_tensor(
            tensor.name, self.low, values.shape, values.astype(np.float32).ravel()
        )

    def _add_node(self, node: onnx.NodeProto) -> None:
        if any(a.type in (a.GRAPH, a.GRAPHS) for a in node.attribute):
            raise GeneratorError(f"node {node.name!r} ({node.op_type}) has a subgraph")
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        wanted = TensorProto.FLOAT if node.op_type in ISLANDS else self.low
        for at, name in enumerate(node.input):
            if self.type_of.get(name) == TensorProto.FLOAT:
                copy.input[at] = self._as(name, wanted)
        self.nodes.append(copy)
        if wanted == self.low:
            self.stored_low.update(
                name for name in node.output if self.type_of.get(name) == TensorProto.FLOAT
            )
            self._retype_attributes(copy)

    def _retype_attributes(self, node: onnx.NodeProto) -> None:
        for attribute in node.attribute:
            if node.op_type == "Cast" and attribute.name == "to":
                attribute.i = self.low if attribute.i == TensorProto.FLOAT else attribute.i
            elif attribute.name == "value" and attribute.t.data_type == TensorProto.FLOAT:
                attribute.t.CopyFrom(self._lowered(attribute.t))
            elif node.op_type == "Constant" and attribute.name in ("value_float", "value_floats"):
                raise GeneratorError(f"constant {node.name!r} is stored as {attribute.name}")

    def _as(self, name: str, wanted: int) -> str:
        stored = self.low if name in self.stored_low else TensorProto.FLOAT
        if stored == wanted:
            return name
        if (name, wanted) not in self.casts:
            suffix = TensorProto.DataType.Name(wanted).lower()
            cast = f"{name}/{suffix}"
            self.nodes.append(helper.make_node("Cast", [name], [cast], name=cast, to=wanted))
            self.casts[name, wanted] = cast
        return self.casts[name, wanted]

    def _restore_output(self, name: str) -> None:
        """Produce a graph output under its own name in float32 again."""
        if name not in self.stored_low:
            return
        inner = f"{name}/low"
        for node in self.nodes:
            for names in (node.input, node.output):
                for at, value in enumerate(names):
                    if value == name:
                        names[at] = inner
        self.nodes.append(helper.make_node("Cast", [inner], [name], to=TensorProto.FLOAT))


def _element_types(model: onnx.ModelProto) -> dict[str, int]:
    graph = model.graph
    types = {tensor.name: tensor.data_type for tensor in graph.initializer}
    values: Iterable[onnx.ValueInfoProto] = [*graph.input, *graph.output, *graph.value_info]
    types.update({value.name: value.type.tensor_type.elem_type for value in values})
    return types
