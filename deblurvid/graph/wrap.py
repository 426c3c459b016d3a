"""Generator in, graph out: from the samples of a decoded frame to those of the restored one.

Inputs of a graph, all with N = 1:

- the source's planes (y, u, v; y; or r, g, b), uint8 [1, C, height, width], C as in `Planes`;
- strength, float32 [1], in [0, 1];
- for an rgb generator on YCbCr: matrix, inverse, offset and scale (see `colour.coefficients`).

Outputs: the same planes as out_y ..., and invalid, int32 [1]: how many samples of the generator's
residual were NaN or Inf; they count as zero.

Note: [FP32 tail]
The graph adds strength times the residual to the source's own code values, so a zero residual gives
every sample back. That sum must be computed in float32, whatever the generator computes in.
TensorRT computes in the types that are written. OpenVINO lowers every node that lies before the
last convolution, MatMul or Resize, and leaves what lies behind it: so behind the generator's last
convolution there are only element-wise nodes, slices, padding and average pooling, also where a
colour matrix or a change of sampling is meant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import TensorProto, helper

from deblurvid.graph import colour
from deblurvid.graph.contract import PLANE_INPUTS, PLANE_OUTPUTS, Key, real_inputs
from deblurvid.graph.nodes import HEIGHT, WIDTH, Builder
from deblurvid.graph.precision import GraphPrecision, retyped

if TYPE_CHECKING:
    from deblurvid.frames import PictureFormat, Source
    from deblurvid.graph.contract import Generator

PREFIX = "generator/"
OUT = "out_"
STRENGTH, INVALID = "strength", "invalid"

_PLANE_NAMES: dict[Source, tuple[str, ...]] = {
    "yuv420": ("y", "u", "v"),
    "yuv422": ("y", "u", "v"),
    "yuv444": ("y", "u", "v"),
    "gray": ("y",),
    "rgb": ("r", "g", "b"),
}


def plane_names(source: Source) -> tuple[str, ...]:
    """Names of the graph's plane inputs; its plane outputs carry OUT before them."""
    return _PLANE_NAMES[source]


def wrap(
    generator: Generator, picture: PictureFormat, *, precision: GraphPrecision = "fp32"
) -> onnx.ModelProto:
    """Build the graph that restores frames of `picture` with `generator`.

    Height and width stay dynamic. The generator's own opset and IR version are kept.

    Raises:
        GeneratorError: the generator cannot be written in `precision`.
    """
    graph = _Wrapping(generator, picture, retyped(generator.model, precision))
    model = graph.build()
    helper.set_model_props(
        model,
        {
            **generator.metadata,
            Key.NAME: generator.name,
            "deblurvid.source": picture.source,
            "deblurvid.depth": str(picture.depth),
            "deblurvid.precision": precision,
        },
    )
    onnx.checker.check_model(model)
    return model


