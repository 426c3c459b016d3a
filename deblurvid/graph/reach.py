"""How far a generator looks: which of its input's pixels each pixel of its output depends on.

Followed from node to node: every tensor has a step (pixels of the picture between two neighbours)
and, in pixels, how far before and behind its own place a sample looks. Only what is known to look
near is followed; a mean over the whole picture ends it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import onnx
from onnx import helper, inliner, numpy_helper

from deblurvid.errors import GeneratorError
from deblurvid.graph.contract import real_inputs

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from deblurvid.graph.contract import Generator

SAMPLING_PIXELS = 8
"""What changing the sampling of chroma around the generator looks at, at most."""

POINTWISE = frozenset(
    {
        "Abs", "Add", "BatchNormalization", "BitShift", "Cast", "Ceil", "Celu", "Clip", "Cos",
        "Div", "Dropout", "Elu", "Equal", "Erf", "Exp", "Floor", "Gelu", "Greater", "HardSigmoid",
        "HardSwish", "Identity", "IsInf", "IsNaN", "LeakyRelu", "Less", "Log", "Max", "Min", "Mish",
        "Mod", "Mul", "Neg", "PRelu", "Pow", "Reciprocal", "Relu", "Round", "Selu", "Sigmoid",
        "Sign", "Sin", "Softplus", "Softsign", "Sqrt", "Sub", "Sum", "Swish", "Tanh",
        "ThresholdedRelu", "Where",
    }
)  # fmt: skip
ALONG_CHANNELS = frozenset({"Concat", "LogSoftmax", "Softmax", "Split"})
"""Pointwise in the picture if their axis is 1."""


@dataclass(frozen=True, slots=True)
class Span:
    """One axis of a tensor: sample i depends on pixels i * step + first to i * step + last."""

    step: Fraction
    first: Fraction
    last: Fraction

    def window(self, size: int, *, stride: int = 1, before: int = 0, dilation: int = 1) -> Span:
        """Of what looks at `size` samples at once, from `before` samples ahead of its place."""
        return Span(
            self.step * stride,
            self.first - before * self.step,
            self.last + ((size - 1) * dilation - before) * self.step,
        )

    def spread(self, parts: int, *, size: int, before: int) -> Span:
        """Of a transposed window: `parts` samples for one, each from up to `size` of its own."""
        step = self.step / parts
        return Span(step, self.first - (size - 1 - before) * step, self.last + before * step)

    def joined(self, other: Span, label: str) -> Span:
        """Of what looks at both."""
        if self.step != other.step:
            raise GeneratorError(f"{label} joins tensors of different scale")
        return Span(self.step, min(self.first, other.first), max(self.last, other.last))


Spans = tuple[Span, Span]
"""Rows, columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What pictures can be cut by without a trace."""

    pixels: int
    """A pixel of the restored picture depends on none that lies farther away."""
    grain: int
    """Cuts at multiples of this keep every sample of the generator in its place; even."""


def reach_of(generator: Generator) -> Reach:
    """How far a generator looks, with the wrapping around it.

    Raises:
        GeneratorError: it looks at the whole picture, or a node cannot be followed.
    """
    body = inliner.inline_local_functions(generator.model)
    known = {t.name: t for t in body.graph.initializer}
    spans: dict[str, Spans] = {}
    for value in real_inputs(body):
        half = generator.kind == "planes" and value.name != "y"
        step = Fraction(2 if half else 1)
        spans[value.name] = (Span(step, Fraction(0), step - 1),) * 2
    for node in body.graph.node:
        _follow(_Node(node, known), spans)
    steps = [span.step for pair in spans.values() for span in pair]
    ends = [spans[value.name] for value in body.graph.output if value.name in spans]
    farthest = max(
        (max(-span.first, span.last - span.step + 1) for pair in ends for span in pair),
        default=Fraction(0),
    )
    return Reach(
        pixels=math.ceil(farthest) + SAMPLING_PIXELS,
        grain=math.lcm(2, generator.multiple_of, *(math.ceil(step) for step in steps)),
    )


class _Node:
    """A node, its attributes, and its inputs that are constants."""

    def __init__(self, node: onnx.NodeProto, known: dict[str, onnx.TensorProto]) -> None:
        self.proto = node
        self.kind = node.op_type
        self.label = f"node {node.name or node.output[0]!r} ({node.op_type})"
        self._known = known
        self._attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        if node.op_type == "Constant" and "value" in self._attributes:
            known[node.output[0]] = self._attributes["value"]

    def get(self, name: str, default: Any) -> Any:
        """An attribute."""
        return self._attributes.get(name, default)

    def shape(self, index: int) -> list[int]:
        """Shape of the weight at an input."""
        name = self.proto.input[index]
        if name not in self._known:
            raise GeneratorError(f"{self.label} takes its weights from elsewhere")
        return list(self._known[name].dims)

    def constant(self, index: int) -> NDArray[np.generic] | None:
        """The value of an input that is a constant."""
        name = self.proto.input[index] if index < len(self.proto.input) else ""
        return numpy_helper.to_array(self._known[name]) if name in self._known else None


def _follow(node: _Node, spans: dict[str, Spans]) -> None:
    """Add what a node makes, if it depends on the picture's samples."""
    taken = [spans[name] for name in node.proto.input if name in spans]
    if not taken or node.kind in ("Shape", "Size"):
        return
    rule = _RULES.get(node.kind)
    if node.kind in POINTWISE or (node.kind in ALONG_CHANNELS and node.get("axis", -1) in (1, -3)):
        rule = _joined
    if rule is None:
        raise GeneratorError(f"{node.label} may look at the whole picture")
    rows, columns = zip(*taken, strict=True)
    made = rule(node, list(rows), 0), rule(node, list(columns), 1)
    spans.update(dict.fromkeys(filter(None, node.proto.output), made))


