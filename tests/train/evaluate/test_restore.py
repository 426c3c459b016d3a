"""Pictures through a generator of either kind."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from deblurvid.graph.contract import Key, generator_from_model
from deblurvid.graph.work import operations
from train.evaluate.onnx_file import restorer_from_onnx
from train.evaluate.restore import Restorer, arrays_from_image, restorer_from_generator
from train.evaluate.weights import open_weights


def nothing(picture):
    return tuple(np.zeros_like(array) for array in picture)


@pytest.mark.parametrize(("kind", "multiple_of"), [("planes", 16), ("rgb", 4)])
def test_a_residual_of_nothing_gives_the_picture_back(kind, multiple_of):
    """Odd sides, saturated colours: the picture itself never goes through a matrix."""
    image = np.random.default_rng(2).integers(0, 256, (37, 53, 3), np.uint8)
    restore = Restorer(run=nothing, kind=kind, multiple_of=multiple_of)

    assert restore(image).tolist() == image.tolist()


def test_a_residual_of_luma_moves_all_colours_alike():
    """Eleven codes of limited luma are 11 * 255 / 219 = 12.8 codes of R, G and B."""
    image = np.full((16, 16, 3), 100, np.uint8)

    def brighter(picture):
        y, u, v = picture
        return np.full_like(y, 11 / 256), np.zeros_like(u), np.zeros_like(v)

    restored = Restorer(run=brighter, kind="planes", multiple_of=16)(image)
    assert np.unique(restored).tolist() == [113]


def test_an_rgb_residual_is_rounded_and_clipped_where_it_belongs():
    """+2.6 codes of red at one pixel of an odd picture, far below nought of blue at another."""

    def change(picture):
        (rgb,) = picture
        assert rgb.shape == (1, 3, 8, 8)
        residual = np.zeros_like(rgb)
        residual[0, 0, 1, 4] = 2.6 / 255
        residual[0, 2, 3, 0] = -9
        return (residual,)

    image = np.random.default_rng(3).integers(50, 200, (5, 7, 3), np.uint8)
    expected = image.copy()
    expected[1, 4, 0] += 3
    expected[3, 0, 2] = 0

    assert Restorer(run=change, kind="rgb", multiple_of=8)(image).tolist() == expected.tolist()


def test_an_rgb_picture_is_fed_as_code_over_255_its_edge_repeated():
    """The last row and column of a 5 x 7 picture fill up the 8 x 8."""
    image = np.random.default_rng(4).integers(0, 256, (5, 7, 3), np.uint8)
    (fed,) = arrays_from_image(image, "rgb", 4)
    expected = image[np.minimum(np.arange(8), 4)][:, np.minimum(np.arange(8), 6)] / 255

    assert fed[0].transpose(1, 2, 0) == pytest.approx(expected)


def gain_model(value_range, low, gain):
    """Make an rgb generator that gives `low + gain (x - low)`: brighter by a factor, by hand."""
    kernel = numpy_helper.from_array(gain * np.eye(3, dtype=np.float32)[:, :, None, None], "kernel")
    bias = numpy_helper.from_array(np.full(3, low - gain * low, np.float32), "bias")
    shape = [1, 3, "height", "width"]
    into, out = (helper.make_tensor_value_info(n, TensorProto.FLOAT, shape) for n in ("in", "out"))
    node = helper.make_node("Conv", ["in", "kernel", "bias"], ["out"])
    graph = helper.make_graph([node], "gain", [into], [out], [kernel, bias])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, {Key.RANGE: value_range, Key.MULTIPLE_OF: "1"})
    return model


@pytest.mark.parametrize(("value_range", "low"), [("0..1", 0.0), ("-1..1", -1.0)])
def test_an_rgb_file_restores_in_the_range_it_states(value_range, low):
    """A factor of 1.5 about black makes 100 out of each 100 a 150, in either range."""
    model = gain_model(value_range, low, 1.5)
    restore = restorer_from_onnx(generator_from_model(model, name="gain"), "f32")
    image = np.full((6, 9, 3), 100, np.uint8)

    assert np.unique(restore(image)).tolist() == [150]


def test_flops_of_a_file_count_a_multiply_add_twice():
    """A 1x1 convolution of 3 by 3 channels over 1280 x 720: 9 multiply-adds a pixel."""
    generator = generator_from_model(gain_model("0..1", 0, 1), name="gain")

    assert operations(generator, (1280, 720)) == 2 * 9 * 1280 * 720


def test_a_torch_generator_of_rgb_restores_by_its_residual():
    """What it says times 255 is added."""

    class Brighter(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.change = torch.nn.Parameter(torch.tensor(20 / 255))
            self.architecture = type("Shape", (), {"picture": "rgb", "multiple_of": 4})

        def forward(self, rgb):
            return (torch.ones_like(rgb) * self.change,)

    image = np.full((6, 9, 3), 100, np.uint8)
    assert np.unique(restorer_from_generator(Brighter())(image)).tolist() == [120]


def test_a_checkpoint_is_not_said_to_be_evaluated_in_bf16(tmp_path):
    """Torch computes in f32; the error says what to do."""
    with pytest.raises(ValueError, match=r"f32, not bf16\. Export it"):
        open_weights(tmp_path / "checkpoint.safetensors", "bf16")


def test_an_onnx_file_opens_by_its_name(tmp_path):
    """The restorer and what a frame of 1280 x 720 costs."""
    onnx.save(gain_model("0..1", 0, 2), tmp_path / "gain.onnx")
    restore, flop = open_weights(tmp_path / "gain.onnx", "f32")

    assert flop == 2 * 9 * 1280 * 720
    assert restore(np.full((4, 4, 3), 30, np.uint8))[0, 0].tolist() == [60, 60, 60]
