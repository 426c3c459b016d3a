"""`deblurvid doctor`: what works here, what does not, and why."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deblurvid.cli.ending import Exit
from deblurvid.cli.failures import failure_of
from deblurvid.cli.failures import report as report_error
from deblurvid.progress.words import counted, printable, size_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deblurvid.judge.selftest import SelfTest as Found

EPILOG = """\
[bold]Examples[/]

deblurvid doctor

deblurvid doctor --json

deblurvid doctor --selftest
"""

AsJson = Annotated[bool, typer.Option("--json", help="The same as one JSON object.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the log, and errors' tracebacks.")]
SelfTest = Annotated[
    bool,
    typer.Option(
        "--selftest",
        help="Instead, let the GPU restore pictures, compare them with fp32 on the CPU and with "
        "themselves when several are in flight, and look for memory that is lost.",
    ),
]
Report = Annotated[
    bool,
    typer.Option(
        "--report",
        help="As a block of Markdown, to be pasted into a bug report as it is.",
    ),
]
SELFTEST_SIZE = (640, 360)


def doctor(
    as_json: AsJson = False,
    as_report: Report = False,
    selftest: SelfTest = False,
    debug: Debug = False,
) -> int:
    """Tell what works here: versions, machine, engines, encoders, generators, caches.

    Nothing in it names you or your machine: your home folder is shown as ~, names as USER and HOST.

    Exit codes: 0 if videos can be restored, or the selftest passes, else 1; 2 for a selftest
    without a GPU that can be used.
    """
    from deblurvid.cli.examine import examine

    if selftest:
        return _selftest(as_json=as_json, debug=debug)
    report = examine()
    if as_json:
        print(json.dumps(report, indent=2))
    else:
        fence = ["```"] if as_report else []
        for line in [*fence, *lines_of(report), *fence]:
            print(printable(line))
    return Exit.DONE if report["can_run"] else Exit.FAILED


def _selftest(*, as_json: bool, debug: bool) -> int:
    """Test the first GPU with its default generator, and tell what was found."""
    from deblurvid.progress import make_display

    display = make_display("none" if as_json else "auto")
    started = False
    try:
        from deblurvid.backends.cuda import free_memory
        from deblurvid.backends.preflight import cuda_flavour
        from deblurvid.choose import CUDA_GENERATOR, open_engine
        from deblurvid.frames import PictureFormat
        from deblurvid.judge.selftest import selftest

        cuda_flavour(0)
        started = True
        open_ = partial(
            open_engine,
            CUDA_GENERATOR,
            size=SELFTEST_SIZE,
            picture=PictureFormat(source="yuv420", depth=8),
        )
        with display, open_(device="cpu", precision="fp32") as reference:
            found = selftest(
                lambda: open_(device="cuda", on_build=display.show),
                reference,
                lambda: free_memory(0),
            )
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - told here, with its code
        return report_error(error, failure_of(error, started=started), debug=debug)
    if as_json:
        print(json.dumps(asdict(found) | {"problems": found.problems}, indent=2))
    else:
        for line in selftest_lines(found):
            print(printable(line))
    return Exit.FAILED if found.problems else Exit.DONE


def selftest_lines(found: Found) -> Iterator[str]:
    """The selftest for people."""
    yield found.engine
    yield f"  {found.parity}"
    rates = [found.frames / s for s in (found.alone_seconds, found.overlapping_seconds)]
    yield f"  {rates[0]:.0f} frames a second one by one, {rates[1]:.0f} overlapping"
    yield f"  {found.frames - found.different} of {found.frames} frames the same either way"
    yield f"  {size_text(max(found.lost_bytes, 0))} of memory lost"
    yield from (f"failed: {problem}" for problem in found.problems)
    if not found.problems:
        yield "passed"


def lines_of(report: dict[str, Any]) -> Iterator[str]:
    """The report for people; every fact is in it, in the same order."""
    yield "Versions"
    for name, version in report["versions"].items():
        yield f"  {name:<13} {version or 'not installed'}"
    yield "CPU"
    yield from _cpu(report["cpu"])
    yield "Memory"
    yield _memory(report["memory"])
    yield "Graphics driver"
    for name, version in report["graphics"].items():
        yield f"  {name:<13} {version or 'none'}"
    yield "Engines"
    for engine in report["engines"]:
        precisions = ", ".join(engine["precisions"]).lower()
        good = f"{engine['name']} in {precisions}"
        yield _verdict(f"{engine['engine']} {engine['device'] or ''}", engine, good)
    yield "Encoders, each tried on one picture"
    for encoder in report["encoders"]:
        yield _verdict(encoder["name"], encoder, "")
    yield "Generators"
    for generator in report["generators"]:
        yield from _generator(generator)
    if not report["generators"]:
        yield "  none is shipped; --engine takes an ONNX file"
    yield "Caches"
    for cache in report["caches"]:
        size = size_text(cache["size_bytes"])
        yield f"  {cache['path']}: {cache['name']}, {counted(cache['files'], 'file')}, {size}"
    yield "Environment"
    for name, value in report["environment"].items():
        yield f"  {name}={value}"
    yield "Verdict"
    yield from (f"  {problem}" for problem in report["problems"])
    if report["can_run"]:
        yield "  ready: deblurvid run in.mp4 -o out.mp4"


def _verdict(name: str, entry: dict[str, Any], good: str) -> str:
    verdict = f"ok  {good}" if entry["usable"] else f"no  {entry['reason']}"
    return f"  {name:<18} {verdict}".rstrip()


def _cpu(cpu: dict[str, Any]) -> Iterator[str]:
    yield f"  {cpu['name']}, {cpu['usable_cores']} of {cpu['cores']} cores usable"
    words = {True: "yes", False: "no", None: "cannot be told"}
    for key, name in (("amx_bf16", "AMX"), ("avx512_bf16", "AVX512-BF16")):
        yield f"  {name:<13} {words[cpu[key]]}"
    if cpu["amx_bf16"] is False:
        yield "  without AMX a CPU restores several times slower"


def _memory(memory: dict[str, int | None]) -> str:
    words = {"total_bytes": "", "available_bytes": " free", "limit_bytes": " for this container"}
    known = [f"{size_text(memory[key] or 0)}{what}" for key, what in words.items() if memory[key]]
    return f"  {', '.join(known) or 'not known'}"


def _generator(generator: dict[str, Any]) -> Iterator[str]:
    marks = {"default": ", the default", "default_on_cuda": ", the default on CUDA"}
    mark = "".join(words for key, words in marks.items() if generator[key])
    size = size_text(generator["size_bytes"])
    if not generator["usable"]:
        yield f"  {generator['name']}{mark}: {size}, broken: {generator['reason']}"
        return
    facts = [
        generator["kind"],
        size,
        f"licence {generator['licence'] or 'not stated'}",
        "bf16 passed" if generator["passed_bf16"] else "bf16 not passed",
        *_training(generator["training"]),
    ]
    yield f"  {generator['name']}{mark}: {', '.join(facts)}"


def _training(training: Any) -> list[str]:
    """The few numbers of a training that tell generators apart."""
    if not isinstance(training, dict):
        return [] if training is None else [f"training: {training}"[:80]]
    facts = []
    if "gflop_720p" in training:
        facts.append(f"{training['gflop_720p']:.0f} GFLOP a 1280x720 frame")
    if "samples" in training:
        facts.append(f"trained on {training['samples']:,} crops in {training.get('hours')} h")
    return facts
