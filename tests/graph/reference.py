"""What a graph must give, in numpy and float64, written from the standards and from the contract.

Nothing here is taken from deblurvid.graph: coefficients are the literal equations of BT.601-7
(2.5), BT.709-6 (3.2, 3.3) and BT.2020-2 (table 4), code values those of BT.709-6 (3.4) and, for
full range, of BT.2100-2 (table 9). A plane is a 2-D array of codes; a network is a function.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from deblurvid.frames import ColourTags, Matrix, Source

Plane = NDArray[Any]
"""Codes or fractions; sums and products of either are float64."""
PlanesNet = Callable[[Plane, Plane, Plane], Sequence[Plane]]
RgbNet = Callable[[Plane], Plane]

# red, green and blue in luma; then what B - Y and R - Y are divided by
EQUATIONS: dict[Matrix, tuple[float, float, float, float, float]] = {
    "bt601": (0.299, 0.587, 0.114, 1.772, 1.402),
    "bt709": (0.2126, 0.7152, 0.0722, 1.8556, 1.5748),
    "bt2020": (0.2627, 0.6780, 0.0593, 1.8814, 1.4746),
}


# Colour


def ycbcr_from_rgb(matrix: Matrix, rgb: Sequence[Plane]) -> list[Plane]:
    """R', G', B' -> Y', Cb, Cr; linear, so it also takes differences."""
    red, green, blue, cb_divisor, cr_divisor = EQUATIONS[matrix]
    r, g, b = rgb
    y = red * r + green * g + blue * b
    return [y, (b - y) / cb_divisor, (r - y) / cr_divisor]


def rgb_from_ycbcr(matrix: Matrix, ycbcr: Sequence[Plane]) -> list[Plane]:
    """The equations above solved for R', G', B'."""
    red, green, blue, cb_divisor, cr_divisor = EQUATIONS[matrix]
    y, cb, cr = ycbcr
    r = y + cr_divisor * cr
    b = y + cb_divisor * cb
    return [r, (y - red * r - blue * b) / green, b]


def code_of_zero_and_one(tags: ColourTags, depth: int) -> list[tuple[float, float]]:
    """For Y', Cb, Cr: the code of 0, and how many codes 1 is."""
    if tags.full_range:
        top, middle = 2**depth - 1, 2 ** (depth - 1)
        return [(0, top), (middle, top), (middle, top)]
    step = 2 ** (depth - 8)
    return [(16 * step, 219 * step), (128 * step, 224 * step), (128 * step, 224 * step)]


# Sampling


def edge_padded(plane: Plane, height: int, width: int) -> Plane:
    """Grown to height x width by repeating the last row and column."""
    rows = np.minimum(np.arange(height), plane.shape[-2] - 1)
    columns = np.minimum(np.arange(width), plane.shape[-1] - 1)
    return plane[..., rows, :][..., columns]


def rounded_up(side: int, multiple: int) -> int:
    """The next multiple that is not smaller."""
    while side % multiple:
        side += 1
    return side


def halved(plane: Plane, *, rows: bool, columns: bool) -> Plane:
    """Means of pairs; the last of an odd number stands alone."""
    for axis, wanted in ((0, rows), (1, columns)):
        if wanted:
            first = plane.take(range(0, plane.shape[axis], 2), axis)
            seconds = [min(i + 1, plane.shape[axis] - 1) for i in range(0, plane.shape[axis], 2)]
            plane = (first + plane.take(seconds, axis)) / 2
    return plane


def doubled(plane: Plane, *, rows: bool, columns: bool) -> Plane:
    """Each sample becomes two, each 3/4 of itself and 1/4 of its neighbour on that side."""
    for axis, wanted in ((0, rows), (1, columns)):
        if wanted:
            count = plane.shape[axis]
            before = plane.take([max(i - 1, 0) for i in range(count)], axis)
            after = plane.take([min(i + 1, count - 1) for i in range(count)], axis)
            pair = np.stack([0.75 * plane + 0.25 * before, 0.75 * plane + 0.25 * after], axis + 1)
            shape = list(plane.shape)
            shape[axis] *= 2
            plane = pair.reshape(shape)
    return plane


@dataclass(frozen=True)
class Sampling:
    """Which sides of chroma are half as long as luma's."""

    rows: bool
    columns: bool


SAMPLINGS: dict[Source, Sampling] = {
    "yuv420": Sampling(rows=True, columns=True),
    "yuv422": Sampling(rows=False, columns=True),
    "yuv444": Sampling(rows=False, columns=False),
    "rgb": Sampling(rows=False, columns=False),
    "gray": Sampling(rows=False, columns=False),
}


# Pictures


