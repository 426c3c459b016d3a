"""Around a generator: names, versions, functions and metadata of the graph that is built."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from deblurvid.frames import SOURCES, PictureFormat
from deblurvid.graph.colour import COLOUR_INPUTS
from deblurvid.graph.contract import Key
from deblurvid.graph.wrap import wrap
from tests.graph import generators as gen
from tests.graph import reference as ref
from tests.graph.generators import node, tensor, weight
from tests.graph.running import ENGINES, Running

YUV420 = PictureFormat(source="yuv420", depth=8)
PLANES = ref.random_planes("yuv420", 8, (17, 19), high=200)


def assert_adds_three_to_luma(model: onnx.ModelProto, engine: str) -> None:
    """The graph around `model` adds 3 codes to y and nothing to u and v."""
    y, u, v = Running(gen.generator(model), YUV420, engine)(PLANES)

    np.testing.assert_array_equal(y, PLANES[0] + 3)
    np.testing.assert_array_equal(u, PLANES[1])
    np.testing.assert_array_equal(v, PLANES[2])


def adding_three(*, opset: int = gen.OPSET) -> onnx.ModelProto:
    """A generator by convolutions that adds 3 codes to y."""
    return gen.planes_model(bias=(3 / 256, 0, 0), opset=opset)


@pytest.mark.parametrize("engine", ENGINES)
def test_names_of_the_generator_do_not_collide(engine: str):
    """A generator may use every name that the graph uses itself."""
    model = adding_three()
    taken = ["strength", "out_y", "wrap/Add_1", "wrap/constant_0", "invalid", "matrix",
             "generator/y", "out_y_as"]  # fmt: skip
    inner = [o for n in model.graph.node for o in n.output if o not in ("dy", "du", "dv")]
    inner += [w.name for w in model.graph.initializer]
    renamed = dict(zip(inner, taken, strict=False))
    for one in model.graph.node:
        one.input[:] = [renamed.get(name, name) for name in one.input]
        one.output[:] = [renamed.get(name, name) for name in one.output]
        one.name = renamed.get(one.output[0], "out_y_as")
    for one in model.graph.initializer:
        one.name = renamed.get(one.name, one.name)

    assert set(taken) <= {name for one in model.graph.node for name in (*one.input, *one.output)}
    assert_adds_three_to_luma(model, engine)


@pytest.mark.parametrize("opset", [13, 21, onnx.defs.onnx_opset_version()])
@pytest.mark.parametrize("source", SOURCES)
def test_graph_is_valid_at_any_opset(opset: int, source):
    """From opset 13 to the newest that ONNX has: full check, version kept, types inferred."""
    for model in (gen.zero_planes(opset=opset), gen.rgb_model(opset=opset)):
        graph = wrap(gen.generator(model), PictureFormat(source=source, depth=10))
        onnx.checker.check_model(graph, full_check=True)

        assert [(o.domain, o.version) for o in graph.opset_import] == [("", opset)]
        assert graph.ir_version == model.ir_version


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("opset", [13, onnx.defs.onnx_opset_version()])
def test_oldest_and_newest_opset_run(opset: int, engine: str):
    """Both ends of the opsets run in every engine."""
    assert_adds_three_to_luma(adding_three(opset=opset), engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_weights_listed_as_inputs_are_taken(engine: str):
    """Files of the old form list their weights among the inputs (IR version 3 demands it)."""
    model = adding_three(opset=13)
    for one in model.graph.initializer:
        model.graph.input.append(tensor(one.name, *one.dims, kind=one.data_type))
    model.ir_version = 3

    onnx.checker.check_model(model)
    assert_adds_three_to_luma(model, engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_local_functions_are_written_out(engine: str):
    """A generator may call functions of its own file; OpenVINO takes none, so they are inlined."""
    body = [node("Mul", "a zero", "nothing"), node("Add", "nothing b", "c")]
    # Its name is that of a standard operator, in a domain of its own.
    zero = node("Constant", "", "zero", value=weight("zero", 0.0))
    sets = [helper.make_opsetid("", gen.OPSET), helper.make_opsetid("mine", 1)]
    function = helper.make_function("mine", "Relu", ["a", "b"], ["c"], [zero, *body], sets[:1])
    nodes = [node("Relu", f"{x} change_{x}", f"d{x}", domain="mine") for x in "yuv"]
    weights = [weight(f"change_{x}", c / 256) for x, c in zip("yuv", (3, 0, 0), strict=True)]
    model = gen.bare_planes(nodes, weights)
    model.opset_import.append(sets[1])
    model.functions.append(function)

    assert len(wrap(gen.generator(model), YUV420).functions) == 0
    assert_adds_three_to_luma(model, engine)


@pytest.mark.parametrize("engine", ["reference", "f32"])
def test_branches_are_kept(engine: str):
    """A generator may branch: names inside its branches are prefixed too."""
    branches = {
        name: helper.make_graph(
            [node("Add", f"nothing {name}", f"{name}_out")], name, [],
            [tensor(f"{name}_out", 1, 1, "H", "W")],
        )
        for name in ("three", "four")
    }  # fmt: skip
    nodes = [
        node("Mul", "y zero", "nothing"),
        node("If", "truth", "dy", then_branch=branches["three"], else_branch=branches["four"]),
        node("Mul", "u zero", "du"),
        node("Mul", "v zero", "dv"),
    ]
    weights = [weight("zero", 0), weight("three", 3 / 256), weight("four", 4 / 256),
               weight("truth", True, np.bool_)]  # fmt: skip

    assert_adds_three_to_luma(gen.bare_planes(nodes, weights), engine)


def test_metadata_say_what_it_is():
    """What the generator said stays, and what the graph is for is added."""
    model = gen.with_metadata(gen.zero_planes(), {Key.LICENCE: "MIT", Key.NAME: "light"})
    graph = wrap(gen.generator(model), PictureFormat(source="yuv422", depth=10), precision="fp16")
    metadata = {entry.key: entry.value for entry in graph.metadata_props}

    assert metadata == {
        Key.LICENCE: "MIT",
        Key.NAME: "light",
        Key.KIND: "planes",
        Key.MULTIPLE_OF: "2",
        "deblurvid.source": "yuv422",
        "deblurvid.depth": "10",
        "deblurvid.precision": "fp16",
    }


@pytest.mark.parametrize("kind", ["planes", "rgb"])
@pytest.mark.parametrize("source", SOURCES)
def test_inputs_and_outputs_are_the_contracts(source, kind: str):
    """Bytes in and out with dynamic sides; only YCbCr in front of RGB needs the matrices."""
    model = gen.zero_planes() if kind == "planes" else gen.zero_rgb()
    graph = wrap(gen.generator(model), PictureFormat(source=source, depth=10)).graph
    names = {"gray": ["y"], "rgb": ["r", "g", "b"]}.get(source, ["y", "u", "v"])
    colour = list(COLOUR_INPUTS) if kind == "rgb" and source != "rgb" else []
    kinds = {v.name: v.type.tensor_type.elem_type for v in (*graph.input, *graph.output)}
    shapes = {
        v.name: [d.dim_value or d.dim_param for d in v.type.tensor_type.shape.dim]
        for v in (*graph.input, *graph.output)
    }

    assert [v.name for v in graph.input] == [*names, "strength", *colour]
    assert [v.name for v in graph.output] == [*(f"out_{n}" for n in names), "invalid"]
    for name in names:
        assert kinds[name] == kinds[f"out_{name}"] == TensorProto.UINT8
        assert shapes[name] == shapes[f"out_{name}"]
        assert shapes[name][:2] == [1, 2]
        assert all(isinstance(side, str) for side in shapes[name][2:])
    assert (kinds["invalid"], shapes["invalid"]) == (TensorProto.INT32, [1])


@pytest.mark.parametrize("kind", ["planes", "rgb"])
@pytest.mark.parametrize("source", SOURCES)
def test_only_casts_touch_bytes_and_nothing_is_computed_in_vain(source, kind: str):
    """TensorRT lets only Cast read or write uint8; and every node leads to an output."""
    model = gen.zero_planes() if kind == "planes" else gen.zero_rgb()
    graph = wrap(gen.generator(model), PictureFormat(source=source, depth=10)).graph
    inferred = onnx.shape_inference.infer_shapes(onnx.helper.make_model(graph)).graph
    kinds = {
        v.name: v.type.tensor_type.elem_type
        for v in (*inferred.input, *inferred.output, *inferred.value_info)
    }
    touching = {
        one.op_type
        for one in graph.node
        for name in (*one.input, *one.output)
        if kinds.get(name) == TensorProto.UINT8
    }
    used = {name for one in graph.node for name in one.input} | {v.name for v in graph.output}
    idle = [one.name for one in graph.node if not set(one.output) & used]

    assert touching == {"Cast"}
    assert idle == []
