"""What becomes of each file of a folder, decided before anything is written."""

from __future__ import annotations

import os
import unicodedata
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from deblurvid.errors import REPLACING, InputError, OutputError, UsageError
from deblurvid.folder.search import is_file, is_image, search
from deblurvid.stages.ffmpeg import kept_suffix
from deblurvid.stages.images import CONVERT, UNREAD_SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from deblurvid.folder.search import Found

MOST_NAMED = 10
"""Clashes that a message names; it counts the others."""
_WITHIN = "exists already, within the source folder, where nothing is replaced"


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderOptions:
    """Which files of a folder are restored, and when to stop."""

    recursive: bool = False
    """Also those of its subfolders."""
    include: tuple[str, ...] = ()
    """Patterns of the shell, of which one must fit a file's path from the folder on; none: all. A
    star fits slashes too."""
    skip_existing: bool = False
    """Leave out files whose target exists."""
    fail_fast: bool = False
    """Stop at the first file that fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One file and where it goes."""

    file: Path
    """From the source folder on."""
    source: Path
    target: Path

    @property
    def is_image(self) -> bool:
        """Whether it is an image by its name."""
        return is_image(self.file)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What will be done."""

    items: list[Item] = field(default_factory=list)
    """To be restored."""
    skipped: list[Item] = field(default_factory=list)
    """Whose target exists."""
    notices: list[str] = field(default_factory=list)


def plan_folder(source: Path, target: Path, options: FolderOptions, *, overwrite: bool) -> Plan:
    """Find the files, and a target for each; touches nothing.

    Args:
        source: the folder.
        target: the folder below which the tree is mirrored; need not exist.
        options: which files.
        overwrite: existing targets are replaced, but never a source.

    Raises:
        InputError: no folder, or nothing in it.
        UsageError: a target exists, is a source, or would be that of two files; ten are named.
        OutputError: a target's folder cannot be made or written to.
    """
    if overwrite and options.skip_existing:
        raise UsageError("-y replaces what --skip-existing leaves alone; give one of them")
    if target.exists() and source.exists() and target.samefile(source):
        raise UsageError(f"{target}: source and target are the same folder")
    found = search(source, recursive=options.recursive, apart=target)
    plan = Plan(notices=_notices(found, source))
    wanted = [path for path in found.media if _included(path, options.include)]
    if not wanted:
        raise InputError(_nothing(source, found, options))
    items = [_item(path, source, target) for path in wanted]
    clashes = _two_of_one(items)
    sources = _Sources(source, target, found, recursive=options.recursive)
    for item in items:
        if options.skip_existing and is_file(item.target):
            plan.skipped.append(item)
        elif why := sources.obstacle(item.target, overwrite=overwrite):
            clashes.append(why)
        else:
            plan.items.append(item)
    if clashes:
        raise UsageError(_refusal(clashes, len(items)))
    _check_folders(target, {item.target.parent for item in plan.items})
    return plan


def _item(path: Path, source: Path, target: Path) -> Item:
    name = path if is_image(path) else path.with_suffix(kept_suffix(path))
    return Item(file=path, source=source / path, target=target / name)


def _included(path: Path, patterns: Sequence[str]) -> bool:
    return not patterns or any(fnmatchcase(path.as_posix(), pattern) for pattern in patterns)


def _two_of_one(items: list[Item]) -> list[str]:
    """Targets that two files would share, also where capitals make no difference; in words."""
    sharing: dict[str, list[Item]] = defaultdict(list)
    folders: dict[Path, str] = {}
    for item in items:
        folder = item.target.parent
        if folder not in folders:
            folders[folder] = os.path.realpath(folder)
        place = f"{folders[folder]}/{item.target.name}"
        sharing[unicodedata.normalize("NFC", place).casefold()].append(item)
    return [
        f"{' and '.join(str(item.file) for item in same)} would both become {same[0].target}"
        for same in sharing.values()
        if len(same) > 1
    ]


class _Sources:
    """Files that must not be written to, whatever is asked for."""

    def __init__(self, folder: Path, target: Path, found: Found, *, recursive: bool) -> None:
        self._folder, self._target = folder.resolve(), target.resolve()
        self._recursive = recursive
        self._identities = set()
        for path in found.media:
            with suppress(OSError):  # it has gone meanwhile, and its own run tells
                file = (folder / path).stat()
                self._identities.add((file.st_dev, file.st_ino))

    def obstacle(self, target: Path, *, overwrite: bool) -> str | None:
        """Why a target cannot be written, in words; None if it can."""
        real = Path(os.path.realpath(target))
        if real.is_relative_to(self._folder) and not real.is_relative_to(self._target):
            return f"{target} would lie in the source folder itself"
        if not os.path.lexists(target):
            return None
        if self._is_one(target):
            return f"{target} is a file of the source folder itself"
        if self._recursive and real.is_relative_to(self._folder):
            return f"{target} {_WITHIN}"
        if not is_file(target):
            return f"{target} exists and is no file"
        return None if overwrite else f"{target} exists already"

    def _is_one(self, target: Path) -> bool:
        if not is_file(target):
            return False
        file = target.stat()
        return (file.st_dev, file.st_ino) in self._identities


def _refusal(clashes: list[str], count: int) -> str:
    more = f"; and {len(clashes) - MOST_NAMED} more" if len(clashes) > MOST_NAMED else ""
    hint = ""
    if any(why.endswith("exists already") for why in clashes):
        hint = f". To replace what exists {REPLACING}, to leave it --skip-existing"
    elif any(why.endswith(_WITHIN) for why in clashes):
        hint = ". --skip-existing leaves what exists as it is, and restores the rest"
    return (
        f"nothing was done, for {len(clashes)} of {count} targets clash: "
        f"{'; '.join(clashes[:MOST_NAMED])}{more}{hint}"
    )


def _check_folders(target: Path, folders: Iterable[Path]) -> None:
    """Refuse folders that cannot be made, or written to."""
    for folder in sorted({target, *folders}):
        there = next((f for f in (folder, *folder.parents) if os.path.lexists(f)), folder)
        if not there.is_dir():
            raise OutputError(f"{folder}: cannot be made, for {there} is no folder")
        if not os.access(there, os.W_OK):
            raise OutputError(f"{there}: the folder is not writable")


def _notices(found: Found, source: Path) -> list[str]:
    notices = []
    if found.others:
        notices.append(
            f"{_counted(found.others, 'file')} left out, neither an image nor a video by its name: "
            f"{_listed(found.others)}"
        )
    if unread := [path for path in found.others if path.suffix.lower() in UNREAD_SUFFIXES]:
        notices.append(
            f"of these {_counted(unread, 'image')} of a kind that is not read (HEIC, DNG, RAW): "
            f"{_listed(unread)}; to have one restored {CONVERT}"
        )
    if found.passed_over:
        notices.append(
            f"{_counted(found.passed_over, 'subfolder')} of {source} left out, with images or videos "
            f"(--recursive takes them): {_listed(found.passed_over)}"
        )
    if found.unreadable:
        notices.append(
            f"{_counted(found.unreadable, 'folder')} left out, which cannot be listed: "
            f"{_listed(found.unreadable)}"
        )
    return notices


def _nothing(source: Path, found: Found, options: FolderOptions) -> str:
    if found.media:
        patterns = ", ".join(options.include)
        return f"{source}: none of {_counted(found.media, 'file')} fits --include {patterns}"
    hint = "; --recursive looks into its subfolders" if found.passed_over else ""
    unread = [path for path in found.others if path.suffix.lower() in UNREAD_SUFFIXES]
    if unread:
        hint = f"; {_listed(unread)}: images of this kind are not read; {CONVERT}{hint}"
    return f"{source}: no image and no video in it{hint}"


def _counted(paths: Sequence[Path], noun: str) -> str:
    return f"1 {noun}" if len(paths) == 1 else f"{len(paths)} {noun}s"


def _listed(paths: Sequence[Path]) -> str:
    more = f" and {len(paths) - MOST_NAMED} more" if len(paths) > MOST_NAMED else ""
    return ", ".join(str(path) for path in paths[:MOST_NAMED]) + more
