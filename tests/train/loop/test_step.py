"""One step: it learns, alone or against a critic, with any number of threads."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.train.loop.recipes import ADVERSARIAL, PLANES, batches_of, take_steps
from train.checkpoint import start_run
from train.loop.compute import find_device, measure_peak, open_compute
from train.loop.critic import train_critic
from train.loop.step import train_step
from train.loop.tools import Tools
from train.losses.adversarial import generator_loss
from train.recipe import ComputeRecipe, read_recipe

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("kind", ["adamw", "adam", "muon"])
def test_training_on_one_batch_lowers_its_error(photos, kind):
    """Thirty steps on the same four crops gain at least a fifth of a decibel over the input."""
    recipe = replace(PLANES, optimiser=replace(PLANES.optimiser, kind=kind))
    run = start_run(recipe, 1)
    batch = next(batches_of(recipe, photos, 0))
    with open_compute(recipe.compute, torch.device("cpu"), 2) as compute:
        steps = [train_step(run, batch, 3e-3, Tools(compute=compute)) for _ in range(30)]

    assert steps[0]["gain"] == pytest.approx(0, abs=1e-4)
    assert steps[-1]["gain"] > 0.2


def test_what_the_spectrum_tells_is_taught_beside(photos):
    """Its error falls by a third in twenty steps; without its weight it does not, though reported."""
    architecture = replace(PLANES.architecture, spectrum=True)
    samples = replace(PLANES.samples, crop=64, scene=96)
    falls = {}
    for weight in (1.0, 0.0):
        recipe = replace(PLANES, architecture=architecture, samples=samples, spectrum=weight)
        run, batch = start_run(recipe, 1), next(batches_of(recipe, photos, 0))
        with open_compute(recipe.compute, torch.device("cpu"), 2) as compute:
            tools = Tools(compute=compute)
            errors = [train_step(run, batch, 3e-3, tools)["spectrum"] for _ in range(20)]
        falls[weight] = errors[-1] / errors[0]

    assert falls[1.0] < 2 / 3
    assert falls[0.0] > 0.9


def test_weights_do_not_depend_on_the_number_of_threads(photos):
    """Parts are summed in their own order: one thread or three give the same bits."""
    ends = []
    for count in (1, 3):
        run = start_run(PLANES, 1)
        take_steps(run, photos, 3, threads=count)
        ends.append([*run.generator.parameters()])

    assert all(torch.equal(a, b) for a, b in zip(*ends, strict=True))


def test_a_loss_that_is_no_number_stops_the_run(photos):
    """Weights gone wrong are an error with the step in it, and no further weight moves."""
    run = start_run(PLANES, 1)
    for parameter in run.generator.tail.parameters():
        torch.nn.init.constant_(parameter, math.nan)
    before = run.generator.head.weight.clone()

    with pytest.raises(FloatingPointError, match="at step 0"):
        take_steps(run, photos, 1)
    assert torch.equal(run.generator.head.weight, before)


def test_critic_and_generator_both_move(photos):
    """A step with a critic moves its weights, the generator's, and tells each loss."""
    run = start_run(ADVERSARIAL, 1)
    before = [p.clone() for p in (*run.adversary.critic.parameters(), *run.generator.parameters())]
    figures = take_steps(run, photos, 2)[-1]
    after = [*run.adversary.critic.parameters(), *run.generator.parameters()]

    # Before its last layer, which begins at zero, has moved, nothing reaches the others: two steps.
    # Biases before a norm have no gradient but rounding.
    moved = [not torch.equal(a, b) for a, b in zip(before, after, strict=True) if a.ndim > 1]
    assert all(moved)
    assert {"loss", "gain", "fidelity", "adversarial", "critic"} == set(figures)


def test_the_generator_step_leaves_the_critic_alone(photos):
    """The critic's weights after a step are those its own updates gave, with no gradient left over.

    With one update by weight clipping every weight is within the bound.
    """
    clipped = replace(
        ADVERSARIAL.adversarial,
        lipschitz="clip",
        critic=replace(ADVERSARIAL.adversarial.critic, norm="batch"),
    )
    run = start_run(replace(ADVERSARIAL, adversarial=clipped), 1)
    take_steps(run, photos, 2)

    assert clipped.clip == 0.01
    assert max(float(p.detach().abs().max()) for p in run.adversary.critic.parameters()) <= 0.01


def test_the_loss_is_the_weighted_sum_of_its_parts(photos):
    """Loss = fidelity + weight x adversarial."""
    recipe = replace(ADVERSARIAL, adversarial=replace(ADVERSARIAL.adversarial, weight=3.0))
    figures = take_steps(start_run(recipe, 1), photos, 1)[0]

    assert figures["loss"] == pytest.approx(
        figures["fidelity"] + 3 * figures["adversarial"], rel=1e-4
    )


def test_fp16_is_refused_on_a_cpu():
    """The error names the precision and the remedy."""
    with (
        pytest.raises(ValueError, match=r"fp16.*Take bf16"),
        open_compute(ComputeRecipe(precision="fp16"), torch.device("cpu"), 2),
    ):
        pass


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_gpu_that_is_not_there_is_an_error():
    """Nothing falls back to the CPU in silence."""
    with pytest.raises(ValueError, match=r"--device cuda.*sees no GPU"):
        find_device("cuda")


def test_the_peak_is_a_speed():
    """More than a hundredth, less than ten thousand TFLOP/s."""
    with open_compute(ComputeRecipe(), torch.device("cpu"), 2) as compute:
        assert 0.01 < measure_peak(compute) < 1e4


def test_a_gradient_that_is_no_number_stops_the_run(photos, monkeypatch):
    """The loss may still be finite: the error comes before a weight moves."""
    run = start_run(PLANES, 1)
    real = torch.autograd.grad

    def broken(loss, parameters):
        first, *others = real(loss, parameters)
        return (first * math.nan, *others)

    monkeypatch.setattr(torch.autograd, "grad", broken)
    before = [p.clone() for p in run.generator.parameters()]
    with pytest.raises(FloatingPointError, match="gradient is not finite at step 0"):
        take_steps(run, photos, 1)
    assert all(torch.equal(a, b) for a, b in zip(before, run.generator.parameters(), strict=True))


def test_the_shipped_critic_is_heard():
    """After five updates deblurgan.toml's critic pulls the picture by a fair share of its scores.

    With weights clipped at 0.01 the slope at the picture is 2e-4, at 0.015 it is 3e-3.
    """
    recipe = read_recipe(ROOT / "train" / "recipes" / "deblurgan.toml")
    torch.manual_seed(0)
    sharp = torch.rand(2, 3, 32, 32).repeat_interleave(8, 2).repeat_interleave(8, 3) * 2 - 1
    blurred = torch.nn.functional.avg_pool2d(sharp, 9, 1, 4)
    adversary = start_run(recipe, 1).adversary
    with open_compute(recipe.compute, torch.device("cpu"), 2) as compute:
        train_critic(
            adversary, recipe.adversarial, (sharp, blurred), seed=1, rate=1e-4,
            tools=Tools(compute=compute),
        )  # fmt: skip
    fake = blurred.clone().requires_grad_()
    loss = generator_loss(adversary.critic(fake), recipe.adversarial)
    (slope,) = torch.autograd.grad(loss, fake)

    assert float(slope.norm()) > 1e-3