def _joined(node: _Node, spans: list[Span], axis: int) -> Span:  # noqa: ARG001 - a rule
    whole = spans[0]
    for span in spans[1:]:
        whole = whole.joined(span, node.label)
    return whole


def _padding(node: _Node, axis: int) -> int:
    """Samples that a window node adds before the picture."""
    automatic = node.get("auto_pad", b"NOTSET")
    if automatic not in (b"NOTSET", b"VALID"):
        raise GeneratorError(
            f"{node.label} pads by {automatic.decode()}, which depends on the size"
        )
    return int(node.get("pads", [0] * 4)[axis])


def _window(node: _Node, spans: list[Span], axis: int) -> Span:
    size = node.get("kernel_shape", None) or node.shape(1)[2:]
    return spans[0].window(
        size[axis],
        stride=node.get("strides", [1, 1])[axis],
        before=_padding(node, axis),
        dilation=node.get("dilations", [1, 1])[axis],
    )


def _transposed(node: _Node, spans: list[Span], axis: int) -> Span:
    size = (node.get("kernel_shape", None) or node.shape(1)[2:])[axis]
    wide = (size - 1) * node.get("dilations", [1, 1])[axis] + 1
    parts = node.get("strides", [1, 1])[axis]
    return spans[0].spread(parts, size=wide, before=_padding(node, axis))


def _folded(node: _Node, spans: list[Span], axis: int) -> Span:  # noqa: ARG001 - a rule
    block = node.get("blocksize", 0)
    return spans[0].window(block, stride=block)


def _unfolded(node: _Node, spans: list[Span], axis: int) -> Span:  # noqa: ARG001 - a rule
    block = node.get("blocksize", 0)
    return spans[0].spread(block, size=block, before=0)


def _padded(node: _Node, spans: list[Span], axis: int) -> Span:
    pads = node.constant(1)
    if pads is None or len(pads) != 8 or node.constant(3) is not None:
        raise GeneratorError(f"{node.label} pads by what is not known in advance")
    if node.get("mode", b"constant") == b"wrap":
        raise GeneratorError(f"{node.label} looks at the other end of the picture")
    return spans[0].window(1, before=int(pads[2 + axis]))


def _resized(node: _Node, spans: list[Span], axis: int) -> Span:
    scales = node.constant(2)
    if scales is None or len(scales) != 4 or node.get("mode", b"nearest") == b"cubic":
        raise GeneratorError(f"{node.label} resizes by what is not known in advance")
    if node.get("coordinate_transformation_mode", b"half_pixel") == b"align_corners":
        raise GeneratorError(f"{node.label} places its samples by the picture's size")
    span, scale = spans[0], Fraction(float(scales[2 + axis])).limit_denominator(64)
    step = span.step / scale
    # Half a sample of either grid, and the neighbour on the other side.
    more = 2 * span.step + step
    return Span(step, span.first - more, span.last + more)


_RULES: dict[str, Callable[[_Node, list[Span], int], Span]] = {
    "Conv": _window,
    "MaxPool": _window,
    "AveragePool": _window,
    "ConvTranspose": _transposed,
    "SpaceToDepth": _folded,
    "DepthToSpace": _unfolded,
    "Pad": _padded,
    "Resize": _resized,
}
"""By operator: the span of its output along one axis, from those of its inputs."""
