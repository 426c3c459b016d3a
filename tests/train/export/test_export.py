"""From a checkpoint to a file, or to none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from deblurvid.graph.contract import Key, read_generator, weights_sha256
from train.checkpoint import save_run, start_run
from train.commands.export import Export
from train.data.files import read_image
from train.evaluate.weights import open_weights
from train.export.export import export
from train.generators.planes import PlanesArchitecture
from train.recipe import ComputeRecipe, Recipe

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from train.checkpoint import RunState
    from train.generators import Architecture

PLANES = PlanesArchitecture(widths=(16, 32), encoder_blocks=(1, 1), decoder_blocks=(1,))
PAPERS = {"data": "GOPRO_Large, blur, train: 4 pairs", "perceptual": "vgg16 of a test"}


@pytest.fixture
def saved(tmp_path: Path) -> Callable[..., Path]:
    """Save a run of no steps of an architecture after `change` has been at it."""

    def save(architecture: Architecture, change: Callable[[RunState], object]) -> Path:
        run = start_run(Recipe(architecture=architecture, compute=ComputeRecipe(parts=1)), 1)
        run.papers = dict(PAPERS)
        change(run)
        save_run(run, tmp_path / "checkpoint.safetensors")
        return tmp_path / "checkpoint.safetensors"

    return save


def test_an_exported_file_keeps_the_contract_and_carries_its_papers(tmp_path, saved, pictures):
    """The package reads it, its hash is over its weights; parity, data and losses are told."""
    out = tmp_path / "tiny.onnx"
    export(
        saved(PLANES, lambda run: run.average["tail.weight"].fill_(1e-4)), out, pictures, "a test"
    )
    generator = read_generator(out)
    parity = json.loads(generator.metadata[Key.PARITY])
    training = json.loads(generator.metadata[Key.TRAINING])

    assert (generator.name, generator.kind, generator.multiple_of) == ("tiny", "planes", 8)
    assert generator.metadata[Key.WEIGHTS_SHA256] == weights_sha256(generator.model)
    for engine in ("onnx_reference", "openvino_f32", "onnxruntime"):
        assert 0 <= parity[engine]["mean"] <= parity[engine]["max"] <= 1e-4
    assert parity["fp16"]["psnr_db"] >= 50
    assert parity["fp16"]["finite"] is True
    assert parity["pictures"] == 3
    assert generator.passed_bf16
    assert {key: training[key] for key in PAPERS} == PAPERS
    assert training["recipe"]["architecture"]["widths"] == [16, 32]
    assert training["cpu"] == "a test"


def test_a_planes_generator_that_loses_precision_is_not_written(tmp_path, saved, pictures):
    """Residuals of thousands of codes fail in bf16 and FP16: an error, and no file."""
    checkpoint = saved(PLANES, lambda run: run.average["tail.weight"].fill_(50.0))
    with pytest.raises(ValueError, match=r"Parity failed, nothing was written: .*bf16 keeps"):
        export(checkpoint, tmp_path / "wild.onnx", pictures, "a test")

    assert sorted(p.name for p in tmp_path.iterdir()) == ["checkpoint.safetensors", "pictures"]


def loud(run: RunState) -> None:
    """Let the first norm give values about 1e5, and the one after the next convolution none."""
    import torch

    run.average["layers.2.weight"].fill_(4e5)
    torch.nn.init.normal_(run.average["tail.weight"], std=0.001)
    run.generator.get_buffer("layers.5.running_var").fill_(1e9)


def test_an_rgb_generator_that_overflows_is_written_and_says_so(
    tmp_path, saved, pictures, tiny_deblurgan
):
    """FP16 is not for it, and its metadata tell; in float32 it is what it was."""
    checkpoint = saved(tiny_deblurgan("batch", "resize").architecture, loud)
    out = tmp_path / "loud.onnx"
    parity = export(checkpoint, out, pictures, "a test")
    generator = read_generator(out)
    table = json.loads(generator.metadata[Key.PARITY])

    assert (generator.kind, generator.multiple_of) == ("rgb", 4)
    assert generator.value_range == "-1..1"
    assert table["fp16"]["finite"] is False
    assert "fp16 overflows" in table["failed"]
    assert parity.largest_activation > 65504
    assert parity.wrong() == []


def test_an_rgb_file_that_computes_something_else_is_not_written(
    tmp_path, saved, pictures, tiny_deblurgan, monkeypatch
):
    """A writer with a fault (a tanh left out) is found before there is a file."""
    from train.export.deblurgan_onnx import _Graph

    def without_tanh(self, kind, result, *inputs, **attributes):
        kind = "Identity" if kind == "Tanh" else kind
        return super(_Graph, self).op(kind, result, *inputs, **attributes)

    monkeypatch.setattr(_Graph, "op", without_tanh, raising=False)
    checkpoint = saved(
        tiny_deblurgan("batch", "resize").architecture,
        lambda run: run.average["tail.bias"].fill_(0.5),
    )
    with pytest.raises(ValueError, match="onnx_reference differs by"):
        export(checkpoint, tmp_path / "wrong.onnx", pictures, "a test")

    assert not (tmp_path / "wrong.onnx").exists()


@pytest.mark.parametrize(("norm", "up"), [("instance", "transposed"), ("batch", "resize")])
def test_a_checkpoint_and_its_file_restore_alike(
    tmp_path, saved, pictures, tiny_deblurgan, norm, up
):
    """Torch's picture and OpenVINO's, whose weights are rounded to FP16: within two codes."""

    def trained(run: RunState) -> None:
        for name, parameter in tiny_deblurgan(norm, up).named_parameters():
            run.average[name].copy_(parameter)
        run.generator.load_state_dict(tiny_deblurgan(norm, up).state_dict())

    checkpoint = saved(tiny_deblurgan(norm, up).architecture, trained)
    out = tmp_path / "tiny.onnx"
    export(checkpoint, out, pictures, "a test")
    image = read_image(pictures[0])
    restored, again = (open_weights(path, "f32")[0](image) for path in (checkpoint, out))

    assert abs(restored.astype(int) - again).max() <= 2
    assert (restored != image).mean() > 0.2


def test_the_command_takes_its_pictures_from_pairs(tmp_path, saved, pictures, capsys):
    """Of flat pairs the blurred ones; without any, an error that names the options."""
    for side in ("blur", "sharp"):
        (tmp_path / "pairs" / side).mkdir(parents=True)
        for file in pictures:
            (tmp_path / "pairs" / side / file.name).write_bytes(file.read_bytes())
    checkpoint = saved(PLANES, lambda run: None)
    out = tmp_path / "zero.onnx"
    Export(weights=checkpoint, out=out, data=tmp_path / "pairs", cpu="a test")()

    assert out.exists()
    assert "fp16" in capsys.readouterr().out
    with pytest.raises(ValueError, match="--set"):
        Export(weights=checkpoint, out=out, cpu="a test")()
