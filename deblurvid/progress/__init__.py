"""Displays of a run's events: for a terminal, for a log, for a program, or none.

Displays for people write to standard error. JSON goes to standard output, one object a line.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Literal

from deblurvid.progress.display import NoDisplay
from deblurvid.progress.folder_plain import PlainFolderDisplay
from deblurvid.progress.ndjson import JsonDisplay
from deblurvid.progress.plain import PlainDisplay

if TYPE_CHECKING:
    from deblurvid.progress.display import Display

Style = Literal["auto", "rich", "plain", "json", "none"]


def make_display(style: Style, *, folder: bool = False) -> Display:
    """The display of this style, of one video or of a folder.

    "auto" is rich on a terminal and plain elsewhere.
    """
    match style:
        case "json":
            return JsonDisplay(sys.stdout)
        case "none":
            return NoDisplay()
        case "plain":
            return _plain(folder=folder)
        case "rich" | "auto":
            return _for_terminal(forced=style == "rich", folder=folder)


def _plain(*, folder: bool) -> Display:
    return PlainFolderDisplay(sys.stderr) if folder else PlainDisplay(sys.stderr)


def _for_terminal(*, forced: bool, folder: bool) -> Display:
    from rich.console import Console

    from deblurvid.progress.folder_terminal import RichFolderDisplay
    from deblurvid.progress.terminal import RichDisplay

    console = Console(stderr=True, force_terminal=True if forced else None)
    if forced or (console.is_terminal and not console.is_dumb_terminal):
        return RichFolderDisplay(console) if folder else RichDisplay(console)
    return _plain(folder=folder)
