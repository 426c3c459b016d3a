"""The options that commands have in common, each with its words and its panel."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from deblurvid.cli.arguments import number_from_text, rate_from_text, seconds_from_text
from deblurvid.cli.completing import codec_values, device_values, engine_values


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
        help="Begin here: seconds (5, 5s, 0.5), or [HH:]MM:SS[.mmm]. Default: the beginning.",
    ),
]
Duration = Annotated[
    Fraction | None,
    _files(
        parser=seconds_from_text,
        metavar="TIME",
        help="Restore this much, such as 5s or 1:30. Default: to the end.",
    ),
]
Strict = Annotated[
    bool, _files("--strict", help="Fail where something cannot be kept, instead of a notice.")
]
Resumable = Annotated[
    bool,
    _files(
        "--resumable",
        help="Keep what is finished, in parts of 250 frames, beside FILE until all is; the same "
        "command then goes on.",
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
