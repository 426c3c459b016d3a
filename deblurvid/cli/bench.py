"""`deblurvid bench`: what a run costs here, as ratios that hold on any machine.

`--json FILE` writes one object. All times are in seconds, all sizes in bytes, and a cost is
{"name", "frames", "wall_seconds", "cpu_seconds"}:

    schema          "deblurvid-bench-3"
    command         the words of this command
    machine         cpu (as `deblurvid doctor --json` has it), load_average before the start
    versions        as `deblurvid doctor --json` has them
    input           the video, or null if it was made
    measured        one object for each combination of size, generator, precision and instructions

Each of these holds

    video           width, height, pixel_format, frames
    generator       its name
    precision       what it truly computed in: fp32, bf16 or fp16
    isa             the vector instructions that it was held to, or null
    engine, encoder in words
    stages          costs of the stages, each alone, in the order of the data's way
    shares          of decode, engine and encode in what the stages take alone, together 1: of their
                    CPU time, or of their wall clock where the engine only waits
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

With `--memory` there is, instead of what was measured,

    memory          samples ([frames done, bytes]), first_frame, growth_bytes, slope_bytes_a_frame
"""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deblurvid.cli.arguments import encoder_options_from, size_from_text
from deblurvid.cli.ending import Exit, tell
from deblurvid.cli.failures import failure_of, report
from deblurvid.cli.options import (  # noqa: TC001 - typer reads them
    Codec,
    Crf,
    Debug,
    Deinterlace,
    Device,
    EncoderOption,
    Preset,
)
from deblurvid.cli.writing import check_texts, write_text
from deblurvid.errors import EngineError, OutputError, VerificationError

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    typer.Option(
        "--input",
        metavar="FILE",
        help="Measure on this video, or these images. Default: a video is made.",
    ),
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
Engines = Annotated[
    list[str] | None,
    typer.Option(
        "--engine",
        metavar="NAME|FILE",
        help="A shipped generator, identity, an ONNX file or a plan; may be repeated. Default: auto.",
    ),
]
Precisions = Annotated[
    list[str] | None,
    typer.Option(
        "--precision",
        metavar="auto|fp32|bf16|fp16",
        help="What the generator computes in; may be repeated. The usual loop always uses fp32. "
        "Default: auto.",
    ),
]
Isas = Annotated[
    list[str] | None,
    typer.Option(
        "--isa",
        metavar="NAME",
        help="As on a CPU with no further vector instructions: AVX2, AVX512_CORE, AVX512_CORE_BF16, "
        "AVX512_CORE_AMX or ALL, as oneDNN calls them; may be repeated.",
    ),
]
Usual = Annotated[bool, typer.Option(help="Compare with the usual loop.")]
Memory = Annotated[
    bool,
    typer.Option(
        "--memory", help="Measure whether memory grows over 5000 frames, by default of identity."
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
    typer.Option(
        "--markdown", metavar="FILE", help="Also write a table of the sweep to FILE, or -."
    ),
]


def bench(
    source: Source = None,
    size: Sizes = None,
    depth: Depth = 8,
    frames: Frames = 60,
    engine: Engines = None,
    device: Device = "auto",
    precision: Precisions = None,
    isa: Isas = None,
    deinterlace: Deinterlace = False,
    wait_ms: WaitMs = None,
    codec: Codec = None,
    crf: Crf = None,
    preset: Preset = None,
    encoder_option: EncoderOption = None,
    usual: Usual = True,
    memory: Memory = False,
    as_json: AsJson = None,
    as_markdown: AsMarkdown = None,
    debug: Debug = False,
) -> int:
    """Measure what a run costs here: each stage alone, all together, the usual loop.

    A run should take at most 1.10 times its bound. Measure while the machine does nothing else.
    Of what may be repeated, all combinations are measured; files are written after each.
    """
    from deblurvid.cli.examine import cpu
    from deblurvid.judge.bench import BenchOptions

    started = False
    try:
        taken = check_texts((as_json, as_markdown))
        usual_sizes = ["1280x720", "1920x1080"] if device.startswith("cuda") else ["1280x720"]
        sizes = size or (usual_sizes if source is None and not memory else usual_sizes[:1])
        options = [
            BenchOptions(
                source=source,
                size=sides,
                depth=depth,
                frames=frames,
                engine=name,
                device=device,
                precision=computed,
                deinterlace=deinterlace,
                isa=held,
                wait_seconds=None if wait_ms is None else wait_ms / 1e3,
                codec=codec,
                encoder_options=encoder_options_from(encoder_option or [], crf=crf, preset=preset),
                with_usual=usual,
                cores=cpu()["usable_cores"],
            )
            for sides, name, computed, held in product(
                map(size_from_text, sizes),
                engine or ["identity" if memory else "auto"],
                precision or ["auto"],
                isa or (None,),
            )
        ]
        if device.startswith("cuda"):
            from deblurvid.choose import cuda_place

            cuda_place(device)
        started = True
        for found, last in _measured(options, memory=memory, stderr=taken):
            # What is written to standard output stays; a file is replaced.
            if last or not taken:
                _write(found, as_json, as_markdown)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - told here, with its code
        worked = started and isinstance(error, (EngineError, OutputError, VerificationError))
        return report(error, failure_of(error, started=worked), debug=debug)
    return Exit.DONE


def _measured(
    options: list[BenchOptions], *, memory: bool, stderr: bool
) -> Iterator[tuple[dict[str, Any], bool]]:
    """Measure and print; gives what the JSON holds after each combination, and if it is the last."""
    from deblurvid.cli import bench_report
    from deblurvid.judge.bench import bench as measure
    from deblurvid.judge.bench import bench_growth

    surroundings = bench_report.surroundings(options[0])
    if memory:
        growth = bench_growth(options[0], tell)
        bench_report.show_growth(growth, stderr=stderr)
        yield surroundings | bench_report.growth_object(growth), True
        return
    found = []
    for each in options:
        figures = measure(each, tell)
        load = surroundings["machine"]["load_average"]
        bench_report.show_figures(figures, load, stderr=stderr)
        found.append(bench_report.figures_object(figures))
        yield surroundings | {"measured": found}, len(found) == len(options)


def _write(found: dict[str, Any], as_json: Path | None, as_markdown: Path | None) -> None:
    from deblurvid.cli.bench_report import markdown_from

    write_text(as_json, json.dumps(found, indent=2) + "\n")
    if as_markdown:
        write_text(as_markdown, markdown_from(found))