def random_planes(
    source: Source, depth: int, size: tuple[int, int], *, low: int = 0, high: int | None = None
) -> list[NDArray[np.int64]]:
    """Codes of [low, high], by default all that the depth can hold, legal or not."""
    rng = np.random.default_rng([depth, *size])
    height, width = size
    sampling = SAMPLINGS[source]
    chroma = (-(-height // 2) if sampling.rows else height,
              -(-width // 2) if sampling.columns else width)  # fmt: skip
    sizes = [size] if source == "gray" else [size, chroma, chroma]
    top = 2**depth - 1 if high is None else high
    planes = [rng.integers(low, top, shape, endpoint=True) for shape in sizes]
    for plane in planes:
        plane[0, 0], plane[-1, -1] = low, top
    return planes


def codes_from(values: Sequence[Plane], depth: int) -> list[NDArray[np.int64]]:
    """Rounded half to even, and kept within what the depth can hold."""
    return [np.clip(np.rint(v), 0, 2**depth - 1).astype(np.int64) for v in values]


# A planes generator around a picture


def residuals_by_planes(net: PlanesNet, fractions: Sequence[Plane], multiple: int) -> list[Plane]:
    """Feed y, u, v of 4:2:0, edges repeated to the multiple; crop what comes back."""
    y, u, v = fractions
    height, width = (rounded_up(side, multiple) for side in y.shape)
    half = max(multiple // 2, 1)
    small = [rounded_up(side, half) for side in u.shape]
    outputs = net(edge_padded(y, height, width), *(edge_padded(p, *small) for p in (u, v)))
    return [
        out[: plane.shape[0], : plane.shape[1]]
        for out, plane in zip(outputs, fractions, strict=True)
    ]


def changes_by_planes(
    net: PlanesNet, planes: Sequence[Plane], source: Source, depth: int, *, multiple: int = 1
) -> list[Plane]:
    """What a planes generator adds to each code, before strength and rounding."""
    unit = 2.0**depth
    height, width = planes[0].shape
    if source == "gray":
        half = np.full((-(-height // 2), -(-width // 2)), 0.5)
        y = np.asarray(planes[0]) / unit
        return [residuals_by_planes(net, [y, half, half], multiple)[0] * unit]
    top = unit - 1
    if source == "rgb":
        y, cb, cr = ycbcr_from_rgb("bt709", [np.asarray(p) / top for p in planes])
        full = [(219 * y + 16) / 256, (224 * cb + 128) / 256, (224 * cr + 128) / 256]
    else:
        full = [np.asarray(p) / unit for p in planes]
    sampling = SAMPLINGS[source]
    there = {"rows": not sampling.rows, "columns": not sampling.columns}
    fed = [full[0], *(halved(p, **there) for p in full[1:])]
    dy, *chroma = residuals_by_planes(net, fed, multiple)
    own = [doubled(p, **there)[: full[1].shape[0], : full[1].shape[1]] for p in chroma]
    if source != "rgb":
        return [change * unit for change in (dy, *own)]
    units = [dy * 256 / 219, own[0] * 256 / 224, own[1] * 256 / 224]
    return [change * top for change in rgb_from_ycbcr("bt709", units)]


# An rgb generator around a picture


def rgb_of(planes: Sequence[Plane], source: Source, depth: int, tags: ColourTags) -> Plane:
    """R', G', B' of the picture as [3, H, W], not yet limited to [0, 1]."""
    if source == "rgb":
        return np.stack([np.asarray(p) / (2.0**depth - 1) for p in planes])
    height, width = planes[0].shape
    coding = code_of_zero_and_one(tags, depth)
    units = [(p - zero) / one for p, (zero, one) in zip(planes, coding, strict=False)]
    if source == "gray":
        units += [np.zeros((height, width))] * 2
    sampling = SAMPLINGS[source]
    large = [
        doubled(p, rows=sampling.rows, columns=sampling.columns)[:height, :width] for p in units[1:]
    ]
    return np.stack(rgb_from_ycbcr(tags.matrix, [units[0], *large]))


def changes_by_rgb(
    net: RgbNet,
    planes: Sequence[Plane],
    source: Source,
    depth: int,
    *,
    tags: ColourTags,
    signed: bool = False,
    multiple: int = 1,
) -> list[Plane]:
    """What an rgb generator adds to each code; `signed` says that it works in [-1, 1]."""
    height, width = planes[0].shape
    fed = np.clip(rgb_of(planes, source, depth, tags), 0, 1)
    span = 2.0 if signed else 1.0
    fed = fed * span - (span - 1)
    restored = net(edge_padded(fed, rounded_up(height, multiple), rounded_up(width, multiple)))
    change = (restored[:, :height, :width] - fed) / span
    if source == "rgb":
        return list(change * (2.0**depth - 1))
    units = ycbcr_from_rgb(tags.matrix, list(change))[: len(planes)]
    sampling = SAMPLINGS[source]
    own = [units[0]]
    own += [halved(p, rows=sampling.rows, columns=sampling.columns) for p in units[1:]]
    coding = code_of_zero_and_one(tags, depth)
    return [p * one for p, (_, one) in zip(own, coding, strict=False)]
