"""How much a generator computes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import onnx
from onnx import inliner

from deblurvid.errors import GeneratorError
from deblurvid.graph.contract import PLANE_INPUTS, real_inputs

if TYPE_CHECKING:
    from deblurvid.graph.contract import Generator


def operations(generator: Generator, size: tuple[int, int]) -> int:
    """Multiplications and additions of all convolutions and matrix products for one picture.

    Args:
        generator: fed with a picture padded to its multiple, as a graph feeds it.
        size: width and height of the picture.

    Raises:
        GeneratorError: a shape cannot be inferred.
    """
    multiple = generator.multiple_of
    width, height = (-(-side // multiple) * multiple for side in size)
    body = inliner.inline_local_functions(generator.model)
    for value in real_inputs(body):
        half = 2 if value.name in PLANE_INPUTS[1:] and generator.kind == "planes" else 1
        sides = (1, None, -(-height // half), -(-width // half))
        for dim, side in zip(value.type.tensor_type.shape.dim, sides, strict=True):
            if side is not None:
                dim.dim_value = side
    for stale in (body.graph.value_info, body.graph.output):
        for value in stale:
            value.type.tensor_type.ClearField("shape")
    inferred = onnx.shape_inference.infer_shapes(body, data_prop=True)
    shapes = _shapes(inferred.graph)
    total = 0
    for node in inferred.graph.node:
        if node.op_type in ("Conv", "ConvTranspose", "MatMul", "Gemm"):
            needed = [shapes.get(name, []) for name in (*node.input[:2], node.output[0])]
            if not all(shape and all(shape) for shape in needed):
                raise GeneratorError(f"the size of {node.output[0]!r} cannot be inferred")
            total += 2 * _products(node, *needed)
    return total


def _products(node: onnx.NodeProto, taken: list[int], weights: list[int], made: list[int]) -> int:
    match node.op_type:
        case "Conv":
            return math.prod(made) * math.prod(weights[1:])
        case "ConvTranspose":
            return math.prod(taken) * math.prod(weights[1:])
        case "Gemm":
            turned = any(a.name == "transA" and a.i for a in node.attribute)
            return math.prod(made) * taken[0 if turned else 1]
        case _:
            return math.prod(made) * taken[-1]


def _shapes(graph: onnx.GraphProto) -> dict[str, list[int]]:
    """Every value's shape, 0 for what is not known."""
    found = {tensor.name: list(tensor.dims) for tensor in graph.initializer}
    for value in (*graph.input, *graph.output, *graph.value_info):
        found[value.name] = [dim.dim_value for dim in value.type.tensor_type.shape.dim]
    return found
