"""The contact sheet of crops to leave alone."""

from __future__ import annotations

import json
from collections import Counter

import cv2
import numpy as np
import pytest

from train.commands.sheet import Sheet
from train.evaluate.crops import SIDE, all_crops
from train.evaluate.sheet import draw_sheet, figures_of, restore_crops


@pytest.fixture(scope="module")
def crops():
    return all_crops()


def test_there_are_three_crops_of_eight_kinds(crops):
    """24 pictures, no two the same, of one size; the same when made again."""
    assert set(Counter(crop.kind for crop in crops).values()) == {3}
    assert len({crop.image.tobytes() for crop in crops}) == 24
    assert {crop.image.shape for crop in crops} == {(SIDE, SIDE, 3)}
    assert [c.image.tobytes() for c in all_crops()] == [c.image.tobytes() for c in crops]


def test_what_changes_nothing_is_kept_whole(crops):
    """PSNR at its cap, no change, no grid."""
    figures = figures_of(restore_crops(lambda image: image, crops))

    assert len(figures) == 8
    for row in figures.values():
        values = [row[key] for key in ("kept_db", "kept_least_db", "largest_change", "grid")]
        assert values == [100, 100, 0, 0]


def test_a_checkerboard_shows_as_a_grid(crops):
    """8 codes at one place of every 16x16 cell: 8 less the mean of all, 8/256; MSE is 64/256."""

    def beaten(image):
        image = image.copy()
        image[5::16, 9::16] += np.where(image[5::16, 9::16] < 240, 8, -8).astype(np.uint8)
        return image

    flat = [crop for crop in crops if (crop.kind, crop.name) == ("flat", "sky")]
    (row,) = figures_of(restore_crops(beaten, flat)).values()

    assert row["largest_change"] == 8
    assert row["grid"] == pytest.approx(8 - 8 / 256)
    assert row["kept_db"] == pytest.approx(10 * np.log10(255**2 / (64 / 256)))


def test_an_even_change_is_no_grid(crops):
    """Everything one code darker: no place of the cells differs from another."""
    kept = restore_crops(lambda image: image - (image > 0), [crops[1]])

    assert figures_of(kept)["flat"]["grid"] == 0
    assert figures_of(kept)["flat"]["largest_change"] == 1


def test_the_sheet_shows_crop_result_and_change(crops):
    """Side by side below their words: given, restored, and eight times the change about 128."""
    sheet = draw_sheet(restore_crops(lambda image: image // 2 + 60, crops[:1]))
    shown = [sheet[18 : 18 + SIDE, x : x + SIDE] for x in (6, 172, 338)]
    given = crops[0].image.astype(int)
    expected = [given, given // 2 + 60, np.clip(128 + 8 * (given // 2 + 60 - given), 0, 255)]

    assert all(np.array_equal(a, b) for a, b in zip(shown, expected, strict=True))


def test_the_command_writes_sheet_and_figures(still_run, tmp_path, capsys):
    """A run that changes nothing; the PNG holds what was drawn."""
    Sheet(weights=still_run("run"), out=tmp_path / "s.png", json=tmp_path / "s.json")()

    figures = json.loads((tmp_path / "s.json").read_text())
    assert {row["largest_change"] for row in figures.values()} == {0}
    sheet = cv2.imread(str(tmp_path / "s.png"), cv2.IMREAD_COLOR_RGB)
    assert np.array_equal(sheet, draw_sheet(restore_crops(lambda image: image, all_crops())))
    assert "largest change" in capsys.readouterr().out
