"""How much generators compute, against sums by hand."""

from pathlib import Path

import numpy as np
import pytest

from deblurvid.graph.contract import read_generator
from deblurvid.graph.work import operations
from tests.graph.generators import conv_planes, generator, model_of, node, tensor, weight

FAST = Path(__file__).parents[2] / "engines" / "fast.onnx"


def rgb_of(nodes, weights):
    return model_of(nodes, [tensor("x", 1, 3, "H", "W")], [tensor("z", 1, 3, "H", "W")], weights)


def test_convolutions_are_counted():
    """A 3x3 convolution of 3 channels to 8 at half the size, a transposed 4x4 one back."""
    model = rgb_of(
        [
            node("Conv", "x a", "y", pads=[1] * 4, strides=[2, 2]),
            node("ConvTranspose", "y b", "z", pads=[1] * 4, strides=[2, 2]),
        ],
        [weight("a", np.zeros((8, 3, 3, 3))), weight("b", np.zeros((8, 3, 4, 4)))],
    )
    pixels = 32 * 16  # of 64x32, halved

    assert operations(generator(model), (64, 32)) == 2 * pixels * (8 * 27 + 8 * 48)


def test_the_padded_picture_counts():
    """61x45 is computed as 64x48 by a generator that folds by 4: an unstated foreign net by 32."""
    folded = generator(conv_planes(0.5, fold=4))
    rgb = generator(
        rgb_of([node("Conv", "x a", "z", pads=[1] * 4)], [weight("a", np.zeros((3, 3, 3, 3)))])
    )

    assert operations(folded, (61, 45)) == operations(folded, (64, 48)) > 0
    assert operations(rgb, (61, 45)) == 64 * 64 * 81 * 2


def test_the_shipped_generator():
    """As its card says: 38.0 GFLOP for 1280x720."""
    fast = read_generator(FAST)
    before = fast.model.SerializeToString(deterministic=True)

    assert operations(fast, (1280, 720)) == pytest.approx(38.0e9, rel=0.002)
    assert fast.model.SerializeToString(deterministic=True) == before
