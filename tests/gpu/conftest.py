"""Skips where there is no usable GPU, with the reason; fails instead where one is required."""

import os

import pytest

from deblurvid.backends.preflight import cuda_flavour
from deblurvid.errors import EngineError

REQUIRED = "DEBLURVID_REQUIRE_GPU"


@pytest.fixture(scope="session", autouse=True)
def flavour():
    """Which TensorRT can run on CUDA device 0."""
    try:
        return cuda_flavour(0)
    except EngineError as error:
        if os.environ.get(REQUIRED) == "1":
            pytest.fail(f"{REQUIRED} is 1, but {error}")
        pytest.skip(str(error))


@pytest.fixture(autouse=True, scope="session")
def _own_cache(flavour, tmp_path_factory):
    """Plans are built once a session, in a folder of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield
