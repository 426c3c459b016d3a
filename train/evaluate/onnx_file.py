"""Exported generators: letting an engine run one, and counting what a frame costs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx

from deblurvid.backends.openvino import runtime
from deblurvid.graph.contract import PLANE_INPUTS, PLANE_OUTPUTS, real_inputs
from train.evaluate.restore import Array, Arrays, Restorer, Run

if TYPE_CHECKING:
    from deblurvid.graph.contract import Generator

Session = Callable[[list[str], dict[str, Array]], Sequence[Any]]
"""An engine holding a model: names of outputs and arrays by the names of inputs -> outputs. The
`run` of ONNX Runtime and of ONNX's reference implementation are of this kind."""


def restorer_from_onnx(generator: Generator, precision: str) -> Restorer:
    """Compile a generator with OpenVINO for the CPU; `precision` is f32 or bf16."""
    return Restorer(
        run=runner_from_session(generator, openvino_session(generator.model, precision)),
        kind=generator.kind,
        multiple_of=generator.multiple_of,
    )


def openvino_session(model: onnx.ModelProto, precision: str) -> Session:
    """Compile a model with OpenVINO for the CPU; `precision` is f32 or bf16."""
    core = runtime()
    compiled = core.compile_model(
        core.read_model(model.SerializeToString()), "CPU", {"INFERENCE_PRECISION_HINT": precision}
    )

    def session(outputs: list[str], feed: dict[str, Array]) -> list[Array]:
        given = compiled(feed)
        return [np.array(given[name]) for name in outputs]

    return session


def runner_from_session(generator: Generator, session: Session) -> Run:
    """Let a session run pictures and give residuals, as the contract defines both kinds.

    What an rgb generator changes is what comes out minus the very array that was fed.
    """
    if generator.kind == "planes":
        return lambda picture: tuple(
            session([*PLANE_OUTPUTS], dict(zip(PLANE_INPUTS, picture, strict=True)))
        )
    (into,) = real_inputs(generator.model)
    (out,) = generator.model.graph.output
    scale, offset = (2, 1) if generator.value_range == "-1..1" else (1, 0)

    def run(picture: Arrays) -> Arrays:
        fed = np.asarray(scale * picture[0] - offset, np.float32)
        return ((session([out.name], {into.name: fed})[0] - fed) / scale,)

    return run


def count_onnx_flop(model: onnx.ModelProto, multiple_of: int, height: int, width: int) -> int:
    """Count operations of the convolutions on one frame, its sides padded to `multiple_of`."""
    sized = onnx.ModelProto()
    sized.CopyFrom(model)
    rows, columns = (-(-side // multiple_of) * multiple_of for side in (height, width))
    for value in real_inputs(sized):
        channels, scale = (1, 2) if value.name in ("u", "v") else (None, 1)
        sides = (1, channels, rows // scale, columns // scale)
        for dim, side in zip(value.type.tensor_type.shape.dim, sides, strict=True):
            dim.dim_value = side or dim.dim_value
    inferred = onnx.shape_inference.infer_shapes(sized, strict_mode=True, data_prop=True).graph
    # Weights may stand behind casts; value_info knows those too.
    sizes = {
        value.name: [dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in (*inferred.input, *inferred.value_info, *inferred.output)
    } | {tensor.name: list(tensor.dims) for tensor in inferred.initializer}
    # Each output of a convolution, and each input of a transposed one, meets a kernel once.
    counted = {"Conv": lambda node: node.output[0], "ConvTranspose": lambda node: node.input[0]}
    return sum(
        2 * math.prod(sizes[counted[node.op_type](node)]) * math.prod(sizes[node.input[1]][1:])
        for node in inferred.node
        if node.op_type in counted
    )
