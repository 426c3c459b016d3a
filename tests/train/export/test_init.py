"""Runs that begin from what export wrote."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest
import torch

from deblurvid.graph.contract import Key
from tests.graph.generators import save, with_metadata, zero_planes
from tests.train.loop.recipes import ADVERSARIAL, take_steps
from tests.train.loop.recipes import PLANES as RECIPE
from train.checkpoint import init_run, save_run, start_run
from train.export.export import export


@pytest.mark.parametrize("spectrum", [False, True])
def test_a_run_may_begin_from_an_exported_file(spectrum, photos, pictures, tmp_path):
    """Weights are the average rounded to FP16; samples and papers go on; nothing else is needed."""
    recipe = replace(RECIPE, architecture=replace(RECIPE.architecture, spectrum=spectrum))
    other = start_run(recipe, 1)
    take_steps(other, photos, 2)
    other.papers = {"data": "two photos"}
    save_run(other, tmp_path / "last.safetensors")
    export(tmp_path / "last.safetensors", tmp_path / "tiny.onnx", pictures, "a test")
    run = init_run(recipe, 2, tmp_path / "tiny.onnx")

    for name, parameter in run.generator.named_parameters():
        if "teacher" in name:  # only training needs it, so it begins anew and teaches nothing yet
            assert name.endswith("bias") or not parameter.any()
            continue
        assert torch.equal(parameter, other.average[name].half().float())
        assert torch.equal(run.average[name], parameter)
    assert (run.samples, run.earlier_samples) == (0, 8)
    assert run.papers == {"earlier": "data: two photos"}


def test_an_onnx_file_of_something_else_cannot_begin_a_run(tmp_path):
    """A file without training's papers, and one whose norms are folded, are told apart."""
    save(zero_planes(), tmp_path / "bare.onnx")
    with pytest.raises(ValueError, match=r"bare\.onnx is no generator of this trainer"):
        init_run(RECIPE, 1, tmp_path / "bare.onnx")

    training = {"recipe": asdict(ADVERSARIAL), "samples": 1, "hours": 1.0}
    folded = with_metadata(zero_planes(), {Key.TRAINING: json.dumps(training)})
    save(folded, tmp_path / "folded.onnx")
    with pytest.raises(ValueError, match=r"deblurgan generator is exported without"):
        init_run(ADVERSARIAL, 1, tmp_path / "folded.onnx")
