"""A generator that breaks the contract is refused by a message that names what is wrong."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from deblurvid.errors import DeblurvidError, GeneratorError
from deblurvid.graph.contract import Key, generator_from_model, read_generator, weights_sha256
from tests.graph import generators as gen
from tests.graph.generators import model_of, node, planes_tensors, tensor, weight

if TYPE_CHECKING:
    from pathlib import Path


def planes_of(
    inputs, outputs="dy du dv", metadata=None, *, opset: int = gen.OPSET
) -> onnx.ModelProto:
    """A planes model with these inputs and outputs; inputs are names or tensors."""
    ins = planes_tensors(inputs) if isinstance(inputs, str) else inputs
    outs = planes_tensors(outputs) if isinstance(outputs, str) else outputs
    nodes = [node("Identity", ins[0].name, out.name) for out in outs]
    return gen.with_metadata(model_of(nodes, ins, outs, opset=opset), metadata or {})


def rgb_of(ins, outs=None, metadata=None) -> onnx.ModelProto:
    """An rgb model with these tensors."""
    outs = [tensor("out", 1, 3, "H", "W")] if outs is None else outs
    nodes = [node("Identity", ins[0].name, out.name) for out in outs]
    return gen.with_metadata(model_of(nodes, ins, outs), metadata or {})


RGB = tensor("in", 1, 3, "H", "W")
CHROMA = planes_tensors("y u v")[1:]
PLANES = {Key.KIND: "planes"}

REFUSED = {
    "v is missing": (planes_of("y u", metadata=PLANES), ["input 'v' is missing", "['y', 'u']"]),
    "v is missing, kind unstated": (planes_of("y u"), ["inputs ['y', 'u']", "y, u and v"]),
    "du is missing": (planes_of("y u v", "dy dv"), ["output 'du' is missing"]),
    "a fourth input": (planes_of("y u v sigma", metadata=PLANES), ["input 'sigma' is not known"]),
    "a fourth output": (planes_of("y u v", "dy du dv mask"), ["output 'mask' is not known"]),
    "whole numbers": (
        planes_of([tensor("y", 1, 1, "H", "W", kind=TensorProto.INT32), *CHROMA]),
        ["input 'y' is INT32", "float16"],
    ),
    "double": (
        planes_of("y u v", planes_tensors("dy du dv", TensorProto.DOUBLE)),
        ["output 'dy' is DOUBLE"],
    ),
    "rank 3": (planes_of([tensor("y", 1, "H", "W"), *CHROMA]), ["input 'y'", "[1, 'H', 'W']"]),
    "four channels": (rgb_of([tensor("in", 1, 4, "H", "W")]), ["input 'in' has 4 channels", "3"]),
    "channels come last": (rgb_of([tensor("in", 1, "H", "W", 3)]), ["input 'in'", "fixed size"]),
    "a window of planes": (
        planes_of([tensor("y", 1, 3, "H", "W"), *CHROMA]),
        ["input 'y' has 3 channels", "a window of 3 frames"],
    ),
    "a window of rgb": (
        rgb_of([tensor("in", 1, 15, "H", "W")]),
        ["input 'in' has 15 channels", "a window of 5 frames"],
    ),
    "a fixed batch": (rgb_of([tensor("in", 4, 3, "H", "W")]), ["input 'in'", "batch", "4"]),
    "a fixed size": (
        rgb_of([tensor("in", 1, 3, 256, 256)]),
        ["input 'in' has the fixed size [256, 256]"],
    ),
    "a fixed size of the output": (
        rgb_of([RGB], [tensor("out", 1, 3, 256, "W")]),
        ["output 'out' has the fixed size [256, 'W']"],
    ),
    "two rgb inputs": (
        rgb_of([RGB, tensor("kernel", 1, 3, "H", "W")], metadata={Key.KIND: "rgb"}),
        ["2 inputs ['in', 'kernel']"],
    ),
    "two rgb outputs": (
        rgb_of([RGB], [tensor(n, 1, 3, "H", "W") for n in ("out", "features")]),
        ["2 outputs ['out', 'features']"],
    ),
    "an old opset": (planes_of("y u v", opset=11), ["opset 11", "13"]),
    "an unknown kind": (
        rgb_of([RGB], metadata={Key.KIND: "raw"}),
        ["deblurvid.kind is 'raw'", "planes"],
    ),
    "a newer contract": (
        rgb_of([RGB], metadata={Key.CONTRACT: "2"}),
        ["deblurvid.contract is '2'"],
    ),
    "an odd multiple": (
        planes_of("y u v", metadata={Key.MULTIPLE_OF: "7"}),
        ["deblurvid.multiple_of is 7", "even"],
    ),
    "a multiple of zero": (rgb_of([RGB], metadata={Key.MULTIPLE_OF: "0"}), ["multiple_of is '0'"]),
    "a multiple of words": (
        rgb_of([RGB], metadata={Key.MULTIPLE_OF: "four"}),
        ["multiple_of is 'four'"],
    ),
    "a huge multiple": (
        rgb_of([RGB], metadata={Key.MULTIPLE_OF: "9" * 9}),
        ["multiple_of is '999999999'"],
    ),
    "an unknown range": (
        rgb_of([RGB], metadata={Key.RANGE: "0..255"}),
        ["range is '0..255'", "-1..1"],
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refusal_names_what_is_wrong(case: str):
    """Each breach of the contract is told by the input, output or entry and its value."""
    model, parts = REFUSED[case]
    with pytest.raises(GeneratorError) as caught:
        gen.generator(model)

    assert [part for part in parts if part not in str(caught.value)] == []


def test_refusal_is_ours_and_a_value_error():
    """GeneratorError is caught as DeblurvidError or as ValueError."""
    assert issubclass(GeneratorError, DeblurvidError)
    assert issubclass(GeneratorError, ValueError)


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (None, "no such generator file"),
        (b"", "not a valid ONNX file"),
        (b"these are not weights\n" * 9, "not a valid ONNX file"),
        (gen.zero_planes().SerializeToString()[:-50], "not a valid ONNX file"),
    ],
    ids=["missing", "empty", "text", "truncated"],
)
def test_file_that_is_no_onnx_is_named(tmp_path: Path, content: bytes | None, part: str):
    """A file that cannot be read is a GeneratorError with its path."""
    path = tmp_path / "some.onnx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(GeneratorError, match=r"some\.onnx") as caught:
        read_generator(path)

    assert part in str(caught.value)


def test_folder_is_refused(tmp_path: Path):
    """A folder is no generator."""
    with pytest.raises(GeneratorError, match="not a valid ONNX file"):
        read_generator(tmp_path)


def test_missing_weights_file_is_not_called_a_missing_generator(tmp_path: Path):
    """Weights kept beside the file and lost are told so."""
    path = tmp_path / "big.onnx"
    onnx.save(gen.zero_planes(), path, save_as_external_data=True, size_threshold=0,
              location="big.data")  # fmt: skip
    assert read_generator(path).kind == "planes"
    (tmp_path / "big.data").unlink()
    with pytest.raises(GeneratorError, match=r"big\.data") as caught:
        read_generator(path)

    assert "no such generator" not in str(caught.value)


def test_breach_in_a_file_names_the_file(tmp_path: Path):
    """A contract error of a file starts with the file."""
    path = gen.save(planes_of("y u v", metadata={Key.MULTIPLE_OF: "7"}), tmp_path / "odd.onnx")
    with pytest.raises(GeneratorError, match=r"odd\.onnx: deblurvid\.multiple_of is 7"):
        read_generator(path)


def test_file_tells_what_it_is(tmp_path: Path):
    """Kind, multiple, range and name come from the metadata; the name else from the file."""
    planes = read_generator(gen.save(gen.zero_planes(fold=4), tmp_path / "light.onnx"))
    named = gen.with_metadata(gen.zero_rgb("-1..1"), {Key.NAME: "DeblurGAN"})
    rgb = read_generator(gen.save(named, tmp_path / "x.onnx"))

    assert (planes.kind, planes.multiple_of, planes.name) == ("planes", 4, "light")
    assert (rgb.kind, rgb.multiple_of, rgb.name) == ("rgb", 4, "DeblurGAN")
    assert rgb.value_range == "-1..1"
    assert rgb.opset == gen.OPSET


def test_shapes_tell_where_metadata_are_silent():
    """y, u, v are planes; one picture of three channels is rgb in [0, 1]; weights are no inputs."""
    old = rgb_of([RGB, tensor("w", 3, 3, 1, 1)])
    old.graph.initializer.append(weight("w", np.ones((3, 3, 1, 1))))
    rgb = gen.generator(old)

    assert gen.generator(planes_of("y u v")).kind == "planes"
    assert gen.generator(planes_of("y u v")).multiple_of == 1
    assert (rgb.kind, rgb.multiple_of, rgb.value_range) == ("rgb", 32, "0..1")


def test_range_of_the_caller_wins():
    """An explicit range overrides the metadata."""
    assert gen.generator(gen.zero_rgb("0..1"), value_range="-1..1").value_range == "-1..1"


def test_half_inputs_are_taken():
    """float16 is a float, and a shape that the exporter left out is no breach."""
    model = planes_of(
        planes_tensors("y u v", TensorProto.FLOAT16),
        planes_tensors("dy du dv", TensorProto.FLOAT16),
    )
    model.graph.output[0].type.tensor_type.ClearField("shape")

    assert generator_from_model(model, name="half").kind == "planes"


def test_weights_sha256_is_over_raw_bytes():
    """SHA-256 over the initialisers as little-endian bytes, in the file's order."""
    one = np.arange(6, dtype=np.float32).reshape(2, 3)
    two = np.array([1, -2], np.int64)
    model = model_of([], [], [], [weight("b", one), weight("a", two, np.int64)])
    stored_as_floats = onnx.helper.make_tensor("b", TensorProto.FLOAT, (2, 3), one.ravel())
    expected = hashlib.sha256(one.tobytes() + two.tobytes()).hexdigest()

    assert weights_sha256(model) == expected
    model.graph.initializer[0].CopyFrom(stored_as_floats)
    assert weights_sha256(model) == expected


@pytest.mark.parametrize(
    ("parity", "passed"),
    [
        ('{"bf16": {"psnr_db": 61.2}}', True),
        ('{"bf16": {"psnr_db": 50}, "fp16": {"psnr_db": 10}}', True),
        ('{"bf16": {"psnr_db": 49.99}}', False),
        ('{"bf16": {"psnr_db": NaN}}', False),
        ('{"fp16": {"psnr_db": 80}}', False),
        (f'{{"bf16": {{"psnr_db": {"9" * 400}}}}}', False),
        ('{"bf16": 80}', False),
        ('{"bf16": {"psnr_db": "high"}}', False),
        ('{"bf16": {"psnr_db": null}}', False),
        ("[" * 100_000, False),
        ("[]", False),
        ("yes", False),
        ("", False),
        (None, False),
    ],
    ids=range(14),
)
def test_bf16_needs_stated_parity(parity: str | None, passed: bool):
    """Only a readable figure of 50 dB or more lets a generator run in bf16."""
    model = gen.zero_planes()
    if parity is not None:
        gen.with_metadata(model, {Key.PARITY: parity})

    assert gen.generator(model).passed_bf16 is passed
