"""What parity measures, and what it makes of it."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from deblurvid.graph.contract import Key, generator_from_model
from train.evaluate.restore import arrays_from_image
from train.export.parity import Difference, Parity, difference, measure_parity, run_in_fp16
from train.export.planes_onnx import onnx_from_planes

GOOD = Parity(
    pictures=3,
    onnx_reference=Difference(largest=1e-6, mean=1e-7),
    openvino_f32=Difference(largest=1e-6, mean=1e-7),
    onnxruntime=Difference(largest=1e-6, mean=1e-7),
    bf16_db=55.0,
    fp16_db=60.0,
    fp16_finite=True,
    largest_activation=12.0,
)


def gains(first, second):
    """Make an rgb generator tanh(second * first * x): what comes between may leave FP16."""
    eye = np.eye(3, dtype=np.float32)[:, :, None, None]
    weights = [
        numpy_helper.from_array(gain * eye, name) for gain, name in ((first, "a"), (second, "b"))
    ]
    shape = [1, 3, "height", "width"]
    into, out = (helper.make_tensor_value_info(n, TensorProto.FLOAT, shape) for n in ("in", "out"))
    nodes = [
        helper.make_node("Conv", ["in", "a"], ["x"]),
        helper.make_node("Conv", ["x", "b"], ["y"]),
        helper.make_node("Tanh", ["y"], ["out"]),
    ]
    graph = helper.make_graph(nodes, "gains", [into], [out], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, {Key.MULTIPLE_OF: "1"})
    return generator_from_model(model, name="gains")


def test_fp16_overflows_where_half_precision_does():
    """White times 255 * 256 is 65280, which FP16 holds; times 258 * 256 is 66048.

    The tanh behind hides the overflow from whoever looks at the result only.
    """
    white = [arrays_from_image(np.full((4, 4, 3), 255, np.uint8), "rgb", 1)]

    assert run_in_fp16(gains(255, 256), white)[1] is True
    residuals, finite = run_in_fp16(gains(258, 256), white)
    assert finite is False
    assert np.isfinite(residuals[0][0]).all()


def test_fp16_computes_in_half_precision():
    """1 + 1/4096 is not to be told from 1 with 11 bits, 1 + 1/512 is."""
    ones = [(np.full((1, 3, 1, 1), 1.0, np.float32),)]
    exact, close, apart = (
        run_in_fp16(gains(1, gain), ones)[0][0][0] for gain in (1, 1 + 1 / 4096, 1 + 1 / 512)
    )

    assert (close == exact).all()
    assert (apart != exact).all()


def test_difference_is_over_all_samples_of_all_pictures():
    """Of 4 + 2 samples, two differ by 1 and 3: at most 3, on average 4 / 6."""
    a = [(np.zeros((1, 1, 2, 2), np.float32),), (np.zeros((1, 1, 1, 2), np.float32),)]
    b = [(a[0][0].copy(),), (a[1][0].copy(),)]
    b[0][0][0, 0, 1, 1] = -1
    b[1][0][0, 0, 0, 0] = 3

    assert difference(a, b) == Difference(largest=3, mean=pytest.approx(4 / 6))


@pytest.mark.parametrize("name", ["onnx_reference", "openvino_f32", "onnxruntime"])
def test_an_engine_that_computes_something_else_is_named(name):
    """More than 1e-4 in float32, or no number at all, is wrong; the half precisions have no say."""
    far = replace(GOOD, **{name: Difference(largest=2e-4, mean=0.0)})
    lost = replace(GOOD, **{name: Difference(largest=float("nan"), mean=0.0)})

    assert GOOD.wrong() == []
    assert far.wrong() == [f"{name} differs by 0.0002, more than 0.0001"]
    assert len(lost.wrong()) == 1
    assert far.lossy() == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"bf16_db": 49.9}, "bf16 keeps 49.9 dB of 50"),
        ({"fp16_db": 40.0}, "fp16 keeps 40.0 dB of 50"),
        ({"fp16_db": float("nan")}, "fp16 keeps nan dB of 50"),
        ({"fp16_finite": False}, "fp16 overflows"),
        ({"largest_activation": 9000.0}, "activations reach 9e+03, more than 8192.0"),
    ],
)
def test_what_a_half_precision_loses_is_named_and_recorded(change, fault):
    """Below 50 dB, an overflow, or values near the limits; in the papers too."""
    parity = replace(GOOD, **change)

    assert GOOD.lossy() == []
    assert parity.lossy() == [fault]
    assert parity.as_table()["failed"] == [fault]


@pytest.mark.parametrize(("decibel", "passed"), [(49.9, False), (50.0, True)])
def test_the_package_reads_bf16_s_verdict(tiny_generator, decibel, passed):
    """bf16 is used only for generators whose metadata state 50 dB or more."""
    model = onnx_from_planes(tiny_generator)
    table = json.dumps(replace(GOOD, bf16_db=decibel).as_table())
    onnx.helper.set_model_props(model, {Key.MULTIPLE_OF: "8", Key.PARITY: table})

    assert generator_from_model(model, name="tiny").passed_bf16 is passed


def test_a_file_with_another_weight_fails_in_every_engine(tiny_generator):
    """One weight of the last convolution more by an eighth: all three see it."""
    model = onnx_from_planes(tiny_generator)
    onnx.helper.set_model_props(model, {Key.MULTIPLE_OF: "8"})
    for tensor in model.graph.initializer:
        if tensor.name == "tail.bias.fp16":
            values = numpy_helper.to_array(tensor) + np.float16(0.125)
            tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    exported = generator_from_model(model, name="tiny")
    image = np.random.default_rng(0).integers(0, 256, (32, 40, 3), np.uint8)
    parity = measure_parity(tiny_generator, exported, [image])

    assert [fault.split()[0] for fault in parity.wrong()] == [
        "onnx_reference",
        "openvino_f32",
        "onnxruntime",
    ]
    assert parity.onnxruntime.largest == pytest.approx(0.125, rel=0.01)
