"""What is asked of a target by its name, checked before anything is opened."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from deblurvid.errors import OutputError, UsageError
from deblurvid.stages.ffmpeg import WRITABLE_FORMATS, WRITABLE_NAMES
from deblurvid.stages.images import IMAGE_SUFFIXES
from deblurvid.stages.landing import check_place
from deblurvid.stages.pipes import STANDARD, is_pipe

if TYPE_CHECKING:
    from pathlib import Path

    from deblurvid.options import RunOptions


def muxer_of(target: Path, name: str | None = None) -> str:
    """FFmpeg's muxer: the one of this name, or else the one for the target's suffix.

    Raises:
        UsageError: the name or the suffix is not one that is written.
    """
    if name is not None:
        if name not in WRITABLE_NAMES:
            raise UsageError(f"--format {name}: not written; use {' '.join(WRITABLE_NAMES)}")
        if target.suffix.lower() in IMAGE_SUFFIXES:
            raise UsageError(f"--format {name}: {target} is an image by its name; use another")
        return name
    if target.suffix.lower() in IMAGE_SUFFIXES:
        return "image2"
    if target == STANDARD:
        raise UsageError("-o -: say which format by --format, such as yuv4mpegpipe or matroska")
    within = f"such as {target / 'out.mp4'}, or {target / '%05d.png'} for images"
    if target.is_dir():
        raise UsageError(f"{target}: a folder, not a file; name one in it, {within}")
    try:
        return WRITABLE_FORMATS[target.suffix.lower()]
    except KeyError:
        known = " ".join((*WRITABLE_FORMATS, *IMAGE_SUFFIXES))
        folder = "" if target.suffix else f". If a folder is meant, name a file in it, {within}"
        raise UsageError(
            f"{target}: container {target.suffix or 'without suffix'} is not written; use "
            f"{known}{folder}"
        ) from None


def check_target(source: Path, target: Path, *, overwrite: bool, one_image: bool = False) -> None:
    """Refuse a target that is the source, exists, or lies where nothing can be written.

    Raises:
        UsageError: it is the source, or exists and `overwrite` is not set.
        OutputError: its folder is missing or not writable.
    """
    if not check_place(source, target, overwrite=overwrite, one_image=one_image):
        return
    # A link that leads nowhere yet is written to where it leads.
    try:
        folder = target.resolve().parent if target.is_symlink() else target.parent
    except (OSError, RuntimeError) as exc:
        raise OutputError(f"{target}: the link leads to itself; remove it first") from exc
    if not folder.is_dir():
        raise OutputError(f"{folder}: no such folder; create it first")
    if not os.access(folder, os.W_OK):
        raise OutputError(f"{folder}: the folder is not writable")


def refuse_unseekable(source: Path, target: Path, muxer: str, options: RunOptions) -> None:
    """Refuse what has to go back in a source or a target that cannot.

    Raises:
        UsageError: a full check of a pipe, or AVI with a pipe at either end.
    """
    if options.verify == "full" and is_pipe(target):
        raise UsageError(f"--verify full: what has gone to {target} cannot be read back")
    if muxer == "avi" and (is_pipe(target) or is_pipe(source)):
        raise UsageError("avi is written from a file to a file; use --format matroska or nut")
