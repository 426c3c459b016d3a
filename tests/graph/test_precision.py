"""FP16 and BF16 by type: legal ONNX, low where it may be, float32 where it must be."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import onnx
import pytest
from onnx import TensorProto, numpy_helper

from deblurvid.errors import GeneratorError
from deblurvid.frames import SOURCES, PictureFormat, Source
from deblurvid.graph.precision import ELEMENT_TYPES, FOLLOWERS, ISLANDS, retyped
from tests.graph import generators as gen
from tests.graph import reference as ref
from tests.graph.generators import node, weight
from tests.graph.running import REFERENCE, Running, opened
from tests.tolerance import BF16_PARITY_DB, HALF_PARITY_DB

Low = Literal["fp16", "bf16"]
LOWS: tuple[Low, ...] = ("fp16", "bf16")
FLOOR_DB = {"fp16": HALF_PARITY_DB, "bf16": BF16_PARITY_DB}
FLOATS = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16)


def foreign_rgb() -> onnx.ModelProto:
    """What nets from elsewhere hold: norms, pools, a resize whose size is computed in floats."""
    rng = np.random.default_rng(2)
    nodes = [
        node("Conv", "in w1 b1", "c1", pads=[1] * 4, strides=[2, 2]),
        node("InstanceNormalization", "c1 scale shift", "norm"),
        node("LeakyRelu", "norm", "r1", alpha=0.1),
        node("ReduceMean", "r1", "mean", axes=[1], keepdims=1),
        node("Sub", "r1 mean", "centred"),
        node("Pow", "centred two", "squared"),
        node("ReduceMean", "squared", "variance", axes=[1], keepdims=1),
        node("Add", "variance epsilon", "safe"),
        node("Sqrt", "safe", "deviation"),
        node("Div", "centred deviation", "layer"),
        node("GlobalAveragePool", "layer", "pooled"),
        node("Sigmoid", "pooled", "gate"),
        node("Mul", "layer gate", "gated"),
        node("Shape", "in", "shape"),
        node("Slice", "shape from to", "sides"),
        node("Cast", "sides", "sides_float", to=TensorProto.FLOAT),
        node("Constant", "", "one", value_float=1.0),
        node("Mul", "sides_float one", "same_sides"),
        node("Cast", "same_sides", "whole", to=TensorProto.INT64),
        node("Slice", "shape zero from", "batch"),
        node("Constant", "", "channels", value=weight("", [8], np.int64)),
        node("Slice", "batch zero unit", "n"),
        node("Concat", "n channels whole", "target", axis=0),
        node("Resize", "gated   target", "large", mode="linear"),
        node("Conv", "large w2 b2", "c2", pads=[1] * 4),
        node("Tanh", "c2", "change"),
        node("Mul", "change two", "twice"),
        node("Add", "in twice", "restored"),
    ]
    nodes[-5].input[:] = ["gated", "", "", "target"]
    weights = [
        weight("w1", rng.normal(size=(8, 3, 3, 3)) / 3), weight("b1", rng.normal(size=8)),
        weight("scale", rng.normal(size=8)), weight("shift", rng.normal(size=8)),
        weight("w2", rng.normal(size=(3, 8, 3, 3)) / 80), weight("b2", np.zeros(3)),
        weight("two", 2.0), weight("epsilon", 1e-6),
        weight("from", [2], np.int64), weight("to", [4], np.int64),
        weight("zero", [0], np.int64), weight("unit", [1], np.int64),
    ]  # fmt: skip
    picture = ("N", 3, "H", "W")
    return gen.model_of(
        nodes, [gen.tensor("in", *picture)], [gen.tensor("restored", *picture)], weights
    )


MODELS = {"planes": gen.conv_planes(), "rgb": gen.conv_rgb(), "foreign": foreign_rgb()}


def feeds_of(model: onnx.ModelProto, *, scale: float = 1.0) -> dict[str, np.ndarray]:
    """Random values in [0, scale] for each input, y twice the size of u and v."""
    rng = np.random.default_rng(3)
    shapes = {"u": (1, 1, 16, 16), "v": (1, 1, 16, 16), "y": (1, 1, 32, 32), "in": (1, 3, 32, 32)}
    return {
        v.name: (scale * rng.random(shapes[v.name])).astype(np.float32) for v in model.graph.input
    }


def psnr(one: dict[str, Any], other: dict[str, Any], peak: float = 1.0) -> float:
    """Of all outputs together."""
    errors = [np.square(np.asarray(one[n], np.float64) - other[n]).ravel() for n in one]
    return float(10 * np.log10(peak**2 / np.concatenate(errors).mean()))


def float_types(model: onnx.ModelProto) -> dict[str, int]:
    """Element types of all float tensors, as ONNX infers them."""
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True).graph
    types = {t.name: t.data_type for t in inferred.initializer}
    for value in (*inferred.input, *inferred.output, *inferred.value_info):
        types[value.name] = value.type.tensor_type.elem_type
    return {name: kind for name, kind in types.items() if kind in FLOATS}


@pytest.mark.parametrize("precision", LOWS)
@pytest.mark.parametrize("name", MODELS)
def test_retyped_is_legal_and_close(name: str, precision: Low):
    """ONNX's full check passes, and half and bfloat16 give what float32 gives, in both engines."""
    model = MODELS[name]
    low = retyped(model, precision)
    feeds = feeds_of(model)
    exact = opened(model, REFERENCE)(feeds)

    onnx.checker.check_model(low, full_check=True)
    assert psnr(exact, opened(low, REFERENCE)(feeds)) > FLOOR_DB[precision]
    assert psnr(exact, opened(low, "f32")(feeds)) > FLOOR_DB[precision]


