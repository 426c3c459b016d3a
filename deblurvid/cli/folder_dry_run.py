"""`deblurvid folder --dry-run`: what would become of each file, for people or as objects.

`--progress json` prints one object a line; keys are only ever added:

    folder_plan     source, target, files (to be restored), skipped (numbers), notices
    planned_file    file (from the source folder on), target, fate (restore or skip: it exists)

and where the run would be refused {"event": "error"}, as the run prints it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from deblurvid.cli.ending import Exit
from deblurvid.cli.failures import failure_of, report
from deblurvid.progress.words import counted, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from deblurvid.folder.plan import Plan
    from deblurvid.progress import Style


def folder_dry_run(
    planned: Callable[[], Plan], source: Path, target: Path, style: Style, *, debug: bool
) -> int:
    """Print what would become of a folder, or why it would be refused; gives the run's exit code.

    Args:
        planned: gives the plan, or raises why there is none.
        source: the folder.
        target: the folder that it would be restored to.
        style: json prints objects, none nothing.
        debug: show errors' tracebacks.
    """
    from deblurvid.progress import make_display

    try:
        plan = planned()
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - told here, with its code
        failure = failure_of(error, started=False)
        make_display(style, folder=True).fail(failure)
        return report(error, failure, debug=debug)
    if style == "json":
        for record in _objects(plan, source, target):
            print(json.dumps(record))
    elif style != "none":
        for line in _lines(plan, source, target):
            print(printable(line))
    return Exit.DONE


def _objects(plan: Plan, source: Path, target: Path) -> Iterator[dict[str, Any]]:
    yield {
        "event": "folder_plan",
        "source": str(source),
        "target": str(target),
        "files": len(plan.items),
        "skipped": len(plan.skipped),
        "notices": plan.notices,
    }
    for fate, items in (("restore", plan.items), ("skip", plan.skipped)):
        for item in items:
            names = {"file": str(item.file), "target": str(item.target)}
            yield {"event": "planned_file", **names, "fate": fate}


def _lines(plan: Plan, source: Path, target: Path) -> Iterator[str]:
    yield f"{source} -> {target}"
    for item in plan.items:
        yield f"restored  {item.file} -> {item.target}"
    for item in plan.skipped:
        yield f"skipped   {item.file}: {item.target} exists"
    for text in plan.notices:
        yield f"notice    {text}"
    kept = f", {len(plan.skipped)} skipped" if plan.skipped else ""
    yield f"{counted(len(plan.items), 'file')} would be restored{kept}. Nothing was written."
