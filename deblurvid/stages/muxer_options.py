"""What muxers are told so that times, indexes and tags come out right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import av

from deblurvid.stages.ticks import encoder_tick

if TYPE_CHECKING:
    from pathlib import Path

    from deblurvid.frames import VideoInfo

BLU_RAY_SUFFIXES = frozenset({".m2ts", ".mts"})
"""MPEG-TS with four bytes of time before each packet."""
QUICKTIME_TAG = "com.apple.quicktime."
MOVIE_SCALE = 90_000
"""Ticks a second, at least, in which MP4 notes when a track begins."""
LOOK_AHEAD_FRAMES = 250
"""No encoder holds back more."""
LEAST_WAIT = 10
"""Seconds; FFmpeg's own default."""


def interleave_delta(info: VideoInfo) -> int:
    """How long packets wait in memory for those of other streams, in microseconds.

    As long as an encoder looks ahead, or sound would be written far before its picture; but not for
    ever, because the next subtitle may be an hour away, and sound may end before the picture.
    """
    look_ahead = LOOK_AHEAD_FRAMES / info.frame_rate if info.frame_rate else 0
    return round(max(LEAST_WAIT, look_ahead) * av.time_base)


def muxer_options(
    muxer: str, info: VideoInfo, target: Path, *, piped: bool, tags: dict[str, str]
) -> dict[str, str]:
    """What the muxer of a format is told beside the streams.

    Args:
        muxer: FFmpeg's name of the format.
        info: the video.
        target: the file, or what the pipe is called.
        piped: it goes down a pipe.
        tags: of the source.
    """
    options = {"flush_packets": "1"} if piped else {}  # who reads a pipe wants what there is
    if muxer == "yuv4mpegpipe":
        options["strict"] = "-1"  # more than 8 bits are in no standard, but everybody's extension
    if muxer == "mpegts" and target.suffix.lower() in BLU_RAY_SUFFIXES:
        options["mpegts_m2ts_mode"] = "1"  # FFmpeg goes by the suffix, which the part file lacks
    if muxer not in ("mp4", "mov"):
        return options
    # A late start is rounded down to ticks of the whole movie: whole parts of the video's ticks,
    # so that it loses nothing, and fine ones, so that sound stays beside it. 1 ms by default.
    ticks = encoder_tick(info, muxer).denominator
    scale = ticks * -(-MOVIE_SCALE // ticks)
    # An index cannot be put before what has gone down a pipe: each part gets one of its own.
    # It waits for the first part, or it could not say when sound and picture begin.
    flags = "+frag_keyframe+delay_moov+default_base_moof" if piped else "+faststart"
    if muxer == "mov" and any(name.startswith(QUICKTIME_TAG) for name in tags):
        flags += "+use_metadata_tags"  # what cameras note is lost otherwise
    return options | {"movflags": flags, "movie_timescale": str(scale)}
