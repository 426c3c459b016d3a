"""What a generator is fed: the picture with its edges repeated, and nothing of that comes out."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto, helper

from deblurvid.frames import PictureFormat, Source
from deblurvid.graph.contract import Key
from deblurvid.graph.site import PREFIX
from tests.graph import generators as gen
from tests.graph import reference as ref
from tests.graph.running import BT709, ENGINES, REFERENCE, Running, opened
from tests.tolerance import FP32_PATH

SIZES = [(16, 16), (17, 19), (21, 30)]


def fed_to_generator(run: Running, planes, names: str, engine: str) -> list[np.ndarray]:
    """What arrives at the generator's inputs `names`, by making them outputs of the graph."""
    for name in names.split():
        shape = ["N", "C", f"rows {name}", f"columns {name}"]
        value = helper.make_tensor_value_info(PREFIX + name, TensorProto.FLOAT, shape)
        run.model.graph.output.append(value)
    results = opened(run.model, engine)(run.feeds(planes))
    return [results[PREFIX + name] for name in names.split()]


@pytest.mark.parametrize("engine", [REFERENCE, "f32"])
@pytest.mark.parametrize("fold", [2, 4])
@pytest.mark.parametrize("size", SIZES)
def test_planes_are_edge_padded(size: tuple[int, int], fold: int, engine: str):
    """y, u and v of a 4:2:0 frame grow to the multiple by their last rows and columns, exactly."""
    run = Running(
        gen.generator(gen.zero_planes(fold=fold)), PictureFormat(source="yuv420", depth=10), engine
    )
    planes = ref.random_planes("yuv420", 10, size)
    height, width = (ref.rounded_up(side, fold) for side in size)
    sides = [(height, width), (height // 2, width // 2), (height // 2, width // 2)]
    expected = [ref.edge_padded(p / 1024, *s) for p, s in zip(planes, sides, strict=True)]

    for want, got in zip(expected, fed_to_generator(run, planes, "y u v", engine), strict=True):
        np.testing.assert_array_equal(got[0, 0], want)


@pytest.mark.parametrize("source", ["yuv420", "yuv422", "gray", "rgb"])
@pytest.mark.parametrize("size", SIZES)
def test_rgb_is_edge_padded(size: tuple[int, int], source: Source):
    """An rgb generator's picture grows by its own last rows and columns, after the matrix."""
    model = gen.rgb_model(value_range="-1..1", multiple_of=4)
    run = Running(gen.generator(model), PictureFormat(source=source, depth=8), REFERENCE)
    planes = ref.random_planes(source, 8, size)
    rgb = np.clip(ref.rgb_of(planes, source, 8, BT709), 0, 1) * 2 - 1
    expected = ref.edge_padded(rgb, *(ref.rounded_up(side, 4) for side in size))
    (got,) = fed_to_generator(run, planes, "in", REFERENCE)

    np.testing.assert_allclose(got[0], expected, atol=FP32_PATH, rtol=0)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("source", ["yuv420", "yuv422", "yuv444", "gray", "rgb"])
def test_crop_keeps_each_sample_in_its_place(source: Source, engine: str):
    """A residual that numbers every sample of the padded picture lands sample for sample.

    What it says of the padding (here NaN) is cropped before it is looked at: none is counted.
    """
    size, padded = (17, 19), (20, 20)
    numbers = np.arange(400.0).reshape(padded) / 1024
    small = np.arange(100.0).reshape(10, 10) / 1024
    numbers[17:], numbers[:, 19:], small[9:] = np.nan, np.nan, np.nan
    picture = PictureFormat(source=source, depth=10)
    if source == "rgb":
        model = gen.rgb_model(table=np.stack([numbers] * 3))
        numbers = numbers * 1023 / 1024  # of the range of RGB codes
        wanted = [numbers] * 3
    else:
        # Chroma that another sampling doubles is kept constant; test_residual.py tells the rest.
        chroma = small if source == "yuv420" else np.where(small >= 0, 1 / 64, np.nan)
        model = gen.planes_model(tables=(numbers, chroma, chroma), fold=4)
        wanted = [numbers, chroma, chroma]
    planes = ref.random_planes(source, 10, size, high=600)
    run = Running(gen.generator(model), picture, engine)

    for plane, table, got in zip(planes, wanted, run(planes), strict=False):
        rows, columns = plane.shape
        change = np.full((rows, columns), 16.0)
        if table.shape == padded or source == "yuv420":
            change = 1024 * table[:rows, :columns]
        np.testing.assert_array_equal(got, np.rint(plane + change))
    assert run.invalid == 0


def test_multiple_of_one_is_fed_odd_sides():
    """A planes generator for any size sees the frame's own sides, chroma rounded up."""
    nodes = [gen.node("Mul", f"{x} zero", f"d{x}") for x in "yuv"]
    model = gen.bare_planes(nodes, [gen.weight("zero", 0.0)])
    run = Running(gen.generator(model), PictureFormat(source="yuv444", depth=8), REFERENCE)
    planes = ref.random_planes("yuv444", 8, (17, 19))

    shapes = [fed.shape for fed in fed_to_generator(run, planes, "y u v", REFERENCE)]
    assert shapes == [(1, 1, 17, 19), (1, 1, 9, 10), (1, 1, 9, 10)]


def test_rgb_generator_from_elsewhere_gets_a_multiple_of_32():
    """Without metadata a size that survives five halvings is assumed."""
    model = gen.rgb_model()
    kept = [e for e in model.metadata_props if e.key != Key.MULTIPLE_OF]
    del model.metadata_props[:]
    model.metadata_props.extend(kept)
    run = Running(gen.generator(model), PictureFormat(source="rgb", depth=8), REFERENCE)
    (fed,) = fed_to_generator(run, ref.random_planes("rgb", 8, (33, 40)), "in", REFERENCE)

    assert fed.shape == (1, 3, 64, 64)
