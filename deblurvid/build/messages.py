"""What TensorRT logs while it builds -> one sentence: what failed, which node, what to do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from deblurvid.graph.site import PREFIX

if TYPE_CHECKING:
    from collections.abc import Sequence

NOISE = re.compile(
    r"(?i)tactic|logger passed into|unused input|cudaError 35|lazy loading"
    r"|--- (Begin|End) node|While parsing node"
)
"""Lines that tell people nothing: kernels that were tried and passed over, an error that follows
from another, fragments. They are in the debug log."""

LONGEST = 240
"""Characters of TensorRT's words: its compiler may log a whole graph in one line."""

_OTHER = "Use another generator, or --device cpu"
_ADVICE = (
    (r"(?i)out ?of ?memory|insufficient (memory|workspace)|cudaErrorMemoryAllocation",
     "Give it smaller sizes (--size), or free the GPU's memory"),
    (r"(?i)plugin not found|not supported|unsupported|UNSUPPORTED", _OTHER),
    (r"must have same input types|same type|StronglyTyped",
     "Its number types do not fit together: export it in float32 alone"),
    (r"(?i)optimization profile|profile \d",
     "Check the sizes (--size)"),
    (r"at least one output|Failed to parse the ONNX model", "Export it again"),
    (r"(?i)could not find any implementation|infer_type",
     "TensorRT has no kernel for it in this number type: use another --precision"),
    (r"CUDA (driver|initialization)|cudaError", "deblurvid doctor tells about the driver"),
)  # fmt: skip


def is_noise(line: str) -> bool:
    """Whether a line of the log says nothing about why a build failed."""
    return NOISE.search(line) is not None


def reason(errors: Sequence[str]) -> str:
    """The last of TensorRT's error lines that says something, in its words, and what to do.

    Args:
        errors: its log at the level of errors, in order.
    """
    telling = [line for line in errors if not is_noise(line)] or list(errors)
    if not telling:
        return "TensorRT gives no reason; --debug shows its log"
    words = _plain(telling[-1])
    return f"{words}. {_advice(telling[-1])}"


def node_reason(description: str, *, node: str, operator: str) -> str:
    """What the ONNX parser has against a node, and what to do."""
    words = description.splitlines()[-1] if "Error Code" not in description else description
    telling = next((x for x in description.splitlines() if "Error Code" in x), words)
    where = f"node {node.removeprefix(PREFIX)!r} ({operator}): " if operator else ""
    return f"{where}{_plain(telling)}. {_advice(description)}"


def _advice(words: str) -> str:
    return next((advice for pattern, advice in _ADVICE if re.search(pattern, words)), _OTHER)


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
