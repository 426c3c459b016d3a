"""What TensorRT logs while it builds -> an error: what failed, which node, what to do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from deblurvid.backends.log import lacks_memory
from deblurvid.errors import DeviceMemoryError, EngineError, GeneratorError, PrecisionError
from deblurvid.graph.site import PREFIX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deblurvid.errors import DeblurvidError

NOISE = re.compile(
    r"(?i)tactic|logger passed into|unused input|cudaError 35|lazy loading"
    r"|--- (Begin|End) node|While parsing node"
)
"""Lines that tell people nothing: kernels that were tried and passed over, an error that follows
from another, fragments. They are in the debug log."""

LONGEST = 240
"""Characters of TensorRT's words: its compiler may log a whole graph in one line."""

_OTHER = "Use another generator, or --device cpu"
_SMALLER = "Give it smaller sizes (--size), or free the GPU's memory"
_MIXED = (
    "Its number types do not fit together: use another --precision, or export it in float32 alone"
)
_NO_KERNEL = re.compile(r"(?i)could not find any implementation")
_MEANINGS: tuple[tuple[str, type[DeblurvidError], str], ...] = (
    (r"(?i)exceeds the maximum (supported )?element count", DeviceMemoryError, _SMALLER),
    (r"must have same input types|same type|StronglyTyped|(BF16|FP16).*support",
     PrecisionError, _MIXED),
    (rf"{_NO_KERNEL.pattern}|infer_type", PrecisionError,
     "TensorRT has no kernel for it in this number type: use another --precision"),
    (r"(?i)plugin not found|not supported|unsupported", GeneratorError, _OTHER),
    (r"(?i)optimization profile|profile \d", EngineError, "Check the sizes (--size)"),
    (r"at least one output|Failed to parse the ONNX model", GeneratorError, "Export it again"),
    (r"CUDA (driver|initialization)|cudaError", EngineError,
     "deblurvid doctor tells about the driver"),
)  # fmt: skip
"""What a line means, and what to do. Only a PrecisionError is a reason to try another precision."""


def is_noise(line: str) -> bool:
    """Whether a line of the log says nothing about why a build failed."""
    return NOISE.search(line) is not None


def failure(what: str, lines: Sequence[str]) -> DeblurvidError:
    """An error that says that `what` failed, why in TensorRT's words, and what to do.

    Args:
        what: such as "TensorRT cannot build NAME".
        lines: what it logged as errors, and what it logged of memory; the last one that says
            something counts.
    """
    telling = [line for line in lines if not is_noise(line)]
    lacking = [line for line in lines if lacks_memory(line)]
    line = (telling or list(lines) or [""])[-1]
    # Kernels that need more memory than there is are passed over until none is left.
    if lacking and (lacks_memory(line) or _NO_KERNEL.search(line)):
        return DeviceMemoryError(f"{what}: {_plain(lacking[-1])}. {_SMALLER}")
    if not line:
        return EngineError(f"{what}: TensorRT gives no reason; --debug shows its log")
    return _meant(what, line, _plain(line), otherwise=EngineError)


def node_failure(what: str, description: str, *, node: str, operator: str) -> DeblurvidError:
    """An error that says what the ONNX parser has against a node, and what to do."""
    lines = description.splitlines()
    telling = next((line for line in lines if "Error Code" in line), lines[-1] if lines else "")
    where = f"node {node.removeprefix(PREFIX)!r} ({operator}): " if operator else ""
    return _meant(what, description, where + _plain(telling), otherwise=GeneratorError)


def _meant(what: str, line: str, words: str, *, otherwise: type[DeblurvidError]) -> DeblurvidError:
    for pattern, kind, advice in _MEANINGS:
        if re.search(pattern, line):
            return kind(f"{what}: {words}. {advice}")
    return otherwise(f"{what}: {words}. {_OTHER}")


def _plain(line: str) -> str:
    """A line without source files, error numbers and function names."""
    line = re.sub(r"\s*\bIn \w+ at /?\S+?\.(cpp|h|cu):\d+", "", line)
    if match := re.search(r"Error Code \d+: ([\w ]+) \((.*)\)\s*$", line, re.DOTALL):
        line = match[2]
    line = re.sub(r"^\[\w+\.cpp::\w+::\d+\]\s*", "", line)
    line = re.sub(r"^.*?&& \"(.*?)\"$", r"\1", line.strip())
    line = re.sub(r"^Assertion failed: .*?: (?=[A-Z])", "", line)
    line = re.sub(r"^\[\w+\.(cpp|h):\d+: \w+\]\s*", "", line)
    words = " ".join(line.replace(PREFIX, "").split()).rstrip(". ")
    return words if len(words) <= LONGEST else f"{words[:LONGEST]}..."
