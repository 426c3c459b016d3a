"""Clips that belong together -> their frames side by side, or the reason why they do not fit."""

from __future__ import annotations

from fractions import Fraction
from itertools import zip_longest
from typing import TYPE_CHECKING, TypeAlias, cast

import numpy as np

from deblurvid.errors import InputError
from deblurvid.frames import SMALLEST_SIDE
from deblurvid.stages.rgb import RgbFrame, rgb_frames

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from deblurvid.judge.matching import Clip, Kind
    from deblurvid.judge.metrics import Image

Shot: TypeAlias = "dict[Kind, RgbFrame]"
"""One moment: the frame of each kind, of one size and one type."""

LEAST_SLACK = Fraction(2, 1000)
"""Seconds by which times may differ at least: two containers that count milliseconds."""


def shots(clips: Mapping[Kind, Clip]) -> Iterator[Shot]:
    """Yield the frames of all clips side by side, in order; one of each is held at a time.

    Where one has 8 bits and another more, the codes of 8 bits are multiplied by 257, which is the
    same light.

    Raises:
        InputError: a file cannot be read; sizes differ, change, or are too small; there is no frame;
            a clip has more frames than another; or frames are not shown at the same time after the first by half of the
            time to the frame before.
    """
    streams = {kind: _frames(clip) for kind, clip in clips.items()}
    begin: dict[Kind, Fraction] = {}
    last = Fraction(0)
    shape = None
    for number, row in enumerate(zip_longest(*streams.values())):
        found = dict(zip(streams, row, strict=True))
        if None in row:
            raise _unlike(clips, streams, found, number, "")
        shot = cast("Shot", found)
        shape = shape or shot["restored"].rgb.shape
        _check_sizes(clips, shot, number, shape)
        times = {kind: f.seconds for kind, f in shot.items() if f.seconds is not None}
        begin = begin or times
        after = {kind: seconds - begin[kind] for kind, seconds in times.items()}
        if after and max(after.values()) - min(after.values()) > max(
            (min(after.values()) - last) / 2, LEAST_SLACK
        ):
            said = ", ".join(f"{float(s):.3f} s in {clips[kind]}" for kind, s in after.items())
            raise _unlike(
                clips, streams, found, number, f"frame {number} comes {said} after the first; "
            )
        last = min(after.values(), default=last)
        yield _of_one_depth(shot)
    if shape is None:
        raise InputError(f"{clips['restored']}: the video has no frame that decodes")


def _frames(clip: Clip) -> Iterator[RgbFrame]:
    if clip.is_video:
        return rgb_frames(clip.files[0])
    return (RgbFrame(rgb=read_image(file)) for file in clip.files)


def read_image(path: Path) -> Image:
    """Read an image file as R'G'B'; 16 bits stay 16, grey becomes RGB, transparency is left out.

    Raises:
        InputError: missing, or no image of 8 or 16 bits that OpenCV can read.
    """
    import cv2

    image = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB | cv2.IMREAD_ANYDEPTH)
    if image is None:
        raise InputError(f"{path}: not a readable image")
    if image.dtype not in (np.uint8, np.uint16):
        raise InputError(f"{path}: samples are {image.dtype}; images of 8 or 16 bits are read")
    return cast("Image", image)


def _check_sizes(
    clips: Mapping[Kind, Clip], shot: Shot, number: int, shape: tuple[int, ...]
) -> None:
    sizes = {kind: (frame.rgb.shape[1], frame.rgb.shape[0]) for kind, frame in shot.items()}
    if len(set(sizes.values())) > 1:
        said = ", ".join(f"{clips[kind]} is {w}x{h}" for kind, (w, h) in sizes.items())
        raise InputError(f"sizes differ at frame {number}: {said}. Bring them to one size first")
    width, height = sizes["restored"]
    if (height, width) != shape[:2]:
        raise InputError(
            f"{clips['restored']} changes from {shape[1]}x{shape[0]} to {width}x{height} at frame "
            f"{number}. Split a video there; score images of several sizes with --stills"
        )
    if min(width, height) < SMALLEST_SIDE:
        raise InputError(
            f"{clips['restored']} is {width}x{height}: both sides must be at least {SMALLEST_SIDE}"
        )


def _unlike(
    clips: Mapping[Kind, Clip],
    streams: Mapping[Kind, Iterable[RgbFrame]],
    found: Mapping[Kind, RgbFrame | None],
    number: int,
    where: str,
) -> InputError:
    """Read the clips to their ends, and say how many frames each has."""
    counts = {
        kind: number + (found[kind] is not None) + sum(1 for _ in stream)
        for kind, stream in streams.items()
    }
    said = [f"{clips[kind]} has {count} frames" for kind, count in counts.items()]
    short = max(counts.values()) - min(counts.values())
    by = f": {short} fewer" if short else ""
    return InputError(
        f"{where}{', '.join(said)}{by}. Frames are compared in order, so clips must have the same "
        "frames at the same times"
    )


def _of_one_depth(shot: Shot) -> Shot:
    if len({frame.rgb.dtype for frame in shot.values()}) == 1:
        return shot
    return {
        kind: frame
        if frame.rgb.dtype == np.uint16
        else RgbFrame(
            rgb=frame.rgb.astype(np.uint16) * np.uint16(257),
            luma=frame.luma,
            seconds=frame.seconds,
        )
        for kind, frame in shot.items()
    }
