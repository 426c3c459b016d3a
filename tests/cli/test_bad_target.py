"""A target that cannot be meant is refused before work begins, and stays as it is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import assert_refused

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

OLD = b"precious"


def test_same_file(cli: Cli, clip: Path, folder: Path) -> None:
    """The source is never its own target, even with -y."""
    source = folder / "in.mp4"
    source.write_bytes(clip.read_bytes())

    result = cli("run", source, "-o", folder / ".." / "target" / "in.mp4", "-y")

    assert_refused(result, "same file")
    assert source.read_bytes() == clip.read_bytes()
    assert list(folder.iterdir()) == [source]


@pytest.mark.parametrize("link", [Path.symlink_to, Path.hardlink_to])
def test_same_file_by_a_link(cli: Cli, clip: Path, folder: Path, link) -> None:
    """A link does not hide that both are one file."""
    source, target = folder / "in.mp4", folder / "out.mp4"
    source.write_bytes(clip.read_bytes())
    link(target, source)

    result = cli("run", source, "-o", target, "-y", "--engine", "identity")

    assert_refused(result, "same file")
    assert source.read_bytes() == clip.read_bytes()


def test_existing_target(cli: Cli, clip: Path, folder: Path) -> None:
    """An existing file is kept to the byte unless -y is given; the line says so."""
    target = folder / "out.mp4"
    target.write_bytes(OLD)

    result = cli("run", clip, "-o", target, "--engine", "identity")

    assert_refused(result, "exists already", "-y")
    assert target.read_bytes() == OLD
    assert list(folder.iterdir()) == [target]


def test_replaced_target(cli: Cli, clip: Path, folder: Path) -> None:
    """With -y an existing file is replaced by the finished one."""
    target = folder / "out.mp4"
    target.write_bytes(OLD)

    result = cli("run", clip, "-o", target, "-y", "--engine", "identity")

    assert result.code == 0, result.err
    assert target.read_bytes()[4:8] == b"ftyp"
    assert list(folder.iterdir()) == [target]


def test_failed_replacement(cli: Cli, clip: Path, folder: Path) -> None:
    """A run that is refused keeps the old file even with -y."""
    target = folder / "out.mp4"
    target.write_bytes(OLD)

    result = cli("run", clip, "-o", target, "-y", "--engine", "identity", "--preset", "warp")

    assert_refused(result, "warp")
    assert target.read_bytes() == OLD
    assert list(folder.iterdir()) == [target]


@pytest.mark.parametrize("name", ["out.xyz", "out.wmv", "out", "out.mp4.part"])
def test_unknown_container(cli: Cli, clip: Path, folder: Path, name: str) -> None:
    """A suffix that is not written is refused, and those that are are listed."""
    result = cli("run", clip, "-o", folder / name, "--engine", "identity")

    assert_refused(result, name, ".mp4", ".mkv")
    assert list(folder.iterdir()) == []


def test_missing_folder(cli: Cli, clip: Path, folder: Path) -> None:
    """No folder is made on the quiet."""
    result = cli("run", clip, "-o", folder / "none" / "out.mp4", "--engine", "identity")

    assert_refused(result, "none", "no such folder")
    assert list(folder.iterdir()) == []


def test_target_is_a_folder(cli: Cli, clip: Path, folder: Path) -> None:
    """A folder that is called like a video is not replaced."""
    (folder / "out.mp4").mkdir()

    result = cli("run", clip, "-o", folder / "out.mp4", "-y", "--engine", "identity")

    assert_refused(result, "out.mp4")


def test_a_folder_is_offered_names_in_it(cli: Cli, clip: Path, folder: Path) -> None:
    """Whether it is there or not, for a path has lost the slash that would tell."""
    there = cli("run", clip, "-o", folder, "--engine", "identity")
    absent = cli("run", clip, "-o", f"{folder}/new/", "--engine", "identity")

    assert_refused(there, "a folder, not a file", f"{folder}/out.mp4", f"{folder}/%05d.png")
    assert_refused(absent, "If a folder is meant", f"{folder}/new/out.mp4")
    assert list(folder.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
def test_unwritable_folder(cli: Cli, clip: Path, folder: Path) -> None:
    """Where no file can be made, that is said before work begins."""
    unwritable = folder
    unwritable.chmod(0o500)
    if os.access(unwritable, os.W_OK):  # root may write anywhere but in the kernel's own folders
        unwritable = Path("/proc/self")
        if not unwritable.is_dir():
            pytest.skip("root may write everywhere here")

    result = cli("run", clip, "-o", unwritable / "out.mp4", "--engine", "identity")

    folder.chmod(0o700)
    assert_refused(result, str(unwritable))
    assert list(folder.iterdir()) == []
