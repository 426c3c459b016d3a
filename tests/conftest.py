"""What all tests share: how signals are taken, and the process with PyCUDA over the fake driver."""

import signal

import pytest

from tests.cuda import child

# In the background or under nohup these are ignored, here and in every process that a test starts.
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


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
