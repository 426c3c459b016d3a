"""Checkpoints as the start of something else."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from tests.train.loop.recipes import ADVERSARIAL, take_steps
from tests.train.loop.recipes import PLANES as RECIPE
from train.checkpoint import (
    average_generator,
    init_run,
    load_generator,
    load_run,
    mix_runs,
    save_run,
    start_run,
)
from train.generators.planes import PlanesArchitecture


def test_a_run_may_begin_from_the_averaged_weights_of_another(photos, tmp_path):
    """Weights and average are the other's average; the schedule is new, the samples are added up."""
    other = start_run(RECIPE, 1)
    take_steps(other, photos, 2)
    save_run(other, tmp_path / "last.safetensors")
    run = init_run(RECIPE, 2, tmp_path / "last.safetensors")

    assert (run.step, run.samples, run.earlier_samples) == (0, 0, 8)
    for name, parameter in run.generator.named_parameters():
        assert torch.equal(parameter, other.average[name])
        assert torch.equal(run.average[name], other.average[name])


def test_what_is_constant_is_in_no_checkpoint(tmp_path):
    """The waves of a spectrum are made anew, so a file holds none; batch norm's statistics are."""
    spectral = replace(RECIPE, architecture=replace(RECIPE.architecture, spectrum=True))
    for recipe, kept in ((spectral, set()), (ADVERSARIAL, {"running_mean", "running_var"})):
        save_run(start_run(recipe, 1), tmp_path / "run.safetensors")
        with safe_open(tmp_path / "run.safetensors", framework="pt") as file:
            names = [n for n in file.keys() if n.startswith("buffer.")]  # noqa: SIM118
        assert {name.split(".")[-1] for name in names} - {"num_batches_tracked"} == kept
        assert load_run(tmp_path / "run.safetensors").recipe == recipe


def test_papers_of_several_steps_are_told_once_each(tmp_path):
    """A chain of runs on two sets names each set once, the earliest first."""
    run = start_run(RECIPE, 1)
    for step, data in enumerate(("photos", "pairs", "photos", "pairs")):
        run.papers["data"] = data
        save_run(run, tmp_path / f"{step}.safetensors")
        run = init_run(RECIPE, 1, tmp_path / f"{step}.safetensors")

    assert run.papers == {"earlier": "data: photos; data: pairs"}


def test_the_average_is_what_is_used(photos):
    """average_generator carries the moving average, not the last weights."""
    run = start_run(RECIPE, 1)
    take_steps(run, photos, 3)
    used = dict(average_generator(run).named_parameters())

    assert all(torch.equal(used[name], value) for name, value in run.average.items())
    assert not torch.equal(used["tail.weight"], run.generator.tail.weight)


def test_a_file_of_something_else_is_no_checkpoint(tmp_path):
    """The error names the file."""
    from safetensors.torch import save_file

    save_file({"x": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match=r"other\.safetensors is no checkpoint"):
        load_run(tmp_path / "other.safetensors")


def test_a_run_cannot_begin_from_an_architecture_that_is_no_part_of_its_own(tmp_path):
    """The error shows file and both."""
    save_run(start_run(RECIPE, 1), tmp_path / "last.safetensors")
    narrower = PlanesArchitecture(widths=(16, 16), encoder_blocks=(1, 1), decoder_blocks=(1,))

    with pytest.raises(ValueError, match=r"last.*widths=\(16, 32\).*widths=\(16, 16\)"):
        init_run(replace(RECIPE, architecture=narrower), 1, tmp_path / "last.safetensors")


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


def test_a_mix_has_the_statistics_and_papers_of_both(tmp_path):
    """Batch norm's running statistics lie between, and what the first was made of is told."""
    paths = [tmp_path / f"{number}.safetensors" for number in range(3)]
    for number, path in enumerate(paths[:2]):
        run = start_run(ADVERSARIAL, 1)
        for name, buffer in run.generator.named_buffers():
            if name.endswith("running_mean"):
                buffer.fill_(number)
        run.papers["data"] = f"set {number}"
        save_run(run, path)
    mix_runs(paths[0], paths[1], 0.25, paths[2])
    mixed = load_run(paths[2])

    means = [b for name, b in mixed.generator.named_buffers() if name.endswith("running_mean")]
    assert means
    assert all(torch.allclose(b, torch.full_like(b, 0.25)) for b in means)
    assert mixed.papers == {"data": "set 1", "mixed": "data: set 0"}
    mixed.papers["data"] = "set 2"
    save_run(mixed, paths[1])
    mix_runs(paths[0], paths[1], 0.5, paths[2])
    assert load_run(paths[2]).papers == {"data": "set 2", "mixed": "data: set 0"}
    run.papers["data"] = "set 3"
    save_run(run, paths[0])
    mix_runs(paths[0], paths[1], 0.5, paths[2])
    assert load_run(paths[2]).papers == {"data": "set 2", "mixed": "data: set 0; data: set 3"}


def test_a_torn_checkpoint_is_named(tmp_path):
    """Half a file is an error in words."""
    path = tmp_path / "last.safetensors"
    save_run(start_run(RECIPE, 1), path)
    path.write_bytes(path.read_bytes()[:1000])

    with pytest.raises(ValueError, match=r"last\.safetensors is no whole checkpoint"):
        load_run(path)


def test_a_checkpoint_of_another_shape_says_so(tmp_path):
    """Of a network as it was before: no bare error of torch, but the tensor and a way out."""
    path = tmp_path / "old.safetensors"
    save_run(start_run(RECIPE, 1), path)
    with safe_open(path, framework="pt") as file:
        tensors, metadata = {name: file.get_tensor(name) for name in file.keys()}, file.metadata()  # noqa: SIM118
    name = "average.head.weight"
    for old in (
        {**tensors, name: tensors[name][:, :3]},
        {n: tensors[n] for n in tensors if n != name},
    ):
        save_file({n: tensor.contiguous() for n, tensor in old.items()}, path, metadata)
        with pytest.raises(ValueError, match=r"head\.weight, .* fit's --init"):
            load_generator(path)


def test_a_share_out_of_range_is_refused(tmp_path):
    """The error shows the share."""
    with pytest.raises(ValueError, match=r"share is 1\.5"):
        mix_runs(tmp_path / "a", tmp_path / "b", 1.5, tmp_path / "c")
