"""The seed's table of runs."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from train.commands.statistics import Statistics
from train.data.options import DataOptions
from train.data.pairs import Pair, describe_pairs
from train.evaluate import statistics
from train.evaluate.statistics import (
    Row,
    Score,
    average_scores,
    count_pairs,
    markdown_from_rows,
    measure_runs,
)


@pytest.fixture
def two_pixels(tmp_path, monkeypatch):
    """Two pairs of 2x2 pixels, scored at 2x2: a step of d scores (2 d)^2, see test_sharpness."""
    monkeypatch.setattr(statistics, "SIZES", ((2, 2),))
    pairs = []
    for number, (blurred, sharp) in enumerate(((10, 20), (30, 40))):
        files = []
        for name, step in (("blur", blurred), ("sharp", sharp)):
            image = np.zeros((2, 2, 3), np.uint8)
            image[:, 1] = step
            files.append(tmp_path / f"{name}{number}.png")
            cv2.imwrite(str(files[-1]), image)
        pairs.append(Pair(blurred=files[0], sharp=files[1], sequence=""))
    return pairs


def test_a_row_by_hand(two_pixels, still_run):
    """Steps of 10 and 30 beside 20 and 40, and a run that changes nothing.

    Means (400 + 3600) / 2 = 2000 and (1600 + 6400) / 2 = 4000, ratio a half. 12 000 samples of 2103
    pairs: epoch 5.71.
    """
    described = "GOPRO_Large, blur, train: 2103 pairs of 22 sequences"
    weights = still_run("gopro", samples=10_000, earlier_samples=2000, papers={"data": described})
    (row,) = measure_runs([weights], two_pixels)

    assert row.scores["2x2"].sharp == pytest.approx(4000)
    assert row.scores["2x2"].blurred == pytest.approx(2000)
    assert row.scores["2x2"].restored == pytest.approx(2000)
    assert row.scores["2x2"].ratio == pytest.approx(0.5)
    assert (row.run, row.samples, row.batch, row.files) == ("gopro/checkpoint", 12_000, 6, 2)
    assert row.epoch == pytest.approx(12_000 / 2103)
    assert row.critic_updates is None


def test_a_table_of_no_runs_is_refused(two_pixels):
    """The error names the option."""
    with pytest.raises(ValueError, match="--weights is empty"):
        measure_runs([], two_pixels)


def test_what_is_restored_is_scored_after_restoring(two_pixels):
    """Twice the step, four times the score."""
    files = [pair.blurred for pair in two_pixels]

    assert average_scores(files, lambda image: 2 * image) == {"2x2": pytest.approx(8000)}


def test_pairs_are_counted_where_the_data_say_so(gopro):
    """The words of the data's own description; photos blurred on the fly have no epochs."""
    options = DataOptions(paths=(gopro,), split="test")

    from train.data.pairs import read_pairs

    assert count_pairs(describe_pairs(options, read_pairs(options))) == 4
    assert count_pairs("812 photos, blurred on the fly") is None


ROW = Row(
    run="gopro/best",
    epoch=5.706,
    samples=12_000,
    batch=16,
    critic_updates=5,
    files=1111,
    scores={
        "256x256": Score(sharp=400, blurred=100, restored=300),
        "1280x720": Score(sharp=50, blurred=10, restored=60),
    },
)


def test_the_table_as_markdown():
    """Columns in the seed's order, a dash for what is unknown, and below it what the score is not.

    Ratios by hand: 300 / 400 and 60 / 50.
    """
    other = Row(
        run="photos/last",
        epoch=None,
        samples=64,
        batch=8,
        critic_updates=None,
        files=1111,
        scores=ROW.scores,
    )
    lines = markdown_from_rows([ROW, other], "GOPRO_Large, blur").splitlines()

    assert lines[0] == (
        "| run | epoch | samples | batch | critic updates | files"
        " | sharp 256x256 | restored 256x256 | ratio 256x256"
        " | sharp 1280x720 | restored 1280x720 | ratio 1280x720 |"
    )
    assert lines[2] == (
        "| gopro/best | 5.71 | 12000 | 16 | 5 | 1111"
        " | 400.0 | 300.0 | 0.750 | 50.0 | 60.0 | 1.200 |"
    )
    assert lines[3].startswith("| photos/last | - | 64 | 8 | - | 1111 |")
    assert "no measure of quality" in lines[-1]
    assert "100.0 at 256x256" in "".join(lines)


def test_the_command_prints_and_writes_the_table(gopro, still_run, tmp_path, capsys):
    """Both sizes, the data, and the same numbers in JSON as OpenCV gives for the files."""
    run = still_run("run")
    markdown, out = tmp_path / "table.md", tmp_path / "table.json"
    Statistics(weights=(run,), data=gopro, markdown=markdown, json=out)()
    written = json.loads(out.read_text())
    scores = written["runs"][0]["scores"]

    def score(file):
        image = cv2.imread(str(file), cv2.IMREAD_COLOR_RGB).astype(float)
        large = cv2.resize(image, (1280, 720), interpolation=cv2.INTER_LINEAR)
        return cv2.Laplacian(large @ np.array([0.299, 0.587, 0.114]), cv2.CV_64F).var()

    expected = np.mean([score(file) for file in gopro.glob("test/*/sharp/*.png")])
    assert scores["1280x720"]["sharp"] == pytest.approx(expected, rel=1e-4)
    assert scores["256x256"]["ratio"] < 1
    assert written["runs"][0]["epoch"] is None
    assert "GOPRO_Large, blur, test" in written["data"]
    assert "no measure of quality" in markdown.read_text()
    assert "no measure of quality" in capsys.readouterr().out
