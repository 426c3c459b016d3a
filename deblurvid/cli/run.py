"""`deblurvid run`: one video from file to file."""

from __future__ import annotations

from contextlib import closing, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from deblurvid.cli.arguments import encoder_options_from, size_from_text
from deblurvid.cli.beforehand import DryRun, Sample, asked_of
from deblurvid.cli.dry_run import dry_run
from deblurvid.cli.ending import Exit
from deblurvid.cli.failures import failure_of, report
from deblurvid.cli.options import (  # noqa: TC001 - typer reads them
    Codec,
    Crf,
    Debug,
    Deinterlace,
    Device,
    Duration,
    EncoderOption,
    EngineName,
    Format,
    FrameRate,
    InputFormat,
    OnCorruptFrames,
    Overwrite,
    PixelFormat,
    Precision,
    Preset,
    ProgressStyle,
    Resumable,
    Size,
    Source,
    StallTimeout,
    Start,
    Strength,
    Strict,
    Target,
    Verify,
)
from deblurvid.cli.standard import STANDARD, refuse_json_in_video
from deblurvid.errors import UsageError
from deblurvid.events import Started

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from deblurvid.events import Event
    from deblurvid.progress import Style

EPILOG = """\
[bold]Examples[/]

deblurvid run in.mp4 -o out.mp4

deblurvid run photo.jpg -o sharper.jpg

deblurvid run photo.jpg -o smaller.jpg -e q=5

deblurvid run in.mp4 -o out.mp4 --strength 0.7 --crf 14 -e tune=grain

deblurvid run in.mov -o out.mkv --codec ffv1 --start 1:30 --duration 10

deblurvid run in/%05d.png -o out/%05d.png --frame-rate 24000/1001

ffmpeg -i in.mp4 -f yuv4mpegpipe - | deblurvid run - -o - --format yuv4mpegpipe | ffplay -
"""


def run(
    source: Source,
    target: Target,
    overwrite: Overwrite = False,
    start: Start = None,
    duration: Duration = None,
    strict: Strict = False,
    resumable: Resumable = False,
    stall_timeout: StallTimeout = 60.0,
    verify: Verify = "fast",
    plan_only: DryRun = False,
    sample: Sample = None,
    output_format: Format = None,
    input_format: InputFormat = None,
    size: Size = None,
    pixel_format: PixelFormat = None,
    frame_rate: FrameRate = None,
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
    """Restore a video, and keep its timestamps, sound, subtitles, chapters and tags.

    The output appears complete and checked, or not at all.

    Exit codes: 0 done, 1 failed, 2 refused before work began, 130 interrupted.
    """
    from deblurvid.stages.journal import journal_folder

    act = asked_of(plan_only=plan_only, sample=sample)

    def begin(show: Callable[[Event], None]) -> Any:
        return act(
            source,
            target,
            engine=engine,
            device=device,
            precision=precision,
            strength=strength,
            deinterlace=deinterlace,
            on_corrupt=on_corrupt,
            codec=codec,
            encoder_options=encoder_options_from(encoder_option or [], crf=crf, preset=preset),
            start=start,
            duration=duration,
            overwrite=overwrite,
            strict=strict,
            resumable=resumable,
            stall_timeout=stall_timeout,
            verify=verify,
            format=output_format,
            input_format=input_format,
            size=None if size is None else size_from_text(size),
            pixel_format=pixel_format,
            frame_rate=frame_rate,
            on_build=show,
        )

    if plan_only:
        return dry_run(begin, target, progress, debug=debug)
    kept = journal_folder(target) if resumable else None
    return _watch(begin, target, progress, kept=kept, debug=debug)


def _watch(
    begin: Callable[[Callable[[Event], None]], Iterator[Event]],
    target: Path,
    style: Style,
    *,
    kept: Path | None,
    debug: bool,
) -> int:
    """Show the events of a run, and of an engine that is built for it; gives the exit code.

    `kept` is where the run keeps what is finished, if it does.
    """
    from deblurvid.progress import make_display

    try:
        refuse_json_in_video(style, target)
    except UsageError as error:
        return report(error, failure_of(error, started=False), debug=debug)
    display = make_display(style)
    before = _identity(target)
    started = False
    try:
        with display, closing(begin(display.show)) as events:  # type: ignore[type-var]
            for event in events:
                started = started or isinstance(event, Started)
                display.show(event)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - told here, with its code
        failure = failure_of(error, started=started)
        if failure.kind == "interrupted":
            became = _what_became(target, before, kept)
            failure = replace(failure, message=f"interrupted; {became}")
        with suppress(OSError):  # the reader of standard output may have gone
            display.fail(failure)
        return report(error, failure, debug=debug)
    return Exit.DONE


def _identity(path: Path) -> tuple[int, int] | None:
    """Tells one file from another that later has the same name."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def _what_became(target: Path, before: tuple[int, int] | None, kept: Path | None) -> str:
    if str(target) == STANDARD or (target.exists() and not target.is_file()):
        return f"what went to {'standard output' if str(target) == STANDARD else target} has no end"
    now = _identity(target)
    if now is not None and now != before:
        return f"{target} was already complete"
    became = f"nothing was written to {target}" if now is None else f"{target} is as it was"
    if kept is not None and kept.exists():
        became += "; what is finished is kept: the same command goes on with it"
    return became
