"""Figures of `deblurvid score` -> one object of plain values; see `deblurvid.cli.score`."""

from __future__ import annotations

import shlex
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from deblurvid.judge.metrics.fidelity import MOST_DB, psnr_from_error, ssim_settings
from deblurvid.judge.score import (
    ERROR_Y,
    OWN_WARPING,
    PSNR,
    SSIM,
    TOF,
    WARPING,
    laplacian_name,
)
from deblurvid.judge.tally import BANDS_DB

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from deblurvid.judge.matching import Kind
    from deblurvid.judge.score import ItemScore
    from deblurvid.judge.tally import Moment, Tally

SCHEMA = "deblurvid-score-1"

_SSIM = "skimage.metrics.structural_similarity({})"
METHODS = {
    "rgb": "videos are converted by swscale (chroma bicubic and centred, accurate rounding) with the "
    "matrix and range that they are tagged with, else those that players take by the size; 8 bits "
    "as 0..255, more as 0..65535; images as they are; no shift is searched, no rotation applied",
    "psnr_db": f"over R, G and B; mean of dB over frames; at most {MOST_DB:.0f}, which equal "
    "pictures have",
    "psnr_y_db": "over Y' as decoded, of the mean squared error over frames, as FFmpeg's psnr filter "
    f"has it; peak 2^depth - 1; at most {MOST_DB:.0f}; not of RGB, nor where depth, matrix or range "
    "differ",
    "laplacian": "variance of the Laplacian (0 1 0 / 1 -4 1 / 0 1 0, edges mirrored) of BT.601 grey "
    "from 0 to 255, in float64; mean over frames; other sizes by bilinear interpolation without "
    "low-pass. No measure of quality: noise, ringing and checkerboards raise it as detail does",
    "ratio": "of the means",
    "warping_error": "Lai et al., arXiv 1808.00449, section 4: along the reference's optical flow "
    "(OpenCV's DIS), where both frames show the same; mean over steps. Pictures without detail do "
    "well: read restored beside blurred and reference",
    "own_warping_error": "warping error (Lai et al., arXiv 1808.00449, section 4) along each clip's own "
    "optical flow (OpenCV's DIS), where both frames show the same; mean over steps",
    "tof_px": "tOF, Chu et al., arXiv 1811.09393, section 4: mean length by which the optical flow "
    "(Farneback's) differs from the reference's; mean over steps",
}
NO_REFERENCE = (
    "Without --reference nothing here says whether the pictures are right: PSNR, SSIM and tOF need "
    "the sharp truth. A higher variance of the Laplacian may be detail, noise or ringing, and a "
    "lower warping error may be blur."
)


def result_object(
    paths: Mapping[Kind, Path],
    sizes: Sequence[tuple[int, int]],
    notes: Iterable[str],
    scores: Sequence[ItemScore],
    total: Tally,
) -> dict[str, Any]:
    """The object that `--json` writes."""
    ranges = sorted({score.data_range for score in scores})
    settings = [", ".join(f"{k}={v}" for k, v in ssim_settings(top).items()) for top in ranges]
    lacking = [] if "reference" in paths else [NO_REFERENCE]
    return {
        "schema": SCHEMA,
        "command": shlex.join(["deblurvid", *sys.argv[1:]]),
        "versions": _versions(),
        **{kind: str(paths[kind]) if kind in paths else None for kind in _KINDS},
        "methods": METHODS | {"ssim": " and ".join(map(_SSIM.format, settings))},
        "notes": [*notes, *lacking],
        "items": [_item_object(score, paths, sizes) for score in scores],
        "all": tally_object(total, paths, sizes),
    }


_KINDS: tuple[Kind, ...] = ("restored", "blurred", "reference")


def _versions() -> dict[str, str | None]:
    from importlib.metadata import version

    import cv2

    from deblurvid.cli.examine import versions

    return versions() | {"opencv": cv2.__version__, "scikit-image": version("scikit-image")}


def _item_object(
    score: ItemScore, given: Iterable[Kind], sizes: Sequence[tuple[int, int]]
) -> dict[str, Any]:
    width, height = score.size
    own = {"name": score.item.name, "width": width, "height": height}
    return own | {"data_range": score.data_range} | tally_object(score.tally, given, sizes)


def tally_object(
    tally: Tally, given: Iterable[Kind], sizes: Sequence[tuple[int, int]]
) -> dict[str, Any]:
    """What was measured as plain values; `given` are the kinds that there are."""
    kinds: dict[Kind, dict[str, Any]] = {kind: _means(tally, kind, sizes) for kind in given}
    restored, blurred = kinds["restored"], kinds.get("blurred")
    base: Kind | None = next((k for k in ("reference", "blurred") if k in kinds), None)
    return {
        "frames": tally.frames,
        **{kind: kinds.get(kind) for kind in _KINDS},
        "gain": blurred
        and {n: _less(restored[n], blurred[n]) for n in ("psnr_db", "psnr_y_db", "ssim")},
        "ratio": base
        and {"of": base, "laplacian": _ratios(restored["laplacian"], kinds[base]["laplacian"])},
        "bands": _bands(tally) if blurred and "reference" in kinds else None,
        "worst": [_moment_object(moment) for moment in tally.worst],
        "best": [_moment_object(moment) for moment in tally.best],
    }


def _means(tally: Tally, kind: Kind, sizes: Sequence[tuple[int, int]]) -> dict[str, Any]:
    names = [laplacian_name(size) for size in (None, *sizes)]
    laplacian = {name.partition(" ")[2]: tally.mean(kind, name) for name in names}
    warping = {"laplacian": laplacian, "warping_error": tally.mean(kind, WARPING)}
    if kind == "reference":
        return warping
    error_y = tally.mean(kind, ERROR_Y)
    return {
        "psnr_db": tally.mean(kind, PSNR),
        "psnr_y_db": None if error_y is None else psnr_from_error(error_y),
        "ssim": tally.mean(kind, SSIM),
        **warping,
        "own_warping_error": tally.mean(kind, OWN_WARPING),
        "tof_px": tally.mean(kind, TOF),
    }


def _less(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a - b


def _ratios(restored: dict[str, float], base: dict[str, float]) -> dict[str, float | None]:
    return {size: restored[size] / of if of else None for size, of in base.items()}


def _bands(tally: Tally) -> list[dict[str, Any]]:
    edges = [None, *BANDS_DB, None]
    return [
        {
            "from_db": low,
            "below_db": high,
            "frames": gains.count,
            "gain_db": gains.value,
            "least_gain_db": gains.least if gains.count else None,
            "greatest_gain_db": gains.greatest if gains.count else None,
        }
        for low, high, gains in zip(edges[:-1], edges[1:], tally.gains, strict=True)
    ]


def _moment_object(moment: Moment) -> dict[str, Any]:
    seconds = None if moment.seconds is None else float(moment.seconds)
    return asdict(moment) | {"seconds": seconds}
