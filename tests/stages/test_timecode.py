"""Timecode is counted as SMPTE ST 12-1 counts it."""

from fractions import Fraction

import pytest

from deblurvid.stages.timecode import advance_timecode, advanced

NTSC = Fraction(30_000, 1001)


@pytest.mark.parametrize(
    ("begin", "frames", "rate", "end"),
    [
        ("01:00:00:00", 25, Fraction(25), "01:00:01:00"),
        ("00:00:59:24", 1, Fraction(25), "00:01:00:00"),
        ("23:59:59:24", 1, Fraction(25), "00:00:00:00"),
        ("00:00:59;29", 1, NTSC, "00:01:00;02"),
        ("00:09:59;29", 1, NTSC, "00:10:00;00"),
        ("00:00:00;00", 17_982, NTSC, "00:10:00;00"),
        ("00:00:00;00", 107_892, NTSC, "01:00:00;00"),
        ("00:00:59;59", 1, 2 * NTSC, "00:01:00;04"),
        ("23:59:59;29", 1, NTSC, "00:00:00;00"),
        ("00:00:59:29", 1, NTSC, "00:01:00:00"),
        ("a word", 5, NTSC, "a word"),
    ],
)
def test_frames_are_counted(begin, frames, rate, end):
    """Drop-frame code leaves out ;00 and ;01 of each minute but every tenth: 17982 in ten."""
    assert end == advanced(begin, frames / rate, rate)


def test_only_a_timecode_is_moved():
    """Whatever the case of its name; other tags stay."""
    tags = {"TIMECODE": "00:00:01:00", "title": "00:00:01:00"}
    advance_timecode(tags, Fraction(2), Fraction(24))

    assert tags == {"TIMECODE": "00:00:03:00", "title": "00:00:01:00"}
