"""The child process in which PyCUDA runs over the fake driver."""

import pytest

from tests.cuda import child


@pytest.fixture(scope="session")
def cuda_process(tmp_path_factory):
    process = child.opened(tmp_path_factory.mktemp("driver"))
    yield process
    process.close()


@pytest.fixture
def cuda(cuda_process):
    """The child process, clean; whatever is left on the device afterwards is an error."""
    cuda_process.reset()
    yield cuda_process
    assert cuda_process.left_behind() == {}
