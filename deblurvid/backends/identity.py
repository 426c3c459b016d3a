"""The generator that changes nothing: the whole machinery around a zero residual.

What it writes differs from the source by the encoder alone, so it shows what the rest of a run does
to a video, and what it costs.
"""

from __future__ import annotations

import onnx
from onnx import TensorProto, helper

from deblurvid.graph.contract import (
    PLANE_INPUTS,
    PLANE_OUTPUTS,
    Generator,
    Key,
    generator_from_model,
)

OPSET = 17
IR_VERSION = 8


def identity_generator() -> Generator:
    """A `planes` generator whose residuals are zero."""
    sizes: list[list[str | int | None]] = [
        ["N", 1, "H", "W"],
        ["N", 1, "h", "w"],
        ["N", 1, "h", "w"],
    ]
    graph = helper.make_graph(
        [
            helper.make_node("Mul", [plane, "zero"], [residual])
            for plane, residual in zip(PLANE_INPUTS, PLANE_OUTPUTS, strict=True)
        ],
        "identity",
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, size)
            for name, size in zip(PLANE_INPUTS, sizes, strict=True)
        ],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, size)
            for name, size in zip(PLANE_OUTPUTS, sizes, strict=True)
        ],
        [helper.make_tensor("zero", TensorProto.FLOAT, [1], [0.0])],
    )
    model: onnx.ModelProto = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
    )
    helper.set_model_props(model, {Key.NAME: "identity", Key.KIND: "planes"})
    return generator_from_model(model, name="identity")
