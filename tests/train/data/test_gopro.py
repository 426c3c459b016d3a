"""GOPRO_Large_all beside GOPRO_Large."""

from __future__ import annotations

import pytest

from tests.train.data.trees import place_coded, save
from train.data.gopro import check_frames_equal

SEQUENCES = {"GOPR0372_07_00": 7, "GOPR0374_11_01": 11}


@pytest.fixture
def trees(tmp_path):
    """Three pictures a sequence; frame k of all frames carries k, numbers in names do not."""
    for name, count in SEQUENCES.items():
        for k in range(3 * count + 2):
            save(tmp_path / f"all/train/{name}/{k + 323:06}.png", place_coded(k, 8, 8))
        for k in range(3):
            middle = {7: (3, 10, 17), 11: (5, 16, 27)}[count][k]
            save(tmp_path / f"large/train/{name}/sharp/{k + 47:06}.png", place_coded(middle, 8, 8))
    return tmp_path / "large", tmp_path / "all"


def test_sharp_pictures_are_the_middles_of_their_windows(trees):
    """Of 7 frames the fourth, of 11 the sixth, windows side by side: three a sequence compared."""
    assert check_frames_equal(*trees, "train") == 6


@pytest.mark.parametrize("lost", [1, 15])
def test_a_frame_lost_shows(trees, lost):
    """All later windows move; only that sequence is named."""
    (trees[1] / f"train/GOPR0374_11_01/{lost + 323:06}.png").unlink()

    with pytest.raises(ValueError, match=r"1 sequences .* made from: GOPR0374_11_01\. Fetch"):
        check_frames_equal(*trees, "train")


def test_too_few_frames_are_counted(trees):
    """A cut-off copy: how many frames there are, and how many each picture took."""
    for k in range(3):
        (trees[1] / f"train/GOPR0372_07_00/{k + 323:06}.png").unlink()

    with pytest.raises(ValueError, match=r"GOPR0372_07_00 holds 20 frames, but the 3 .* from 7"):
        check_frames_equal(*trees, "train")


def test_a_sequence_that_one_copy_lacks_is_named(trees):
    """The folder and the tree."""
    (trees[1] / "train/GOPR0372_07_00").rename(trees[1] / "train/GOPR")

    with pytest.raises(ValueError, match=r"GOPR0372_07_00 is missing\. The layout 'gopro-all'"):
        check_frames_equal(*trees, "train")


def test_a_name_that_tells_no_number_of_frames_is_refused(trees):
    """Renamed sequences cannot be checked."""
    for tree in trees:
        (tree / "train/GOPR0372_07_00").rename(tree / "train/walk")

    with pytest.raises(ValueError, match="sequence walk is not named as"):
        check_frames_equal(*trees, "train")
