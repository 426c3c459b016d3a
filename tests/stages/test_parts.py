"""Part files of runs that were killed go; those of living ones stay."""

import os

import pytest

from deblurvid import deblur_video
from deblurvid.stages.parts import new_part
from tests.media import make_video

pytestmark = pytest.mark.skipif(os.name != "posix", reason="there the system keeps open files")


def test_the_next_run_sweeps_up_what_a_killed_one_left(tmp_path):
    """Nobody holds it any more."""
    source = make_video(tmp_path / "a.mp4")
    (tmp_path / ".b.0123abcd.part").write_bytes(b"left")
    list(deblur_video(source, tmp_path / "b.mp4", engine="identity"))

    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "b.mp4"]


def test_a_part_file_that_is_held_stays(tmp_path):
    """Its run is alive, though it has the same target."""
    held = new_part(tmp_path / "b.mp4")
    other = new_part(tmp_path / "b.mp4")
    assert held.path.exists()
    assert held.path != other.path

    held.release()
    new_part(tmp_path / "b.mp4").release()
    assert not held.path.exists()
    assert other.path.exists()
    other.release()


@pytest.mark.parametrize(
    "name",
    [".b.part", ".b.0123abcd.part.txt", ".b.0123ABCD.part", ".c.0123abcd.part", "b.0123abcd.part"],
)
def test_other_files_stay(tmp_path, name):
    """Only names that a part file of this target can have are looked at."""
    (tmp_path / name).write_bytes(b"precious")
    new_part(tmp_path / "b.mp4").release()

    assert (tmp_path / name).read_bytes() == b"precious"
