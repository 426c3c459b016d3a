"""`deblurvid build-engine`: a generator and a TensorRT in, a checked plan out."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from deblurvid.cli.arguments import size_from_text
from deblurvid.cli.completing import generators
from deblurvid.cli.ending import Exit
from deblurvid.cli.failures import failure_of, report
from deblurvid.cli.options import Debug, ProgressStyle  # noqa: TC001 - typer reads them
from deblurvid.errors import UsageError
from deblurvid.events import Building, Notice

if TYPE_CHECKING:
    from collections.abc import Callable

    from deblurvid.build.toolchain import Toolchain
    from deblurvid.events import Event
    from deblurvid.frames import PictureFormat, Planes
    from deblurvid.progress import Style

EPILOG = """\
[bold]Examples[/]

deblurvid build-engine base

deblurvid build-engine base --source yuv420 --depth 10 --size 1920x1080

deblurvid build-engine net.onnx --flavour rtx --compute-capability SM89 -o net.plan
"""
"""The last one works on a machine without a GPU."""


CHECKED_PICTURES = 5
"""Taken from a video to compare by."""


def _pictures(*names: str, **facts: Any) -> Any:
    return typer.Option(*names, rich_help_panel="Pictures that it must take", **facts)


def _building(*names: str, **facts: Any) -> Any:
    return typer.Option(*names, rich_help_panel="Building", **facts)


GeneratorName = Annotated[
    str,
    typer.Argument(
        metavar="GENERATOR",
        help="An ONNX file, or a shipped generator's name.",
        autocompletion=generators,
    ),
]
Target = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="PLAN", help="Where the plan goes. Default: the cache."),
]
Sizes = Annotated[
    list[str] | None,
    _pictures(
        "--size",
        metavar="WxH",
        help="A size; may be repeated, for all between the smallest and the largest, best at the "
        "first. Default: 256x256 to 1920x1920, best at 1280x720.",
    ),
]
Source = Annotated[
    Literal["yuv420", "yuv422", "yuv444", "gray", "rgb"], _pictures(help="How they are sampled.")
]
Depth = Annotated[int, _pictures(metavar="8|10|12|16", help="Bits a sample.")]
Precision = Annotated[
    Literal["auto", "fp16", "bf16", "fp32"],
    _building(help="auto: fp16, or what passes the comparison with fp32 where a GPU can run it."),
]
FlavourName = Annotated[
    Literal["auto", "tensorrt", "rtx"],
    _building("--flavour", help="rtx is TensorRT-RTX, which builds without a GPU."),
]
Device = Annotated[int, _building(metavar="N", help="The CUDA device to build on and for.")]
Targets = Annotated[
    list[str] | None,
    _building(
        "--compute-capability",
        metavar="SMxx",
        help="GPUs to build for (rtx), such as SM89; may be repeated. Default: the GPU here, or "
        "all that TensorRT-RTX builds for.",
    ),
]
Level = Annotated[
    int, _building("--optimization-level", metavar="0..5", help="5 searches longest.")
]
Workspace = Annotated[
    int | None, _building(metavar="MIB", help="Most memory that a kernel may use for itself.")
]
Check = Annotated[
    Path | None,
    _building(
        "--check",
        metavar="VIDEO",
        help="Also compare on the first pictures of a video; needs the GPU.",
    ),
]
Force = Annotated[bool, _building("--force", help="Build even if it is there, and replace PLAN.")]


def build_engine(
    generator: GeneratorName,
    target: Target = None,
    size: Sizes = None,
    source: Source = "yuv420",
    depth: Depth = 8,
    precision: Precision = "auto",
    flavour: FlavourName = "auto",
    device: Device = 0,
    compute_capability: Targets = None,
    optimization_level: Level = 3,
    workspace: Workspace = None,
    check: Check = None,
    force: Force = False,
    progress: ProgressStyle = "auto",
    debug: Debug = False,
) -> int:
    """Build the plan by which TensorRT runs a generator, and compare it with fp32.

    `deblurvid run` does this by itself on first use.

    Exit codes: 0 done, 1 failed, 2 refused before work began, 130 interrupted.
    """

    def work(tell: Callable[[Event], None]) -> None:
        from deblurvid.build.ready import Wanted, ready
        from deblurvid.build.request import profile_of
        from deblurvid.build.toolchain import toolchain
        from deblurvid.choose import load_generator
        from deblurvid.frames import DEPTHS, PictureFormat

        if depth not in DEPTHS:
            raise UsageError(f"depth is {depth}; use {', '.join(map(str, DEPTHS))}")
        if target is not None:
            _check_target(target, force=force)
        picture = PictureFormat(source=source, depth=depth)
        made = load_generator(generator, cuda=True)
        profile = profile_of([size_from_text(text) for text in size or []])
        tools = toolchain(flavour, device=device, targets=compute_capability or [])
        wanted = Wanted(
            generator=made,
            picture=picture,
            flavour=tools.flavour,
            profile=profile,
            optimization_level=optimization_level,
            workspace_mib=workspace,
            targets=tools.targets,
            device=device,
            gpu=tools.gpu,
            pictures=() if check is None else _pictures_of(check, picture, tools),
        )
        if tools.remark is not None:
            tell(Notice(text=f"the plan cannot be run here: {tools.remark}"))
        ready(wanted, precision, lambda _: None, tell=tell, target=target, force=force)

    return _watch(work, progress, debug=debug)


def _pictures_of(video: Path, picture: PictureFormat, tools: Toolchain) -> tuple[Planes, ...]:
    """The first pictures of a video, which must be what the plan is for."""
    from deblurvid.judge.first import first_pictures

    if tools.gpu is None:
        raise UsageError(f"--check {video}: the plan cannot be run here: {tools.remark}")
    info, pictures = first_pictures(video, CHECKED_PICTURES)
    found = info.picture
    if found != picture:
        raise UsageError(
            f"--check {video}: it is {found.source} at {found.depth} bits, the plan is for "
            f"{picture.source} at {picture.depth}; add --source {found.source} --depth {found.depth}"
        )
    return tuple(pictures)


def _watch(work: Callable[[Callable[[Event], None]], None], style: Style, *, debug: bool) -> int:
    """Show what the work tells; gives the exit code."""
    from deblurvid.progress import make_display

    display = make_display(style)
    started = False

    def tell(event: Event) -> None:
        nonlocal started
        started = started or isinstance(event, Building)
        display.show(event)

    try:
        with display:
            work(tell)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - told here, with its code
        failure = failure_of(error, started=started)
        with suppress(OSError):  # the reader of standard output may have gone
            display.fail(failure)
        return report(error, failure, debug=debug)
    return Exit.DONE


def _check_target(target: Path, *, force: bool) -> None:
    """Refuse, before minutes are spent on it, a plan that could not be written or found again."""
    if target.suffix != ".plan":
        raise UsageError(f"{target} must end in .plan, by which `run --engine` knows it")
    if target.is_dir() or not target.parent.is_dir():
        raise UsageError(f"{target} cannot be written: give a file in a folder that exists")
    if target.exists() and not force:
        raise UsageError(f"{target} exists; --force replaces it")
