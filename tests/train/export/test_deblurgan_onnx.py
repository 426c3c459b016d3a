"""DeblurGAN's ONNX file against the network it came from."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from deblurvid.frames import PictureFormat
from deblurvid.graph.contract import Key, generator_from_model
from deblurvid.graph.work import operations
from deblurvid.graph.wrap import wrap
from train.evaluate.restore import restorer_from_generator
from train.export.deblurgan_onnx import fold_norms, onnx_from_deblurgan
from train.export.nodes import round_weights

KINDS = [(norm, up) for norm in ("batch", "instance") for up in ("resize", "transposed")]


@pytest.mark.parametrize(("norm", "up"), KINDS)
def test_onnx_runtime_gives_the_picture_and_what_torch_adds(tiny_deblurgan, norm, up):
    """In [-1, 1]: out = in + 2 residual, at sizes of one file, to float32's rounding."""
    generator = fold_norms(tiny_deblurgan(norm, up))
    round_weights(generator)
    session = onnxruntime.InferenceSession(onnx_from_deblurgan(generator).SerializeToString())
    for height, width in ((8, 12), (40, 16)):
        rgb = torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(0))
        (residual,) = generator(rgb)
        (given,) = session.run(None, {"rgb": (2 * rgb - 1).numpy()})

        expected = (2 * rgb - 1 + 2 * residual).numpy()
        assert given == pytest.approx(expected, abs=2e-5)
        assert residual.abs().max() > 1e-3


@pytest.mark.parametrize("up", ["resize", "transposed"])
def test_folding_batch_norm_changes_nothing(tiny_deblurgan, up):
    """Gamma (Wx - mean) / sqrt(var + eps) + beta is a convolution; the original is left alone."""
    generator = tiny_deblurgan("batch", up)
    rgb = torch.rand(1, 3, 16, 20, generator=torch.Generator().manual_seed(1))
    (before,) = generator(rgb)
    folded = fold_norms(generator)

    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in folded.modules())
    assert folded(rgb)[0].numpy() == pytest.approx(before.numpy(), abs=1e-6)
    assert (generator(rgb)[0] == before).all()


def test_a_file_with_batch_norm_holds_no_norm_and_half_precision_weights(tiny_deblurgan):
    """What remains is what every engine takes."""
    model = onnx_from_deblurgan(fold_norms(tiny_deblurgan("batch", "resize")))
    floats = [w for w in model.graph.initializer if w.data_type != onnx.TensorProto.INT64]
    kernels = {w.data_type for w in floats if not w.name.endswith("scales")}

    kinds = {node.op_type for node in model.graph.node}
    assert kinds == {"Add", "Cast", "Conv", "Pad", "Relu", "Resize", "Tanh"}
    assert kernels == {onnx.TensorProto.FLOAT16}


@pytest.mark.parametrize(("norm", "up"), KINDS)
def test_flops_counted_in_the_file_are_those_of_the_architecture(tiny_deblurgan, norm, up):
    """Shape inference over the ONNX nodes and the closed form agree at 720p."""
    generator = tiny_deblurgan(norm, up)
    model = onnx_from_deblurgan(fold_norms(generator))
    onnx.helper.set_model_props(model, {Key.KIND: "rgb", Key.MULTIPLE_OF: "4", Key.RANGE: "-1..1"})
    written = generator_from_model(model, name="tiny")

    assert operations(written, (1280, 720)) == generator.architecture.count_flop(720, 1280)


@pytest.mark.parametrize("norm", ["batch", "instance"])
def test_the_score_restores_as_the_package_does(tiny_deblurgan, norm):
    """The trainer's own arithmetic and the wrapped graph give the same codes, but for ties."""
    generator = fold_norms(tiny_deblurgan(norm, "resize"))
    round_weights(generator)
    model = onnx_from_deblurgan(generator)
    onnx.helper.set_model_props(model, {Key.KIND: "rgb", Key.MULTIPLE_OF: "4", Key.RANGE: "-1..1"})
    graph = wrap(generator_from_model(model, name="tiny"), PictureFormat(source="rgb", depth=8))
    image = np.random.default_rng(3).integers(0, 256, (37, 50, 3), np.uint8)
    feed = {n: np.ascontiguousarray(image[None, None, :, :, i]) for i, n in enumerate("rgb")}
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    given = session.run(["out_r", "out_g", "out_b"], {**feed, "strength": np.ones(1, np.float32)})
    expected = restorer_from_generator(generator)(image)

    difference = np.abs(np.stack([p[0, 0] for p in given], 2).astype(int) - expected)
    assert difference.max() <= 1
    assert (difference > 0).mean() < 0.001
    assert (expected != image).mean() > 0.2
