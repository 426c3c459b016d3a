"""How far generators look, against what really changes when one sample does."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper

from deblurvid.backends.identity import identity_generator
from deblurvid.errors import GeneratorError
from deblurvid.graph.contract import PLANE_INPUTS, read_generator, real_inputs
from deblurvid.graph.reach import SAMPLING_PIXELS, Reach, reach_of
from tests.graph.generators import (
    bare_planes,
    conv_planes,
    conv_rgb,
    generator,
    model_of,
    node,
    tensor,
    weight,
)

FAST = Path(__file__).parents[2] / "engines" / "fast.onnx"


def looked_at(model, side, *, every=1, change=0.5):
    """How far from a changed pixel the first output changes, by running the generator."""
    session = onnxruntime.InferenceSession(model.SerializeToString())
    rng = np.random.default_rng(1)
    feeds = {}
    for value in real_inputs(model):
        half = 2 if value.name in PLANE_INPUTS[1:] else 1
        channels = 1 if value.name in PLANE_INPUTS else 3
        shape = (1, channels, side // half, side // half)
        dtype = np.float16 if value.type.tensor_type.elem_type == 10 else np.float32
        feeds[value.name] = rng.random(shape).astype(dtype)
    first = model.graph.output[0].name
    (before,) = session.run([first], feeds)
    farthest = 0
    for at in range(side // 2, side // 2 + 16, every):
        changed = {name: value.copy() for name, value in feeds.items()}
        changed[next(iter(feeds))][..., at, at] += change
        (after,) = session.run([first], changed)
        _, _, rows, columns = np.nonzero(before != after)
        if len(rows):
            farthest = max(farthest, np.abs(rows - at).max(), np.abs(columns - at).max())
    return int(farthest)


def open_everywhere(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same layers as means over all that they see, so that no rectifier stops a change."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    for tensor_ in copy.graph.initializer:
        values = numpy_helper.to_array(tensor_)
        if values.ndim == 4 and values.size > 1:
            mean = np.full_like(values, 1 / np.prod(values.shape[1:]))
            tensor_.CopyFrom(numpy_helper.from_array(mean, tensor_.name))
    return copy


def rgb_of(nodes, weights=()) -> onnx.ModelProto:
    return model_of(
        nodes, [tensor("x", 1, 3, "H", "W")], [tensor("z", 1, 3, "H", "W")], list(weights)
    )


W3 = weight("w", np.full((3, 3, 3, 3), 0.1))
W5 = weight("w", np.full((3, 3, 5, 5), 0.1))
W4 = weight("w", np.full((3, 3, 4, 4), 0.1))
FRAME = weight("p", [0, 0, 2, 2, 0, 0, 2, 2], np.int64)
TWICE = weight("s", [1, 1, 2, 2])

NETWORKS = {
    "folded by 2": conv_planes(0.5),
    "folded by 4": conv_planes(0.5, fold=4),
    "rgb": conv_rgb(0.5),
    "dilated": rgb_of([node("Conv", "x w", "z", pads=[0, 0, 6, 6], dilations=[3, 3])], [W3]),
    "lopsided": rgb_of([node("Conv", "x w", "z", pads=[4, 4, 0, 0])], [W5]),
    "unfolded": rgb_of(
        [
            node("Conv", "x w", "y", pads=[2, 2, 0, 0], strides=[2, 2]),
            node("DepthToSpace", "y", "z", blocksize=2),
        ],
        [weight("w", np.full((12, 3, 4, 4), 0.1))],
    ),
    "padded before": rgb_of(
        [node("Pad", "x p", "y", mode="reflect"), node("Conv", "y w", "z")], [FRAME, W5]
    ),
    "halved and doubled": rgb_of(
        [
            node("Conv", "x w", "y", pads=[1] * 4, strides=[2, 2]),
            node("ConvTranspose", "y w", "z", pads=[1] * 4, strides=[2, 2]),
        ],
        [W4],
    ),
    "resized": rgb_of(
        [
            node("AveragePool", "x", "y", kernel_shape=[2, 2], strides=[2, 2]),
            node("Resize", "y r s", "z", mode="linear"),
        ],
        [TWICE, weight("r", [])],
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_reach_bounds_what_really_changes(name):
    """Nothing farther away changes, and the bound is not far too wide."""
    model = NETWORKS[name]
    bound = reach_of(generator(model)).pixels - SAMPLING_PIXELS
    found = looked_at(model, 64)

    assert found <= bound <= 2 * found + 4


def test_reach_of_the_shipped_generator():
    """With weights that let every path through, the farthest change lies at the bound."""
    made = read_generator(FAST)
    reach = reach_of(made)
    found = looked_at(open_everywhere(made.model), 384, every=5, change=1e20)

    assert found <= reach.pixels - SAMPLING_PIXELS <= found + 16
    assert reach.grain == 16


def test_nothing_looked_at():
    """Identity looks at its own pixel alone."""
    assert reach_of(identity_generator()) == Reach(pixels=SAMPLING_PIXELS, grain=2)


WHOLE = {
    "GlobalAveragePool": rgb_of(
        [node("GlobalAveragePool", "x", "m"), node("Mul", "x m", "z")],
    ),
    "InstanceNormalization": rgb_of(
        [node("InstanceNormalization", "x a b", "z")], [weight("a", [1] * 3), weight("b", [0] * 3)]
    ),
    "Softmax": rgb_of([node("Softmax", "x", "z", axis=3)]),
    "Conv": rgb_of([node("Conv", "x w", "z", auto_pad="SAME_UPPER")], [W3]),
    "Add": bare_planes(
        [node("Add", "y u", "dy"), node("Identity", "u", "du"), node("Identity", "v", "dv")]
    ),
}


@pytest.mark.parametrize("kind", WHOLE)
def test_what_cannot_be_followed_is_named(kind):
    """A node that looks at the whole picture, or that cannot be told, is an error with its name."""
    with pytest.raises(GeneratorError, match=rf"node .*\({kind}\)"):
        reach_of(generator(WHOLE[kind]))
