"""A generator written as ONNX, node by node: the network is so plain that no tracer is needed.

The file keeps FP16 weights, each behind a Cast, and computes in float32: half the size, and an
engine that wants another type may choose it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from train.generators.planes import Block, Generator

OPSET = 17
IR_VERSION = 8


def onnx_from_generator(generator: Generator) -> onnx.ModelProto:
    """Write a generator as an ONNX model: y, u, v -> dy, du, dv, float32, any N, H and W."""
    graph = _Graph(generator).build()
    opsets = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
    model.producer_name = "deblurvid train"
    onnx.checker.check_model(model, full_check=True)
    return model


def round_weights(generator: Generator) -> None:
    """Round every weight to the nearest FP16 number, as the file will hold it."""
    with torch.no_grad():
        for name, parameter in generator.named_parameters():
            rounded = parameter.half().float()
            if not torch.isfinite(rounded).all():
                raise ValueError(f"{name} leaves the range of FP16. Train with more weight_decay.")
            parameter.copy_(rounded)


class _Graph:
    """Nodes and weights as they are written; methods return the name of their result."""

    def __init__(self, generator: Generator) -> None:
        self.generator = generator
        self.names = {module: name for name, module in generator.named_modules()}
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def build(self) -> onnx.GraphProto:
        fold = self.generator.architecture.fold
        planes = [self._fold("y", fold), *(self._fold(c, fold // 2) for c in ("u", "v"))]
        folded = self._op("Concat", "folded", *planes, axis=1)
        self._constant("half", np.full((), 0.5, np.float32))
        x = self._conv(self.generator.head, self._op("Sub", "centred", folded, "half"))
        residual = self._conv(self.generator.tail, self._body(x))
        self._constant("sizes", np.array([fold**2, fold**2 // 4, fold**2 // 4], np.int64))
        parts = ["dy.folded", "du.folded", "dv.folded"]
        self.nodes.append(
            helper.make_node("Split", [residual, "sizes"], parts, name="split", axis=1)
        )
        for part, result, side in zip(
            parts, ("dy", "du", "dv"), (fold, fold // 2, fold // 2), strict=True
        ):
            self._unfold(part, result, side)
        return helper.make_graph(
            self.nodes, "generator", _values("", "yuv"), _values("d", "yuv"), self.weights
        )

    def _body(self, x: str) -> str:
        """The U between head and tail, as `Generator.forward` walks it."""
        g = self.generator
        skips = []
        for blocks, down in zip(g.encoder, g.down, strict=False):
            x = self._blocks(blocks, x)
            skips.append(x)
            x = self._relu(self._conv(cast("nn.Conv2d", down), x))
        x = self._blocks(g.encoder[-1], x)
        for skip, up, blocks in reversed(list(zip(skips, g.up, g.decoder, strict=True))):
            risen = self._unfold(self._conv(cast("nn.Conv2d", up), x), f"{self.names[up]}.risen", 2)
            x = self._blocks(blocks, self._op("Add", f"{self.names[up]}.joined", skip, risen))
        return x

    def _blocks(self, blocks: nn.Module, x: str) -> str:
        for block in cast("Iterator[Block]", blocks.children()):
            inner = self._conv(block.second, self._relu(self._conv(block.first, x)))
            x = self._op("Add", f"{self.names[block]}.sum", x, inner)
        return x

    def _conv(self, conv: nn.Conv2d, x: str) -> str:
        name = self.names[conv]
        weight, bias = (self._weight(f"{name}.{kind}") for kind in ("weight", "bias"))
        attributes = {
            "kernel_shape": list(conv.kernel_size),
            "strides": list(conv.stride),
            "pads": [int(p) for p in conv.padding] * 2,
        }
        return self._op("Conv", f"{name}.out", x, weight, bias, **attributes)

    def _weight(self, name: str) -> str:
        values = self.generator.get_parameter(name).detach().half().numpy()
        self._constant(f"{name}.fp16", values)
        return self._op("Cast", name, f"{name}.fp16", to=TensorProto.FLOAT)

    def _relu(self, x: str) -> str:
        return self._op("Relu", f"{x}.relu", x)

    def _fold(self, plane: str, side: int) -> str:
        if side == 1:
            return plane
        return self._op("SpaceToDepth", f"{plane}.folded", plane, blocksize=side)

    def _unfold(self, x: str, result: str, side: int) -> str:
        # CRD is the order of torch's pixel_shuffle.
        if side == 1:
            return self._op("Identity", result, x)
        return self._op("DepthToSpace", result, x, blocksize=side, mode="CRD")

    def _constant(self, name: str, values: NDArray[Any]) -> None:
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(values), name))

    def _op(self, kind: str, result: str, *inputs: str, **attributes: Any) -> str:
        self.nodes.append(
            helper.make_node(kind, list(inputs), [result], name=f"{result}/{kind}", **attributes)
        )
        return result


def _values(prefix: str, planes: str) -> list[onnx.ValueInfoProto]:
    shapes = {"y": ("height", "width")}
    chroma = ("chroma_height", "chroma_width")
    return [
        helper.make_tensor_value_info(
            f"{prefix}{plane}", TensorProto.FLOAT, ["batch", 1, *shapes.get(plane, chroma)]
        )
        for plane in planes
    ]
