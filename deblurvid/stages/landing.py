"""Where an output comes to lie: in a file, in a sequence of images, or in a pipe.

A file and a sequence are written beside their place, hidden and readable by their owner only, and
moved into it when they are complete. What has gone into a pipe cannot be taken back.
"""

from __future__ import annotations

import shutil
import stat
from abc import ABC, abstractmethod
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deblurvid.errors import REPLACING, OutputError, UsageError
from deblurvid.stages.images import find_images, template_of
from deblurvid.stages.parts import new_part, part_name
from deblurvid.stages.pipes import is_pipe, open_writer

if TYPE_CHECKING:
    from io import BytesIO
    from pathlib import Path

    from deblurvid.frames import VideoInfo
    from deblurvid.stages.images import Template
    from deblurvid.stages.pipes import Writer

SURELY_MANY = 2
"""Frames that may, by an estimate, still be one."""
PRIVATE = stat.S_IRUSR | stat.S_IWUSR


class Landing(ABC):
    """A place in the making. Leave it by `settle`, or by `discard`, which removes what is there."""

    target: Path
    part: Path
    """What is being written; for a pipe the pipe itself."""
    where: str | Writer | BytesIO
    """What PyAV opens to write."""

    @property
    @abstractmethod
    def size_bytes(self) -> int:
        """Of what has come to lie there."""

    @abstractmethod
    def settle(self, *, overwrite: bool) -> list[str]:
        """Give what was written its name; what there is to say of it, in words.

        Raises:
            OutputError: it cannot be, or the name has been taken meanwhile.
        """

    @abstractmethod
    def give_up(self) -> None:
        """Called before the container is closed: what it writes now is for nothing."""

    @abstractmethod
    def discard(self) -> None:
        """Remove what has been written. After `settle` there is nothing to remove."""


def land(target: Path, muxer: str, first_number: int = 1, *, one_image: bool = False) -> Landing:
    """Make the place in which `target` is written.

    Args:
        target: as `check_target` has found it good.
        muxer: FFmpeg's name of the format.
        first_number: of the first file of a sequence.
        one_image: see `RunOptions`.

    Raises:
        OutputError: nothing can be written there.
        UsageError: standard output is a terminal.
    """
    if is_pipe(target):
        return Pipe(target)
    try:
        if muxer == "image2":
            return Images(target, first_number, one_image=one_image)
        return File(target)
    except OSError as exc:
        raise OutputError(f"{target}: cannot be written: {exc.strerror}") from exc


