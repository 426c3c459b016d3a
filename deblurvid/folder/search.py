"""A folder -> the files in it, and what they are by their names."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from deblurvid.errors import InputError
from deblurvid.stages.ffmpeg import VIDEO_SUFFIXES
from deblurvid.stages.images import IMAGE_SUFFIXES, natural

if TYPE_CHECKING:
    from collections.abc import Iterator

HIDDEN = "."
"""Begins the names of hidden files, of part files and of journals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What lies in a folder; every path from it on, and sorted as people count."""

    media: list[Path] = field(default_factory=list)
    """Images and videos."""
    others: list[Path] = field(default_factory=list)
    """Neither, or no files."""
    unreadable: list[Path] = field(default_factory=list)
    """Folders that cannot be listed."""
    passed_over: list[Path] = field(default_factory=list)
    """Subfolders with images or videos that were not searched."""


def is_image(path: Path) -> bool:
    """Whether a file is an image by its name."""
    return path.suffix.lower() in IMAGE_SUFFIXES


def is_media(path: Path) -> bool:
    """Whether a file is an image or a video by its name."""
    return is_image(path) or path.suffix.lower() in VIDEO_SUFFIXES


def is_file(path: Path) -> bool:
    """Whether it is a file, or a link to one."""
    return stat.S_ISREG(mode_of(path))


def mode_of(path: Path) -> int:
    """The mode of what a path leads to; 0 where it leads to nothing, or nobody may know to what."""
    try:
        return path.stat().st_mode
    except OSError:
        return 0


def search(folder: Path, *, recursive: bool, apart: Path) -> Found:
    """List the files of a folder.

    Hidden ones are left out. Links are followed, but not to a folder that is being searched already.

    Args:
        folder: to be searched.
        recursive: its subfolders too.
        apart: the target, which is not searched if it lies within.

    Raises:
        InputError: the folder is missing or cannot be listed.
    """
    if not folder.is_dir():
        what = "a file, not a folder" if folder.exists() else "No such folder"
        raise InputError(f"{folder}: {what}")
    found = Found()
    closed = frozenset((folder.resolve(), apart.resolve()))
    for path in _walk(folder, Path(), closed, found, recursive=recursive):
        readable = is_media(path) and is_file(folder / path)
        (found.media if readable else found.others).append(path)
    if Path() in found.unreadable:
        raise InputError(f"{folder}: the folder cannot be listed")
    for paths in (found.media, found.others, found.unreadable, found.passed_over):
        paths.sort(key=natural)
    return found


def _walk(
    folder: Path, below: Path, closed: frozenset[Path], found: Found, *, recursive: bool
) -> Iterator[Path]:
    """Files below `folder / below`, depth first; what cannot be searched goes into `found`.

    Folders in `closed` are not entered: those on the way to this one, by their real names.
    """
    try:
        with os.scandir(folder / below) as entries:
            listed = [entry for entry in entries if not entry.name.startswith(HIDDEN)]
    except OSError:
        found.unreadable.append(below)
        return
    for entry in listed:
        path = below / entry.name
        if not stat.S_ISDIR(mode_of(folder / path)):
            yield path
            continue
        real = Path(os.path.realpath(entry.path))
        if real in closed:
            continue
        within = _walk(
            folder, path, closed | {real}, found if recursive else Found(), recursive=True
        )
        if recursive:
            yield from within
        elif any(map(is_media, within)):
            found.passed_over.append(path)