@pytest.mark.parametrize("precision", LOWS)
@pytest.mark.parametrize("name", MODELS)
def test_inputs_and_outputs_stay_as_they_are(name: str, precision: Low):
    """Names, order and float32 of what goes in and comes out; every low weight is really low."""
    model = MODELS[name]
    low = retyped(model, precision)
    weights = {w.name: w.data_type for w in low.graph.initializer}

    assert list(low.graph.input) == list(model.graph.input)
    assert list(low.graph.output) == list(model.graph.output)
    assert {weights["w1"], weights["b1"], weights["w2"], weights["b2"]} == {
        ELEMENT_TYPES[precision]
    }
    assert retyped(model, "fp32") is model


@pytest.mark.parametrize("precision", LOWS)
@pytest.mark.parametrize("name", MODELS)
def test_only_islands_are_float32(name: str, precision: Low):
    """Every picture tensor is low but at islands, at what follows them, and at casts."""
    low = retyped(MODELS[name], precision)
    types = float_types(low)
    made_by = {output: one for one in low.graph.node for output in one.output}
    wide = set()
    for one in low.graph.node:
        touched = {types[n] for n in (*one.input, *one.output) if n in types}
        if one.op_type == "Cast" or not touched:
            continue
        if one.op_type in ISLANDS:
            assert touched == {TensorProto.FLOAT}
        elif TensorProto.FLOAT in touched:
            wide.add(one.output[0])
            assert touched == {TensorProto.FLOAT}
            assert one.op_type in FOLLOWERS
            for value in one.input:  # from an island, or no picture at all: a weight, a size
                maker = made_by.get(value)
                assert maker is None or maker.op_type in (ISLANDS | FOLLOWERS | {"Cast"})
        else:
            assert touched == {ELEMENT_TYPES[precision]}
    assert wide == ({"safe", "deviation", "same_sides"} if name == "foreign" else set())


def hand_written_norm(square: str) -> onnx.ModelProto:
    """(x - mean) / deviation over channels, its square by Pow (an island) or by Mul (half)."""
    rng = np.random.default_rng(4)
    squaring = {"Pow": node("Pow", "centred two", "squared"),
                "Mul": node("Mul", "centred centred", "squared")}[square]  # fmt: skip
    nodes = [
        node("Conv", "in w b", "c", pads=[1] * 4),
        node("ReduceMean", "c", "mean", axes=[1], keepdims=1),
        node("Sub", "c mean", "centred"),
        squaring,
        node("ReduceMean", "squared", "variance", axes=[1], keepdims=1),
        node("Add", "variance epsilon", "safe"),
        node("Sqrt", "safe", "deviation"),
        node("Div", "centred deviation", "normal"),
        node("Conv", "normal w2", "restored"),
    ]
    weights = [
        weight("w", 400 * rng.normal(size=(8, 3, 3, 3))), weight("b", 50 * rng.normal(size=8)),
        weight("two", 2.0), weight("epsilon", 1e-6), weight("w2", rng.normal(size=(3, 8, 1, 1)) / 9),
    ]  # fmt: skip
    picture = ("N", 3, "H", "W")
    return gen.model_of(
        nodes, [gen.tensor("in", *picture)], [gen.tensor("restored", *picture)], weights
    )


