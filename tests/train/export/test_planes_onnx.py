"""The planes generator's ONNX file against the network it came from."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from deblurvid.frames import PictureFormat
from deblurvid.graph.contract import Key, generator_from_model
from deblurvid.graph.reach import reach_of
from deblurvid.graph.work import operations
from deblurvid.graph.wrap import wrap
from train.evaluate.restore import restorer_from_generator
from train.export.nodes import round_weights
from train.export.planes_onnx import onnx_from_planes
from train.generators.planes import PlanesArchitecture, PlanesGenerator

PLAIN_NODES = {
    "Add", "Cast", "Concat", "Conv", "DepthToSpace", "Identity", "Relu",
    "SpaceToDepth", "Split", "Sub",
}  # fmt: skip
SPECTRAL_NODES = PLAIN_NODES | {"AveragePool", "Log", "Mul", "Pad", "Resize"}


def _other(**fields):
    """A generator of two levels none of whose parameters is zero, rounded to FP16."""
    torch.manual_seed(1)
    generator = PlanesGenerator(
        PlanesArchitecture(widths=(16, 32), encoder_blocks=(1, 1), decoder_blocks=(1,), **fields)
    ).requires_grad_(requires_grad=False)
    for parameter in generator.parameters():
        parameter.add_(torch.randn_like(parameter), alpha=0.01)
    round_weights(generator)
    return generator


@pytest.fixture
def model(tiny_generator):
    """The tiny generator as ONNX; its own weights are rounded with it."""
    round_weights(tiny_generator)
    return onnx_from_planes(tiny_generator)


@pytest.mark.parametrize("size", [(16, 24), (40, 16)])
def test_onnx_runtime_gives_what_torch_gives(tiny_generator, model, random_planes, size):
    """The file computes the network at any size, to float32's rounding."""
    fed = random_planes(*size)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    given = session.run(None, {n: p.numpy() for n, p in zip("yuv", fed, strict=True)})

    for plane, expected in zip(given, tiny_generator(*fed), strict=True):
        assert plane == pytest.approx(expected.numpy(), abs=1e-5)
        assert np.abs(plane).max() > 1e-3


@pytest.mark.parametrize("size", [(32, 64), (160, 96)])
@pytest.mark.parametrize("other", [{"fold": 2}, {"block": "gated"}, {"spectrum": True}], ids=str)
def test_other_architectures_export_as_well(random_planes, other, size):
    """A fold of two needs no folding of chroma; gates multiply; spectra are of any size."""
    generator, fed = _other(**other), random_planes(*size)
    session = onnxruntime.InferenceSession(onnx_from_planes(generator).SerializeToString())
    given = session.run(None, {n: p.numpy() for n, p in zip("yuv", fed, strict=True)})

    for plane, expected in zip(given, generator(*fed), strict=True):
        assert plane == pytest.approx(expected.numpy(), abs=1e-5)
        assert np.abs(plane).max() > 1e-3


def test_the_graph_holds_plain_nodes_and_half_precision_weights(model):
    """Only what every engine takes; two bytes a weight on disk."""
    assert {node.op_type for node in model.graph.node} <= PLAIN_NODES
    floats = [w for w in model.graph.initializer if w.data_type != onnx.TensorProto.INT64]
    assert {w.data_type for w in floats if w.name != "half"} == {onnx.TensorProto.FLOAT16}


def test_a_spectrum_costs_what_is_said_and_looks_a_known_way():
    """Its nodes are known to every engine; operations agree; tiles may cut the picture."""
    generator = _other(spectrum=True)
    model = onnx_from_planes(generator)
    onnx.helper.set_model_props(model, {Key.KIND: "planes", Key.MULTIPLE_OF: "32"})
    written = generator_from_model(model, name="spectral")

    assert {node.op_type for node in model.graph.node} <= SPECTRAL_NODES
    assert operations(written, (1280, 720)) == generator.architecture.count_flop(720, 1280)
    # 64 of the window, 160 for each of two means, 32 each for the 3x3 layer and the gates, and the
    # U's own.
    assert 64 + 2 * 160 + 2 * 32 < reach_of(written).pixels < 576
    assert reach_of(written).grain == 32


def test_nothing_but_splits_and_unfolding_follows_the_last_convolution(model):
    """OpenVINO keeps float32 only there, and the residual is added to the picture there."""
    kinds = [node.op_type for node in model.graph.node]
    last = len(kinds) - 1 - kinds[::-1].index("Conv")

    assert set(kinds[last + 1 :]) <= {"Split", "DepthToSpace", "Identity"}


def test_flops_counted_in_the_file_are_those_of_the_architecture(tiny_generator, model):
    """Shape inference over the ONNX nodes and the closed form agree at 720p."""
    architecture = tiny_generator.architecture

    written = generator_from_model(model, name="tiny")
    assert operations(written, (1280, 720)) == architecture.count_flop(720, 1280)


def test_the_score_restores_as_the_package_does(tiny_generator, model):
    """The trainer's own arithmetic and the wrapped graph give the same codes, but for ties."""
    onnx.helper.set_model_props(model, {Key.KIND: "planes", Key.MULTIPLE_OF: "8"})
    graph = wrap(generator_from_model(model, name="tiny"), PictureFormat(source="rgb", depth=8))
    image = np.random.default_rng(3).integers(0, 256, (36, 50, 3), np.uint8)
    feed = {n: np.ascontiguousarray(image[None, None, :, :, i]) for i, n in enumerate("rgb")}
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    given = session.run(["out_r", "out_g", "out_b"], {**feed, "strength": np.ones(1, np.float32)})
    expected = restorer_from_generator(tiny_generator)(image)

    difference = np.abs(np.stack([p[0, 0] for p in given], 2).astype(int) - expected)
    assert difference.max() <= 1
    assert (difference > 0).mean() < 0.001
    assert (expected != image).mean() > 0.5
