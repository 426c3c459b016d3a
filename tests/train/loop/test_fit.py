"""The loop: it learns, it stops, it goes on as if it had never stopped."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

import pytest
import torch

from train.checkpoint import (
    init_run,
    load_generator,
    load_run,
    mix_runs,
    save_run,
    start_run,
)
from train.data.samples import Batch, SampleRecipe, Samples, load_batches
from train.generators.planes import Architecture
from train.loop.fit import FitOptions, Length, fit, learning_rate
from train.loop.step import open_threads, train_step
from train.losses.fidelity import blurred_gain, log_error, rgb_error
from train.recipe import OptimiserRecipe, Recipe, recipe_from_table
from train.synthesis.scene import BlurRecipe, SynthesisSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from train.synthesis.photos import Photo

RECIPE = Recipe(
    architecture=Architecture(widths=(16, 32), encoder_blocks=(1, 1), decoder_blocks=(1,)),
    blur=BlurRecipe(sharp_share=0, shortest=3, middle=4, longest=5),
    samples=SampleRecipe(crop=32, batch=4, scene=96, uses=2),
    optimiser=OptimiserRecipe(warmup_steps=5, peak_rate=3e-3),
)


@pytest.fixture(params=[1, 2])
def threads(request):
    """A pool of one thread or two."""
    with open_threads(request.param) as pool:
        yield pool


def batches_from(photos: list[Photo], step: int) -> Iterator[Batch]:
    """Batches of the recipe's samples, made in this process."""
    return load_batches(
        Samples(
            SynthesisSource(photos=photos, recipe=RECIPE.blur, kind="planes"), RECIPE.samples, 1
        ),
        step,
        0,
    )


def test_a_run_killed_and_resumed_ends_with_the_same_weights(photos, tmp_path, threads):
    """Six steps at once and three plus three give the same bits: weights, average, moments."""
    ends = []
    for name, sittings in (("whole", [6]), ("parts", [3, 6])):
        path = tmp_path / name / "checkpoint.safetensors"
        run = start_run(RECIPE, 1)
        for last in sittings:
            run = load_run(path) if path.exists() else run
            for batch in islice(batches_from(photos, run.step), last - run.step):
                train_step(run, batch, learning_rate(RECIPE, run.step, run.step / 6), threads)
            save_run(run, path)
        moments = [run.optimiser.state[p]["exp_avg_sq"] for p in run.generator.parameters()]
        ends.append([*run.generator.parameters(), *run.average.values(), *moments])

    assert all(torch.equal(a, b) for a, b in zip(*ends, strict=True))


def test_training_on_one_batch_lowers_its_error(photos, threads):
    """Thirty steps on the same four crops gain at least a fifth of a decibel over the input."""
    run = start_run(RECIPE, 1)
    batch = next(batches_from(photos, 0))
    gains = [train_step(run, batch, 3e-3, threads)[1] for _ in range(30)]

    assert gains[0] == pytest.approx(0, abs=1e-4)
    assert gains[-1] > 0.2


def test_a_run_leaves_figures_and_weights(photos, tmp_path):
    """After `fit` the folder holds a checkpoint that loads and a line of JSON a report."""
    run = start_run(RECIPE, 1)
    options = FitOptions(
        photos=tmp_path,
        shrink=None,
        folder=tmp_path,
        seed=1,
        workers=0,
        threads=2,
        save_seconds=1000,
    )
    fit(run, batches_from(photos, 0), Length(steps=3), options)
    _, counts = load_generator(tmp_path / "checkpoint.safetensors")
    figures = json.loads((tmp_path / "metrics.jsonl").read_text().splitlines()[-1])

    assert (counts["step"], counts["samples"]) == (3, 12)
    assert (figures["step"], figures["samples"]) == (3, 12)


def test_the_loss_is_minus_the_psnr():
    """An error of one code in every sample of Y is 10 log10(1 / 256^2 + floor)."""
    sharp = [torch.rand(2, 1, 8, 8), torch.rand(2, 1, 4, 4), torch.rand(2, 1, 4, 4)]
    off = [sharp[0] + 1 / 256, sharp[1], sharp[2]]

    assert float(log_error(off, sharp, 1e-5)) == pytest.approx(
        10 * math.log10(256**-2 + 1e-5), abs=1e-4
    )


def test_the_gain_leaves_sharp_pairs_out():
    """Halving the error of the one blurred picture is 6.02 dB, whatever a sharp one loses."""
    sharp = [torch.rand(2, 1, 8, 8), torch.rand(2, 1, 4, 4), torch.rand(2, 1, 4, 4)]
    error = torch.tensor([0.5, 0.0]).view(2, 1, 1, 1)
    blurred = [sharp[0] + error, *sharp[1:]]
    restored = [sharp[0] + error / 2 + (error == 0), *sharp[1:]]

    assert blurred_gain(restored, blurred, sharp) == pytest.approx(20 * math.log10(2), abs=1e-2)


