"""One file after the other, each by an engine that is kept for all of its size and format."""

from __future__ import annotations

import logging
import time
from collections import Counter
from contextlib import closing, suppress
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deblurvid.choose import check_engine, open_engine
from deblurvid.errors import DeblurvidError, OutputError, UsageError, was_interrupted
from deblurvid.events import (
    FileEnded,
    FileStarted,
    Finished,
    FolderEvent,
    FolderFinished,
    FolderStarted,
    Notice,
    Outcome,
)
from deblurvid.folder.engines import Engines
from deblurvid.folder.plan import FolderOptions, plan_folder
from deblurvid.folder.trial import check_encoding
from deblurvid.options import RunOptions
from deblurvid.pipeline import deblur_video
from deblurvid.stages.encoders import check_codec
from deblurvid.stages.probe import probe

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence

    from deblurvid.backends.base import Engine, EngineFactory
    from deblurvid.folder.plan import Item, Plan
    from deblurvid.frames import PictureFormat

FOR_ONE_VIDEO = (
    "start", "duration", "resumable", "input_format", "size", "pixel_format", "frame_rate", "format",
    "stall_timeout", "one_image",
)  # fmt: skip
"""Fields of RunOptions that have no meaning for a folder."""

_log = logging.getLogger(__name__)


def deblur_folder(
    source: str | Path,
    target: str | Path,
    *,
    recursive: bool = False,
    include: Sequence[str] = (),
    skip_existing: bool = False,
    fail_fast: bool = False,
    **options: Any,
) -> Generator[FolderEvent, None, None]:
    """Restore the images and videos of a folder; yields what happens, and prints nothing.

    Everything is planned first. An image keeps its kind and suffix, a video its suffix if that is
    written, else it becomes Matroska. A file that fails is told of, and the rest goes on. The work
    is done while the events are taken:

        for event in deblur_folder("photos", "restored", recursive=True):
            ...

    Args:
        source: the folder; it is never written to.
        target: the folder below which the tree is mirrored; made if need be.
        recursive: take subfolders too.
        include: patterns of the shell, of which one must fit the path from `source` on.
        skip_existing: leave out files whose target exists, in place of refusing the whole.
        fail_fast: stop at the first file that fails.
        **options: fields of `deblurvid.options.RunOptions`, but for those of a single video.
            `codec` and `encoder_options` are for the videos.

    Yields:
        FolderStarted, Notices, a FileEnded for each file that is skipped; then for each file
        FileStarted, the events of `deblur_video`, FileEnded; at last FolderFinished.

    Raises:
        DeblurvidError: before FolderStarted: no such folder, nothing in it, a target that exists,
            is a source or would be that of two files, an engine or encoder that cannot be used.
            Nothing has been written then. Afterwards no file's error is raised.
        TypeError: an option that there is not.
    """
    which = FolderOptions(
        recursive=recursive,
        include=(include,) if isinstance(include, str) else tuple(include),
        skip_existing=skip_existing,
        fail_fast=fail_fast,
    )
    return _run(Path(source), Path(target), which, _for_many(options))


def rehearse_folder(
    source: str | Path, target: str | Path, which: FolderOptions, **options: Any
) -> Plan:
    """Tell what `deblur_folder` would do, and write nothing.

    Engine and encoder are looked at as the run does it before its first file.

    Args:
        source: the folder.
        target: the folder below which the tree would be mirrored.
        which: of its files.
        **options: as for `deblur_folder`.

    Raises:
        DeblurvidError: as `deblur_folder` before FolderStarted.
    """
    return _planned(Path(source), Path(target), which, _for_many(options))[0]


def _for_many(options: dict[str, Any]) -> RunOptions:
    if unmeant := [name for name in FOR_ONE_VIDEO if name in options]:
        raise UsageError(f"{', '.join(unmeant)}: for a single video only, not for a folder")
    return RunOptions(**options)


def _planned(
    source: Path, target: Path, which: FolderOptions, options: RunOptions
) -> tuple[Plan, EngineFactory]:
    """What becomes of each file, and how engines are opened; all that can be refused is."""
    plan = plan_folder(source, target, which, overwrite=options.overwrite)
    make = _checked(options)
    check_encoding(plan.items, options)
    return plan, make


