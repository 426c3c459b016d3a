"""What the command line says of itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from deblurvid import __version__
from deblurvid.cli.app import app
from tests.cli.conftest import assert_refused
from tests.documents import calls_in, parse

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

OPTIONS = (
    "--output --start --duration --strict --resumable --stall-timeout --verify --dry-run --sample "
    "--format --input-format --size --pixel-format "
    "--frame-rate --engine --device --precision --strength --deinterlace --on-corrupt --codec "
    "--crf --preset --progress --debug"
)


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERMINAL_WIDTH", "160")
    monkeypatch.setenv("COLUMNS", "160")


def test_version(cli: Cli) -> None:
    """--version prints name and version alone."""
    assert (0, f"deblurvid {__version__}\n", "") == _parts(cli("--version"))


def _parts(result: object) -> tuple[int, str, str]:
    return result.code, result.out, result.err  # type: ignore[attr-defined]


def test_run_help(cli: Cli) -> None:
    """The help of run names every option once, in panels, with the exit codes and an example."""
    result = cli("run", "--help")

    assert result.code == 0
    named = re.findall(r"^\W*(--[a-z-]+)", result.out, re.MULTILINE)
    assert sorted([*OPTIONS.split(), "--help"]) == sorted(named)
    for panel in (
        "Input and output",
        "Images, pipes and raw frames",
        "Restoring",
        "Encoding",
        "Display",
    ):
        assert f" {panel} " in result.out
    assert "130 interrupted" in result.out
    assert "deblurvid run in.mp4 -o out.mp4" in result.out


COMMANDS = tuple(str(command.name) for command in app.registered_commands)


@pytest.mark.parametrize("words", [("--help",), ("-h",), *((name, "--help") for name in COMMANDS)])
def test_help(cli: Cli, words: tuple[str, ...]) -> None:
    """Every command has a help that ends with 0 on standard output."""
    result = cli(*words)

    assert result.code == 0
    assert "Usage: deblurvid" in result.out
    assert result.err == ""


def test_nothing(cli: Cli) -> None:
    """Without a command the help is shown, and the code says that nothing was done."""
    result = cli()

    assert result.code == 2
    assert "Commands" in result.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("rum",), "Did you mean 'run'?"),
        (("run",), "INPUT"),
        (("run", "in.mp4"), "--output"),
        (("run", "a.mp4", "b.mp4", "-o", "c.mp4"), "b.mp4"),
        (("run", "in.mp4", "-o"), "-o"),
    ],
)
def test_usage(cli: Cli, words: tuple[str, ...], said: str) -> None:
    """Arguments that cannot be meant are one line, with where to read more."""
    assert_refused(cli(*words), said, "--help")


@pytest.mark.parametrize("words", [(), *((name,) for name in COMMANDS)], ids=" ".join)
def test_every_help_ends_with_examples(cli: Cli, words: tuple[str, ...]) -> None:
    """Each is a command of that name which its options allow."""
    _, mark, examples = cli(*words, "--help").out.partition(" Examples")
    calls = calls_in(examples)

    assert mark
    assert calls
    for call in calls:
        assert call[: len(words)] == [*words]
        parse(call)
