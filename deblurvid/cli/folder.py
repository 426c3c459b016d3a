"""`deblurvid folder`: the images and videos of a folder.

The object that `--json` writes; times in seconds, sizes in bytes, keys are only ever added:

    source, target      as they were given
    ended               finished; stopped (--fail-fast); interrupted
    done, skipped, failed, left
                        numbers of files: restored; not, for the target was there; failed; not begun,
                        or not done when it was interrupted
    frames, seconds, frames_per_second
                        of all that was restored; an image is one frame; null where nothing was
    notices             in words, about the folder
    files               a list of objects, in the order in which they were done, at last those left:
        file, target    from the source folder on; the path
        outcome         done, skipped, failed or left
        why             the error, "" if there is none
        frames, seconds, frames_per_second, size_bytes
                        null frames_per_second where there are none
        notices         in words
"""

from __future__ import annotations

import json
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deblurvid.cli.arguments import encoder_options_from
from deblurvid.cli.ending import Exit, tell
from deblurvid.cli.failures import failure_of, report
from deblurvid.cli.folder_dry_run import folder_dry_run
from deblurvid.cli.folder_report import Record, show_record
from deblurvid.cli.options import (  # noqa: TC001 - typer reads them
    Codec,
    Crf,
    Debug,
    Deinterlace,
    Device,
    EncoderOption,
    EngineName,
    OnCorruptFrames,
    Precision,
    Preset,
    ProgressStyle,
    Strength,
    Strict,
    Verify,
)
from deblurvid.cli.writing import check_texts, write_text
from deblurvid.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from deblurvid.events import FolderEvent
    from deblurvid.folder.plan import Plan
    from deblurvid.progress import Style

EPILOG = """\
[bold]Examples[/]

deblurvid folder photos restored

deblurvid folder camera restored --recursive --skip-existing --json report.json

deblurvid folder camera restored --recursive --dry-run

deblurvid folder GOPRO_Large/test restored --recursive --include '*/blur/*'
"""


def _files(*names: str, **facts: Any) -> Any:
    return typer.Option(*names, rich_help_panel="Files", **facts)


Source = Annotated[
    Path,
    typer.Argument(
        metavar="SRC",
        help="A folder of images (.png .jpg .tiff .webp) and videos. It is never written to.",
    ),
]
Target = Annotated[
    Path,
    typer.Argument(
        metavar="DST",
        help="Where the restored ones go, in the same folders and under the same names. A video in "
        "a container that is not written becomes .mkv.",
    ),
]
Recursive = Annotated[bool, _files("--recursive", "-r", help="Also take what lies in subfolders.")]
Include = Annotated[
    list[str] | None,
    _files(
        metavar="GLOB",
        help="Take only files whose path from SRC on fits, such as 'a/*.jpg' (a star fits slashes "
        "too); may be repeated.",
    ),
]
SkipExisting = Annotated[
    bool, _files("--skip-existing", help="Leave out files whose target exists.")
]
Overwrite = Annotated[bool, _files("-y", help="Replace targets that exist, but never a source.")]
FailFast = Annotated[
    bool, _files("--fail-fast", help="Stop at the first file that fails, instead of going on.")
]
DryRun = Annotated[
    bool, _files("--dry-run", help="Tell what would become of each file, and write nothing.")
]
AsJson = Annotated[
    Path | None,
    _files(
        "--json",
        metavar="FILE",
        help="Also write what became of each to FILE (-: standard output).",
    ),
]


def folder(
    source: Source,
    target: Target,
    recursive: Recursive = False,
    include: Include = None,
    skip_existing: SkipExisting = False,
    overwrite: Overwrite = False,
    fail_fast: FailFast = False,
    plan_only: DryRun = False,
    as_json: AsJson = None,
    strict: Strict = False,
    verify: Verify = "fast",
    engine: EngineName = "auto",
    device: Device = "auto",
    precision: Precision = "auto",
    strength: Strength = 1.0,
    deinterlace: Deinterlace = False,
    on_corrupt: OnCorruptFrames = "keep",
    codec: Codec = None,
    crf: Crf = None,
    preset: Preset = None,
    encoder_option: EncoderOption = None,
    progress: ProgressStyle = "auto",
    debug: Debug = False,
) -> int:
    """Restore the images and videos of a folder, each as `deblurvid run` does.

    All targets are planned first: if one exists, is a source, or would be that of two
    files, nothing is done. A file that fails is told of, and the rest goes on. Images
    keep their kind, EXIF, ICC profile and XMP; what is said of encoding is for the videos.

    Exit codes: 0 all done, 1 a file failed, 2 refused before work began, 130 interrupted.
    """
    which: dict[str, Any] = {
        "recursive": recursive,
        "include": tuple(include or ()),
        "skip_existing": skip_existing,
        "fail_fast": fail_fast,
    }

    def options() -> dict[str, Any]:
        return {
            "overwrite": overwrite,
            "strict": strict,
            "verify": verify,
            "engine": engine,
            "device": device,
            "precision": precision,
            "strength": strength,
            "deinterlace": deinterlace,
            "on_corrupt": on_corrupt,
            "codec": codec,
            "encoder_options": encoder_options_from(encoder_option or [], crf=crf, preset=preset),
        }

    def planned() -> Plan:
        from deblurvid.folder.plan import FolderOptions
        from deblurvid.folder.run import rehearse_folder

        if as_json is not None:
            raise UsageError(
                "--json tells what became of files; with --dry-run use --progress json"
            )
        return rehearse_folder(source, target, FolderOptions(**which), **options())

    def begin(show: Callable[[FolderEvent], None]) -> Iterator[FolderEvent]:
        from deblurvid.folder import deblur_folder

        check_texts([as_json], taken="--progress json" if progress == "json" else None)
        return deblur_folder(source, target, on_build=show, **which, **options())

    if plan_only:
        return folder_dry_run(planned, source, target, progress, debug=debug)
    return _watch(begin, progress, as_json, debug=debug)


def _watch(
    begin: Callable[[Callable[[FolderEvent], None]], Iterator[FolderEvent]],
    style: Style,
    as_json: Path | None,
    *,
    debug: bool,
) -> int:
    """Show the events and, however it ends, what became of the files; gives the exit code."""
    from deblurvid.progress import make_display

    display, record = make_display(style, folder=True), Record()
    try:
        try:
            with display, closing(begin(display.show)) as events:  # type: ignore[type-var]
                for event in events:
                    record.note(event)
                    display.show(event)
        finally:
            if record.started is not None:
                show_record(record, style)
                write_text(as_json, json.dumps(record.result(), indent=2) + "\n")
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - told here, with its code
        failure = failure_of(error, started=record.started is not None)
        if failure.kind == "interrupted" and record.started is not None:
            done = f"{record.count('done')} of {record.started.files} files are done"
            failure = replace(failure, message=f"interrupted; {done}")
        with suppress(OSError):  # the reader of standard output may have gone
            display.fail(failure)
        return report(error, failure, debug=debug)
    failed = [file for file in record.ended if file.outcome == "failed"]
    if failed:
        first = f"{failed[0].file}: {failed[0].why}"
        tell(f"error: {len(failed)} of {len(record.ended)} files failed, the first {first}")
        return Exit.FAILED
    return Exit.DONE
