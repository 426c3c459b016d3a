"""How bars behave on a terminal, whichever they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.progress import Progress

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import ProgressColumn


def bars_on(console: Console, *columns: ProgressColumn) -> Progress:
    """Bars of these columns: as wide as the terminal, gone when stopped, standard output untouched."""
    return Progress(
        *columns,
        console=console,
        refresh_per_second=5,
        expand=True,
        transient=True,
        redirect_stdout=False,
    )
