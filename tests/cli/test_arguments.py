"""Words of the command line -> values."""

from __future__ import annotations

from fractions import Fraction

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from deblurvid.cli.arguments import encoder_options_from, seconds_from_text


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("12.5", Fraction(25, 2)),
        ("0", Fraction(0)),
        (".04", Fraction(1, 25)),
        ("5.", Fraction(5)),
        ("90", Fraction(90)),
        ("1:30", Fraction(90)),
        ("90:00", Fraction(5400)),
        ("1:02:03.001", Fraction(3723001, 1000)),
        ("100:00:00", Fraction(360000)),
        ("0.1", Fraction(1, 10)),
        ("-1:30", Fraction(-90)),
        (" 7 ", Fraction(7)),
        ("5s", Fraction(5)),
        ("0.5s", Fraction(1, 2)),
    ],
)
def test_time(text: str, seconds: Fraction) -> None:
    """Seconds and [HH:]MM:SS[.mmm] are exact: a tenth is a tenth."""
    assert seconds == seconds_from_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "1:2:3:4",
        "1:60",
        "1:60:00",
        "1e3",
        "inf",
        "nan",
        "1/3",
        ":30",
        "1:",
        "٣",
        "s",
        "1:30s",
        "5ss",
        "5m",
    ],
)
def test_no_time(text: str) -> None:
    """Anything else is refused and repeated."""
    with pytest.raises(typer.BadParameter, match="is no time"):
        seconds_from_text(text)


@given(st.integers(0, 99), st.integers(0, 59), st.integers(0, 59_999))
def test_time_parts(hours: int, minutes: int, milliseconds: int) -> None:
    """Hours, minutes and thousandths add up."""
    whole, rest = divmod(milliseconds, 1000)
    exact = hours * 3600 + minutes * 60 + Fraction(milliseconds, 1000)

    assert exact == seconds_from_text(f"{hours}:{minutes:02}:{whole:02}.{rest:03}")


def test_encoder_options() -> None:
    """Values may hold `=`; --crf and --preset join them."""
    options = encoder_options_from(["x264-params=keyint=10:bframes=0"], crf="18", preset="slow")

    assert options == {"x264-params": "keyint=10:bframes=0", "crf": "18", "preset": "slow"}
