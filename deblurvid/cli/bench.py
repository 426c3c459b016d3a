"""`deblurvid bench`: what a run costs here, as ratios that hold on any machine.

`--json FILE` writes one object. All times are in seconds, all sizes in bytes, and a cost is
{"name", "frames", "wall_seconds", "cpu_seconds"}:

    schema          "deblurvid-bench-2"
    command         the words of this command
    machine         cpu (as `deblurvid doctor --json` has it), load_average before the start
    versions        as `deblurvid doctor --json` has them
    input           the video, or null if it was made
    sizes           one object for each size that was measured

Each of the sizes holds

    video           width, height, pixel_format, frames
    engine, encoder in words
    stages          costs of the stages, each alone, in the order of the data's way
    run             cost from opening the source to the checked file
    busy_seconds    of each thread of the run, by its heaviest stage
    bound           seconds, and by what: "cpu" (the stages' CPU seconds over the cores) or
                    "slowest stage" (their wall clock; an engine that only waits)
    run_over_bound  the run's wall clock over the bound
    usual           cost of the usual loop, or null
    times_usual     the run's frames a second over the usual loop's, or null
    peak_rss_bytes  of the run in a process of its own, or null
    device          null without a GPU, else name; upload_seconds, run_seconds, download_seconds of
                    a frame by its own clock; operations of a frame, peak_operations_per_second and
                    share_of_roof, each null where it is not known

With `--memory` there is, instead of the sizes,

    memory          samples ([frames done, bytes]), first_frame, growth_bytes, slope_bytes_a_frame
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from deblurvid.cli.arguments import encoder_options_from, size_from_text
from deblurvid.cli.ending import Exit, tell
from deblurvid.cli.failures import failure_of, report
from deblurvid.cli.run import (  # noqa: TC001 - typer reads them
    Codec,
    Crf,
    Debug,
    Device,
    EncoderOption,
    EngineName,
    Preset,
)
from deblurvid.errors import EngineError, OutputError, VerificationError

if TYPE_CHECKING:
    from deblurvid.judge.bench import BenchOptions

EPILOG = """\
[bold]Examples[/]

deblurvid bench

deblurvid bench --input in.mp4 --frames 100 --codec libx265

deblurvid bench --size 1280x720 --size 1920x1080 --json figures.json

deblurvid bench --memory
"""

Source = Annotated[
    Path | None,
    typer.Option("--input", metavar="FILE", help="Measure on this video. Default: one is made."),
]
Sizes = Annotated[
    list[str] | None,
    typer.Option(
        "--size",
        metavar="WxH",
        help="Size of the video that is made; may be repeated. Default: 1280x720, with --device "
        "cuda also 1920x1080.",
    ),
]
Depth = Annotated[int, typer.Option(metavar="8|10", help="Its bits a sample.")]
Frames = Annotated[
    int, typer.Option(metavar="N", help="Frames that are made, or read from FILE's beginning.")
]
WaitMs = Annotated[
    float | None,
    typer.Option(metavar="T", help="Use an engine that only waits T ms: the streaming alone."),
]
Precision = Annotated[
    Literal["auto", "fp32", "bf16", "fp16"],
    typer.Option(help="What the generator computes in; the usual loop always uses fp32."),
]
Usual = Annotated[bool, typer.Option(help="Compare with the usual loop.")]
Memory = Annotated[
    bool,
    typer.Option(
        "--memory", help="Measure whether memory grows over 5000 frames, by default of identity."
    ),
]
AsJson = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", help="Also write the figures to FILE.")
]


def bench(
    source: Source = None,
    size: Sizes = None,
    depth: Depth = 8,
    frames: Frames = 60,
    engine: EngineName = "auto",
    device: Device = "auto",
    precision: Precision = "auto",
    wait_ms: WaitMs = None,
    codec: Codec = None,
    crf: Crf = None,
    preset: Preset = None,
    encoder_option: EncoderOption = None,
    usual: Usual = True,
    memory: Memory = False,
    as_json: AsJson = None,
    debug: Debug = False,
) -> int:
    """Measure what a run costs here: each stage alone, all together, the usual loop.

    A run should take at most 1.10 times its bound. Measure while the machine does nothing else.
    """
    from deblurvid.cli.examine import cpu
    from deblurvid.judge.bench import BenchOptions

    started = False
    try:
        usual_sizes = ["1280x720", "1920x1080"] if device.startswith("cuda") else ["1280x720"]
        sizes = size or (usual_sizes if source is None and not memory else usual_sizes[:1])
        options = [
            BenchOptions(
                source=source,
                size=sides,
                depth=depth,
                frames=frames,
                engine="identity" if memory and engine == "auto" else engine,
                device=device,
                precision=precision,
                wait_seconds=None if wait_ms is None else wait_ms / 1e3,
                codec=codec,
                encoder_options=encoder_options_from(encoder_option or [], crf=crf, preset=preset),
                with_usual=usual,
                cores=cpu()["usable_cores"],
            )
            for sides in map(size_from_text, sizes)
        ]
        if device.startswith("cuda"):
            from deblurvid.choose import cuda_place

            cuda_place(device)
        started = True
        _write(_measured(options, memory=memory), as_json)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - told here, with its code
        worked = started and isinstance(error, (EngineError, OutputError, VerificationError))
        return report(error, failure_of(error, started=worked), debug=debug)
    return Exit.DONE


def _measured(options: list[BenchOptions], *, memory: bool) -> dict[str, Any]:
    """Measure and print; gives what the JSON holds."""
    from deblurvid.cli import bench_report
    from deblurvid.judge.bench import bench as measure
    from deblurvid.judge.bench import bench_growth

    surroundings = bench_report.surroundings(options[0])
    if memory:
        growth = bench_growth(options[0], tell)
        bench_report.show_growth(growth)
        return surroundings | bench_report.growth_object(growth)
    found = []
    for each in options:
        figures = measure(each, tell)
        bench_report.show_figures(figures, surroundings["machine"]["load_average"])
        found.append(bench_report.figures_object(figures))
    return surroundings | {"sizes": found}


def _write(found: dict[str, Any], target: Path | None) -> None:
    if target is None:
        return
    try:
        target.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    except OSError as exc:
        raise OutputError(f"{target}: cannot be written: {exc.strerror}") from exc
