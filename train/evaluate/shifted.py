"""PSNR that allows for a picture that lies some pixels beside the sharp one."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from deblurvid.judge.metrics.fidelity import psnr

if TYPE_CHECKING:
    from train.synthesis.light import Image8

MAX_SHIFT = 3
"""Pixels a picture may lie beside the sharp one: where in an exposure that stands is convention."""


def psnr_shifted(picture: Image8, sharp: Image8) -> float:
    """Best PSNR in dB over whole shifts up to `MAX_SHIFT` pixels, on the same sharp interior."""
    m = MAX_SHIFT
    height, width = sharp.shape[:2]
    inner = sharp[m : height - m, m : width - m]
    shifts = product(range(2 * m + 1), repeat=2)
    return max(
        psnr(picture[dy : dy + height - 2 * m, dx : dx + width - 2 * m], inner) for dy, dx in shifts
    )
