"""The ONNX file against the network it came from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from deblurvid.graph.contract import Key, read_generator, weights_sha256
from train.checkpoint import save_run, start_run
from train.evaluate.score import restore_image
from train.evaluate.stills import runner_from_generator
from train.export.export import export
from train.export.onnx_file import count_onnx_flop, open_onnx
from train.export.planes_onnx import onnx_from_generator, round_weights
from train.generators.planes import Architecture, Generator, count_flop
from train.recipe import Recipe

if TYPE_CHECKING:
    from pathlib import Path

PLAIN_NODES = {
    "Add", "Cast", "Concat", "Conv", "DepthToSpace", "Identity", "Relu",
    "SpaceToDepth", "Split", "Sub",
}  # fmt: skip


@pytest.fixture
def model(tiny_generator):
    """The tiny generator as ONNX; its own weights are rounded with it."""
    round_weights(tiny_generator)
    return onnx_from_generator(tiny_generator)


@pytest.mark.parametrize("size", [(16, 24), (40, 16)])
def test_onnx_runtime_gives_what_torch_gives(tiny_generator, model, random_planes, size):
    """The file computes the network at any size, to float32's rounding."""
    fed = random_planes(*size)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    given = session.run(None, {n: p.numpy() for n, p in zip("yuv", fed, strict=True)})

    for plane, expected in zip(given, tiny_generator(*fed), strict=True):
        assert plane == pytest.approx(expected.numpy(), abs=1e-5)
        assert np.abs(plane).max() > 1e-3


def test_a_fold_of_two_needs_no_folding_of_chroma(random_planes):
    """The other architecture exports as well."""
    torch.manual_seed(1)
    generator = Generator(
        Architecture(fold=2, widths=(16, 32), encoder_blocks=(1, 1), decoder_blocks=(1,))
    ).requires_grad_(requires_grad=False)
    torch.nn.init.normal_(generator.tail.weight, std=0.01)
    round_weights(generator)
    fed = random_planes(8, 12)
    session = onnxruntime.InferenceSession(onnx_from_generator(generator).SerializeToString())
    given = session.run(None, {n: p.numpy() for n, p in zip("yuv", fed, strict=True)})

    for plane, expected in zip(given, generator(*fed), strict=True):
        assert plane == pytest.approx(expected.numpy(), abs=1e-5)


def test_the_graph_holds_plain_nodes_and_half_precision_weights(model):
    """Only what every engine takes; two bytes a weight on disk."""
    assert {node.op_type for node in model.graph.node} <= PLAIN_NODES
    floats = [w for w in model.graph.initializer if w.data_type != onnx.TensorProto.INT64]
    assert {w.data_type for w in floats if w.name != "half"} == {onnx.TensorProto.FLOAT16}


def test_nothing_but_splits_and_unfolding_follows_the_last_convolution(model):
    """OpenVINO keeps float32 only there, and the residual is added to the picture there."""
    kinds = [node.op_type for node in model.graph.node]
    last = len(kinds) - 1 - kinds[::-1].index("Conv")

    assert set(kinds[last + 1 :]) <= {"Split", "DepthToSpace", "Identity"}


def test_flops_counted_in_the_file_are_those_of_the_architecture(tiny_generator, model):
    """Shape inference over the ONNX nodes and the closed form agree at 720p."""
    architecture = tiny_generator.architecture

    expected = count_flop(architecture, 720, 1280)
    assert count_onnx_flop(model, architecture.multiple_of, 720, 1280) == expected


@pytest.fixture
def validation_set(tmp_path):
    """Two stills of noise with their sharp pictures."""
    import cv2

    rng = np.random.default_rng(0)
    for kind in ("straight", "shake"):
        for side in ("blur", "sharp"):
            file = tmp_path / "set" / "stills" / side / f"{kind}_10_000.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(file), rng.integers(0, 256, (70, 90, 3), np.uint8))
    return tmp_path / "set"


def saved_checkpoint(tmp_path: Path, tail: float) -> Path:
    """A run of no steps whose averaged last convolution is `tail` throughout."""
    recipe = Recipe(
        architecture=Architecture(widths=(16, 32), encoder_blocks=(1, 1), decoder_blocks=(1,))
    )
    run = start_run(recipe, 1)
    run.average["tail.weight"].fill_(tail)
    save_run(run, tmp_path / "checkpoint.safetensors")
    return tmp_path / "checkpoint.safetensors"


def test_an_exported_file_keeps_the_contract_and_carries_its_papers(tmp_path, validation_set):
    """The package reads it, its hash is over its weights, and parity is written in it."""
    out = tmp_path / "tiny.onnx"
    export(saved_checkpoint(tmp_path, 1e-4), out, validation_set, "a test")
    generator = read_generator(out)

    assert (generator.name, generator.kind, generator.multiple_of) == ("tiny", "planes", 8)
    assert generator.metadata[Key.WEIGHTS_SHA256] == weights_sha256(generator.model)
    assert json.loads(generator.metadata[Key.PARITY])["openvino_f32"] <= 1e-4
    assert generator.passed_bf16
    assert open_onnx(out, "f32").multiple_of == 8


def test_a_generator_that_fails_parity_is_not_written(tmp_path, validation_set):
    """Residuals of thousands of codes lose their precision in bf16: an error, and no file."""
    out = tmp_path / "wild.onnx"
    with pytest.raises(ValueError, match="Parity failed, nothing was written"):
        export(saved_checkpoint(tmp_path, 50.0), out, validation_set, "a test")

    assert sorted(p.name for p in tmp_path.iterdir()) == ["checkpoint.safetensors", "set"]


def test_the_score_restores_as_the_package_does(tiny_generator, model):
    """The trainer's own arithmetic and the wrapped graph give the same codes, but for ties."""
    from deblurvid.frames import PictureFormat
    from deblurvid.graph.contract import generator_from_model
    from deblurvid.graph.wrap import wrap

    onnx.helper.set_model_props(model, {Key.KIND: "planes", Key.MULTIPLE_OF: "8"})
    graph = wrap(generator_from_model(model, name="tiny"), PictureFormat(source="rgb", depth=8))
    image = np.random.default_rng(3).integers(0, 256, (36, 50, 3), np.uint8)
    feed = {n: np.ascontiguousarray(image[None, None, :, :, i]) for i, n in enumerate("rgb")}
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    given = session.run(["out_r", "out_g", "out_b"], {**feed, "strength": np.ones(1, np.float32)})
    expected = restore_image(runner_from_generator(tiny_generator), image, 8)

    difference = np.abs(np.stack([p[0, 0] for p in given], 2).astype(int) - expected)
    assert difference.max() <= 1
    assert (difference > 0).mean() < 0.001
    assert (expected != image).mean() > 0.5
