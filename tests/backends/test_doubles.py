"""The doubles of TensorRT have only what the real bindings have."""

import json
from pathlib import Path

import pytest

from tests.cuda import doubles

DUMPS = sorted((Path(__file__).parents[1] / "trt_api").glob("*.json"))


@pytest.mark.parametrize("dump", DUMPS, ids=lambda path: path.stem)
@pytest.mark.parametrize(
    "double",
    [
        doubles.Runtime,
        doubles.ICudaEngine,
        doubles.IExecutionContext,
        doubles.TensorIOMode,
        doubles.ExecutionContextAllocationStrategy,
    ],
)
def test_doubles_pretend_nothing(dump, double):
    """Every public name of a double exists in the real 10.16, 11.4 and RTX bindings."""
    real = json.loads(dump.read_text())["names"]
    own = {name for name in vars(double) if not name.startswith("_")}

    assert own
    assert own <= set(real[double.__name__])
