"""What restored pictures are worth beside the sharp ones, beside the blurred ones, or alone.

PSNR, SSIM and tOF need the sharp truth. Without it, only what a picture says of itself is left: how
much detail it holds and how it follows the one before, neither of which tells right from wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from deblurvid.errors import UsageError
from deblurvid.judge.metrics import fidelity, flicker
from deblurvid.judge.metrics.sharpness import laplacian_variance
from deblurvid.judge.tally import Measured, Moment, Tally
from deblurvid.judge.together import shots

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from deblurvid.judge.matching import Item, Kind
    from deblurvid.judge.metrics import Image
    from deblurvid.judge.together import Shot
    from deblurvid.stages.rgb import Luma

Size = tuple[int, int]
"""Width and height."""
PSNR, ERROR_Y, SSIM = "psnr", "error_y", "ssim"
WARPING, OWN_WARPING, TOF = "warping", "own warping", "tof"
NATIVE = "native"


@dataclass(slots=True)
class ItemScore:
    """What was measured of one item."""

    item: Item
    size: Size
    data_range: int
    """255 or 65535: the code of white in which RGB was compared."""
    tally: Tally


def check_libraries() -> None:
    """Raise UsageError, saying what to install, where the extra `score` is not installed."""
    if missing := [name for name in ("cv2", "skimage") if find_spec(name) is None]:
        raise UsageError(
            f"scoring needs OpenCV and scikit-image ({' and '.join(missing)} cannot be imported); "
            'install them with: pip install "deblurvid[score]"'
        )


def laplacian_name(size: Size | None) -> str:
    """The name of the variance of the Laplacian at a size; None is the pictures' own."""
    return f"laplacian {NATIVE if size is None else f'{size[0]}x{size[1]}'}"


def score(
    items: Sequence[Item], sizes: Sequence[Size], watch: Callable[[Item, int], None]
) -> tuple[list[ItemScore], Tally]:
    """Measure all items.

    Args:
        items: what is compared, from `find_items`.
        sizes: at which the variance of the Laplacian is measured beside the pictures' own.
        watch: told the item and the number of its frame when a frame has been measured.

    Returns:
        The figures of each item, and of all frames of all items together.

    Raises:
        UsageError: a library is missing.
        InputError: as `shots`.
    """
    check_libraries()
    total = Tally()
    return [_score_item(item, sizes, total, watch) for item in items], total


def _score_item(
    item: Item, sizes: Sequence[Size], total: Tally, watch: Callable[[Item, int], None]
) -> ItemScore:
    own = Tally()
    before: Shot = {}
    for number, shot in enumerate(shots(item.clips)):
        measured = measure_frame(shot, sizes)
        if before:
            measured |= measure_step(before, shot)
        for tally in (own, total):
            tally.frames += 1
            tally.add(measured)
            if ("restored", PSNR) in measured:
                tally.add_moment(_moment(item, number, shot, measured))
        before = shot
        watch(item, number)
    image = before["restored"].rgb
    return ItemScore(
        item=item,
        size=(image.shape[1], image.shape[0]),
        data_range=np.iinfo(image.dtype).max,
        tally=own,
    )


def _moment(item: Item, number: int, shot: Shot, measured: Measured) -> Moment:
    clip = item.clips["restored"]
    return Moment(
        item=item.name,
        frame=number,
        file=None if clip.is_video else clip.files[number].name,
        seconds=shot["restored"].seconds,
        psnr_db=measured["restored", PSNR],
        blurred_psnr_db=measured.get(("blurred", PSNR)),
    )


def measure_frame(shot: Shot, sizes: Sequence[Size]) -> Measured:
    """Figures of one moment: sharpness of each kind, and how near each comes to the reference."""
    measured: Measured = {}
    for kind, frame in shot.items():
        for size in (None, *sizes):
            sides = None if size is None else (size[1], size[0])
            measured[kind, laplacian_name(size)] = laplacian_variance(frame.rgb, sides)
    sharp = shot.get("reference")
    if sharp is None:
        return measured
    for kind, frame in shot.items():
        if kind != "reference":
            measured[kind, PSNR] = fidelity.psnr(frame.rgb, sharp.rgb)
            measured[kind, SSIM] = fidelity.ssim(frame.rgb, sharp.rgb)
            measured[kind, ERROR_Y] = _luma_error(frame.luma, sharp.luma)
    return measured


def _luma_error(luma: Luma | None, sharp: Luma | None) -> float:
    """Share of the squared peak, 2^depth - 1 as FFmpeg has it; NaN where Y' is not the same thing."""
    if luma is None or sharp is None or (luma.depth, luma.colour) != (sharp.depth, sharp.colour):
        return float("nan")
    return fidelity.squared_error(luma.codes, sharp.codes, (1 << luma.depth) - 1)


def measure_step(before: Shot, now: Shot) -> Measured:
    """Figures of what changes between two frames beyond what moves in the reference.

    Without a reference, beyond what moves in each clip itself, as its own flow has it.
    """
    pairs = {kind: (before[kind].rgb, frame.rgb) for kind, frame in now.items()}
    if "reference" not in pairs:
        return {
            (kind, OWN_WARPING): flicker.warping_error(*pair, *flicker.motion(*pair))
            for kind, pair in pairs.items()
        }
    return _beside_truth(pairs)


def _beside_truth(pairs: Mapping[Kind, tuple[Image, Image]]) -> Measured:
    back, mask = flicker.motion(*pairs["reference"])
    truth = flicker.flow_for_tof(*pairs["reference"])
    measured: Measured = {}
    for kind, pair in pairs.items():
        measured[kind, WARPING] = flicker.warping_error(*pair, back, mask)
        if kind != "reference":
            measured[kind, TOF] = flicker.tof(flicker.flow_for_tof(*pair), truth)
    return measured
