"""The planes generator written as ONNX."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
import onnx
from onnx import TensorProto, helper

from train.export.nodes import NodeWriter, model_from_graph
from train.generators.spectrum import ACROSS, AROUND, FLOOR, HALF_STRIDE, NEAR, PADDING, STRIDE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import nn

    from train.generators.planes import PlanesGenerator, ResidualBlock
    from train.generators.spectrum import BlurSpectrum


def onnx_from_planes(generator: PlanesGenerator) -> onnx.ModelProto:
    """Write a generator as an ONNX model: y, u, v -> dy, du, dv, float32, any N, H and W."""
    return model_from_graph(_Graph(generator).build())


class _Graph(NodeWriter):
    def __init__(self, generator: PlanesGenerator) -> None:
        super().__init__(generator)
        self.generator = generator

    def build(self) -> onnx.GraphProto:
        fold = self.generator.architecture.fold
        self.constant("half", np.full((), 0.5, np.float32))
        if self.generator.spectrum is not None:
            self.code = self._code(self.generator.spectrum)
        planes = [self._fold("y", fold), *(self._fold(c, fold // 2) for c in ("u", "v"))]
        folded = self.op("Concat", "folded", *planes, axis=1)
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
        """The U between head and tail, as `PlanesGenerator.forward` walks it."""
        g = self.generator
        skips, cell = [], g.architecture.fold
        for blocks, down in zip(g.encoder, g.down, strict=False):
            x = self._blocks(blocks, x, cell)
            skips.append(x)
            x = self.relu(self.conv(cast("nn.Conv2d", down), x))
            cell *= 2
        x = self._blocks(g.encoder[-1], x, cell)
        for skip, up, blocks in reversed(list(zip(skips, g.up, g.decoder, strict=True))):
            risen = self._unfold(self.conv(cast("nn.Conv2d", up), x), f"{self.names[up]}.risen", 2)
            cell //= 2
            x = self._blocks(blocks, self.op("Add", f"{self.names[up]}.joined", skip, risen), cell)
        return x

    def _code(self, spectrum: BlurSpectrum) -> str:
        """What tells the blur, as `BlurSpectrum.power` and `forward` do."""
        square = {"kernel_shape": [2, 2], "strides": [2, 2]}
        half = self.op(
            "AveragePool", "y.halved", self.op("Sub", "y.centred", "y", "half"), **square
        )
        self.constant("padding", np.array([0, 0, PADDING, PADDING] * 2, np.int64))
        half = self.op("Pad", "y.padded", half, "padding", mode="edge")
        rows = self._waves("across", half, strides=[1, HALF_STRIDE])
        parts = []
        for name in ("real", "imaginary"):
            part = self._waves(name, rows, strides=[HALF_STRIDE, 1], group=ACROSS)
            parts.append(self.op("Mul", f"{part}.squared", part, part))
        power = self.op("Add", "power", *parts)
        means = [self._mean(f"power.{around}", power, around) for around in (NEAR, AROUND)]
        self.constant("floor", np.full((), FLOOR, np.float32))
        powers = self.op("Concat", "powers", power, *means, axis=1)
        logs = self.op("Log", "powers.log", self.op("Add", "powers.floored", powers, "floor"))
        usual = self.half("spectrum.usual", spectrum.usual)
        x = self.op("Mul", "features", self.op("Sub", "unusual", logs, usual), "half")
        for layer in (spectrum.first, spectrum.second):
            x = self.relu(self.conv(layer, x))
        both = self.op("Concat", "told", x, self._mean("told.around", x, AROUND), axis=1)
        third = self.conv(spectrum.third, both)
        return self.relu(self.op("Add", "code", both, third))

    def _mean(self, name: str, x: str, around: int) -> str:
        side = {"kernel_shape": [2 * around + 1] * 2, "strides": [1, 1], "pads": [around] * 4}
        return self.op("AveragePool", name, x, count_include_pad=0, **side)

    def _waves(self, name: str, x: str, **attributes: Any) -> str:
        weight = self.half(f"spectrum.{name}", self.generator.get_buffer(f"spectrum.{name}"))
        kernel = list(self.generator.get_buffer(f"spectrum.{name}").shape[2:])
        return self.op("Conv", f"spectrum.{name}.out", x, weight, kernel_shape=kernel, **attributes)

    def _blocks(self, blocks: nn.Module, x: str, cell: int) -> str:
        for block in cast("Iterator[ResidualBlock]", blocks.children()):
            inner = self.conv(block.first, x)
            gated = self.generator.architecture.block == "gated"
            inner = self._product(inner) if gated else self.relu(inner)
            if block.gate is not None:
                inner = self.op("Mul", f"{inner}.gated", inner, self._gates(block.gate, cell))
            inner = self.conv(block.second, inner)
            x = self.op("Add", f"{self.names[block]}.sum", x, inner)
        return x

    def _gates(self, gate: nn.Conv2d, cell: int) -> str:
        """Gates from one every `STRIDE` pixels to one every `cell`."""
        scales = self.constant(
            f"{self.names[gate]}.scales", np.array([1, 1, *[STRIDE / cell] * 2], np.float32)
        )
        few, name = self.conv(gate, self.code), f"{self.names[gate]}.each"
        return self.op("Resize", name, few, "", scales, mode="linear")

    def _product(self, x: str) -> str:
        halves = [f"{x}.a", f"{x}.b"]
        self.nodes.append(helper.make_node("Split", [x], halves, name=f"{x}/Split", axis=1))
        return self.op("Mul", f"{x}.product", *halves)

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
