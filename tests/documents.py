"""Reads what documents show: blocks of code, and the calls of deblurvid in them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import typer

from deblurvid.cli.app import app

ROOT = Path(__file__).parent.parent
HELP = re.compile(r"^<!-- help: .*?^<!-- /help -->$", re.MULTILINE | re.DOTALL)
CALL = re.compile(r"(?:^ *|[|;&] *|do )deblurvid +([^|;&\n]+)", re.MULTILINE)


def blocks_of(text: str, language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def shown_in(text: str) -> list[str]:
    """What a document shows for a terminal, but for what programs print."""
    return [
        block
        for language in ("sh", "bash", "text")
        for block in blocks_of(HELP.sub("", text), language)
    ]


def calls_in(code: str) -> list[list[str]]:
    """The words behind `deblurvid` of each call, also in pipes and loops."""
    return [shlex.split(match[1]) for match in CALL.finditer(code)]


def parse(words: list[str]) -> None:
    """Read the words of a call, and run nothing.

    Raises:
        typer.TyperException: a command, option or value that does not exist.
    """
    group = typer.main.get_command(app)
    with group.make_context("deblurvid", [], resilient_parsing=True) as context:
        command = group.get_command(context, words[0])  # type: ignore[attr-defined]
        if command is None:
            options = {name for option in group.get_params(context) for name in option.opts}
            assert set(words) <= options, words
        elif "--help" not in words:
            command.make_context(words[0], words[1:], parent=context).close()
