"""Where a generator is put in: the graph under construction around it.

Whoever restores a picture by a generator (`by_planes`, `by_rgb`) feeds it here, once, and takes its
residuals through `valid`, which keeps NaN and Inf out of the picture and counts them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onnx import TensorProto

from deblurvid.graph.contract import real_inputs
from deblurvid.graph.nodes import HEIGHT, WIDTH, Builder

if TYPE_CHECKING:
    from collections.abc import Iterable

    import onnx

    from deblurvid.frames import PictureFormat
    from deblurvid.graph.contract import Generator

PREFIX = "generator/"
"""Stands before every name of the generator."""

LARGEST_CHANGE = 2.0
"""Residuals are kept within this, in units of the whole range: what is larger cannot be meant, and
the sums behind it stay finite."""


class Site:
    """A builder, the picture's sides, and the generator, which can be run once."""

    def __init__(self, generator: Generator, body: onnx.ModelProto, picture: PictureFormat) -> None:
        """Start an empty graph; `body` is the generator's model as it will be written."""
        self.builder = Builder("wrap/")
        self.generator = generator
        self.body = body
        self.picture = picture
        self.counts: list[str] = []

    def sides(self, plane: str) -> tuple[str, str]:
        """Height and width of a plane, int64 [1] each."""
        return self.builder.side(plane, HEIGHT), self.builder.side(plane, WIDTH)

    def run(self, feeds: dict[str, str]) -> dict[str, str]:
        """Put the generator in: float32 values by its input names -> the same by its outputs'."""
        b = self.builder
        types = {v.name: v.type.tensor_type.elem_type for v in self.body.graph.input}
        for name, value in feeds.items():
            typed = value if types[name] == TensorProto.FLOAT else b.cast(value, types[name])
            b.rename(typed, PREFIX + name)
        graph = prefixed(self.body.graph)
        b.nodes.extend(graph.node)
        b.initializers.extend(graph.initializer)
        return {
            value.name: PREFIX + value.name
            if value.type.tensor_type.elem_type == TensorProto.FLOAT
            else b.float32(PREFIX + value.name)
            for value in self.body.graph.output
        }

    def input_type(self) -> int:
        """Element type of the generator's first input."""
        return int(real_inputs(self.body)[0].type.tensor_type.elem_type)

    def valid(self, residual: str) -> str:
        """The residual with NaN and Inf as zero and counted, and within LARGEST_CHANGE."""
        b = self.builder
        bad = b.op("Or", b.op("IsNaN", residual), b.op("IsInf", residual))
        self.counts.append(b.op("ReduceSum", b.float32(bad), keepdims=0))
        finite = b.op("Where", bad, b.constant(0.0), residual)
        return b.op("Clip", finite, b.constant(-LARGEST_CHANGE), b.constant(LARGEST_CHANGE))

    def invalid(self, name: str) -> None:
        """Name the sum of all counts, int32 [1]."""
        b = self.builder
        total = b.op("Sum", *self.counts) if len(self.counts) > 1 else self.counts[0]
        b.cast(b.op("Reshape", total, b.integers([1])), TensorProto.INT32, name)


def prefixed(graph: onnx.GraphProto) -> onnx.GraphProto:
    """A copy with PREFIX before every name, in branches and loops too.

    onnx.compose.add_prefix forgets weights that a branch takes from outside.
    """
    copy = type(graph)()
    copy.CopyFrom(graph)
    _prefix(copy)
    return copy


def _prefix(graph: onnx.GraphProto) -> None:
    _prefix_names(graph.input)
    _prefix_names(graph.output)
    _prefix_names(graph.initializer)
    graph.ClearField("value_info")
    for node in graph.node:
        _prefix_names([node])
        for names in (node.input, node.output):
            names[:] = [name and PREFIX + name for name in names]
        for attribute in node.attribute:
            for inner in (*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs):
                _prefix(inner)


def _prefix_names(
    named: Iterable[onnx.ValueInfoProto | onnx.TensorProto | onnx.NodeProto],
) -> None:
    for one in named:
        one.name = one.name and PREFIX + one.name
