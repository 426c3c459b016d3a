"""The README does what it says: its commands run, its help is the help, its links lead somewhere."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.documents import ROOT, blocks_of

README = (ROOT / "README.md").read_text()
DOCUMENTS = sorted({*ROOT.glob("*.md"), *ROOT.glob("*/*.md")} - set(ROOT.glob(".*/*.md")))


def between(name: str) -> str:
    found = re.search(rf"<!-- {name} -->\n```sh\n(.*?)\n```\n<!-- /{name} -->", README, re.DOTALL)
    assert found
    return found[1]


def run(words: list[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run deblurvid as installed beside this Python."""
    assert words[0] == "deblurvid"
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )


@pytest.fixture
def folder(tmp_path):
    """A folder that looks like the checkout to the commands."""
    (tmp_path / "examples").mkdir()
    shutil.copy(ROOT / "examples/shaky.mp4", tmp_path / "examples/shaky.mp4")
    return tmp_path


USES = [
    line
    for block in blocks_of(README, "sh")
    for line in block.splitlines()
    if line[:9] == "deblurvid"
]


@pytest.mark.parametrize("line", USES)
def test_every_command_runs(folder, line):
    """Each line that begins with deblurvid ends with exit code 0 and the files it names."""
    words = shlex.split(line)
    done = run(words, folder)

    assert done.returncode == 0, done.stderr
    if "-o" in words:
        assert (folder / words[words.index("-o") + 1]).stat().st_size > 10_000


@pytest.mark.parametrize(
    ("command", "shown"),
    re.findall(
        r"<!-- help: (.*?) -->\n```text\n(.*?)```\n<!-- /help -->",
        "\n".join(path.read_text() for path in DOCUMENTS),
        re.DOTALL,
    ),
)
def test_every_help_is_the_help(tmp_path, command, shown):
    """A help block is what the command prints on a terminal 90 columns wide."""
    done = run(shlex.split(command), tmp_path, COLUMNS="90", NO_COLOR="1", TERM="dumb")
    printed = "\n".join(line.rstrip() for line in done.stdout.splitlines()).strip()

    assert shown.strip() == printed


def test_the_python_example_runs(folder):
    """The Python block runs as it stands and ends with Finished."""
    (code,) = blocks_of(README, "python")
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=150,
        check=True,
    )

    assert done.stdout.splitlines()[-1].startswith("Finished(")


def test_the_two_set_up_commands_name_what_exists():
    """Both use the constraints; the first ends with a run of the clip, the second with pytest.

    .ci/run executes the second as it stands; the first one's last step is among the commands above.
    """
    first, second = between("try-command"), between("test-command")

    assert "-c constraints.txt" in first
    assert "-c constraints.txt" in second
    assert first.endswith("deblurvid run examples/shaky.mp4 -o out.mp4")
    assert second.endswith(".venv/bin/pytest")
    assert (ROOT / "examples/shaky.mp4").stat().st_size <= 1_500_000


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path):
    """Every relative link and picture exists."""
    for target in re.findall(r"\]\(([^)#]+?)\)", path.read_text()):
        if "://" not in target:
            assert (path.parent / target).exists(), target
