"""Exceptions -> exit codes and words."""

from __future__ import annotations

import pytest

from deblurvid.cli.failures import failure_of
from deblurvid.errors import EngineError, UsageError


@pytest.mark.parametrize(
    ("error", "started", "code"),
    [
        (UsageError("no"), False, 2),
        (EngineError("died"), True, 1),
        (BrokenPipeError(), True, 1),
        (ZeroDivisionError("x"), False, 1),
        (KeyboardInterrupt(), False, 130),
        (KeyboardInterrupt(), True, 130),
    ],
)
def test_exit_code(error: BaseException, started: bool, code: int) -> None:
    """2 before work began, 1 after, 130 for an interrupt; a bug is 1 at any time."""
    assert code == failure_of(error, started=started).exit_code


def test_hidden_interrupt() -> None:
    """An interrupt that an extension module turned into an error of its own is one still."""
    error = ImportError("initialization failed")
    error.__cause__ = KeyboardInterrupt()

    assert failure_of(error, started=False).kind == "interrupted"


def test_errors_that_name_each_other_end():
    """Two errors, each the cause of the other: an answer, not a loop."""
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first

    assert failure_of(first, started=True).exit_code == 1
