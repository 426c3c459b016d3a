"""`deblurvid score`: what restored videos or images are worth.

`--json FILE` writes one object; what cannot be said is null:

    schema          "deblurvid-score-1"
    command         the words of this command
    versions        as `deblurvid doctor --json` has them, OpenCV's and scikit-image's too
    restored, reference, blurred    the paths given
    methods         what each figure means, by its name, in words
    notes           what was found in the folders
    items           one object for each video, sequence of images or image
    all             the same figures over all frames of all items

Each of the items holds `name`, `width`, `height`, `data_range` (255 or 65535, the code of white in
which RGB was compared) and, as `all` does,

    frames          how many there are
    restored, blurred, reference    means: psnr_db, psnr_y_db, ssim, laplacian (by size: "native" and
                    WIDTHxHEIGHT), warping_error, own_warping_error in (code / data_range)^2, tof_px;
                    of the reference laplacian and warping_error only
    gain            restored less blurred: psnr_db, psnr_y_db, ssim
    ratio           of: "reference", or "blurred" without one; laplacian: restored over that, by size
    bands           frames whose blurred input has a PSNR from from_db on and below below_db: frames,
                    gain_db, least_gain_db, greatest_gain_db
    worst, best     frames by their PSNR: item, frame (from 0), file (of an image), seconds (of a
                    video), psnr_db, blurred_psnr_db
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deblurvid.cli.arguments import size_from_text
from deblurvid.cli.ending import Exit
from deblurvid.cli.failures import failure_of, report
from deblurvid.cli.options import Debug  # noqa: TC001 - typer reads it
from deblurvid.cli.writing import check_texts, write_text
from deblurvid.errors import UsageError
from deblurvid.frames import LARGEST_SIDE, SMALLEST_SIDE

if TYPE_CHECKING:
    from collections.abc import Callable

    from deblurvid.judge.matching import Item, Kind

EPILOG = """\
[bold]Examples[/]

deblurvid score restored.mp4 --reference sharp.mp4 --blurred shaky.mp4

deblurvid score out --reference GOPRO_Large/test --blurred GOPRO_Large/test --json score.json

deblurvid score restored.mp4 --blurred shaky.mp4
"""

Restored = Annotated[
    Path,
    typer.Argument(metavar="RESTORED", help="A video, an image, or a folder of either."),
]
Reference = Annotated[
    Path | None,
    typer.Option(
        "--reference", metavar="SHARP", help="The sharp truth: what RESTORED should look like."
    ),
]
Blurred = Annotated[
    Path | None,
    typer.Option("--blurred", metavar="BLUR", help="What was restored: its figures, and the gain."),
]
Sizes = Annotated[
    list[str] | None,
    typer.Option(
        "--size",
        metavar="WxH",
        help="Also measure the variance of the Laplacian at this size; may be repeated. "
        "Default: 256x256.",
    ),
]
Sequence = Annotated[
    bool | None,
    typer.Option(
        "--sequence/--stills",
        help="Take the images of a folder for the frames of a clip, or for single images. "
        "Default: for a clip if they are numbered in a row.",
    ),
]
AsJson = Annotated[
    Path | None,
    typer.Option(
        "--json", metavar="FILE", help="Also write the figures to FILE (-: standard output)."
    ),
]
AsMarkdown = Annotated[
    Path | None,
    typer.Option("--markdown", metavar="FILE", help="Also write the tables to FILE, or -."),
]


def score(
    restored: Restored,
    reference: Reference = None,
    blurred: Blurred = None,
    size: Sizes = None,
    sequence: Sequence = None,
    as_json: AsJson = None,
    as_markdown: AsMarkdown = None,
    debug: Debug = False,
) -> int:
    """Say what restored pictures are worth beside the sharp and the blurred ones.

    Files in folders are matched by their path without the suffix, frames in their order.
    Nothing is aligned: a picture that is shifted scores low.

    Needs OpenCV and scikit-image, which the extra "score" installs.
    """
    given = {"reference": reference, "blurred": blurred, "restored": restored}
    paths: dict[Kind, Path] = {k: path for k, path in given.items() if path}  # type: ignore[misc]
    started = False

    def start() -> None:
        nonlocal started
        started = True

    try:
        taken = check_texts((as_json, as_markdown))
        sizes = [_size(text) for text in size or ["256x256"]]
        result = _scored(paths, sizes, start, sequence=sequence)
        _show(result, as_json, as_markdown, taken=taken)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - told here, with its code
        return report(error, failure_of(error, started=started), debug=debug)
    return Exit.DONE


def _size(text: str) -> tuple[int, int]:
    sides = size_from_text(text)
    if not all(SMALLEST_SIDE <= side <= LARGEST_SIDE for side in sides):
        raise UsageError(f"--size {text}: give sides within {SMALLEST_SIDE} and {LARGEST_SIDE}")
    return sides


def _scored(
    paths: dict[Kind, Path],
    sizes: list[tuple[int, int]],
    start: Callable[[], None],
    *,
    sequence: bool | None,
) -> dict[str, Any]:
    """Measure; gives what the JSON holds. `start` is called when the first frame is measured."""
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import Progress

    from deblurvid.cli.score_result import result_object
    from deblurvid.judge.matching import find_items
    from deblurvid.judge.score import check_libraries
    from deblurvid.judge.score import score as measure
    from deblurvid.progress.words import printable

    check_libraries()
    found = find_items(paths, sequence=sequence)
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=sum(len(i.clips["restored"].files) for i in found.items))

        def watch(item: Item, frame: int) -> None:
            start()
            more = 0 if item.clips["restored"].is_video and frame else 1
            said = f"{escape(printable(item.name))}, frame {frame}"
            progress.update(task, advance=more, description=said)

        scores, total = measure(found.items, sizes, watch)
    return result_object(paths, sizes, found.notes, scores, total)


def _show(
    result: dict[str, Any], as_json: Path | None, as_markdown: Path | None, *, taken: bool
) -> None:
    """Write tables for people, and reports; `taken`: a report goes to standard output."""
    from deblurvid.cli.score_report import markdown_from_result, show_result

    show_result(result, stderr=taken)
    sys.stdout.flush()
    write_text(as_json, json.dumps(result, indent=2) + "\n")
    if as_markdown:
        write_text(as_markdown, markdown_from_result(result))
