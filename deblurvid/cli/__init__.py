"""The command line, one file a command: the only code that prints, handles signals and exits.

`app` lists the commands. Heavy libraries are imported when a command needs them, so that `--help`
answers at once.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line: arguments without the program's name -> exit code."""
    from deblurvid.cli.ending import Exit, flush_or_mute, stoppable, tell

    words = list(sys.argv[1:] if arguments is None else arguments)
    with stoppable():
        try:
            from deblurvid.cli.app import invoke

            code = invoke(words)
        except KeyboardInterrupt:  # before a command could see it
            tell("interrupted")
            code = Exit.INTERRUPTED
        return code if flush_or_mute() else code or Exit.FAILED
