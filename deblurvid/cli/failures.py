"""What goes wrong -> an exit code and one line on standard error."""

from __future__ import annotations

import sys
import traceback
from contextlib import suppress

from deblurvid.cli.ending import Exit, tell
from deblurvid.errors import DeblurvidError, was_interrupted
from deblurvid.progress.display import Failure


def failure_of(error: BaseException, *, started: bool) -> Failure:
    """What an exception means to people, to programs and as an exit code.

    Args:
        error: what ended the work.
        started: whether the work had begun.
    """
    if was_interrupted(error):
        return Failure("interrupted", "interrupted", "KeyboardInterrupt", Exit.INTERRUPTED)
    name = type(error).__name__
    match error:
        case DeblurvidError():
            return Failure("error", str(error), name, Exit.FAILED if started else Exit.REFUSED)
        case MemoryError():
            message = "the memory is used up: close other programs, or restore smaller pictures"
            return Failure("error", message, name, Exit.FAILED)
        case BrokenPipeError():
            return Failure("error", "whoever read the output has gone", name, Exit.FAILED)
        case _:
            message = f"unexpected {name}: {error}. Run it again with --debug to see where"
            return Failure("error", message, name, Exit.FAILED)


def report(error: BaseException, failure: Failure, *, debug: bool) -> int:
    """Tell people of a failure, after the traceback of its error if `debug`; gives the exit code."""
    if debug and sys.stderr is not None:
        with suppress(OSError):
            traceback.print_exception(error)
    tell(failure.message if failure.kind == "interrupted" else f"error: {failure.message}")
    return failure.exit_code
