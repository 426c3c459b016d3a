"""What tells the blur: power spectra of windows, and what is taught of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from train.generators.spectrum import ACROSS, BINS, FLOOR, BlurSpectrum
from train.optimisers import Muon

FP16 = torch.finfo(torch.float16)


def _noise(*shape):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(1))


def _powers_by_numpy(y):
    """|FFT|^2 of Hann windows of 64 x 64 means of 2 x 2 pixels, from numpy alone."""
    height, width = y.shape
    half = y.reshape(height // 2, 2, width // 2, 2).mean((1, 3)) - 0.5
    half = np.pad(half, 24, mode="edge")
    hann = np.sin(np.pi * (np.arange(64) + 0.5) / 64) ** 2
    powers = np.empty((ACROSS, 2 * ACROSS - 1, height // 32, width // 32))
    for row, column in np.ndindex(powers.shape[2:]):
        window = half[16 * row : 16 * row + 64, 16 * column : 16 * column + 64]
        spectrum = np.fft.fft2(window * np.outer(hann, hann))
        down = np.fft.fftshift(spectrum, 0)[32 - 21 : 32 + 22, :ACROSS]
        powers[:, :, row, column] = np.abs(0.25 * down.T) ** 2
    return powers.reshape(BINS, height // 32, width // 32)


@pytest.mark.parametrize("size", [(32, 32), (96, 160)])
def test_power_is_that_of_a_windowed_fourier_transform(size):
    """Every frequency of every window is numpy's FFT's, to what FP16 waves allow."""
    y = _noise(1, 1, *size)
    expected = _powers_by_numpy(y[0, 0].double().numpy())

    assert BlurSpectrum().power(y)[0].numpy() == pytest.approx(expected, rel=0.05, abs=1e-4)
    assert expected.max() > 1


def test_no_picture_leaves_the_range_of_fp16():
    """The largest power, of white, is within FP16; the floor is a normal number of it."""
    white = BlurSpectrum().power(torch.ones(1, 1, 128, 128))

    assert FP16.max / 8 < float(white.max()) < FP16.max / 2
    assert FP16.smallest_normal < FLOOR


def test_half_of_a_new_code_is_the_mean_of_the_windows_around():
    """Of those up to five away that lie in the picture: numpy's mean of what the first half says."""
    spectrum = BlurSpectrum()
    with torch.no_grad():
        code = spectrum(spectrum.power(_noise(1, 1, 7 * 32, 14 * 32)))[0].numpy()
    own, around = np.split(code, 2)

    for row, column in ((0, 0), (3, 7), (6, 13)):
        near = own[:, max(row - 5, 0) : row + 6, max(column - 5, 0) : column + 6]
        assert around[:, row, column] == pytest.approx(near.mean((1, 2)), rel=1e-4)
    assert own.std((1, 2)).max() > 0.01


def test_the_truth_is_how_much_power_the_blur_left():
    """A picture of half the contrast has a quarter of the power: told so, nothing is wrong."""
    spectrum = BlurSpectrum()
    torch.nn.init.zeros_(spectrum.teacher.weight)
    sharp = _noise(2, 1, 96, 96)
    powers = [spectrum.power(picture) for picture in (0.5 + (sharp - 0.5) / 2, sharp)]
    code = spectrum(powers[0])
    errors = {}
    for told in (0.0, np.log(1 / 4)):
        torch.nn.init.constant_(spectrum.teacher.bias, told)
        with torch.no_grad():
            errors[told] = float(spectrum.error(code, *powers))

    assert errors[np.log(1 / 4)] == pytest.approx(0, abs=1e-3)
    assert errors[0.0] == pytest.approx(np.log(4) ** 2, rel=0.02)


def _blurred_pairs(random):
    """Noise, half of it blurred by 12 pixels along a row, half down a column."""
    sharp = torch.rand(8, 1, 128, 128, generator=random)
    along = torch.nn.functional.avg_pool2d(sharp[:4], (1, 13), 1, (0, 6), count_include_pad=False)
    down = torch.nn.functional.avg_pool2d(sharp[4:], (13, 1), 1, (6, 0), count_include_pad=False)
    return torch.cat([along, down]), sharp


def test_direction_of_blur_is_learnt_from_noise():
    """Fifty steps tell most of two spectra apart; their mean would leave all of it unexplained."""
    torch.manual_seed(0)
    spectrum, random = BlurSpectrum(), torch.Generator().manual_seed(2)
    optimiser = Muon([*spectrum.parameters()], lr=2e-2, betas=(0.9, 0.99), weight_decay=0.0)
    for _ in range(50):
        optimiser.zero_grad()
        blurred, sharp = map(spectrum.power, _blurred_pairs(random))
        spectrum.error(spectrum(blurred), blurred, sharp).backward()
        optimiser.step()

    blurred, sharp = map(spectrum.power, _blurred_pairs(random))
    truth = [(power.mean((2, 3)) + FLOOR).log() for power in (blurred, sharp)]
    error = spectrum.error(spectrum(blurred), blurred, sharp)
    unexplained = error / (truth[0] - truth[1]).var(0).mean()
    assert unexplained < 0.4
