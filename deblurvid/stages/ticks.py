"""In which ticks the restored video is encoded and written."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deblurvid.frames import VideoInfo

FINEST_MP4 = 10_000_000
"""Ticks a second, above which MP4's 32 bits hold no frame that stands for some seconds."""


def encoder_tick(info: VideoInfo, muxer: str) -> Fraction:
    """Seconds of one tick: the source's own, so that no timestamp is ever rounded.

    Only AVI has no timestamps but numbers its frames, and MP4 cannot have the finest ticks.
    """
    if muxer == "avi" and info.frame_rate:
        return 1 / info.frame_rate
    if muxer in ("mp4", "mov") and 1 / info.time_base > FINEST_MP4:
        return Fraction(1, 1_000_000)
    return info.time_base
