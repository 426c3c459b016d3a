"""What TensorRT logs, word for word, becomes the right error: it decides what is tried next.

The lines are TensorRT's and TensorRT-RTX's own, from reports of users and from the strings of the
1.7 libraries; those that need a GPU cannot be provoked here.
"""

from __future__ import annotations

import pytest

from deblurvid.build.messages import failure, node_failure
from deblurvid.errors import DeviceMemoryError, EngineError, GeneratorError, PrecisionError

SKIPPED = "Skipping tactic 0x0000000000000000 due to exception Cuda Runtime (out of memory)"
NEEDED = (
    "Tactic Device request: 4512MB Available: 3062MB. Device memory is insufficient to use tactic."
)
REQUESTED = (
    "Requested amount of GPU memory (34359738368 bytes) could not be allocated. There may not be "
    "enough free memory for allocation to succeed."
)
OUT_OF_MEMORY = (
    "[virtualMemoryBuffer.cpp::resizePhysical::154] Error Code 2: OutOfMemory (no further "
    "information)"
)
NO_KERNEL = (
    "[optimizer.cpp::computeCosts::4225] Error Code 10: Internal Error (Could not find any "
    "implementation for node {ForeignNode[generator/conv1 ... generator/conv2]}.)"
)
TOO_MANY = (
    "ITensor::getDimensions: Error Code 4: Internal Error (y: tensor has 4294967296 elements which "
    "exceeds the maximum supported element count of 2147483647)"
)
NO_TYPE = (
    "IBuilder::buildSerializedNetwork: Error Code 1: Myelin ([type.cpp:186: infer_type] Could not "
    "infer output types for operation: 2968: deconv: generator/restored/low-(bf16[1,3])"
)
NO_PROFILE = (
    "IBuilder::buildSerializedNetwork: Error Code 4: API Usage Error (Network has dynamic or shape "
    "inputs, but no optimization profile has been defined.)"
)
OLD_DRIVER = (
    "createInferBuilder: Error Code 6: API Usage Error (CUDA initialization failure with error: 35. "
    "Please check your CUDA installation)"
)


@pytest.mark.parametrize(
    ("lines", "kind", "words"),
    [
        ([NO_KERNEL], PrecisionError, ("node {ForeignNode[conv1 ... conv2]}", "--precision")),
        ([NO_TYPE], PrecisionError, ("deconv: restored/low", "--precision")),
        ([NEEDED, NO_KERNEL], DeviceMemoryError, ("Device memory is insufficient", "--size")),
        ([SKIPPED, NO_KERNEL], DeviceMemoryError, ("out of memory", "--size")),
        ([SKIPPED, NO_TYPE], PrecisionError, ("deconv: restored/low",)),
        ([OUT_OF_MEMORY, REQUESTED], DeviceMemoryError, ("34359738368 bytes", "--size")),
        ([REQUESTED, OUT_OF_MEMORY], DeviceMemoryError, ("no further information", "--size")),
        ([TOO_MANY], DeviceMemoryError, ("exceeds the maximum", "--size")),
        ([NO_PROFILE], EngineError, ("no optimization profile", "--size")),
        ([OLD_DRIVER], EngineError, ("error: 35", "doctor")),
        (["an illegal memory access was encountered"], EngineError, ("illegal memory access",)),
        ([], EngineError, ("gives no reason", "--debug")),
    ],
)
def test_why_a_build_failed(lines, kind, words):
    """Memory is told apart from precision, also where both end in "no implementation"."""
    error = failure("TensorRT cannot build net", lines)

    assert type(error) is kind
    for word in ("TensorRT cannot build net: ", *words):
        assert word in str(error)
    assert ".cpp" not in str(error)


NO_PLUGIN = (
    "[checkFallbackPluginImporter::1156] Error Code 3: API Usage Error (Plugin not found, are the "
    "plugin name, version, and namespace correct?)"
)
NO_OPERATOR = (
    "In node 0 with name: grow and operator: Resize: UNSUPPORTED_NODE: Assertion failed: "
    "!antialias: Antialiasing is not supported"
)
MIXED = (
    "ITensor::getDimensions: Error Code 4: API Usage Error (add: PRELU and SUM must have same "
    "input types. But they are of types Half and Float.)"
)


@pytest.mark.parametrize(
    ("description", "kind"),
    [(NO_PLUGIN, GeneratorError), (NO_OPERATOR, GeneratorError), (MIXED, PrecisionError)],
)
def test_what_the_parser_has_against_a_node(description, kind):
    """The node is named without our prefix; only number types are a matter of precision."""
    error = node_failure("TensorRT cannot take net", description, node="generator/a", operator="Op")

    assert type(error) is kind
    assert str(error).startswith("TensorRT cannot take net: node 'a' (Op): ")
