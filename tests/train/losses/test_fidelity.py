"""Fidelity losses against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from train.losses.fidelity import (
    FidelityRecipe,
    blurred_gain,
    charbonnier,
    fidelity_loss,
    fourier_l1,
    l1,
    log_error,
    rgb_error,
)


def test_the_loss_is_minus_the_psnr():
    """An error of one code in every sample of Y moves R, G and B by 1.164 codes."""
    sharp = [torch.rand(2, 1, 8, 8), torch.rand(2, 1, 4, 4), torch.rand(2, 1, 4, 4)]
    off = [sharp[0] + 1 / 256, sharp[1], sharp[2]]

    assert float(log_error(off, sharp, 1e-5)) == pytest.approx(
        10 * math.log10((1.16438 / 255) ** 2 + 1e-5), abs=1e-3
    )


def test_the_gain_leaves_sharp_pairs_out():
    """Halving the error of the one blurred picture is 6.02 dB, whatever a sharp one loses."""
    sharp = [torch.rand(2, 1, 8, 8), torch.rand(2, 1, 4, 4), torch.rand(2, 1, 4, 4)]
    error = torch.tensor([0.5, 0.0]).view(2, 1, 1, 1)
    blurred = [sharp[0] + error, *sharp[1:]]
    restored = [sharp[0] + error / 2 + (error == 0), *sharp[1:]]

    assert blurred_gain(restored, blurred, sharp) == pytest.approx(20 * math.log10(2), abs=1e-2)


def test_an_error_in_chroma_counts_as_it_shows_in_rgb():
    """A code of U in limited BT.709 moves R, G, B by 0, -0.2132, 2.1124."""
    flat = [torch.zeros(1, 1, 8, 8), torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 4, 4)]
    off = [flat[0], flat[1] + 1, flat[2]]

    expected = (0.2132**2 + 2.1124**2) / 3 * (256 / 255) ** 2
    assert float(rgb_error(off, flat)) == pytest.approx(expected, rel=1e-3)


def rgb_pair(error):
    """A picture of zeros, and one that is `error` away everywhere."""
    sharp = (torch.zeros(2, 3, 8, 8),)
    return (sharp[0] + error,), sharp


def test_l1_is_the_mean_absolute_error():
    """An error of 0.25 everywhere is 0.25."""
    assert float(l1(*rgb_pair(-0.25))) == pytest.approx(0.25)


def test_chroma_enters_l1_by_the_root_of_its_weight():
    """U alone off by 0.5: 0.5 times the length of its column, as RMS errors add."""
    flat = [torch.zeros(1, 1, 8, 8), torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 4, 4)]
    off = [flat[0], flat[1] + 0.5, flat[2]]
    weight = (0.2132**2 + 2.1124**2) / 3 * (256 / 255) ** 2

    assert float(l1(off, flat)) == pytest.approx(0.5 * math.sqrt(weight), rel=1e-3)


def test_charbonnier_is_smooth_at_zero_and_l1_far_from_it():
    """sqrt(0 + 1e-6) at no error; at 0.5, sqrt(0.25 + 1e-6)."""
    assert float(charbonnier(*rgb_pair(0.0))) == pytest.approx(1e-3)
    assert float(charbonnier(*rgb_pair(0.5))) == pytest.approx(math.sqrt(0.250001))


def test_fourier_l1_agrees_with_numpy():
    """The mean over real and imaginary parts of numpy's unitary half spectrum."""
    a, b = np.random.default_rng(0).random((2, 1, 3, 8, 6))
    spectrum = np.fft.rfft2(a - b, norm="ortho")
    expected = np.abs(np.stack([spectrum.real, spectrum.imag])).mean()
    given = fourier_l1((torch.from_numpy(a).float(),), (torch.from_numpy(b).float(),))

    assert float(given) == pytest.approx(expected, rel=1e-5)


def test_the_sum_is_weighted():
    """2 x L1 + 3 x Charbonnier of an error of 0.5; minus the PSNR is left out at weight 0."""
    recipe = FidelityRecipe(psnr=0, l1=2, charbonnier=3)
    expected = 2 * 0.5 + 3 * math.sqrt(0.250001)

    assert float(fidelity_loss(*rgb_pair(0.5), recipe)) == pytest.approx(expected)


def test_a_weight_below_zero_is_refused():
    """It would reward errors."""
    with pytest.raises(ValueError, match=r"fidelity\.l1 = -1"):
        FidelityRecipe(l1=-1)
