"""Generator in, graph out: from the samples of a decoded frame to those of the restored one.

Inputs of a graph, all with N = 1:

- the source's planes (y, u, v; y; or r, g, b), uint8 [1, C, height, width], C as in `Planes`;
- strength, float32 [1], in [0, 1];
- for an rgb generator on YCbCr: matrix, inverse, offset and scale (see `colour.coefficients`).

Outputs: the same planes as out_y ..., and invalid, int32 [1]: how many samples of the residual that
the picture has a use for were NaN or Inf; they count as zero.

Note: [FP32 tail]
The graph adds strength times the residual to the source's own code values, so a zero residual gives
every sample back. That sum must be computed in float32, whatever the generator computes in.
TensorRT computes in the types that are written. OpenVINO, told to run in bf16, leaves float32 only
to the nodes that reach an output without passing a convolution, MatMul or Resize: so behind the
generator's last convolution there are only element-wise nodes, slices, padding and average pooling,
also where a colour matrix or a change of sampling is meant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import onnx
import onnx.inliner
from onnx import TensorProto, helper, inliner

from deblurvid.graph import by_planes, by_rgb, colour
from deblurvid.graph.contract import Key
from deblurvid.graph.precision import ELEMENT_TYPES, GraphPrecision, retyped
from deblurvid.graph.site import Site

if TYPE_CHECKING:
    from deblurvid.frames import PictureFormat, Source
    from deblurvid.graph.contract import Generator
    from deblurvid.graph.nodes import Builder

OUT = "out_"
STRENGTH, INVALID = "strength", "invalid"

OLDEST_IR_VERSION = 4
"""The first in which weights need not be inputs too."""

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
    # Functions are written out: OpenVINO takes none.
    body = inliner.inline_local_functions(retyped(generator.model, precision))
    site = Site(generator, body, picture)
    _restore(site, precision)
    model = _assembled(site)
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


def _restore(site: Site, precision: GraphPrecision) -> None:
    """Write all nodes, from the planes to their restored samples and the invalid count."""
    b, picture = site.builder, site.picture
    names = plane_names(picture.source)
    codes = [_codes(b, name, picture) for name in names]
    if site.generator.kind == "planes":
        residuals = by_planes.residuals(site, codes)
    else:
        feed_type = ELEMENT_TYPES.get(precision, TensorProto.FLOAT)
        if site.input_type() != TensorProto.FLOAT:
            feed_type = site.input_type()
        residuals = by_rgb.residuals(site, codes, feed_type=feed_type)
    for name, code, residual in zip(names, codes, residuals, strict=True):
        _store(b, _summed(b, code, residual, picture), OUT + name, picture)
    site.invalid(INVALID)


def _codes(b: Builder, plane: str, picture: PictureFormat) -> str:
    """Code values of a plane, float32 [1,1,H,W]: whole numbers, exact up to 16 bits."""
    values = b.float32(plane)
    if picture.bytes_per_sample == 1:
        return values
    low, high = b.channel(values, 0), b.channel(values, 1)
    return b.add(low, b.scale(high, 256))


def _summed(b: Builder, code: str, residual: str, picture: PictureFormat) -> str:
    """Source plus strength times residual, rounded to the nearest code, in range."""
    change = b.op("Mul", residual, STRENGTH)
    rounded = b.op("Round", b.add(code, change))
    top = 2.0**picture.depth - 1
    return b.op("Clip", rounded, b.constant(0.0), b.constant(top))


def _store(b: Builder, values: str, name: str, picture: PictureFormat) -> None:
    """Write whole numbers as the bytes of the graph's output `name`."""
    if picture.bytes_per_sample == 2:
        high = b.op("Floor", b.scale(values, 1 / 256))
        low = b.op("Sub", values, b.scale(high, 256))
        values = b.op("Concat", low, high, axis=1)
    b.cast(values, TensorProto.UINT8, name)


def _assembled(site: Site) -> onnx.ModelProto:
    picture, b = site.picture, site.builder
    names, sizes = plane_names(picture.source), _symbolic_sizes(picture.source)
    planes = [
        (
            name,
            helper.make_tensor_type_proto(TensorProto.UINT8, [1, picture.bytes_per_sample, *size]),
        )
        for name, size in zip(names, sizes, strict=True)
    ]
    floats: dict[str, tuple[int, ...]] = {STRENGTH: (1,)}
    if site.generator.kind == "rgb" and picture.source != "rgb":
        floats |= colour.COLOUR_INPUTS
    inputs = [helper.make_value_info(name, kind) for name, kind in planes]
    inputs += [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in floats.items()
    ]
    outputs = [helper.make_value_info(OUT + name, kind) for name, kind in planes]
    outputs.append(helper.make_tensor_value_info(INVALID, TensorProto.INT32, [1]))
    return helper.make_model(
        helper.make_graph(b.nodes, "deblurvid", inputs, outputs, b.initializers),
        opset_imports=site.body.opset_import,
        ir_version=max(site.body.ir_version, OLDEST_IR_VERSION),
        functions=site.body.functions,
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
