"""Figures on a test folder of pairs."""

from __future__ import annotations

import io
import json

import cv2
import numpy as np
import pytest
from rich.console import Console

from train.commands.evaluate import Evaluate
from train.data.options import DataOptions
from train.data.pairs import read_pairs
from train.evaluate.folder import evaluate_data, show_data, spread
from train.evaluate.pairs import evaluate_pairs


@pytest.fixture
def options(gopro):
    return DataOptions(paths=(gopro,), split="test")


def images(options, side):
    return [cv2.imread(str(getattr(pair, side))) for pair in read_pairs(options)]


def mean_psnr(pictures, sharps):
    """Mean over pictures of 10 log10(255^2 / mse), in floating point."""
    errors = [np.mean((a.astype(float) - b) ** 2) for a, b in zip(pictures, sharps, strict=True)]
    return float(np.mean([10 * np.log10(255**2 / error) for error in errors]))


def small(picture):
    return np.rint(cv2.resize(picture.astype(float), (256, 256), interpolation=cv2.INTER_LINEAR))


def test_a_generator_that_changes_nothing_has_the_figures_of_the_blurred_input(options, still_run):
    """PSNR of blurred against sharp, at native size and at 256x256, no gain, sharp kept whole."""
    result = evaluate_data(still_run("run"), options, "f32")
    blurred, sharp = images(options, "blurred"), images(options, "sharp")

    expected = mean_psnr(blurred, sharp)
    assert result["native"]["blurred_db"] == pytest.approx(expected)
    assert result["native"]["restored_db"] == pytest.approx(expected)
    at_256 = mean_psnr([small(b) for b in blurred], [small(s) for s in sharp])
    assert result["small"]["blurred_db"] == pytest.approx(at_256, abs=0.02)
    assert result["native"]["gain_db"] == result["small"]["gain_db"] == 0
    assert result["sharp_kept_db"] == 100
    assert result["pairs"] == 4


def test_restored_pictures_are_compared_with_the_sharp_ones(options):
    """A restorer that takes half the way to grey: its figures are its own, not the input's."""

    def half(image):
        return (image // 2 + 64).astype(np.uint8)

    figures = list(evaluate_pairs(half, read_pairs(options)))
    sharp = images(options, "sharp")
    expected = mean_psnr([half(b) for b in images(options, "blurred")], sharp)

    assert np.mean([f.native.restored_db for f in figures]) == pytest.approx(expected)
    kept = mean_psnr([half(s) for s in sharp], sharp)
    assert np.mean([f.sharp_kept_db for f in figures]) == pytest.approx(kept)
    assert all(f.native.restored_ssim < f.native.blurred_ssim < 1 for f in figures)


def test_the_kind_of_blur_is_stated_and_decides_the_figures(gopro, still_run):
    """blur_gamma is blurred more here; a result says which of the two it is of."""
    weights = still_run("run")
    results = [
        evaluate_data(weights, DataOptions(paths=(gopro,), split="test", gamma=gamma), "f32")
        for gamma in (False, True)
    ]

    assert "GOPRO_Large, blur, test" in results[0]["data"]
    assert "blur_gamma" in results[1]["data"]
    assert results[0]["native"]["blurred_db"] > results[1]["native"]["blurred_db"] + 1


def test_every_sequence_has_a_row_of_its_own(options, still_run):
    """Means over the sequence's pairs."""
    result = evaluate_data(still_run("run"), options, "f32")
    expected = mean_psnr(images(options, "blurred")[2:], images(options, "sharp")[2:])

    assert list(result["sequences"]) == ["GOPR0384_11_00", "GOPR0410_11_00"]
    assert result["sequences"]["GOPR0410_11_00"]["blurred_db"] == pytest.approx(expected)
    assert result["sequences"]["GOPR0410_11_00"]["pairs"] == 2


def test_what_is_printed_names_data_and_settings(options, still_run):
    """Whoever reads the table can tell what it was measured on, and which SSIM it shows."""
    console = Console(file=io.StringIO(), width=100)
    show_data(evaluate_data(still_run("run"), options, "f32"), console)
    printed = console.file.getvalue()

    assert "GOPRO_Large, blur, test: 4 pairs" in printed
    assert "gaussian_weights=True, use_sample_covariance=False, data_range=255" in printed
    assert "without low-pass" in printed


def test_files_are_spread_evenly(options):
    """Two of four are the first and the third; more than there are is an error."""
    pairs = read_pairs(options)

    assert spread(pairs, 2) == [pairs[0], pairs[2]]
    assert spread(pairs, None) == pairs
    with pytest.raises(ValueError, match="--files 5: there are 4"):
        spread(pairs, 5)


def test_the_command_writes_figures_and_flicker(gopro, still_run, tmp_path):
    """A run that changes nothing flickers as its input does; all sequences have a row."""
    out = tmp_path / "figures.json"
    Evaluate(weights=still_run("run"), data=gopro, clips=True, json=out)()
    written = json.loads(out.read_text())

    assert list(written["clips"]) == ["all", "GOPR0384_11_00", "GOPR0410_11_00"]
    for clip in written["clips"].values():
        assert clip["warp_restored"] == clip["warp_blurred"] != clip["warp_sharp"]
        assert clip["tof_restored"] == clip["tof_blurred"] > 0
    assert written["native"]["gain_db"] == 0


def test_the_command_wants_one_kind_of_data(tmp_path):
    """Neither a set nor a folder, or both: an error that names the options."""
    with pytest.raises(ValueError, match="--set"):
        Evaluate(weights=tmp_path / "x.onnx")()
