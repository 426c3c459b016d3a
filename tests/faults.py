"""Plants one fault at a time and shows the test that goes red: `python -m tests.faults [NAME...]`.

The guard against tests that cannot fail. Each fault is one change of text in a copy of the package;
the tests named beside it must be green without the fault and red with it. Exits with 1 if a fault
survives, or was not planted because the text has changed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from tests.planted import (
    build,
    command,
    compare,
    cuda,
    docs,
    folder,
    graph,
    matrix,
    pictures,
    pipeline,
    plans,
    resume,
    sample,
    score,
    streams,
    targets,
    training,
    ways,
)

if TYPE_CHECKING:
    from tests.planted.fault import Fault

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ("deblurvid", "train", "tests", "engines", "pyproject.toml")
DOCUMENTS = (
    "docs",
    "examples",
    "mkdocs.yml",
    "Dockerfile",
    *(path.name for path in ROOT.glob("*.md")),
)
FAULTS = (
    *graph.FAULTS,
    *pipeline.FAULTS,
    *pictures.FAULTS,
    *streams.FAULTS,
    *targets.FAULTS,
    *resume.FAULTS,
    *build.FAULTS,
    *plans.FAULTS,
    *cuda.FAULTS,
    *docs.FAULTS,
    *score.FAULTS,
    *compare.FAULTS,
    *training.FAULTS,
    *matrix.FAULTS,
    *ways.FAULTS,
    *sample.FAULTS,
    *folder.FAULTS,
    *command.FAULTS,
)


def main(names: list[str]) -> int:
    """Plant the faults named, or all; print the table; 1 if one survives."""
    if unknown := set(names) - {fault.name for fault in FAULTS}:
        sys.stderr.write(f"no such fault: {', '.join(sorted(unknown))}\n")
        return 2
    chosen = [fault for fault in FAULTS if not names or fault.name in names]
    with tempfile.TemporaryDirectory(prefix="deblurvid-faults-") as folder:
        copy = Path(folder)
        _copied_to(copy)
        tests = sorted({test for fault in chosen for test in fault.tests})
        code, red, seconds = _run(copy, tests)
        if code > 0:
            sys.stdout.write(f"red without any fault ({seconds:.0f} s): {red}\n")
            return 1
        width = max(len(fault.name) for fault in chosen)
        sys.stdout.write(f"{'(no fault)':<{width}} | {'all green':<9} | {seconds:5.1f} s\n")
        survived = 0
        for fault in chosen:
            result, seconds = _result(copy, fault)
            survived += result.isupper()
            sys.stdout.write(f"{fault.name:<{width}} | {result} | {seconds:5.1f} s\n")
            sys.stdout.flush()
    sys.stdout.write(f"{len(chosen) - survived} of {len(chosen)} faults found\n")
    return 1 if survived else 0


def _result(copy: Path, fault: Fault) -> tuple[str, float]:
    """The test that went red, or a verdict in capitals where none did; and the seconds it took."""
    path = copy / fault.file
    text = path.read_text(encoding="utf-8")
    if text.count(fault.old) != 1:
        return "NOT PLANTED", 0.0
    path.write_text(text.replace(fault.old, fault.new), encoding="utf-8")
    try:
        code, red, seconds = _run(copy, list(fault.tests))
    finally:
        path.write_text(text, encoding="utf-8")
    # 1 is "tests failed"; everything else is no proof.
    return {-1: "skipped here", 0: "SURVIVED", 1: red}.get(code, "BROKEN"), seconds


def _run(copy: Path, tests: list[str]) -> tuple[int, str, float]:
    """Exit code of pytest, -1 if all was skipped; the first test that failed; seconds it took."""
    command = [sys.executable, "-m", "pytest", "-p", "no:randomly", "-p", "no:cacheprovider"]
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    start = perf_counter()
    done = subprocess.run(
        [*command, "-x", "-q", "--tb=no", *tests],
        cwd=copy, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    seconds = perf_counter() - start
    failed = re.search(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", done.stdout, re.MULTILINE)
    idle = done.returncode == 0 and " passed" not in done.stdout
    return -1 if idle else done.returncode, failed[1] if failed else done.stdout[-300:], seconds


def _copied_to(folder: Path) -> None:
    unwanted = shutil.ignore_patterns("__pycache__")
    for name in (*PACKAGE, *DOCUMENTS):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=unwanted)
        else:
            shutil.copy(source, folder / name)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
