"""`deblurvid run --dry-run`: what the run would do, as lines for people or one object.

`--progress json` prints one object: {"event": "plan"} with

    source, target      the paths
    container, muxer    FFmpeg's names of their formats
    video               width, height, pixel_format, codec, frame_rate, duration_seconds, frames;
                        null where the container does not tell
    streams             one object each: index, kind, codec, language, fate, converted_to, reason;
                        fate is restore, copy, convert, attach, regenerate or drop
    engine              in words
    encoder             name, options, pixel_format
    notices             what the run would say before the first frame
    refused_if_strict   those of the notices for which --strict would refuse the run

and where the run would be refused {"event": "error"}, as the run prints it.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from deblurvid.cli.ending import Exit
from deblurvid.cli.failures import failure_of, report
from deblurvid.cli.standard import is_standard_output, refuse_json_in_video
from deblurvid.errors import UsageError
from deblurvid.progress.words import counted, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import TextIO

    from deblurvid.events import Event
    from deblurvid.planning import RunPlan, StreamFate
    from deblurvid.progress import Style

_FATES = {
    "restore": "restored",
    "copy": "copied as it is",
    "attach": "attached as it is",
    "regenerate": "written anew from the metadata",
    "drop": "left out",
}


def dry_run(
    planned: Callable[[Callable[[Event], None]], RunPlan],
    target: Path,
    style: Style,
    *,
    debug: bool,
) -> int:
    """Print the plan of a run, or why it would be refused; gives the run's exit code for that.

    Args:
        planned: gives the plan, or raises why there is none.
        target: where the video would go.
        style: json prints one object, none nothing.
        debug: show errors' tracebacks.
    """
    from deblurvid.progress import make_display

    try:
        refuse_json_in_video(style, target)
    except UsageError as error:
        return report(error, failure_of(error, started=False), debug=debug)
    display = make_display(style)
    try:
        plan = planned(display.show)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - told here, with its code
        failure = failure_of(error, started=False)
        display.fail(failure)
        return report(error, failure, debug=debug)
    if style == "json":
        print(json.dumps(object_of(plan)))
    elif style != "none":
        for line in lines_of(plan):
            print(printable(line), file=_for_people(target))
    return Exit.DONE


def _for_people(target: Path) -> TextIO | None:
    """Standard output, unless the video would go there."""
    return sys.stderr if is_standard_output(target) else sys.stdout


def object_of(plan: RunPlan) -> dict[str, Any]:
    """The plan as JSON holds it; see the docstring of this module."""
    info = plan.info
    return {
        "event": "plan",
        "source": str(plan.source),
        "target": str(plan.target),
        "container": plan.container,
        "muxer": plan.muxer,
        "video": {
            "width": info.width,
            "height": info.height,
            "pixel_format": info.pixel_format,
            "codec": info.codec,
            "frame_rate": None if info.frame_rate is None else float(info.frame_rate),
            "duration_seconds": None if info.duration is None else float(info.duration),
            "frames": info.frame_count,
        },
        "streams": [asdict(stream) for stream in plan.streams],
        "engine": plan.engine,
        "encoder": {
            "name": plan.encoder,
            "options": plan.encoder_options,
            "pixel_format": plan.encoder_pixel_format,
        },
        "notices": list(plan.notices),
        "refused_if_strict": list(plan.losses),
    }


def lines_of(plan: RunPlan) -> Iterator[str]:
    """The plan for people; every fact is in it."""
    info = plan.info
    length = [] if info.duration is None else [f"{float(info.duration):.6g} s"]
    yield ", ".join([f"input     {plan.source}: {plan.container}", *length])
    for stream in plan.streams:
        yield f"  {_name(stream):<34} {_fate(stream)}"
    rate = "a varying rate" if info.frame_rate is None else f"{float(info.frame_rate):.6g} fps"
    count = "frames not known" if info.frame_count is None else counted(info.frame_count, "frame")
    yield f"video     {info.width}x{info.height} {info.pixel_format}, {rate}, {count}"
    yield f"engine    {plan.engine}"
    settings = [f"{key}={value}" for key, value in plan.encoder_options.items()]
    yield " ".join([f"encoder   {plan.encoder}", *settings, f"({plan.encoder_pixel_format})"])
    yield f"output    {plan.target}: {plan.muxer}"
    for text in plan.notices:
        strict = " (--strict refuses the run for it)" if text in plan.losses else ""
        yield f"notice    {text}{strict}"
    yield "The run would begin. Nothing was written."


def _name(stream: StreamFate) -> str:
    language = f", {stream.language}" if stream.language else ""
    return f"stream {stream.index} ({stream.kind} {stream.codec}{language})"


def _fate(stream: StreamFate) -> str:
    fate = f"converted to {stream.converted_to}" if stream.converted_to else _FATES[stream.fate]
    return f"{fate}: {stream.reason}" if stream.reason else fate
