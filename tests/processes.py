"""The command line in a process of its own, with pipes at both ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
SECONDS = 60


def started(
    *words: object, stdin: int | None = None, stdout: int | None = None
) -> subprocess.Popen[bytes]:
    """`deblurvid run WORDS` with the identity engine; standard error is kept."""
    return subprocess.Popen(
        [sys.executable, "-m", "deblurvid", "run", "--engine", "identity", *map(str, words)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.PIPE,
    )


def piped(*words: object, given: bytes = b"") -> tuple[int, bytes, str]:
    """The same, fed with bytes; gives its code, its standard output and its standard error."""
    process = started(*words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    out, err = process.communicate(given, timeout=SECONDS)
    return process.returncode, out, err.decode()
