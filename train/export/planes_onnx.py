"""The planes generator written as ONNX."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
import onnx
from onnx import TensorProto, helper

from train.export.nodes import NodeWriter, model_from_graph

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import nn

    from train.generators.planes import PlanesGenerator, ResidualBlock


def onnx_from_planes(generator: PlanesGenerator) -> onnx.ModelProto:
    """Write a generator as an ONNX model: y, u, v -> dy, du, dv, float32, any N, H and W."""
    return model_from_graph(_Graph(generator).build())


class _Graph(NodeWriter):
    def __init__(self, generator: PlanesGenerator) -> None:
        super().__init__(generator)
        self.generator = generator

    def build(self) -> onnx.GraphProto:
        fold = self.generator.architecture.fold
        planes = [self._fold("y", fold), *(self._fold(c, fold // 2) for c in ("u", "v"))]
        folded = self.op("Concat", "folded", *planes, axis=1)
        self.constant("half", np.full((), 0.5, np.float32))
        x = self.conv(self.generator.head, self.op("Sub", "centred", folded, "half"))
        residual = self.conv(self.generator.tail, self._body(x))
        self.constant("sizes", np.array([fold**2, fold**2 // 4, fold**2 // 4], np.int64))
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
            x = self.relu(self.conv(cast("nn.Conv2d", down), x))
        x = self._blocks(g.encoder[-1], x)
        for skip, up, blocks in reversed(list(zip(skips, g.up, g.decoder, strict=True))):
            risen = self._unfold(self.conv(cast("nn.Conv2d", up), x), f"{self.names[up]}.risen", 2)
            x = self._blocks(blocks, self.op("Add", f"{self.names[up]}.joined", skip, risen))
        return x

    def _blocks(self, blocks: nn.Module, x: str) -> str:
        for block in cast("Iterator[ResidualBlock]", blocks.children()):
            inner = self.conv(block.first, x)
            gated = self.generator.architecture.block == "gated"
            inner = self._gate(inner) if gated else self.relu(inner)
            inner = self.conv(block.second, inner)
            x = self.op("Add", f"{self.names[block]}.sum", x, inner)
        return x

    def _gate(self, x: str) -> str:
        halves = [f"{x}.a", f"{x}.b"]
        self.nodes.append(helper.make_node("Split", [x], halves, name=f"{x}/Split", axis=1))
        return self.op("Mul", f"{x}.gated", *halves)

    def _fold(self, plane: str, side: int) -> str:
        if side == 1:
            return plane
        return self.op("SpaceToDepth", f"{plane}.folded", plane, blocksize=side)

    def _unfold(self, x: str, result: str, side: int) -> str:
        # CRD is the order of torch's pixel_shuffle.
        if side == 1:
            return self.op("Identity", result, x)
        return self.op("DepthToSpace", result, x, blocksize=side, mode="CRD")


def _values(prefix: str, planes: str) -> list[onnx.ValueInfoProto]:
    shapes = {"y": ("height", "width")}
    chroma = ("chroma_height", "chroma_width")
    return [
        helper.make_tensor_value_info(
            f"{prefix}{plane}", TensorProto.FLOAT, ["batch", 1, *shapes.get(plane, chroma)]
        )
        for plane in planes
    ]
