"""`deblurvid compare`: two videos beside each other, as a page, a video or a picture."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from deblurvid.cli.arguments import encoder_options_from, seconds_from_text
from deblurvid.cli.ending import Exit, tell
from deblurvid.cli.failures import failure_of, report
from deblurvid.cli.options import (  # noqa: TC001 - typer reads them
    Codec,
    Crf,
    Debug,
    EncoderOption,
    Overwrite,
    Preset,
)
from deblurvid.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from deblurvid.judge.compare.asked import Asked, Crop
    from deblurvid.progress import Style

EPILOG = """\
[bold]Examples[/]

deblurvid compare shaky.mp4 restored.mp4 -o compared.html

deblurvid compare shaky.mp4 restored.mp4 -o compared.mp4 --layout wipe

deblurvid compare shaky.mp4 restored.mp4 -o compared.png --crop 160x90+300+200 --zoom 4 --at 1.5
"""
_CROP = re.compile(r"(\d{1,5})x(\d{1,5})(?:\+(\d{1,5})\+(\d{1,5}))?", re.ASCII)

First = Annotated[
    Path, typer.Argument(metavar="FIRST", help="The one on the left: a video, or images.")
]
Second = Annotated[
    Path,
    typer.Argument(
        metavar="SECOND", help="The one on the right. Its frames give the times, its sound is kept."
    ),
]
Target = Annotated[
    Path,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Where it goes: .html is one page with everything in it, .png a picture, "
        ".mp4 .m4v .mov .mkv .webm .ts .m2ts .avi .nut .y4m a video.",
    ),
]
LayoutName = Annotated[
    Literal["split", "side", "wipe", "stack"] | None,
    typer.Option(
        "--layout",
        help="split: the left half of FIRST, the right half of SECOND; side, stack: both whole, "
        "beside or above each other; wipe: split at a line that moves over and back. "
        "Default: split.",
    ),
]
Labels = Annotated[
    tuple[str, str],
    typer.Option(metavar="LEFT RIGHT", help='What they are called; "" shows nothing.'),
]
CropText = Annotated[
    str | None,
    typer.Option(
        "--crop",
        metavar="WxH+X+Y",
        help="Show this part only: width, height, and its left upper corner. Without +X+Y: the "
        "middle.",
    ),
]
Reference = Annotated[
    Path | None,
    typer.Option(
        metavar="SHARP",
        help="For .html: the sharp truth of both; a curve shows how near each comes to it.",
    ),
]
Start = Annotated[
    Fraction | None,
    typer.Option(
        parser=seconds_from_text,
        metavar="TIME",
        help="Where in FIRST the beginning of SECOND is, in seconds or [HH:]MM:SS[.mmm]: for a "
        "SECOND that was restored with --start, or a sample.",
    ),
]
ProgressStyle = Annotated[
    Literal["auto", "rich", "plain", "none"],
    typer.Option(
        "--progress",
        help="A bar (rich) or lines (plain) on standard error, auto by whether that is a terminal.",
        rich_help_panel="Display",
    ),
]
Zoom = Annotated[
    int | None,
    typer.Option(metavar="N", help="Make every pixel N times as wide and high, without blurring."),
]
At = Annotated[
    list[Fraction] | None,
    typer.Option(
        parser=seconds_from_text,
        metavar="TIME",
        help="For .png: the moment that is shown, in seconds or [HH:]MM:SS[.mmm] after the first "
        "frame; may be repeated. Default: the quarters of the time.",
    ),
]


def compare(
    first: First,
    second: Second,
    target: Target,
    overwrite: Overwrite = False,
    start: Start = None,
    layout: LayoutName = None,
    labels: Labels = ("before", "after"),
    crop: CropText = None,
    zoom: Zoom = None,
    at: At = None,
    reference: Reference = None,
    codec: Codec = None,
    crf: Crf = None,
    preset: Preset = None,
    encoder_option: EncoderOption = None,
    progress: ProgressStyle = "auto",
    debug: Debug = False,
) -> int:
    """Show two videos beside each other at the same moments: before and after.

    A page (.html) has pictures under a line that is dragged, both videos in step, and
    curves of how sharp each frame is. It is one file and needs no network.

    Frames belong together by their time after the first. Both must have one size.
    """
    from deblurvid.judge.compare.asked import Asked

    started = False

    def work(share: float) -> float:
        nonlocal started
        started = True
        return share

    try:
        encoding = encoder_options_from(encoder_option or [], crf=crf, preset=preset)
        _refuse_unused(
            target,
            page={"--reference": reference},
            picture={"--at": at},
            moving={"--codec": codec, "an option of the encoder": encoding},
            shown={"--layout": layout, "--crop": crop, "--zoom": zoom},
        )
        asked = Asked(
            first=first,
            second=second,
            reference=reference,
            start=start or Fraction(0),
            labels=labels,
            layout=layout or "split",
            crop=None if crop is None else crop_from_text(crop),
            zoom=1 if zoom is None else zoom,
            overwrite=overwrite,
        )
        _write(asked, target, at or [], codec, encoding, work, progress)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - told here, with its code
        return report(error, failure_of(error, started=started), debug=debug)
    return Exit.DONE


def crop_from_text(text: str) -> Crop:
    """160x90+300+200 -> a part of the picture.

    Raises:
        UsageError: it is no such part.
    """
    from deblurvid.judge.compare.asked import Crop

    match = _CROP.fullmatch(text)
    if match is None:
        raise UsageError(f"--crop {text!r}: write WIDTHxHEIGHT+X+Y, such as 160x90+300+200")
    width, height, *corner = match.groups()
    x, y = (None if side is None else int(side) for side in corner)
    return Crop(width=int(width), height=int(height), x=x, y=y)


def _refuse_unused(
    target: Path,
    *,
    page: dict[str, object],
    picture: dict[str, object],
    moving: dict[str, object],
    shown: dict[str, object],
) -> None:
    """Refuse options that the target has no use for, and targets that are none."""
    from deblurvid.stages.ffmpeg import WRITABLE_FORMATS

    suffix = target.suffix.lower()
    if suffix not in (".html", ".png", *WRITABLE_FORMATS):
        known = " ".join((".html", ".png", *WRITABLE_FORMATS))
        raise UsageError(f"{target}: {suffix or 'without suffix'} is not written; use {known}")
    unused = {
        ".html": ("a page, which has controls of its own", picture | moving | shown),
        ".png": ("a picture", page | moving),
    }.get(suffix, ("a video", page | picture))
    what, options = unused
    if given := next((name for name, value in options.items() if value not in (None, {})), None):
        raise UsageError(f"{given} has no meaning for {target}, {what}; leave it out")


def _write(
    asked: Asked,
    target: Path,
    moments: list[Fraction],
    codec: str | None,
    encoding: dict[str, str],
    work: Callable[[float], float],
    style: Style,
) -> None:
    """Write what the target's suffix says, and show how far it is."""
    from deblurvid.events import Comparing
    from deblurvid.progress import make_display
    from deblurvid.progress.words import size_text

    with make_display(style) as display:

        def watch(share: float) -> None:
            display.show(Comparing(target=target, share=work(share)))

        match target.suffix.lower():
            case ".html":
                from deblurvid.judge.compare.page import write_page

                write_page(asked, target, facts={}, say=tell, watch=watch)
            case ".png":
                from deblurvid.judge.compare.stills import compare_pictures

                compare_pictures(asked, target, at=moments, say=tell, watch=watch)
            case _:
                from deblurvid.judge.compare.video import compare_video

                compare_video(
                    asked,
                    target,
                    codec=codec,
                    encoder_options=encoding,
                    say=tell,
                    watch=watch,
                )
    tell(f"{target}: {size_text(target.stat().st_size)}")
