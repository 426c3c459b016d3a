"""Two clips -> one PNG of chosen moments, one below the other."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from deblurvid.errors import UsageError
from deblurvid.judge.compare.labels import label, margin, remarks
from deblurvid.judge.compare.sights import sight_maker
from deblurvid.judge.compare.writing import check_targets, write_whole
from deblurvid.stages.clip import (
    check_alike,
    common_seconds,
    hdr_remark,
    lengths_remark,
    look_at,
    paired,
    slack,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from deblurvid.judge.compare.asked import Asked
    from deblurvid.judge.compare.sights import Sight
    from deblurvid.stages.clip import Clip

QUARTERS = (Fraction(1, 4), Fraction(1, 2), Fraction(3, 4))
GAP = 4
"""Pixels between moments, and between the two pictures of one."""
MOST_PIXELS = 1 << 28
"""Of the image that is made: some 800 MB while it is."""


def compare_pictures(
    asked: Asked,
    target: Path,
    *,
    at: Sequence[Fraction] = (),
    say: Callable[[str], None] = lambda _: None,
    watch: Callable[[float], None] = lambda _: None,
) -> None:
    """Write a PNG, 8 bits of RGB, of what both clips show at some moments.

    Args:
        asked: which clips, and how they are shown; a wipe moves, so it is for videos.
        target: the file.
        at: seconds after the first frame; the second clip's frame that is on screen then is shown.
            None are the quarters of the time: no frame but these is decoded for long.
        say: told what is not as one might expect, and which moments were chosen.
        watch: told the share that is done.

    Raises:
        DeblurvidError: see `deblurvid.errors`.
    """
    if asked.layout == "wipe":
        raise UsageError("--layout wipe moves; write a video, or use split, side or stack")
    check_targets(asked, target)
    first, second = look_at(asked.first, asked.start), look_at(asked.second)
    check_alike(first, second)
    for remark in (
        lengths_remark(first, second),
        hdr_remark(first, second),
        *remarks(asked.labels),
    ):
        if remark:
            say(remark)
    moments = _moments(at, first, second, say)
    part = (0, 0, *second.size) if asked.crop is None else asked.crop.within(second.size)
    height = len(moments) * (part[3] * asked.zoom * (1 + (asked.layout == "stack")) + GAP)
    width = part[2] * asked.zoom * (1 + (asked.layout == "side"))
    if width * height > MOST_PIXELS:
        raise UsageError(
            f"the image would have {width}x{height} pixels; use --crop, a smaller --zoom or fewer "
            "--at"
        )
    rows = []
    for number, moment in enumerate(moments, 1):
        rows.append(_row(_sight_at(first, second, moment), asked, part))
        watch(number / len(moments))
    write_whole(target, _png(_below(rows)), overwrite=asked.overwrite)


def _moments(
    at: Sequence[Fraction], first: Clip, second: Clip, say: Callable[[str], None]
) -> list[Fraction]:
    end = common_seconds(first, second)
    if late := [moment for moment in at if not 0 <= moment < end]:
        raise UsageError(
            f"--at {float(late[0]):.3f}: both clips show pictures from 0 to {float(end):.3f} s only"
        )
    if at:
        return list(at)
    chosen = list(dict.fromkeys(share * end for share in QUARTERS if second.frames > 1))
    if not chosen:
        return [Fraction(0)]
    say(
        f"the frames at the quarters of the time, {', '.join(f'{float(s):.3f}' for s in chosen)} "
        "s; name others by --at"
    )
    return chosen


def _sight_at(first: Clip, second: Clip, moment: Fraction) -> Sight:
    """What both show at a moment, in RGB."""
    found = None
    for pair in paired(first, second, moment):
        if found is not None and pair.seconds > moment + slack(first, second):
            break
        found = pair
    if found is None:
        raise UsageError(f"--at {float(moment):.3f}: no frame decodes there")
    return sight_maker()(found)


def _row(sight: Sight, asked: Asked, part: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    """One moment as [height, width, 3]."""
    x, y, width, height = part
    first, second = (
        _larger(picture[y : y + height, x : x + width], asked.zoom)
        for picture in sight.in_eight_bits
    )
    pane = first.shape[1], first.shape[0]
    marks = [label(text, pane) for text in asked.labels]
    if asked.layout != "split":
        for picture, mark in zip((first, second), marks, strict=True):
            _write(picture, mark, right=False)
        return np.concatenate((first, second), axis=1 if asked.layout == "side" else 0)
    edge = pane[0] // 2
    whole = np.concatenate([first[:, :edge], second[:, edge:]], axis=1)
    whole[:, edge - 1 : edge + 1] = 255
    _write(whole, marks[0], right=False)
    _write(whole, marks[1], right=True)
    return whole


def _larger(picture: NDArray[np.uint8], zoom: int) -> NDArray[np.uint8]:
    """Every pixel `zoom` times in both directions (nearest neighbour): a copy."""
    from PIL import Image

    size = (picture.shape[1] * zoom, picture.shape[0] * zoom)
    image = Image.fromarray(np.ascontiguousarray(picture)).resize(size, Image.Resampling.NEAREST)
    return np.array(image)


def _write(picture: NDArray[np.uint8], mark: NDArray[np.float32] | None, *, right: bool) -> None:
    if mark is None:
        return
    height, width = mark.shape
    top = margin((picture.shape[1], picture.shape[0]))
    left = picture.shape[1] - top - width if right else top
    codes = np.rint(255 * mark).astype(np.uint8)
    picture[top : top + height, left : left + width] = codes[..., None]


def _below(rows: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """All rows, with a white gap between them."""
    gap = np.full((GAP, *rows[0].shape[1:]), 255, np.uint8)
    parts = [part for row in rows for part in (gap, row)][1:]
    return np.concatenate(parts, axis=0)


def _png(picture: NDArray[np.uint8]) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()