class File(Landing):
    """A file. Of a link it is the file that the link names; the link stays."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.real = target.resolve() if target.is_symlink() else target
        # Made here and not by FFmpeg, which would follow a link that somebody has put there.
        self.held = new_part(self.real)
        self.part = self.held.path
        self.mode = stat.S_IMODE(self.part.stat().st_mode)
        with suppress(OSError):  # a file system without modes
            self.part.chmod(PRIVATE)
        self.where = f"file:{self.part}"

    @property
    def size_bytes(self) -> int:
        """See Landing."""
        return (self.part if self.part.exists() else self.real).stat().st_size

    def settle(self, *, overwrite: bool) -> list[str]:
        """See Landing. The file gets the mode of the one it replaces, or that of any new file."""
        mode = self.mode
        if self.real.exists():
            if not overwrite:
                raise OutputError(
                    f"{self.target}: has come into being meanwhile; {REPLACING} to replace it"
                )
            mode = stat.S_IMODE(self.real.stat().st_mode)
        try:
            with suppress(PermissionError):
                self.part.chmod(mode)
            self.part.replace(self.real)
        except OSError as exc:
            raise OutputError(f"{self.target}: cannot be written: {exc.strerror}") from exc
        self.held.release()
        return []

    def give_up(self) -> None:
        """See Landing. Removed first, or closing an MP4 rewrites all of it; Windows cannot."""
        with suppress(OSError):
            self.part.unlink()

    def discard(self) -> None:
        """See Landing."""
        self.part.unlink(missing_ok=True)
        self.held.release()


class Pipe(Landing):
    """A pipe; its reader is told of a failure by the end that is missing, and the exit code."""

    def __init__(self, target: Path) -> None:
        self.target = self.part = target
        self.writer = self.where = open_writer(target)

    @property
    def size_bytes(self) -> int:
        """See Landing."""
        return self.writer.size_bytes

    def settle(self, *, overwrite: bool) -> list[str]:  # noqa: ARG002 - nothing is ever replaced
        """See Landing. Closed by `discard`: until then nobody else may write there."""
        return []

    def give_up(self) -> None:
        """See Landing."""
        self.writer.leave()

    def discard(self) -> None:
        """See Landing."""
        self.writer.close()


@dataclass(slots=True)
class _Move:
    """Files that have been moved into place, so that they can be moved back."""

    done: list[tuple[Path, Path]] = field(default_factory=list)

    def __call__(self, old: Path, new: Path) -> None:
        old.replace(new)
        self.done.append((old, new))

    def back(self) -> None:
        """Undo, the last first."""
        for old, new in reversed(self.done):
            with suppress(OSError):
                new.replace(old)
        self.done.clear()


class Images(Landing):
    """A sequence of images, or one image where the target's name has no number in it."""

    def __init__(self, target: Path, first_number: int, *, one_image: bool) -> None:
        self.target = target
        self.template = _template_of(target, one_image=one_image)
        self.first_number = first_number
        self.settled: list[Path] = []
        real = target.resolve() if target.is_symlink() else target
        self.part = real.with_name(part_name(real))
        self.part.mkdir(mode=0o700)
        # FFmpeg puts the number in, and takes every other percent sign for the beginning of one.
        folder = str(self.part).replace("%", "%%")
        self.where = f"file:{folder}/%d{target.suffix}"

    @property
    def size_bytes(self) -> int:
        """See Landing."""
        return sum(file.stat().st_size for file in self.settled or self.written())

    def written(self) -> list[Path]:
        """What has been written so far, in order."""
        return sorted(self.part.glob("*.*"), key=lambda file: int(file.stem))

    def settle(self, *, overwrite: bool) -> list[str]:
        """See Landing. File by file; if one cannot be moved, all are moved back."""
        made = self.written()
        places = self._places(len(made))
        if not overwrite and (taken := next((p for p in places if p.exists()), None)):
            raise OutputError(f"{taken}: has come into being meanwhile; {REPLACING} to replace it")
        replaced = self.part / "replaced"
        move = _Move()
        try:
            replaced.mkdir()
            for file, name in zip(made, places, strict=True):
                place = name.resolve() if name.is_symlink() else name
                if place.exists():
                    with suppress(PermissionError):
                        file.chmod(stat.S_IMODE(place.stat().st_mode))
                    move(place, replaced / file.name)
                move(file, place)
        except BaseException as exc:
            move.back()
            if isinstance(exc, OSError):
                raise OutputError(f"{self.target}: cannot be written: {exc.strerror}") from exc
            raise
        self.settled = places
        self.discard()
        return self._left_over(places)

    def _places(self, count: int) -> list[Path]:
        if self.template is not None:
            return [self.template.file(self.first_number + at) for at in range(count)]
        if count > 1:
            raise OutputError(_too_many(self.target, count))
        return [self.target][:count]

    def _left_over(self, places: list[Path]) -> list[str]:
        """Files of an earlier, longer sequence: nobody asked for them to be deleted."""
        if self.template is None:
            return []
        new = {place.name for place in places}
        old = [n for n in self.template.numbers() if self.template.file(n).name not in new]
        if not old:
            return []
        one = self.template.file(old[0])
        return [f"{len(old)} images with other numbers, {one} for one, were there before and stay"]

    def give_up(self) -> None:
        """See Landing. An image is written at once, or not at all."""

    def discard(self) -> None:
        """See Landing."""
        shutil.rmtree(self.part, ignore_errors=True)


def _template_of(target: Path, *, one_image: bool) -> Template | None:
    return None if one_image else template_of(target)


def refuse_more_than_one(target: Path, info: VideoInfo) -> None:
    """Refuse a single image for more frames than one, where they surely are more.

    Their number may be an estimate, which a frame can be off.

    Raises:
        UsageError: there are more.
    """
    if template_of(target) is None and (info.frame_count or 1) > SURELY_MANY:
        raise UsageError(_too_many(target, info.frame_count or 0))


def _too_many(target: Path, count: int) -> str:
    return (
        f"{target}: one file cannot hold {count} images; put a number into the name, "
        f"such as {target.stem}%05d{target.suffix}"
    )


def check_place(source: Path, target: Path, *, overwrite: bool, one_image: bool) -> bool:
    """Refuse a place that is the source or is taken; whether it is one in a folder.

    Raises:
        UsageError: it is the source, or exists and `overwrite` is not set.
    """
    if is_pipe(target):
        if is_pipe(source) and target.exists() and source.exists() and source.samefile(target):
            raise UsageError(f"{target}: input and output are the same pipe")
        return False
    template = _template_of(target, one_image=one_image)
    taken = [template.file(n) for n in template.numbers()] if template else [target]
    taken = [place for place in taken if place.exists()]
    if not taken:
        return True
    _check_not_the_source(source, target, taken)
    if any(not place.is_file() for place in taken):
        raise UsageError(f"{target}: exists and is no file")
    if not overwrite:
        what = (
            f"{target}: exists already"
            if len(taken) == 1
            else (f"{target}: {len(taken)} such files exist already, {taken[0].name} the first")
        )
        raise UsageError(f"{what}; {REPLACING} to replace {'it' if len(taken) == 1 else 'them'}")
    return True


def _check_not_the_source(source: Path, target: Path, taken: list[Path]) -> None:
    if is_pipe(source):
        return
    found = find_images(source) if not source.is_file() else None
    read = found.files if found else (source,)
    sources = {file.resolve() for file in read if file.exists()}
    same = any(place.resolve() in sources for place in taken)
    if same or (
        len(taken) == 1 and len(read) == 1 and source.exists() and source.samefile(taken[0])
    ):
        raise UsageError(f"{target}: input and output are the same file")
