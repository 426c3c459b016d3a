"""Two clips beside each other: as a video, as pictures, and as a page with everything in it.

`compare_video`, `compare_pictures` and `compare_page` each write one file, whole or not at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def compare_page(
    first: Path,
    second: Path,
    target: Path,
    *,
    labels: tuple[str, str] = ("before", "after"),
    facts: Mapping[str, str] | None = None,
    overwrite: bool = False,
) -> None:
    """Write one self-contained HTML page of the first video beside the second.

    Args:
        first: a local video file, or images.
        second: another of the same size; its frames give the times.
        target: where the page goes.
        labels: what the two are called on it.
        facts: shown as a table, in their order.
        overwrite: replace an existing target.

    Raises:
        DeblurvidError: see `deblurvid.errors`. No file stands under the target's name that was not
            there before.
    """
    from deblurvid.judge.compare.asked import Asked
    from deblurvid.judge.compare.page import write_page

    asked = Asked(first=first, second=second, labels=labels, overwrite=overwrite)
    write_page(asked, target, facts=facts or {})
