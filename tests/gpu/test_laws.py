"""The law book of all engines, over a real GPU."""

import pytest

from deblurvid import open_engine
from tests.backends.test_engines import (  # noqa: F401 - collected here, with the fixture below
    GENERATORS,
    SIZE,
    TestEngine,
    engine,
    name,
    picture,
)
from tests.graph.generators import save

pytestmark = [pytest.mark.gpu, pytest.mark.timeout(900)]


@pytest.fixture
def opens(tmp_path):
    """Opens a generator of the law book in TensorRT."""

    def open_(generator, kind):
        path = save(GENERATORS[generator]().model, tmp_path / f"{generator}.onnx")
        return open_engine(str(path), size=SIZE, picture=kind, device="cuda:0", precision="fp32")

    return open_