@dataclass
class _Wrapping:
    generator: Generator
    picture: PictureFormat
    body: onnx.ModelProto

    def build(self) -> onnx.ModelProto:
        self.b = Builder("wrap/")
        names = plane_names(self.picture.source)
        codes = [self._codes(name) for name in names]
        self.height, self.width = (self.b.side(codes[0], axis) for axis in (HEIGHT, WIDTH))
        self.invalid: list[str] = []
        restore = self._by_planes if self.generator.kind == "planes" else self._by_rgb
        for name, code, residual in zip(names, codes, restore(codes), strict=True):
            self._store(name, self._summed(code, residual))
        total = self.b.op("Sum", *self.invalid) if len(self.invalid) > 1 else self.invalid[0]
        total = self.b.op("Reshape", total, self.b.integers([1]))
        self.b.rename(self.b.cast(total, TensorProto.INT32), INVALID)
        return self._assembled(names)

    # Samples in, samples out.

    def _codes(self, plane: str) -> str:
        """Code values of a plane, float32 [1,1,H,W]: whole numbers, exact up to 16 bits."""
        values = self.b.float32(plane)
        if self.picture.bytes_per_sample == 1:
            return values
        low, high = self.b.channel(values, 0), self.b.channel(values, 1)
        return self.b.add(low, self.b.scale(high, 256))

    def _summed(self, code: str, residual: str) -> str:
        """Source plus strength times residual, rounded to the nearest code, in range."""
        change = self.b.op("Mul", residual, STRENGTH)
        rounded = self.b.op("Round", self.b.add(code, change))
        top = 2.0**self.picture.depth - 1
        return self.b.op("Clip", rounded, self.b.constant(0.0), self.b.constant(top))

    def _store(self, plane: str, values: str) -> None:
        b = self.b
        if self.picture.bytes_per_sample == 2:
            high = b.op("Floor", b.scale(values, 1 / 256))
            low = b.op("Sub", values, b.scale(high, 256))
            values = b.op("Concat", low, high, axis=1)
        b.rename(b.cast(values, TensorProto.UINT8), OUT + plane)

    # A planes generator: fractions of 2^depth in, residuals of the same scale out.

    def _by_planes(self, codes: list[str]) -> list[str]:
        b, unit = self.b, 2.0**self.picture.depth
        fractions = [b.scale(code, 1 / unit) for code in codes]
        match self.picture.source:
            case "rgb":
                return self._rgb_by_planes(codes)
            case "gray":
                half = b.halved(fractions[0], rows=True, columns=True)
                neutral = b.op("Expand", b.constant(np.full((1, 1, 1, 1), 0.5)), b.op("Shape", half))
                residuals = self._planes_residuals([fractions[0], neutral, neutral])[:1]
            case "yuv420":
                residuals = self._planes_residuals(fractions)
            case "yuv422":
                residuals = self._resampled(fractions, rows=True, columns=False)
            case "yuv444":
                residuals = self._resampled(fractions, rows=True, columns=True)
        return [b.scale(residual, unit) for residual in residuals]

    def _resampled(self, planes: list[str], *, rows: bool, columns: bool) -> list[str]:
        """Residuals for planes whose chroma is halved on the way in and doubled on the way out."""
        b = self.b
        halves = [b.halved(plane, rows=rows, columns=columns) for plane in planes[1:]]
        dy, *chroma = self._planes_residuals([planes[0], *halves])
        doubles = [b.doubled(plane, rows=rows, columns=columns) for plane in chroma]
        width = b.side(planes[1], WIDTH)
        return [dy, *(b.crop_to(plane, self.height, width) for plane in doubles)]

    def _rgb_by_planes(self, codes: list[str]) -> list[str]:
        """RGB seen as BT.709 limited YCbCr; only the residual comes back through the matrix."""
        b, top = self.b, 2.0**self.picture.depth - 1
        offset, scale = colour.offset_and_scale(8, full_range=False)
        forward = (scale[:, None] / 256) * colour.yuv_from_rgb("bt709")
        backward = colour.rgb_from_yuv("bt709") * (256 / scale[None, :])
        rgb = [b.scale(code, 1 / top) for code in codes]
        yuv = b.add(
            colour.transformed(b, b.constant(forward), rgb),
            b.constant((offset / 256).reshape(1, 3, 1, 1)),
        )
        planes = [b.channel(yuv, i) for i in range(3)]
        residuals = self._resampled(planes, rows=True, columns=True)
        change = colour.transformed(b, b.constant(backward * top), residuals)
        return [b.channel(change, i) for i in range(3)]

    def _planes_residuals(self, planes: list[str]) -> list[str]:
        """Run the generator on y [1,1,H,W], u, v [1,1,ceil(H/2),ceil(W/2)], padded as it needs."""
        b, multiple = self.b, self.generator.multiple_of
        sizes = [(b.side(plane, HEIGHT), b.side(plane, WIDTH)) for plane in planes]
        if multiple > 1:
            steps = [multiple, multiple // 2, multiple // 2]
            # Chroma follows luma: its own size rounded up to half the multiple is the same.
            planes = [
                b.edge_padded_to(plane, *(b.rounded_up(side, step) for side in size))
                for plane, size, step in zip(planes, sizes, steps, strict=True)
            ]
        outputs = self._run(dict(zip(PLANE_INPUTS, planes, strict=True)))
        return [
            self._valid(b.crop_to(outputs[name], *size))
            for name, size in zip(PLANE_OUTPUTS, sizes, strict=True)
        ]

    # An rgb generator: the restored picture out; minus the very tensor that was fed.

    def _by_rgb(self, codes: list[str]) -> list[str]:
        b = self.b
        if self.picture.source == "rgb":
            top = 2.0**self.picture.depth - 1
            fed = b.scale(b.op("Concat", *codes, axis=1), 1 / top)
            change = b.scale(self._rgb_residual(fed), top)
            return [b.channel(change, i) for i in range(3)]
        units = [
            b.op("Div", b.op("Sub", code, colour.element(b, "offset", i)), self._scale(i))
            for i, code in enumerate(codes)
        ]
        rgb = self._rgb_residual(colour.transformed(b, "matrix", self._full_size(units)))
        channels = [b.channel(rgb, i) for i in range(3)]
        yuv = colour.transformed(b, "inverse", channels)
        return [self._own_size(b.channel(yuv, i), i) for i in range(len(codes))]

    def _scale(self, index: int) -> str:
        return colour.element(self.b, "scale", index)

    def _full_size(self, planes: list[str]) -> list[str]:
        """Y', Cb, Cr of the picture's own size; no chroma counts as neutral."""
        b = self.b
        match self.picture.source:
            case "yuv420":
                rows, columns = True, True
            case "yuv422":
                rows, columns = False, True
            case "gray":
                neutral = b.scale(planes[0], 0.0)
                return [planes[0], neutral, neutral]
            case _:
                return planes
        large = [b.doubled(plane, rows=rows, columns=columns) for plane in planes[1:]]
        return [planes[0], *(b.crop_to(plane, self.height, self.width) for plane in large)]

    def _own_size(self, residual: str, index: int) -> str:
        """A residual in units, of the picture's size -> in codes, of the plane's own size."""
        if index and self.picture.source in ("yuv420", "yuv422"):
            rows = self.picture.source == "yuv420"
            residual = self.b.halved(residual, rows=rows, columns=True)
        return self.b.op("Mul", residual, self._scale(index))

    def _rgb_residual(self, rgb: str) -> str:
        """Run the generator on RGB [1,3,H,W] in [0,1]; its change, in the same unit."""
        b = self.b
        # Codes outside the gamut are legal in YCbCr. A generator that clamps its output would
        # change them even where it means to change nothing, so it is fed what it can give back.
        fed = b.op("Clip", rgb, b.constant(0.0), b.constant(1.0))
        span = 1.0
        if self.generator.value_range == "-1..1":
            span = 2.0
            fed = b.op("Sub", b.scale(fed, span), b.constant(1.0))
        height, width = (b.rounded_up(side, self.generator.multiple_of)
                         for side in (self.height, self.width))  # fmt: skip
        name = real_inputs(self.body)[0].name
        padded = b.edge_padded_to(fed, height, width)
        output = self._run({name: padded})[self.body.graph.output[0].name]
        restored = b.crop_to(output, self.height, self.width)
        fed_type = real_inputs(self.body)[0].type.tensor_type.elem_type
        if fed_type != TensorProto.FLOAT:
            fed = b.float32(b.cast(fed, fed_type))
        return b.scale(self._valid(b.op("Sub", restored, fed)), 1 / span)

    # The generator itself.

    def _run(self, feeds: dict[str, str]) -> dict[str, str]:
        """Connect the generator's inputs; its outputs by their own names, as float32."""
        b = self.b
        prefixed = onnx.compose.add_prefix(self.body, PREFIX)
        types = {v.name: v.type.tensor_type.elem_type for v in self.body.graph.input}
        for name, value in feeds.items():
            typed = value if types[name] == TensorProto.FLOAT else b.cast(value, types[name])
            b.rename(typed, PREFIX + name)
        b.nodes.extend(prefixed.graph.node)
        b.initializers.extend(prefixed.graph.initializer)
        self.functions = prefixed.functions
        return {
            value.name: PREFIX + value.name
            if value.type.tensor_type.elem_type == TensorProto.FLOAT
            else b.float32(PREFIX + value.name)
            for value in self.body.graph.output
        }

    def _valid(self, residual: str) -> str:
        """The residual with NaN and Inf as zero and counted, and within [-2, 2].

        A change of more than the whole range saturates whatever it is added to, so the bound
        changes no picture; it keeps the sums behind it finite.
        """
        b = self.b
        bad = b.op("Or", b.op("IsNaN", residual), b.op("IsInf", residual))
        count = b.op("ReduceSum", b.float32(bad), keepdims=0)
        self.invalid.append(count)
        finite = b.op("Where", bad, b.constant(0.0), residual)
        return b.op("Clip", finite, b.constant(-2.0), b.constant(2.0))

    def _assembled(self, names: tuple[str, ...]) -> onnx.ModelProto:
        channels = self.picture.bytes_per_sample
        sizes = _symbolic_sizes(self.picture.source)
        planes = [
            (name, helper.make_tensor_type_proto(TensorProto.UINT8, [1, channels, *size]))
            for name, size in zip(names, sizes, strict=True)
        ]
        floats = {STRENGTH: (1,)}
        if self.generator.kind == "rgb" and self.picture.source != "rgb":
            floats |= colour.COLOUR_INPUTS
        inputs = [helper.make_value_info(name, kind) for name, kind in planes]
        inputs += [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
            for name, shape in floats.items()
        ]
        outputs = [helper.make_value_info(OUT + name, kind) for name, kind in planes]
        outputs.append(helper.make_tensor_value_info(INVALID, TensorProto.INT32, [1]))
        graph = helper.make_graph(self.b.nodes, "deblurvid", inputs, outputs, self.b.initializers)
        return helper.make_model(
            graph,
            opset_imports=self.generator.model.opset_import,
            ir_version=self.generator.model.ir_version,
            functions=self.functions,
            producer_name="deblurvid",
        )


def _symbolic_sizes(source: Source) -> list[tuple[str, str]]:
    full = ("height", "width")
    match source:
        case "yuv420":
            chroma = ("chroma_height", "chroma_width")
        case "yuv422":
            chroma = ("height", "chroma_width")
        case _:
            chroma = full
    return [full] if source == "gray" else [full, chroma, chroma]
