"""What a report must not tell: who runs it, and on which machine."""

from __future__ import annotations

import getpass
import os
import platform
import re
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any

HOME, USER, HOST = "~", "USER", "HOST"


def without_names(value: Any) -> Any:
    """`value` with the home folder as ~, and the user's and the machine's name as USER and HOST.

    Args:
        value: what JSON can hold; keys stay as they are.
    """
    return _hidden(value, _substitutes())


def below_home(path: str) -> str:
    """A path with the home folder as ~, where it lies in that."""
    for home in _homes():
        if path.startswith(home + os.sep):
            return HOME + path[len(home) :]
    return path


def _hidden(value: Any, substitutes: list[tuple[re.Pattern[str], str]]) -> Any:
    if isinstance(value, dict):
        return {key: _hidden(each, substitutes) for key, each in value.items()}
    if isinstance(value, list):
        return [_hidden(each, substitutes) for each in value]
    if isinstance(value, str):
        for pattern, word in substitutes:
            value = pattern.sub(word, value)
    return value


def _substitutes() -> list[tuple[re.Pattern[str], str]]:
    """What is looked for and what takes its place, the longest first: a home holds a user's name."""
    found = [(home, HOME) for home in _homes()]
    found += [(name, USER) for name in _users()]
    found += [(name, HOST) for name in _hosts()]
    ordered = sorted(set(found), key=lambda pair: -len(pair[0]))
    return [(_alone(text), word) for text, word in ordered]


def _alone(text: str) -> re.Pattern[str]:
    """Not as a part of another word."""
    return re.compile(rf"(?<![A-Za-z0-9]){re.escape(text)}(?![A-Za-z0-9])", re.IGNORECASE)


def _homes() -> set[str]:
    with suppress(RuntimeError, OSError):  # a user without one
        home = Path.home()
        return {str(each) for each in (home, home.resolve()) if each != Path(each.anchor)}
    return set()


def _users() -> set[str]:
    with suppress(OSError, KeyError):  # a number that has no name
        return {getpass.getuser()} - {""}
    return set()


def _hosts() -> set[str]:
    names = {platform.node(), socket.gethostname()}
    return (names | {name.partition(".")[0] for name in names}) - {"", "localhost"}
