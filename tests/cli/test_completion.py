"""What shells offer when TAB is pressed."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deblurvid.choose import shipped_generators
from deblurvid.cli.app import COMPLETE
from tests.test_import_cost import HEAVY

ROOT = Path(__file__).parents[2]
BASH = shutil.which("bash")
PROMPT = "ready> "

pytestmark = pytest.mark.skipif(BASH is None, reason="needs bash")


@pytest.fixture
def environment(tmp_path):
    """With `deblurvid` on the path, in a home of its own."""
    program = tmp_path / "bin/deblurvid"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m deblurvid "$@"\n')
    program.chmod(0o755)
    return {
        **os.environ,
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "HOME": str(tmp_path),
        "TERM": "dumb",
    }


def offered(environment, *words, cwd=None):
    """What bash's completion function gives for the last of the words."""
    script = """
        eval "$(_DEBLURVID_COMPLETE=source_bash deblurvid)"
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
        _deblurvid_completion deblurvid
        printf '%s\\n' "${COMPREPLY[@]}"
    """
    done = subprocess.run(
        [BASH, "--norc", "-c", script, "bash", "deblurvid", *words],
        env=environment, cwd=cwd, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["eng"], ["engines"]),
        (["run", "in.mp4", "--str"], ["--strict", "--strength"]),
        (["run", "--verify", "f"], ["fast", "full"]),
        (["run", "--device", "c"], ["cpu", "cuda"]),
        (["run", "--codec", "libsvt"], ["libsvtav1"]),
        (["run", "--engine", ""], ["auto", "identity", *shipped_generators()]),
        (["run", "--no-such-option", "x", "--eng"], ["--engine"]),
        (["run", "exam"], []),
    ],
    ids=" ".join,
)
def test_what_bash_is_given(environment, tmp_path, words, expected):
    """Commands, options and values; nothing for a file, which bash then completes by itself."""
    assert expected == offered(environment, *words, cwd=tmp_path)


def test_generators_and_plans_of_a_folder_are_offered(environment, tmp_path):
    """By their path as it was begun; no other files."""
    folder = tmp_path / "nets"
    folder.mkdir()
    for name in ("b.plan", "a.onnx", "a.txt"):
        (folder / name).touch()

    assert offered(environment, "run", "--engine", "nets/", cwd=tmp_path) == [
        "nets/a.onnx",
        "nets/b.plan",
    ]


def test_tab_completes_in_an_interactive_bash(environment, tmp_path):
    """After `--install-completion`, a TAB in a new bash writes the word out."""
    pty = pytest.importorskip("pty")
    (tmp_path / ".bashrc").write_text(f"PS1='{PROMPT}'\n")
    install = f"{BASH} -c 'deblurvid --install-completion; true'"
    subprocess.run(install, shell=True, env=environment, check=True, capture_output=True)
    leader, follower = pty.openpty()
    bash = subprocess.Popen(
        [BASH, "--rcfile", tmp_path / ".bashrc", "-i"], env=environment, cwd=tmp_path,
        stdin=follower, stdout=follower, stderr=follower, start_new_session=True,
    )  # fmt: skip
    os.close(follower)
    try:
        assert PROMPT in _read(leader, PROMPT)
        os.write(leader, b"deblurvid run in.mp4 --engine id\t")
        shown = _read(leader, "--engine identity")
    finally:
        bash.kill()
        bash.wait()
        os.close(leader)

    assert "--engine identity" in shown


def _read(terminal, wanted, seconds=30.0):
    """What a terminal shows until `wanted` is in it."""
    shown, ends = "", time.monotonic() + seconds
    while wanted not in shown and time.monotonic() < ends:
        if select.select([terminal], [], [], 0.1)[0]:
            shown += os.read(terminal, 4096).decode(errors="replace")
    return shown


def test_a_shell_does_not_wait_long(environment):
    """Names of commands come without anything heavy being imported."""
    probe = "import sys; from deblurvid.cli import main; main([]); print(*sys.modules)"
    asked = {COMPLETE: "complete_bash", "COMP_WORDS": "deblurvid run --eng", "COMP_CWORD": "2"}
    done = subprocess.run(
        [sys.executable, "-c", probe], env=environment | asked,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    first, *modules = done.stdout.split()

    assert first == "--engine"
    assert HEAVY.isdisjoint(modules)
