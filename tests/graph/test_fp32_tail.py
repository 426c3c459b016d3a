"""Why nothing behind a generator's last convolution may be a convolution or a resize.

See Note: [FP32 tail] in deblurvid/graph/wrap.py. The test plants one forbidden operator, which
computes the same numbers, and shows that OpenVINO's bf16 then loses codes of 10 bits: what passes
through the operator keeps 8 significant bits.
"""

from __future__ import annotations

import numpy as np
import pytest

from deblurvid.frames import PictureFormat, Source
from deblurvid.graph import colour
from deblurvid.graph.nodes import Builder
from tests.graph import generators as gen
from tests.graph import reference as ref
from tests.graph.running import BT709, Running
from tests.tolerance import rounding_slack


def matrix_by_convolution(b: Builder, matrix: str, planes: list[str]) -> str:
    """`colour.transformed` as a 1x1 convolution: the same numbers, the wrong operator."""
    kernel = b.op("Reshape", matrix, b.integers([3, 3, 1, 1]))
    return b.op("Conv", b.op("Concat", *planes, axis=1), kernel)


def halved_by_resize(b: Builder, a: str, *, rows: bool, columns: bool) -> str:
    """`Builder.halved` as a Resize, right for even sides: the same numbers, the wrong operator."""
    scales = b.constant([1, 1, 1 / (1 + rows), 1 / (1 + columns)])
    return b.op("Resize", a, "", scales, mode="linear",
                coordinate_transformation_mode="half_pixel")  # fmt: skip


def error(source: Source, engine: str) -> float:
    """Largest distance, in codes, of a restored sample from its exact value."""
    table = np.random.default_rng(9).uniform(-0.4, 0.4, (3, 32, 32))
    planes = ref.random_planes(source, 10, (32, 32))
    changes = ref.changes_by_rgb(lambda x: x + table, planes, source, 10, tags=BT709)
    generator = gen.generator(gen.rgb_model(table=table))
    actual = Running(generator, PictureFormat(source=source, depth=10), engine)(planes)
    exact = [np.clip(p + c, 0, 1023) for p, c in zip(planes, changes, strict=True)]
    return max(float(np.abs(a - e).max()) for a, e in zip(actual, exact, strict=True))


@pytest.mark.parametrize(("engine", "survives"), [("f32", True), ("bf16", False)])
@pytest.mark.parametrize(
    ("owner", "name", "planted", "source"),
    [
        (colour, "transformed", matrix_by_convolution, "yuv444"),
        (Builder, "halved", halved_by_resize, "yuv420"),
    ],
    ids=["matrix as convolution", "halving as resize"],
)
def test_forbidden_operator_loses_ten_bits(
    monkeypatch, owner, name, planted, source: Source, engine: str, *, survives: bool
):
    """With the operator planted codes are still right in f32 and wrong in bf16."""
    right = 0.5 + rounding_slack(10)
    assert error(source, engine) <= right
    monkeypatch.setattr(owner, name, planted)

    assert (error(source, engine) <= right) is survives
