"""Displays of a run's events: for a terminal, for a log, for a program, or none.

Displays for people write to standard error. JSON goes to standard output, one object a line.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Literal

from deblurvid.progress.display import NoDisplay
from deblurvid.progress.ndjson import JsonDisplay
from deblurvid.progress.plain import PlainDisplay

if TYPE_CHECKING:
    from deblurvid.progress.display import Display

Style = Literal["auto", "rich", "plain", "json", "none"]


def make_display(style: Style) -> Display:
    """The display of this style; "auto" is rich on a terminal and plain elsewhere."""
    match style:
        case "json":
            return JsonDisplay(sys.stdout)
        case "none":
            return NoDisplay()
        case "plain":
            return PlainDisplay(sys.stderr)
        case "rich" | "auto":
            return _for_terminal(forced=style == "rich")


def _for_terminal(*, forced: bool) -> Display:
    from rich.console import Console

    from deblurvid.progress.terminal import RichDisplay

    console = Console(stderr=True, force_terminal=True if forced else None)
    if forced or (console.is_terminal and not console.is_dumb_terminal):
        return RichDisplay(console)
    return PlainDisplay(sys.stderr)
