"""Whether CUDA can be used is found out in one line, and never by crashing."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest

from deblurvid.backends import preflight
from deblurvid.errors import EngineError

DRIVER = r"""
#include <stdlib.h>
static int told(const char *name, int otherwise)
{ const char *text = getenv(name); return text ? atoi(text) : otherwise; }
int cuInit(unsigned flags) { return told("FAKE_INIT", 0); }
int cuDeviceGetCount(int *count) { *count = told("FAKE_COUNT", 1); return told("FAKE_LOST", 0); }
int cuDriverGetVersion(int *version) { *version = told("FAKE_VERSION", 13000); return 0; }
int cuGetErrorString(int error, const char **text) { *text = "words of the driver"; return 0; }
"""


@pytest.fixture(scope="session")
def driver_library(tmp_path_factory):
    """A driver that says what the environment tells it to."""
    folder = tmp_path_factory.mktemp("driver")
    (folder / "driver.c").write_text(DRIVER)
    library = folder / "libcuda.so.1"
    subprocess.run(["cc", "-shared", "-fPIC", folder / "driver.c", "-o", library], check=True)
    return library


@pytest.fixture
def driver(driver_library, monkeypatch):
    """Makes the driver answer as the keywords say."""
    monkeypatch.setattr(preflight, "DRIVER_LIBRARY", str(driver_library))

    def answer(**values: int) -> None:
        for name, value in values.items():
            monkeypatch.setenv(f"FAKE_{name.upper()}", str(value))

    return answer


@pytest.fixture
def modules(tmp_path, monkeypatch):
    """Writes modules that this process and its children find before any real one."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def write(**sources: str) -> None:
        for name, source in sources.items():
            folder = tmp_path / name
            folder.mkdir()
            (folder / "__init__.py").write_text(source)

    return write


RUNS = "class ILogger: ERROR = 1\nclass Logger(ILogger):\n    def __init__(self, level): ...\n"
GOOD_TRT = RUNS + "class Runtime:\n    def __init__(self, log): ...\n"
CRASHING_TRT = RUNS + "def Runtime(log):\n    import ctypes\n    ctypes.string_at(0)\n"
GOOD_PYCUDA = (
    "import sys, types\n"
    "d = sys.modules['pycuda.driver'] = driver = types.ModuleType('pycuda.driver')\n"
    "d.init = lambda: None\nd.Device = lambda number: number\n"
)


def test_a_machine_without_a_driver(monkeypatch):
    """One line, in words that people know."""
    monkeypatch.setattr(preflight, "DRIVER_LIBRARY", "libnosuchdriver.so.1")

    assert preflight.cuda_problem(0) == (
        "there is no NVIDIA driver (libnosuchdriver.so.1 cannot be loaded)"
    )
    assert preflight.driver_cuda_version() == 0


@pytest.mark.parametrize(
    ("answers", "device", "problem"),
    [
        ({}, 0, None),
        ({"count": 2}, 1, None),
        ({"count": 2}, 2, "there is no CUDA device 2; devices here: 0 to 1"),
        ({"init": 100}, 0, "the NVIDIA driver finds no GPU"),
        ({"init": 803}, 0, "the NVIDIA driver does not start: words of the driver (error 803)"),
        ({"lost": 9}, 0, "the NVIDIA driver does not count its GPUs: words of the driver (error 9)"),
    ],
)  # fmt: skip
def test_what_the_driver_says(driver, answers, device, problem):
    """Each answer of the driver is one line, or nothing where all is well."""
    driver(**answers)

    assert problem == preflight.cuda_problem(device)


def test_a_package_that_is_not_there(driver, modules, monkeypatch):
    """The message says what to install, PyCUDA too."""
    driver()
    monkeypatch.setattr(preflight, "find_spec", lambda _: None)
    with pytest.raises(EngineError, match=r"tensorrt is not installed; pip install 'deblurvid\["):
        preflight.cuda_flavour(0)
    monkeypatch.setattr(preflight, "find_spec", lambda name: name != "pycuda" or None)

    assert "pycuda is not installed" in str(preflight.runtime_problem("rtx", 0))


def test_a_driver_that_is_too_old(driver, modules, monkeypatch):
    """A package for CUDA 13 and a driver that knows 12.4: both are named."""
    driver(version=12040)
    modules(tensorrt=GOOD_TRT, pycuda=GOOD_PYCUDA)
    installed = [SimpleNamespace(name="pytest"), SimpleNamespace(name="tensorrt-cu13")]
    monkeypatch.setattr(preflight.metadata, "distributions", lambda: installed)

    assert preflight.runtime_problem("tensorrt", 0) == (
        "the NVIDIA driver is too old: it knows CUDA 12.4, tensorrt is for 13. Update the driver, "
        "or install tensorrt-cu12"
    )


