"""`deblurvid run`: one video from file to file."""

from __future__ import annotations

from contextlib import closing, suppress
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from deblurvid.cli.arguments import (
    encoder_options_from,
    number_from_text,
    rate_from_text,
    seconds_from_text,
    size_from_text,
)
from deblurvid.cli.beforehand import DryRun, Sample, asked_of
from deblurvid.cli.completing import codec_values, device_values, engine_values
from deblurvid.cli.dry_run import dry_run
from deblurvid.cli.ending import Exit
from deblurvid.cli.failures import failure_of, report
from deblurvid.cli.standard import STANDARD, refuse_json_in_video
from deblurvid.errors import UsageError
from deblurvid.events import Started

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from deblurvid.events import Event
    from deblurvid.progress import Style

EPILOG = """\
[bold]Examples[/]

deblurvid run in.mp4 -o out.mp4

deblurvid run in.mp4 -o out.mp4 --strength 0.7 --crf 14 -e tune=grain

deblurvid run in.mov -o out.mkv --codec ffv1 --start 1:30 --duration 10

deblurvid run in/%05d.png -o out/%05d.png --frame-rate 24000/1001

ffmpeg -i in.mp4 -f yuv4mpegpipe - | deblurvid run - -o - --format yuv4mpegpipe | ffplay -
"""


def _files(*names: str, **facts: Any) -> Any:
    return typer.Option(*names, rich_help_panel="Input and output", **facts)


def _restoring(*names: str, **facts: Any) -> Any:
    return typer.Option(*names, rich_help_panel="Restoring", **facts)


def _encoding(*names: str, **facts: Any) -> Any:
    return typer.Option(*names, rich_help_panel="Encoding", **facts)


def _display(*names: str, **facts: Any) -> Any:
    return typer.Option(*names, rich_help_panel="Display", **facts)


def _raw(*names: str, **facts: Any) -> Any:
    return typer.Option(*names, rich_help_panel="Images, pipes and raw frames", **facts)


Source = Annotated[
    Path,
    typer.Argument(
        metavar="INPUT",
        help="A video file, images (in/%05d.png, or their folder), or - for standard input.",
    ),
]
Target = Annotated[
    Path,
    _files(
        "--output",
        "-o",
        metavar="FILE",
        help="Where the restored video goes: .mp4 .m4v .mov .mkv .webm .ts .m2ts .avi .nut .y4m, "
        "images (out/%05d.png, .jpg .tiff .webp), or - for standard output.",
    ),
]
Overwrite = Annotated[bool, _files("-y", help="Replace FILE if it exists.")]
Start = Annotated[
    Fraction | None,
    _files(
        parser=seconds_from_text,
        metavar="TIME",
        help="Begin here: seconds, or [HH:]MM:SS[.mmm]. Default: the beginning.",
    ),
]
Duration = Annotated[
    Fraction | None,
    _files(
        parser=seconds_from_text,
        metavar="TIME",
        help="Restore this much, written as for --start. Default: to the end.",
    ),
]
Strict = Annotated[
    bool, _files("--strict", help="Fail where something cannot be kept, instead of a notice.")
]
Resumable = Annotated[
    bool,
    _files(
        "--resumable",
        help="Keep what is finished beside FILE until all is; the same command then goes on.",
    ),
]
StallTimeout = Annotated[
    float,
    _files(
        parser=number_from_text,
        metavar="SECONDS",
        help="Give up when a pipe sends nothing for so long; 0 waits for ever.",
    ),
]
Verify = Annotated[
    Literal["fast", "full", "off"],
    _files(help="Check the output by its packets (fast), also decode it (full), or trust it."),
]
Format = Annotated[
    str | None,
    _raw(
        "--format",
        metavar="NAME",
        help="Write this format: yuv4mpegpipe, rawvideo, matroska, mpegts, nut, mp4 (in fragments "
        "to a pipe). Default: by the suffix of FILE.",
    ),
]
InputFormat = Annotated[
    str | None,
    _raw(metavar="NAME", help="Read INPUT as this format; rawvideo needs the next two."),
]
Size = Annotated[str | None, _raw(metavar="WIDTHxHEIGHT", help="Of rawvideo.")]
PixelFormat = Annotated[
    str | None, _raw(metavar="NAME", help="Of rawvideo, by FFmpeg's name, such as yuv420p10le.")
]
FrameRate = Annotated[
    Fraction | None,
    _raw(
        parser=rate_from_text,
        metavar="RATE",
        help="Of images and rawvideo: 30, or 24000/1001. Default: 25.",
    ),
]
EngineName = Annotated[
    str,
    _restoring(
        "--engine",
        metavar="NAME|FILE",
        autocompletion=engine_values,
        help="A shipped generator (deblurvid doctor lists them), identity, an ONNX file or a plan.",
    ),
]
Device = Annotated[
    str,
    _restoring(
        metavar="auto|cpu|gpu|npu|cuda:N",
        autocompletion=device_values,
        help="What computes; cuda is NVIDIA's, gpu and npu are Intel's. auto: cuda, else cpu.",
    ),
]
Precision = Annotated[
    Literal["auto", "fp32", "bf16", "fp16"], _restoring(help="What the generator computes in.")
]
Strength = Annotated[
    float,
    _restoring(
        parser=number_from_text, metavar="0..1", help="0 keeps the source, 1 restores fully."
    ),
]
OnCorruptFrames = Annotated[
    Literal["keep", "drop", "fail"],
    _restoring(
        "--on-corrupt",
        help="Frames that the decoder calls corrupt: restore them as they are, leave them out, or "
        "end the run.",
    ),
]
Deinterlace = Annotated[
    bool,
    _restoring("--deinterlace", help="Make one picture of each two fields (FFmpeg's bwdif)."),
]
Codec = Annotated[
    str | None,
    _encoding(
        metavar="ENCODER",
        autocompletion=codec_values,
        help="FFmpeg's name of an encoder. Default: libx264 for 8 bits (RGB: libx264rgb), libx265 "
        "for more, libsvtav1 in .webm and for odd sizes.",
    ),
]
Crf = Annotated[
    str | None,
    _encoding(metavar="N", help="Constant quality, lower is better. Default: 16 (AV1, VP9: 20)."),
]
Preset = Annotated[
    str | None,
    _encoding(metavar="NAME", help="Effort of the encoder. Default: veryfast (SVT-AV1: 8)."),
]
EncoderOption = Annotated[
    list[str] | None,
    _encoding(
        "-e",
        metavar="KEY=VALUE",
        help="Any option of the encoder by FFmpeg's name; may be repeated.",
    ),
]
ProgressStyle = Annotated[
    Literal["auto", "rich", "plain", "json", "none"],
    _display(
        help="A bar (rich) or lines (plain) on standard error, auto by whether that is a "
        "terminal; json: one object a line on standard output."
    ),
]
Debug = Annotated[bool, _display("--debug", help="Show the log, and errors' tracebacks.")]


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