def _run(
    source: Path, target: Path, which: FolderOptions, options: RunOptions
) -> Generator[FolderEvent, None, None]:
    plan, make = _planned(source, target, which, options)
    began = time.perf_counter()
    yield FolderStarted(
        source=source,
        target=target,
        files=len(plan.items),
        skipped=len(plan.skipped),
        planned=tuple((item.file, item.target) for item in plan.items),
    )
    for text in plan.notices:
        yield Notice(text=text)
    for item in plan.skipped:
        yield FileEnded(file=item.file, target=item.target, outcome="skipped")
    count: Counter[Outcome] = Counter({"skipped": len(plan.skipped)})
    frames, made = 0, list[Path]()
    try:
        with Engines(make) as engines:
            for number, item in enumerate(_grouped(plan.items), 1):
                yield FileStarted(file=item.file, number=number)
                ended = yield from _restored(item, replace(options, engine=engines), made)
                yield ended
                count[ended.outcome] += 1
                frames += ended.frames
                if which.fail_fast and ended.outcome == "failed":
                    break
    finally:
        for folder in reversed(made):
            with suppress(OSError):  # it holds something, which is what it was made for
                folder.rmdir()
    yield FolderFinished(
        done=count["done"],
        skipped=count["skipped"],
        failed=count["failed"],
        left=len(plan.items) - count["done"] - count["failed"],
        frames=frames,
        seconds=time.perf_counter() - began,
    )


def _checked(options: RunOptions) -> EngineFactory:
    """How engines are opened; what surely goes wrong with each of them or with the encoder is told now.

    Raises:
        UsageError: an engine that is open already, or a name that is not known.
        DeblurvidError: as `open_engine` and `choose_encoder`.
    """
    if options.codec is not None:
        check_codec(options.codec, options.encoder_options)
    if callable(options.engine):
        return options.engine
    if not isinstance(options.engine, str):
        raise UsageError("an open engine fits pictures of one size; give its name, or a function")
    name, device, precision = options.engine, options.device, options.precision
    check_engine(name, device=device, precision=precision)

    def make(size: tuple[int, int], picture: PictureFormat) -> Engine:
        return open_engine(
            name,
            size=size,
            picture=picture,
            device=device,
            precision=precision,
            on_build=options.on_build,
        )

    return make


def _grouped(items: Iterable[Item]) -> list[Item]:
    """Those of one size and format together, in the order of the first; at last what nobody can read.

    So an engine is opened once for each, whatever the order of the names.
    """
    groups: dict[object, list[Item]] = {}
    for item in items:
        groups.setdefault(probe(item.source), []).append(item)
    unread = groups.pop(None, [])
    return [item for group in (*groups.values(), unread) for item in group]


def _restored(
    item: Item, options: RunOptions, made: list[Path]
) -> Generator[FolderEvent, None, FileEnded]:
    """The events of one file; no error but an interrupt gets out."""
    began = time.perf_counter()
    done, why = None, ""
    if item.is_image:
        options = replace(
            options, codec=None, encoder_options={}, deinterlace=False, one_image=True
        )
    named = {field.name: getattr(options, field.name) for field in fields(options)}
    try:
        _make_folder(item.target.parent, made)
        with closing(deblur_video(item.source, item.target, **named)) as events:
            for event in events:
                done = event if isinstance(event, Finished) else done
                yield event
    except DeblurvidError as error:
        why = str(error)
    except Exception as error:
        if was_interrupted(error):
            raise KeyboardInterrupt from error
        _log.exception("%s", item.source)
        why = f"unexpected {type(error).__name__}: {error}"
    return FileEnded(
        file=item.file,
        target=item.target,
        outcome="done" if done else "failed",
        why=why,
        frames=done.frames if done else 0,
        seconds=time.perf_counter() - began,
        size_bytes=done.size_bytes if done else 0,
    )


def _make_folder(folder: Path, made: list[Path]) -> None:
    """Make a folder and those above it that are missing; `made` is told which.

    Raises:
        OutputError: it cannot be made.
    """
    missing = [f for f in (folder, *folder.parents) if not f.exists()]
    try:
        for path in reversed(missing):
            path.mkdir()
            made.append(path)
    except OSError as exc:
        raise OutputError(f"{folder}: cannot be made: {exc.strerror}") from exc