@pytest.mark.parametrize(
    ("trt", "pycuda", "words"),
    [
        (GOOD_TRT, GOOD_PYCUDA, None),
        (CRASHING_TRT, GOOD_PYCUDA, "tensorrt crashes when it starts (SIGSEGV)"),
        (GOOD_TRT, "raise ImportError('undefined symbol: cuCtxCreate_v4')",
         "tensorrt does not start: ImportError: undefined symbol: cuCtxCreate_v4"),
    ],
    ids=["works", "crashes", "pycuda for a newer driver"],
)  # fmt: skip
def test_libraries_are_tried_in_another_process(driver, modules, trt, pycuda, words):
    """A crash there is a line here."""
    driver()
    modules(tensorrt=trt, pycuda=pycuda)

    assert preflight.runtime_problem("tensorrt", 0) == words


def test_libraries_that_hang(driver, modules, monkeypatch):
    """They are given up after a while."""
    driver()
    monkeypatch.setattr(preflight, "TRIAL_SECONDS", 1.0)
    modules(tensorrt="import time\ntime.sleep(60)", pycuda=GOOD_PYCUDA)

    assert preflight.runtime_problem("tensorrt", 0) == "tensorrt does not start within 1 s"


def test_the_flavour_that_works_is_taken(driver, modules):
    """Where TensorRT crashes and TensorRT-RTX runs, the latter is used."""
    driver()
    modules(tensorrt=CRASHING_TRT, tensorrt_rtx=GOOD_TRT, pycuda=GOOD_PYCUDA)

    assert preflight.cuda_flavour(0) == "rtx"


def test_what_works_ends_the_search(driver, modules, tmp_path):
    """The second flavour is tried only where the first does not work; named ones in their order."""
    driver()
    note = "import pathlib\npathlib.Path(__file__).with_name('tried').touch()\n"
    modules(tensorrt=GOOD_TRT, tensorrt_rtx=note + GOOD_TRT, pycuda=GOOD_PYCUDA)
    tried = tmp_path / "tensorrt_rtx" / "tried"

    assert preflight.cuda_flavour(0) == "tensorrt"
    assert not tried.exists()
    assert preflight.cuda_flavour(0, ["rtx"]) == "rtx"
    assert tried.exists()


def test_loading_names_what_is_missing(modules, monkeypatch):
    """No package, half a package, a library that is not there: the pip line is in all of them."""
    monkeypatch.setitem(preflight.MODULES, "tensorrt", "tensorrt_of_these_tests")
    with pytest.raises(EngineError, match=r"is not installed; pip install 'deblurvid\[tensorrt\]'"):
        preflight.load_trt("tensorrt")
    modules(tensorrt_of_these_tests="import a_module_that_is_not_there")
    with pytest.raises(EngineError, match=r"installed in part: .*a_module_that_is_not_there"):
        preflight.load_trt("tensorrt")
    sys.modules.pop("tensorrt_of_these_tests", None)


def test_asking_never_loads_the_libraries(driver, modules):
    """This process has imported neither TensorRT nor PyCUDA after all questions are answered."""
    driver()
    modules(tensorrt=CRASHING_TRT, pycuda=GOOD_PYCUDA)
    for name in ("tensorrt", "pycuda"):
        sys.modules.pop(name, None)
    assert preflight.runtime_problem("tensorrt", 0)

    assert "tensorrt" not in sys.modules


@pytest.mark.parametrize(
    ("vendor", "kind", "present"),
    [
        ("0x10de", "0x030000", True),  # NVIDIA, VGA
        ("0x10de", "0x040300", False),  # NVIDIA, sound
        ("0x8086", "0x030000", False),  # Intel, VGA
    ],
)
def test_a_card_without_a_driver_is_seen(tmp_path, monkeypatch, vendor, kind, present):
    """By what the system says of its slots."""
    monkeypatch.setattr(preflight, "DRIVER_LIBRARY", "libnone.so")
    monkeypatch.setattr(preflight, "PCI_DEVICES", tmp_path)
    (tmp_path / "0000:01:00.0").mkdir()
    (tmp_path / "0000:01:00.0" / "vendor").write_text(f"{vendor}\n")
    (tmp_path / "0000:01:00.0" / "class").write_text(f"{kind}\n")

    assert preflight.gpu_seems_present() is present