def test_island_keeps_a_norm_within_range():
    """A variance beyond 65504 survives behind Pow, which is an island with what follows it."""
    model = hand_written_norm("Pow")
    feeds = feeds_of(model)
    seen = onnx.ModelProto()
    seen.CopyFrom(model)
    seen.graph.output.append(gen.tensor("variance", "N", 1, "H", "W"))
    exact = opened(seen, REFERENCE)(feeds)

    assert exact.pop("variance").max() > 65504
    assert psnr(exact, opened(retyped(model, "fp16"), REFERENCE)(feeds)) > HALF_PARITY_DB


def test_a_mean_over_windows_is_summed_in_float32():
    """121 powers of 16,384, as of white in 11 x 11 windows, are within FP16; their sum is not."""
    nodes = [
        node("Mul", "in in", "power"),
        node("AveragePool", "power", "mean", kernel_shape=[11, 11], pads=[5] * 4),
        node("Sqrt", "mean", "restored"),
    ]
    picture = ("N", 3, "H", "W")
    model = gen.model_of(
        nodes, [gen.tensor("in", *picture)], [gen.tensor("restored", *picture)], []
    )
    half = onnx.shape_inference.infer_shapes(retyped(model, "fp16"), strict_mode=True)
    types = {value.name: value.type.tensor_type.elem_type for value in half.graph.value_info}
    (pool,) = (one for one in half.graph.node if one.op_type == "AveragePool")

    assert 121 * 16_384 > 65504 > 16_384
    assert types[pool.input[0]] == types[pool.output[0]] == TensorProto.FLOAT


@pytest.mark.filterwarnings("ignore:overflow encountered")
@pytest.mark.filterwarnings("ignore:invalid value encountered")
def test_true_half_shows_an_overflow():
    """The same squared by Mul overflows in half, and onnx.reference tells: it has true half."""
    model = hand_written_norm("Mul")
    feeds = feeds_of(model)
    exact = opened(model, REFERENCE)(feeds)
    low = opened(retyped(model, "fp16"), REFERENCE)(feeds)

    assert not psnr(exact, low) > HALF_PARITY_DB
    assert psnr(exact, opened(retyped(model, "bf16"), REFERENCE)(feeds)) > 30


def test_weight_beyond_half_is_refused():
    """FP16 cannot hold 65505 and more; the message names the weight, and bf16 takes it."""
    model = gen.conv_planes()
    w2 = next(w for w in model.graph.initializer if w.name == "w2")
    values = numpy_helper.to_array(w2).copy()
    values[0, 0, 0, 0] = -70000
    w2.CopyFrom(numpy_helper.from_array(values, "w2"))
    with pytest.raises(GeneratorError, match=r"'w2' reaches 7e\+04.*65504.*--precision"):
        retyped(model, "fp16")

    assert retyped(model, "bf16").opset_import[0].version >= 22


@pytest.mark.parametrize(
    ("nodes", "part"),
    [
        ([node("Whirl", "in", "x", domain="elsewhere"), node("Relu", "x", "restored")], "Whirl"),
        ([node("Relu", "in", "x"), node("Concat", "x whole", "restored", axis=1)], "fp16"),
    ],
    ids=["unknown operator", "types that do not fit"],
)
def test_graph_without_types_is_refused(nodes, part: str):
    """What ONNX cannot infer cannot be retyped: told as such, with the way out."""
    picture = ("N", 3, "H", "W")
    weights = [weight("whole", np.ones((1, 3, 1, 1)), np.int64)]
    model = gen.model_of(
        nodes, [gen.tensor("in", *picture)], [gen.tensor("restored", *picture)], weights
    )
    model.opset_import.add(domain="elsewhere", version=1)
    with pytest.raises(GeneratorError, match=part) as caught:
        retyped(model, "fp16")

    assert "--precision fp32" in str(caught.value)


