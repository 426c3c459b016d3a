"""Muon against linear algebra in float64."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from train.optimisers import OptimiserRecipe, make_optimiser, orthogonalised


@pytest.mark.parametrize("shape", [(12, 40), (40, 12), (16, 16)])
def test_orthogonalised_keeps_the_directions_and_evens_the_lengths(shape):
    """Against the SVD U S V': the result is U T V' with every entry of T between 0.6 and 1.3."""
    u, _, vt = np.linalg.svd(np.random.default_rng(0).normal(size=shape), full_matrices=False)
    matrix = u @ np.diag(np.geomspace(1, 0.03, min(shape))) @ vt
    given = orthogonalised(torch.from_numpy(matrix).float()[None])[0].double().numpy()
    inside = u.T @ given @ vt.T

    assert np.diag(inside).min() > 0.6
    assert np.diag(inside).max() < 1.3
    assert np.abs(inside - np.diag(np.diag(inside))).max() < 0.1


def test_a_step_of_muon_has_the_length_it_should():
    """After one step from zero weights the root mean square is about 0.2 x the rate.

    A matrix with singular values 1 has rank entries of total energy; times 0.2 sqrt(max side) that
    is an RMS of 0.2 whatever the shape.
    """
    conv = torch.nn.Conv2d(16, 32, 3, bias=False)
    torch.nn.init.zeros_(conv.weight)
    optimiser = make_optimiser(conv, OptimiserRecipe(kind="muon", peak_rate=1e-2))
    conv.weight.grad = torch.randn(conv.weight.shape, generator=torch.Generator().manual_seed(0))
    optimiser.step()

    assert float(conv.weight.detach().square().mean().sqrt()) == pytest.approx(2e-3, rel=0.2)


def test_biases_take_the_step_of_adamw():
    """Three steps on a bias equal torch's AdamW in float32."""
    ends = []
    for kind in ("muon", "adamw"):
        layer = torch.nn.Linear(3, 5)
        torch.nn.init.ones_(layer.bias)
        optimiser = make_optimiser(layer, OptimiserRecipe(kind=kind, weight_decay=0.1))
        for step in range(3):
            layer.weight.grad = torch.zeros_like(layer.weight)
            layer.bias.grad = torch.linspace(-1, 2, 5) * (step + 1)
            optimiser.step()
        ends.append(layer.bias.detach())

    torch.testing.assert_close(*ends)


def test_a_rate_of_nothing_is_refused():
    """The error shows the value."""
    with pytest.raises(ValueError, match=r"peak_rate = 0"):
        OptimiserRecipe(peak_rate=0)
