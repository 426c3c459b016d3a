"""`deblurvid engines`: the plans in the cache, whether they are whole, and away with the rest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deblurvid.cli.ending import Exit
from deblurvid.cli.failures import failure_of, report
from deblurvid.cli.hiding import below_home
from deblurvid.progress.words import counted, printable, size_text

if TYPE_CHECKING:
    from collections.abc import Iterator

EPILOG = """\
[bold]Examples[/]

deblurvid engines

deblurvid engines --verify --prune
"""

Verify = Annotated[bool, typer.Option("--verify", help="Read every plan and compare its SHA-256.")]
Prune = Annotated[
    bool,
    typer.Option(
        "--prune",
        help="Delete what can never be used: torn files, what a build that was cut off left, "
        "plans of a TensorRT that is not installed.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="The same as one JSON object.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the log, and errors' tracebacks.")]


def engines(
    verify: Verify = False, prune: Prune = False, as_json: AsJson = False, debug: Debug = False
) -> int:
    """List the plans that TensorRT has built for this user.

    They can be deleted at any time. Exit codes: 0, or 1 if one is broken and was not deleted.
    """
    try:
        found = [_examined(path, verify=verify or prune) for path in _paths()]
        if prune:
            _prune(found)
    except Exception as error:  # noqa: BLE001 - told here, with its code
        return report(error, failure_of(error, started=True), debug=debug)
    if as_json:
        print(json.dumps({"folder": _folder(), "plans": found}, indent=2))
    else:
        for line in lines_of(found):
            print(printable(line))
    broken = any(plan["problem"] and not plan["deleted"] for plan in found)
    return Exit.FAILED if broken else Exit.DONE


def lines_of(found: list[dict[str, Any]]) -> Iterator[str]:
    """The list for people."""
    yield f"{below_home(_folder())}: {counted(len(found), 'file')}"
    for plan in found:
        yield plan["name"]
        if plan["settings"] is not None:
            yield from _details(plan)
        for word in ("problem", "stale"):
            if plan[word]:
                yield f"  {plan[word]}"
        if plan["deleted"]:
            yield "  deleted"


def _details(plan: dict[str, Any]) -> Iterator[str]:
    stated = plan["settings"]
    gpu = stated["gpu"]
    targets = ", ".join(stated["targets"]) or "TensorRT-RTX's usual GPUs"
    place = targets if gpu is None else gpu["name"]
    smallest, best, largest = ("x".join(map(str, size)) for size in stated["profile"])
    sizes = best if smallest == largest else f"{smallest} to {largest}, best at {best}"
    pictures = f"{stated['source']} at {stated['depth']} bits, {sizes}"
    yield f"  {stated['generator']} in {stated['precision']} for {pictures}, on {place}"
    size = size_text(plan["size_bytes"])
    parity = plan["parity"]
    check = f"{parity['psnr_db']:.1f} dB to float32" if parity else "not compared with float32"
    yield f"  {stated['flavour']} {plan['trt_version']}, {size}, built {plan['built_at']}; {check}"


def _folder() -> str:
    from deblurvid.build.cache import cache_folder

    return str(cache_folder())


def _paths() -> list[Path]:
    from deblurvid.build.cache import leftovers, plan_paths

    return [*plan_paths(), *leftovers()]


def _examined(path: Path, *, verify: bool) -> dict[str, Any]:
    """What a file is; `problem`: it cannot be trusted, `stale`: nothing here can use it."""
    from deblurvid.build.cache import SUFFIX, check_owner, path_of, read_plan, read_record
    from deblurvid.errors import EngineError

    found: dict[str, Any] = {"name": path.name, "settings": None, "problem": None, "stale": None}
    found |= {"deleted": False, "path": str(path)}
    if path.suffix != SUFFIX:
        return found | {"problem": "left by a build that was cut off"}
    try:
        check_owner(path)
        record = read_plan(path).record if verify else read_record(path)
    except EngineError as error:
        return found | {"problem": str(error)}
    if path_of(record.facts).name != path.name:
        return found | {"problem": "is another plan than its name says"}
    settings = record.facts["settings"]
    return found | {
        "settings": settings,
        "trt_version": record.facts["trt_version"],
        "built_at": record.built_at,
        "size_bytes": record.plan_bytes,
        "parity": record.parity,
        "verified": verify,
        "stale": _stale(settings["flavour"], record.facts["trt_version"]),
    }


def _stale(flavour: Any, version: str) -> str | None:
    from deblurvid.backends.preflight import load_trt
    from deblurvid.errors import EngineError

    try:
        installed = str(load_trt(flavour).__version__)
    except EngineError as error:
        return str(error)
    return None if installed == version else f"{installed} of {flavour} is installed"


def _prune(found: list[dict[str, Any]]) -> None:
    """Delete what is broken or stale, unless another process builds at the moment: then wait."""
    from deblurvid.build.cache import cache_folder, discard, locked
    from deblurvid.cli.ending import tell

    unusable = [plan for plan in found if plan["problem"] or plan["stale"]]
    if not unusable:
        return
    with locked(lambda: tell("another process builds a plan; waiting for it")):
        for plan in unusable:
            # It may have been in the making when it was looked at.
            again = _examined(Path(plan["path"]), verify=True)
            if not (again["problem"] or again["stale"]):
                continue
            discard(cache_folder() / plan["name"])
            plan["deleted"] = True
