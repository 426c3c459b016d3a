"""Every source through a planes generator: fractions of 2^depth in 4:2:0 in, residuals out.

What other sampling has is averaged to 4:2:0 on the way in; only the residual is doubled back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deblurvid.graph import colour
from deblurvid.graph.contract import PLANE_INPUTS, PLANE_OUTPUTS

if TYPE_CHECKING:
    from deblurvid.graph.site import Site


def residuals(site: Site, codes: list[str]) -> list[str]:
    """Code values of the source's planes -> what to add to each, in codes."""
    b, unit = site.builder, 2.0**site.picture.depth
    if site.picture.source == "rgb":
        return _of_rgb(site, codes)
    fractions = [b.scale(code, 1 / unit) for code in codes]
    match site.picture.source:
        case "gray":
            found = _of_gray(site, fractions[0])
        case "yuv422":
            found = _resampled(site, fractions, columns=False)
        case "yuv444":
            found = _resampled(site, fractions, columns=True)
        case _:
            found = _run(site, fractions)
    return [b.scale(residual, unit) for residual in found]


def _of_gray(site: Site, y: str) -> list[str]:
    """Neutral chroma in; the chroma residual has nowhere to go."""
    b = site.builder
    halves = [b.op("Div", b.rounded_up(side, 2), b.integers([2])) for side in site.sides(y)]
    size = b.op("Concat", b.integers([1, 1]), *halves, axis=0)
    neutral = b.op("Expand", b.constant(np.full((1, 1, 1, 1), 0.5)), size)
    return _run(site, [y, neutral, neutral], wanted=1)


def _of_rgb(site: Site, codes: list[str]) -> list[str]:
    """RGB seen as BT.709 limited YCbCr; only the residual comes back through the matrix."""
    b, top = site.builder, 2.0**site.picture.depth - 1
    offset, scale = colour.offset_and_scale(8, full_range=False)
    forward = (scale[:, None] / 256) * colour.yuv_from_rgb("bt709")
    backward = colour.rgb_from_yuv("bt709") * (256 / scale[None, :])
    rgb = [b.scale(code, 1 / top) for code in codes]
    yuv = b.add(
        colour.transformed(b, b.constant(forward), rgb),
        b.constant((offset / 256).reshape(1, 3, 1, 1)),
    )
    found = _resampled(site, [b.channel(yuv, i) for i in range(3)], columns=True)
    change = colour.transformed(b, b.constant(backward * top), found)
    return [b.channel(change, i) for i in range(3)]


def _resampled(site: Site, planes: list[str], *, columns: bool) -> list[str]:
    """Chroma's rows (and columns) halved on the way in and doubled on the way out."""
    b = site.builder
    halves = [b.halved(plane, rows=True, columns=columns) for plane in planes[1:]]
    dy, *chroma = _run(site, [planes[0], *halves])
    doubles = [b.doubled(plane, rows=True, columns=columns) for plane in chroma]
    return [dy, *(b.crop_to(plane, *site.sides(planes[1])) for plane in doubles)]


def _run(site: Site, planes: list[str], *, wanted: int = 3) -> list[str]:
    """Planes y [1,1,H,W], u, v [1,1,ceil(H/2),ceil(W/2)] -> the first residuals of the same sizes."""
    b, multiple = site.builder, site.generator.multiple_of
    sizes = [site.sides(plane) for plane in planes]
    if multiple > 1:
        # Chroma follows luma: its own size rounded up to half the multiple is the same.
        steps = [multiple, multiple // 2, multiple // 2]
        planes = [
            b.edge_padded_to(plane, *(b.rounded_up(side, step) for side in size))
            for plane, size, step in zip(planes, sizes, steps, strict=True)
        ]
    outputs = site.run(dict(zip(PLANE_INPUTS, planes, strict=True)))
    return [
        site.valid(b.crop_to(outputs[name], *size))
        for name, size in list(zip(PLANE_OUTPUTS, sizes, strict=True))[:wanted]
    ]
