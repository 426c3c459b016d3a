"""SMPTE timecode (ST 12-1) as it stands in tags: hh:mm:ss:ff, with ; before ff where it drops."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction

_FORM = re.compile(r"(\d\d):(\d\d):(\d\d)([:;.])(\d\d)")
_MINUTES_A_DAY = 24 * 60


def advanced(timecode: str, seconds: Fraction, rate: Fraction) -> str:
    """The timecode of the frame that stands `seconds` after the one at `timecode`.

    Args:
        timecode: of the first frame; what is no timecode is given back as it is.
        seconds: rounded to whole frames.
        rate: frames a second. Drop-frame code counts 30 (60) a second at 30000/1001 (60000/1001),
            and leaves out the first two (four) numbers of each minute but every tenth.
    """
    found = _FORM.fullmatch(timecode.strip())
    if not found:
        return timecode
    hours, minutes, second, frame = (int(found[group]) for group in (1, 2, 3, 5))
    counted = round(rate)
    dropped = counted // 15 if found[4] != ":" else 0
    minute = 60 * hours + minutes
    number = (60 * minute + second) * counted + frame - dropped * (minute - minute // 10)
    number += round(seconds * rate)
    ten_minutes = 600 * counted - 9 * dropped
    tens, rest = divmod(number % (ten_minutes * _MINUTES_A_DAY // 10), ten_minutes)
    # Within ten minutes the first minute is whole, each of the others lacks its first numbers.
    within = 0 if rest < 60 * counted else 1 + (rest - 60 * counted) // (60 * counted - dropped)
    number = tens * 600 * counted + rest + dropped * within
    second, frame = divmod(number, counted)
    return f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}{found[4]}{frame:02}"


def advance_timecode(metadata: dict[str, str], seconds: Fraction, rate: Fraction | None) -> None:
    """Let the timecode among a file's or a stream's tags be that of a later frame."""
    for name, value in metadata.items():
        if name.lower() == "timecode" and rate:
            metadata[name] = advanced(value, seconds, rate)