def test_an_error_in_chroma_counts_as_it_shows_in_rgb():
    """A code of U in limited BT.709 moves R, G, B by 0, -0.2132, 2.1124; of Y by 1.1644."""
    flat = [torch.zeros(1, 1, 8, 8), torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 4, 4)]
    off = [flat[0], flat[1] + 1, flat[2]]

    expected = (0.2132**2 + 2.1124**2) / 3 / 1.1644**2
    assert float(rgb_error(off, flat)) == pytest.approx(expected, rel=1e-3)


def test_a_loss_that_is_no_number_stops_the_run(photos, threads):
    """Weights gone wrong are an error with the step in it, not a checkpoint of NaN."""
    run = start_run(RECIPE, 1)
    for parameter in run.generator.tail.parameters():
        torch.nn.init.constant_(parameter, math.nan)

    with pytest.raises(FloatingPointError, match="at step 0"):
        train_step(run, next(batches_from(photos, 0)), 1e-3, threads)


def test_the_rate_warms_up_and_falls_to_zero():
    """Warm-up is linear; half way down the cosine the rate is half its peak."""
    assert learning_rate(RECIPE, 0, 0.0) == pytest.approx(3e-3 / 5)
    assert learning_rate(RECIPE, 100, 0.5) == pytest.approx(1.5e-3)
    assert learning_rate(RECIPE, 100, 1.0) == pytest.approx(0)


def test_an_unknown_key_of_a_recipe_is_an_error():
    """A typing error must not become a silent default."""
    with pytest.raises(ValueError, match=r"unknown keys \['crops'\]"):
        recipe_from_table({"samples": {"crops": 64}}, "test.toml")


def test_weights_do_not_depend_on_the_number_of_threads(photos):
    """Parts are summed in their own order: one thread or three give the same bits."""
    ends = []
    for count in (1, 3):
        run = start_run(RECIPE, 1)
        with open_threads(count) as pool:
            for batch in islice(batches_from(photos, 0), 3):
                train_step(run, batch, 1e-3, pool)
        ends.append([*run.generator.parameters()])

    assert all(torch.equal(a, b) for a, b in zip(*ends, strict=True))


def test_a_run_may_begin_from_the_averaged_weights_of_another(photos, tmp_path, threads):
    """Weights and average are the other's average; the schedule is new, the samples are added up."""
    other = start_run(RECIPE, 1)
    for batch in islice(batches_from(photos, 0), 2):
        train_step(other, batch, 1e-3, threads)
    save_run(other, tmp_path / "checkpoint.safetensors")
    run = init_run(RECIPE, 2, tmp_path / "checkpoint.safetensors")

    assert (run.step, run.samples, run.earlier_samples) == (0, 0, 8)
    for name, parameter in run.generator.named_parameters():
        assert torch.equal(parameter, other.average[name])
        assert torch.equal(run.average[name], other.average[name])


def test_a_run_cannot_begin_from_another_architecture(tmp_path):
    """The error shows both."""
    save_run(start_run(RECIPE, 1), tmp_path / "checkpoint.safetensors")
    wider = Architecture(widths=(32, 32), encoder_blocks=(1, 1), decoder_blocks=(1,))

    with pytest.raises(ValueError, match=r"widths=\(16, 32\).*widths=\(32, 32\)"):
        init_run(replace(RECIPE, architecture=wider), 1, tmp_path / "checkpoint.safetensors")


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_a_mix_lies_between_two_runs(tmp_path, share):
    """Each averaged weight is (1 - share) of the first and share of the second."""
    paths = [tmp_path / f"{number}.safetensors" for number in range(3)]
    runs = [start_run(RECIPE, seed) for seed in (1, 2)]
    for run, path in zip(runs, paths, strict=False):
        save_run(run, path)
    mix_runs(paths[0], paths[1], share, paths[2])

    mixed = load_run(paths[2]).average
    for name, weights in mixed.items():
        expected = (1 - share) * runs[0].average[name] + share * runs[1].average[name]
        torch.testing.assert_close(weights, expected)


def test_a_share_out_of_range_is_refused(tmp_path):
    """The error shows the share."""
    with pytest.raises(ValueError, match=r"share is 1\.5"):
        mix_runs(tmp_path / "a", tmp_path / "b", 1.5, tmp_path / "c")
