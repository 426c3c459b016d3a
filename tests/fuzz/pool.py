"""Feeds numbers to a worker, and to a new one when it has died or hangs.

    python -m tests.fuzz.pool FIRST COUNT

prints how many runs ended how, and every finding with its number.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.fuzz.seeds import make_seeds

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.fuzz.worker import Report

ROOT = Path(__file__).parent.parent.parent
PATIENCE_SECONDS = 20
"""A run that takes longer hangs."""
WORKER = "tests.fuzz.worker"


@dataclass(slots=True)
class Results:
    """How many runs ended how, and what must never be."""

    outcomes: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)


class Worker:
    """One process; see `tests.fuzz.worker`."""

    def __init__(self, module: str, seeds: Path, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, str(seeds), str(folder)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "SVT_LOG": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def run(self, number: int) -> Report | str:
        """The worker's report, or in words how it has ended; then it cannot be used again."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{number}\n".encode())
        self.process.stdin.flush()
        if not select.select([self.process.stdout], [], [], PATIENCE_SECONDS)[0]:
            self.end()
            return f"hangs for more than {PATIENCE_SECONDS} s"
        line = self.process.stdout.readline()
        if line:
            report: Report = json.loads(line)
            return report
        code = self.process.wait()
        self.end()
        return f"died: {signal.Signals(-code).name if code < 0 else f'exit code {code}'}"

    def end(self) -> None:
        """Stop it, in whatever state."""
        self.process.kill()
        self.process.communicate()


def fuzz(numbers: Iterable[int], folder: Path, module: str = WORKER) -> Results:
    """Run the mutants of these numbers one after another."""
    seeds = folder / "seeds"
    seeds.mkdir()
    make_seeds(seeds)
    results = Results()
    worker: Worker | None = None
    try:
        for number in numbers:
            worker = worker or Worker(module, seeds, folder / "work")
            report = worker.run(number)
            if isinstance(report, str):
                results.outcomes[report] += 1
                results.findings.append(f"{number}: {report}")
                worker = None
                continue
            results.outcomes[report["outcome"]] += 1
            if report["wrong"]:
                results.findings.append(f"{number} ({report['seed']}): {report['wrong']}")
    finally:
        if worker is not None:
            worker.end()
    return results


if __name__ == "__main__":
    first, count = map(int, sys.argv[1:])
    with tempfile.TemporaryDirectory(prefix="deblurvid-fuzz-") as name:
        found = fuzz(range(first, first + count), Path(name))
    ending = "\n".join(found.findings) or "no findings"
    sys.stdout.write(f"{dict(found.outcomes)}\n{ending}\n")