def test_branches_are_refused():
    """Control flow is not retyped."""
    branch = onnx.helper.make_graph(
        [node("Relu", "y", "r")], "b", [], [gen.tensor("r", 1, 1, "H", "W")]
    )
    nodes = [node("If", "truth", "dy", then_branch=branch, else_branch=branch),
             node("Identity", "u", "du"), node("Identity", "v", "dv")]  # fmt: skip
    model = gen.bare_planes(nodes, [weight("truth", True, np.bool_)])
    with pytest.raises(GeneratorError, match=r"\(If\) has a subgraph"):
        retyped(model, "fp16")


def test_names_of_casts_do_not_collide():
    """A net that already uses the names which casts would get is retyped all the same."""
    nodes = [
        node("Conv", "in w", "c"),
        node("ReduceMean", "c", "c/float", axes=[1], keepdims=1),
        node("Add", "c c/float", "restored/low"),
        node("Conv", "restored/low w", "in/float16"),
        node("Add", "in/float16 in", "restored"),
    ]
    picture = ("N", 3, "H", "W")
    weights = [weight("w", np.random.default_rng(5).normal(size=(3, 3, 1, 1)))]
    model = gen.model_of(
        nodes, [gen.tensor("in", *picture)], [gen.tensor("restored", *picture)], weights
    )
    low = retyped(model, "fp16")
    feeds = feeds_of(model)

    onnx.checker.check_model(low, full_check=True)
    assert psnr(opened(model, REFERENCE)(feeds), opened(low, REFERENCE)(feeds)) > HALF_PARITY_DB


def test_weight_of_both_kinds_keeps_its_float32():
    """A constant that an island and a half operator share is stored twice, exact for the island."""
    nodes = [
        node("Conv", "in w", "c"),
        node("Mul", "c third", "small"),
        node("Pow", "small third", "restored"),
    ]
    picture = ("N", 3, "H", "W")
    weights = [weight("w", np.ones((3, 3, 1, 1))), weight("third", 1 / 3)]
    model = gen.model_of(
        nodes, [gen.tensor("in", *picture)], [gen.tensor("restored", *picture)], weights
    )
    stored = {w.name: numpy_helper.to_array(w) for w in retyped(model, "fp16").graph.initializer}

    assert stored["third"] == np.float16(1 / 3)
    assert stored["third/float"] == np.float32(1 / 3)


@pytest.mark.parametrize("precision", LOWS)
@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("kind", ["planes", "rgb"])
def test_zero_generator_of_low_types_gives_every_sample_back(
    kind: str, source: Source, precision: Low
):
    """Identity does not depend on types, also for RGB, whose picture passes through the low one."""
    models = {"planes": gen.zero_planes(), "rgb": gen.rgb_model(value_range="-1..1")}
    runs = [(8, REFERENCE), (10, REFERENCE), (16, REFERENCE)]
    for depth, engine in [*runs, (10, "f32")] if source in ("yuv422", "rgb") else runs:
        run = Running(
            gen.generator(models[kind]),
            PictureFormat(source=source, depth=depth),
            engine,
            precision=precision,
        )
        planes = ref.random_planes(source, depth, (17, 19))

        onnx.checker.check_model(run.model, full_check=True)
        for want, got in zip(planes, run(planes), strict=True):
            np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("engine", [REFERENCE, "f32", "bf16"])
def test_generator_stored_in_half_is_wrapped(engine: str):
    """float16 inputs and outputs are cast to and from: two codes arrive, zero changes nothing."""
    nodes = [node("Mul", f"{x} none", f"z{x}") for x in "yuv"]
    nodes += [node("Add", f"z{x} step", f"d{x}") for x in "yuv"]
    half = TensorProto.FLOAT16
    model = gen.model_of(
        nodes,
        gen.planes_tensors("y u v", half),
        gen.planes_tensors("dy du dv", half),
        [weight("none", 0, np.float16), weight("step", 2 / 1024, np.float16)],
    )
    run = Running(gen.generator(model), PictureFormat(source="yuv420", depth=10), engine)
    planes = ref.random_planes("yuv420", 10, (17, 19), high=1000)

    for want, got in zip(planes, run(planes), strict=True):
        np.testing.assert_array_equal(got, want + 2)
    for want, got in zip(planes, run(planes, strength=0), strict=True):
        np.testing.assert_array_equal(got, want)
