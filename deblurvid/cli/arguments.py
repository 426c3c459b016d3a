"""Words of the command line -> values."""

from __future__ import annotations

import re
from fractions import Fraction

import typer

from deblurvid.errors import UsageError

_TIME = re.compile(r"([+-]?)(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d*)?|\.\d+)", re.ASCII)
_RATE = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(?:/([0-9]{1,9}))?", re.ASCII)
_SIZE = re.compile(r"(\d{1,5})x(\d{1,5})", re.ASCII)


def seconds_from_text(text: str) -> Fraction:
    """12.5, 5s, 1:30 or 1:02:03.25 -> exact seconds.

    Raises:
        typer.BadParameter: it is no such time.
    """
    plain = text.strip()
    match = _TIME.fullmatch(plain if ":" in plain else plain.removesuffix("s"))
    if match is None:
        raise typer.BadParameter(
            f"{text!r} is no time; use seconds (5, 5s, 0.5) or [HH:]MM:SS[.mmm]"
        )
    sign, hours, minutes, seconds = match.groups()
    exact = Fraction(seconds if seconds[0] != "." else f"0{seconds}")
    if (minutes and exact >= 60) or (hours and int(minutes) >= 60):
        raise typer.BadParameter(f"{text!r} is no time: a part is 60 or more")
    total = int(hours or 0) * 3600 + int(minutes or 0) * 60 + exact
    return -total if sign == "-" else total


def number_from_text(text: str) -> float:
    """0.5 -> 0.5.

    Raises:
        typer.BadParameter: it is no number.
    """
    try:
        return float(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no number") from None


def size_from_text(text: str) -> tuple[int, int]:
    """1280x720 -> width and height.

    Raises:
        UsageError: it is no size.
    """
    match = _SIZE.fullmatch(text)
    if match is None:
        raise UsageError(f"{text!r} is no size; write WIDTHxHEIGHT, such as 1280x720")
    return int(match[1]), int(match[2])


def rate_from_text(text: str) -> Fraction:
    """25, 23.976 or 24000/1001 -> exact frames a second.

    Raises:
        typer.BadParameter: it is no such rate.
    """
    match = _RATE.fullmatch(text.strip())
    if match is None or (match[2] and int(match[2]) == 0):
        raise typer.BadParameter(f"{text!r} is no frame rate; use 25, 23.976 or 24000/1001")
    return Fraction(match[1]) / int(match[2] or 1)


def encoder_options_from(
    pairs: list[str], *, crf: str | None, preset: str | None
) -> dict[str, str]:
    """The encoder's options of `-e KEY=VALUE ...`, `--crf` and `--preset`.

    Raises:
        UsageError: a pair has no `=`, or a key is given twice.
    """
    options: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not key or not equals:
            raise UsageError(f"-e {pair!r}: write KEY=VALUE, such as -e tune=grain")
        if key in options:
            raise UsageError(f"-e {key} is given twice")
        options[key] = value
    for key, short in (("crf", crf), ("preset", preset)):
        if short is None:
            continue
        if key in options:
            raise UsageError(f"--{key} and -e {key}=... say the same; give one of them")
        options[key] = short
    return options
