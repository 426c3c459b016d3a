"""The command line in this process, and a short clip to give it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import pytest

from deblurvid.cli import main
from tests.media import make_video

if TYPE_CHECKING:
    from pathlib import Path

ESCAPE = "\x1b"
ERROR_LINE = re.compile(r"deblurvid: error: .+")


@dataclass(frozen=True, slots=True)
class Result:
    """What a command gave back."""

    code: int
    out: str
    err: str

    @property
    def last_line(self) -> str:
        """The last line on standard error."""
        return self.err.splitlines()[-1]


class Cli(Protocol):
    """Runs the command line with these words."""

    def __call__(self, *words: str | Path) -> Result:
        """Words after the program's name -> what came of it."""
        ...


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _own_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiled models of these tests go to a folder of their own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str]) -> Cli:
    """Runs the command line in this process."""

    def call(*words: str | Path) -> Result:
        capfd.readouterr()
        code = main([str(word) for word in words])
        return Result(code, *capfd.readouterr())

    return call


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """64x48, 12 frames, H.264 and AAC in mp4."""
    return make_video(tmp_path_factory.mktemp("clip") / "clip.mp4")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder for the target, so that everything left behind is seen."""
    path = tmp_path / "target"
    path.mkdir()
    return path


def assert_refused(result: Result, *words: str, code: int = 2) -> None:
    """One line says what is wrong, with these words in it, and no traceback."""
    assert result.code == code, result.err
    assert ERROR_LINE.fullmatch(result.last_line), result.err
    for word in words:
        assert word in result.last_line
    assert "Traceback" not in result.err
    assert result.out == ""
