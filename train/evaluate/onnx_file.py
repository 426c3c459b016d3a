"""Exported generators: running one with OpenVINO, and counting what a frame costs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import onnx

from deblurvid.backends.openvino import runtime
from deblurvid.graph.contract import read_generator

if TYPE_CHECKING:
    from pathlib import Path

    from train.evaluate.score import Plane, RunPlanes


@dataclass(frozen=True, slots=True, kw_only=True)
class OnnxGenerator:
    """A generator that OpenVINO has compiled for the CPU."""

    run: RunPlanes
    multiple_of: int
    flop_720p: int
    """Operations of the convolutions of a 1280x720 frame; a multiply-add is two."""


def open_onnx(path: Path, precision: str) -> OnnxGenerator:
    """Compile the generator in a file for the CPU; `precision` is f32 or bf16."""
    generator = read_generator(path)
    return OnnxGenerator(
        run=runner_from_model(generator.model, precision),
        multiple_of=generator.multiple_of,
        flop_720p=count_onnx_flop(generator.model, generator.multiple_of, 720, 1280),
    )


def runner_from_model(model: onnx.ModelProto, precision: str) -> RunPlanes:
    """Compile a planes generator with OpenVINO for the CPU and let it run on numpy planes."""
    core = runtime()
    compiled = core.compile_model(
        core.read_model(model.SerializeToString()), "CPU", {"INFERENCE_PRECISION_HINT": precision}
    )

    def run(y: Plane, u: Plane, v: Plane) -> tuple[Plane, Plane, Plane]:
        out = compiled({"y": y, "u": u, "v": v})
        return np.array(out["dy"]), np.array(out["du"]), np.array(out["dv"])

    return run


def count_onnx_flop(model: onnx.ModelProto, multiple_of: int, height: int, width: int) -> int:
    """Count operations of the convolutions on one frame, its sides padded to `multiple_of`."""
    sized = onnx.ModelProto()
    sized.CopyFrom(model)
    rows, columns = (-(-side // multiple_of) * multiple_of for side in (height, width))
    for value, scale in zip(sized.graph.input, (1, 2, 2), strict=True):
        shape = value.type.tensor_type.shape
        for dim, side in zip(shape.dim, (1, 1, rows // scale, columns // scale), strict=True):
            dim.dim_value = side
    inferred = onnx.shape_inference.infer_shapes(sized, strict_mode=True, data_prop=True).graph
    sizes = {
        value.name: [dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in (*inferred.value_info, *inferred.output)
    }
    # Weights stand behind casts; value_info knows those too.
    return sum(
        2 * math.prod(sizes[node.output[0]]) * math.prod(sizes[node.input[1]][1:])
        for node in inferred.node
        if node.op_type == "Conv"
    )
