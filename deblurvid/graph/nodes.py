"""A small builder over onnx.helper: nodes in, names out.

Only what the wrapping needs, written for opset 13 and later, in operators that TensorRT and
OpenVINO both take. Everything built here is element-wise, slicing, padding or average pooling.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

if TYPE_CHECKING:
    from collections.abc import Sequence

HEIGHT, WIDTH = 2, 3
"""Axes of the picture's sides in an [N, C, H, W] tensor."""


class Builder:
    """Collects nodes and constants; every method that adds one returns its output's name."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self._constants: dict[tuple[str, tuple[int, ...], bytes], str] = {}
        self._sides: dict[tuple[str, int], str] = {}

    def op(self, op_type: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """Add a node with one output, called `output` if given."""
        name = f"{self.prefix}{op_type}_{len(self.nodes)}"
        value = output or name
        self.nodes.append(helper.make_node(op_type, inputs, [value], name=name, **attributes))
        return value

    def rename(self, value: str, name: str) -> None:
        """Give `value` a second, public name."""
        self.op("Identity", value, output=name)

    def constant(self, values: Any, dtype: type[np.generic] = np.float32) -> str:
        """Add an initialiser, or find the same one again."""
        array = np.asarray(values, dtype)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._constants:
            name = f"{self.prefix}constant_{len(self._constants)}"
            self.initializers.append(numpy_helper.from_array(array, name))
            self._constants[key] = name
        return self._constants[key]

    def add(self, a: str, b: str) -> str:
        """Sum with broadcasting."""
        return self.op("Add", a, b)

    def scale(self, a: str, factor: float) -> str:
        """Product with a float32 constant; nothing for 1."""
        return a if factor == 1 else self.op("Mul", a, self.constant(factor))

    def cast(self, a: str, to: int, output: str = "") -> str:
        """Convert to an element type of TensorProto."""
        return self.op("Cast", a, output=output, to=to)

    def float32(self, a: str) -> str:
        """Convert to float32."""
        return self.cast(a, TensorProto.FLOAT)

    def integers(self, values: Sequence[int]) -> str:
        """An int64 vector."""
        return self.constant(list(values), np.int64)

    def side(self, a: str, axis: int) -> str:
        """Length of one axis as int64 [1]."""
        if (a, axis) not in self._sides:
            at, end = self.integers([axis]), self.integers([axis + 1])
            self._sides[a, axis] = self.op("Slice", self.op("Shape", a), at, end)
        return self._sides[a, axis]

    def channel(self, a: str, index: int) -> str:
        """One channel of [N, C, H, W] as [N, 1, H, W]."""
        return self.op(
            "Slice", a, self.integers([index]), self.integers([index + 1]), self.integers([1])
        )

    def crop_to(self, a: str, height: str, width: str) -> str:
        """The upper left height x width samples; both sides are int64 [1]."""
        ends = self.op("Concat", height, width, axis=0)
        return self.op("Slice", a, self.integers([0, 0]), ends, self.integers([HEIGHT, WIDTH]))

    def rounded_up(self, length: str, multiple: int) -> str:
        """`length`, int64 [1], rounded up to a multiple."""
        parts = self.op(
            "Div", self.add(length, self.integers([multiple - 1])), self.integers([multiple])
        )
        return self.op("Mul", parts, self.integers([multiple]))

    def edge_padded_to(self, a: str, height: str, width: str) -> str:
        """Grow to height x width (int64 [1] each) by repeating the last row and column."""
        more = [
            self.op("Sub", target, self.side(a, axis))
            for target, axis in ((height, HEIGHT), (width, WIDTH))
        ]
        pads = self.op("Concat", self.integers([0] * 6), *more, axis=0)
        return self.op("Pad", a, pads, mode="edge")

    def halved(self, a: str, *, rows: bool, columns: bool) -> str:
        """Mean of neighbours along the axes asked for; an odd last sample stands alone.

        A side of n becomes ceil(n / 2), as 4:2:0 defines it.
        """
        sides = [
            self.rounded_up(self.side(a, axis), 2) if wanted else self.side(a, axis)
            for axis, wanted in ((HEIGHT, rows), (WIDTH, columns))
        ]
        kernel = [1 + rows, 1 + columns]
        even = self.edge_padded_to(a, sides[0], sides[1])
        return self.op("AveragePool", even, kernel_shape=kernel, strides=kernel)

    def doubled(self, a: str, *, rows: bool, columns: bool) -> str:
        """Bilinear doubling along the axes asked for, sample centres at half positions.

        Neighbours are weighted 3:1, which is a repeat followed by two means of two: no Resize,
        because OpenVINO would compute everything before one in the low precision.
        See Note: [FP32 tail] in wrap.py.
        """
        large = self.op("DepthToSpace", self.op("Concat", a, a, a, a, axis=1), blocksize=2)
        if not (rows and columns):
            steps = [2 - rows, 2 - columns]
            large = self.op(
                "Slice",
                large,
                self.integers([0, 0]),
                self.integers([2**31 - 1] * 2),
                self.integers([HEIGHT, WIDTH]),
                self.integers(steps),
            )
        border = [int(rows), int(columns)]
        padded = self.op("Pad", large, self.integers([0, 0, *border] * 2), mode="edge")
        kernel = [1 + rows, 1 + columns]
        once = self.op("AveragePool", padded, kernel_shape=kernel)
        return self.op("AveragePool", once, kernel_shape=kernel)
