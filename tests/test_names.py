"""What a file may be called, and where it may lie."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deblurvid import OutputError, UsageError, deblur_video
from tests.media import make_video, read_stamps
from tests.processes import piped

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(os.name != "posix", reason="links and modes are POSIX's")

NAMES = (
    "a%05d.mp4",
    "100%.mp4",
    "%%.mp4",
    "we:ird.mp4",
    "http:a|b.mp4",
    "-leading.mp4",
    "with space 'and' \"quotes\".mp4",
    "new\nline\ttab.mp4",
    "Kühe 映画 🎬.mp4",
    "$(touch x); `id` && *.mp4",
    "back\\slash.mp4",
    "x" * 251 + ".mp4",
    "é" * 125 + ".mp4",
)


def run(source, target, **options):
    return list(deblur_video(source, target, engine="identity", **options))


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    return make_video(tmp_path_factory.mktemp("clip") / "clip.mp4", audio=False)


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name)[:20])
def test_a_name_is_a_name(clip, tmp_path, monkeypatch, name):
    """At both ends, from the folder itself, whatever FFmpeg or a shell would take it for."""
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "in" / name).write_bytes(clip.read_bytes())
    monkeypatch.chdir(tmp_path / "in")
    run(name, Path("..") / "out" / name)

    assert len(read_stamps(tmp_path / "out" / name)) == 12
    assert [path.name for path in (tmp_path / "out").iterdir()] == [name]
    assert [path.name for path in (tmp_path / "in").iterdir()] == [name]


def test_a_leading_dash_passes_the_command_line(clip, tmp_path):
    """Behind `--`, or with its folder."""
    (tmp_path / "-in.mp4").write_bytes(clip.read_bytes())
    code, _, err = piped("-o", tmp_path / "-out.mp4", "--", tmp_path / "-in.mp4")

    assert code == 0, err
    assert len(read_stamps(tmp_path / "-out.mp4")) == 12


def test_a_file_that_is_really_called_so_comes_before_a_template(tmp_path):
    """Of images, where a number could be meant."""
    from tests.test_images import write_image

    write_image(tmp_path / "7.jpg")
    (tmp_path / "%d.jpg").write_bytes((tmp_path / "7.jpg").read_bytes())
    (tmp_path / "8.jpg").write_bytes((tmp_path / "7.jpg").read_bytes())
    run(tmp_path / "%d.jpg", tmp_path / "b.mkv")

    assert len(read_stamps(tmp_path / "b.mkv")) == 1


def test_a_link_at_the_target_is_written_through(clip, tmp_path):
    """The link stays, and what it leads to is new; the part file lies there too."""
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "real.mp4").write_bytes(b"old")
    link = tmp_path / "link.mp4"
    link.symlink_to(tmp_path / "far" / "real.mp4")
    with pytest.raises(UsageError, match="exists already"):
        run(clip, link)
    events = deblur_video(clip, link, engine="identity", overwrite=True)
    next(events)
    assert [path.name for path in tmp_path.iterdir() if path.name[0] == "."] == []
    assert len([path for path in (tmp_path / "far").iterdir() if path.name[0] == "."]) == 1
    list(events)

    assert link.is_symlink()
    assert len(read_stamps(tmp_path / "far" / "real.mp4")) == 12


def test_a_link_that_leads_nowhere_yet_is_written_through(clip, tmp_path):
    """As a shell's > does."""
    (tmp_path / "far").mkdir()
    link = tmp_path / "link.mp4"
    link.symlink_to(tmp_path / "far" / "real.mp4")
    run(clip, link)

    assert link.is_symlink()
    assert len(read_stamps(tmp_path / "far" / "real.mp4")) == 12


def test_a_link_into_a_missing_folder_is_refused(clip, tmp_path):
    """The folder that is missing is the one behind the link."""
    link = tmp_path / "link.mp4"
    link.symlink_to(tmp_path / "none" / "real.mp4")
    with pytest.raises(OutputError, match="none: no such folder"):
        run(clip, link)


def test_a_link_to_the_source_is_the_source(clip, tmp_path):
    """It would be read and written at once."""
    source = tmp_path / "a.mp4"
    source.write_bytes(clip.read_bytes())
    (tmp_path / "b.mp4").symlink_to(source)
    with pytest.raises(UsageError, match="same file"):
        run(source, tmp_path / "b.mp4", overwrite=True)


def test_a_source_that_must_not_be_written_is_read(clip, tmp_path):
    """Nothing but reading is done to it, links and read-only files included."""
    source = tmp_path / "a.mp4"
    source.write_bytes(clip.read_bytes())
    source.chmod(0o400)
    (tmp_path / "link.mp4").symlink_to(source)
    run(tmp_path / "link.mp4", tmp_path / "b.mp4")

    assert source.read_bytes() == clip.read_bytes()
    assert len(read_stamps(tmp_path / "b.mp4")) == 12


@pytest.fixture
def umask() -> Iterator[int]:
    old = os.umask(0o027)
    yield 0o027
    os.umask(old)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_is_private_until_it_is_complete(clip, tmp_path, umask):
    """Half a video is nobody else's; a finished one has the mode of any new file."""
    events = deblur_video(clip, tmp_path / "b.mp4", engine="identity")
    next(events)
    (part,) = tmp_path.glob(".*.part")
    assert mode(part) == 0o600
    list(events)

    assert mode(tmp_path / "b.mp4") == 0o666 & ~umask


def test_a_file_that_is_replaced_keeps_its_mode(clip, tmp_path):
    """Whoever could read it still can, and nobody more."""
    target = tmp_path / "b.mp4"
    target.touch()
    target.chmod(0o604)
    run(clip, target, overwrite=True)

    assert mode(target) == 0o604


def test_another_file_system_is_no_obstacle(clip, tmp_path):
    """The part file lies beside the target, so that moving it never copies."""
    other = Path("/dev/shm")
    if not other.is_dir() or other.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no other file system here")
    target = other / f"deblurvid-{os.getpid()}.mp4"
    try:
        run(clip, target)
        assert len(read_stamps(target)) == 12
    finally:
        target.unlink(missing_ok=True)
    assert list(other.glob(f".deblurvid-{os.getpid()}*")) == []


def test_standard_input_by_its_name(clip, tmp_path):
    """/dev/stdin is a pipe here, and read as one."""
    source = make_video(tmp_path / "a.mkv", audio=False)
    code, _, err = piped("/dev/stdin", "-o", tmp_path / "b.mkv", given=source.read_bytes())

    assert code == 0, err
    assert len(read_stamps(tmp_path / "b.mkv")) == 12


def test_a_link_planted_under_the_parts_name_is_not_followed(clip, tmp_path, monkeypatch):
    """In a folder that others may write to."""
    (tmp_path / "precious").write_bytes(b"precious")
    monkeypatch.setattr("deblurvid.stages.parts.secrets.token_hex", lambda size: "guessed")
    (tmp_path / ".b.guessed.part").symlink_to(tmp_path / "precious")
    with pytest.raises(OutputError, match="exists"):
        run(clip, tmp_path / "b.mp4")

    assert (tmp_path / "precious").read_bytes() == b"precious"
