"""Every source through an rgb generator: a picture in, the restored one out.

The residual is what comes out minus the very tensor that was fed, so a generator that gives its
picture back changes nothing, whatever was lost on the way to RGB.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onnx import TensorProto

from deblurvid.graph import colour
from deblurvid.graph.contract import real_inputs

if TYPE_CHECKING:
    from deblurvid.graph.site import Site


def residuals(site: Site, codes: list[str], *, feed_type: int) -> list[str]:
    """Code values of the source's planes -> what to add to each, in codes.

    Args:
        site: where the generator goes in.
        codes: float32 [1,1,H,W] each.
        feed_type: element type in which the generator first takes its picture. What is fed is
            rounded to it, so that its own cast changes nothing.
    """
    b = site.builder
    if site.picture.source == "rgb":
        top = 2.0**site.picture.depth - 1
        fed = b.scale(b.op("Concat", *codes, axis=1), 1 / top)
        change = b.scale(_run(site, fed, feed_type), top)
        return [b.channel(change, i) for i in range(3)]
    units = [
        b.op(
            "Div", b.op("Sub", code, colour.element(b, "offset", i)), colour.element(b, "scale", i)
        )
        for i, code in enumerate(codes)
    ]
    rgb = _run(site, colour.transformed(b, "matrix", _full_size(site, units)), feed_type)
    yuv = colour.transformed(b, "inverse", [b.channel(rgb, i) for i in range(3)])
    return [_own_size(site, b.channel(yuv, i), i) for i in range(len(codes))]


def _full_size(site: Site, planes: list[str]) -> list[str]:
    """Y', Cb, Cr of the picture's own size; no chroma counts as neutral."""
    b = site.builder
    match site.picture.source:
        case "yuv420" | "yuv422" as source:
            rows = source == "yuv420"
            large = [b.doubled(plane, rows=rows, columns=True) for plane in planes[1:]]
            return [planes[0], *(b.crop_to(plane, *site.sides(planes[0])) for plane in large)]
        case "gray":
            neutral = b.scale(planes[0], 0.0)
            return [planes[0], neutral, neutral]
        case _:
            return planes


def _own_size(site: Site, residual: str, index: int) -> str:
    """A residual in units, of the picture's size -> in codes, of the plane's own size."""
    b = site.builder
    if index and site.picture.source in ("yuv420", "yuv422"):
        residual = b.halved(residual, rows=site.picture.source == "yuv420", columns=True)
    return b.op("Mul", residual, colour.element(b, "scale", index))


def _run(site: Site, rgb: str, feed_type: int) -> str:
    """RGB [1,3,H,W] in [0,1] -> the generator's change, in the same unit."""
    b, multiple = site.builder, site.generator.multiple_of
    # Codes outside the gamut are legal in YCbCr. A generator that clamps its output would change
    # them even where it means to change nothing, so it is fed what it can give back.
    fed = b.op("Clip", rgb, b.constant(0.0), b.constant(1.0))
    span = 1.0
    if site.generator.value_range == "-1..1":
        span = 2.0
        fed = b.op("Sub", b.scale(fed, span), b.constant(1.0))
    if feed_type != TensorProto.FLOAT:
        fed = b.float32(b.cast(fed, feed_type))
    sides = site.sides(fed)
    padded = b.edge_padded_to(fed, *(b.rounded_up(side, multiple) for side in sides))
    outputs = site.run({real_inputs(site.body)[0].name: padded})
    restored = b.crop_to(outputs[site.body.graph.output[0].name], *sides)
    return b.scale(site.valid(b.op("Sub", restored, fed)), 1 / span)
