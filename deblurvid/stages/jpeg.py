"""The segments of a JPEG file (ITU-T T.81, annex B)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SOI, EOI, SOS, APP0, APP1, APP2, APP15 = 0xD8, 0xD9, 0xDA, 0xE0, 0xE1, 0xE2, 0xEF
_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")
"""The next marker. In coded samples 00 stands behind an FF of theirs, and D0 to D7 restart them."""


def segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """(marker, first byte of its body, end of it) of each segment, to the end of the picture.

    Coded samples stand between a scan's segment and the next one.
    """
    at = 0
    while found := _MARKER.search(data, at):
        marker, begin = found[1][0], found.end()
        if marker in (SOI, EOI):
            yield marker, begin, begin
            at = begin
        else:
            at = begin + max(2, int.from_bytes(data[begin : begin + 2], "big"))
            yield marker, begin + 2, at
        if marker == EOI:
            return


def is_cut_off(data: bytes) -> bool:
    """Whether the file ends before its picture does.

    FFmpeg and most programs then fill the rest with grey, and say nothing.
    """
    return all(marker != EOI for marker, _, _ in segments(data))
