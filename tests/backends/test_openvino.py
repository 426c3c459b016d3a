"""What is OpenVINO's own: devices, precision, cache."""

import signal
import subprocess
import sys

import numpy as np
import openvino as ov
import pytest

from deblurvid.backends import openvino as backend
from deblurvid.errors import EngineError
from deblurvid.frames import PictureFormat
from deblurvid.graph.contract import Key
from deblurvid.graph.wrap import wrap
from tests.backends.test_engines import SIZE, open_, random_planes
from tests.graph.generators import conv_planes, generator, with_metadata

PICTURE = PictureFormat(source="yuv420", depth=8)
HAS_BF16 = "BF16" in backend.runtime().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
PASSED = {Key.PARITY: '{"bf16": {"psnr_db": 60.0}}'}


def open_auto(model):
    made = generator(model)
    return backend.OpenVinoEngine(
        wrap(made, PICTURE), made, PICTURE, size=SIZE, device="CPU", precision="auto"
    )


def test_a_missing_device_is_named_beside_those_present():
    """The message lists what there is."""
    made = generator(conv_planes())
    with pytest.raises(EngineError, match=r"no device 'GPU\.7'.*CPU"):
        backend.OpenVinoEngine(
            wrap(made, PICTURE), made, PICTURE, size=SIZE, device="GPU.7", precision="auto"
        )


@pytest.mark.skipif(not HAS_BF16, reason="this CPU has no bf16")
def test_auto_is_bf16_only_for_generators_that_passed():
    """A generator without a bf16 parity in its metadata runs in fp32."""
    with open_auto(conv_planes()) as unproved:
        assert unproved.spec.precision == "fp32"
    with open_auto(with_metadata(conv_planes(), PASSED)) as proved:
        assert proved.spec.precision == "bf16"


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_an_explicit_precision_is_kept_or_refused(precision):
    """An engine that opens computes in what was asked for; else the refusal says what would run."""
    hint = {"bf16": "bf16", "fp16": "f16"}[precision]
    parameter = ov.opset13.parameter([1, 4], ov.Type.f32)
    probe = ov.Model([ov.opset13.relu(parameter)], [parameter])
    compiled = backend.runtime().compile_model(probe, "CPU", {"INFERENCE_PRECISION_HINT": hint})
    runs = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()

    if runs == hint:
        with open_("planes", PICTURE, precision=precision) as engine:
            assert engine.spec.precision == precision
    else:
        with pytest.raises(EngineError, match="would compute in"):
            open_("planes", PICTURE, precision=precision)


def test_the_cache_serves_the_second_opening(tmp_path, monkeypatch):
    """A compiled model is written once, and read the next time with the same result."""
    monkeypatch.setattr(backend, "cache_folder", lambda: tmp_path / "cache")
    source = random_planes(PICTURE, 1)
    results = []
    files = []
    for _ in range(2):
        with open_("planes", PICTURE) as engine:
            engine.submit(source, strength=1)
            results.append(engine.collect().planes)
        files.append({p: p.stat().st_mtime_ns for p in (tmp_path / "cache").glob("*.blob")})

    assert len(files[0]) == 1
    assert files[0] == files[1]
    assert all(np.array_equal(a, b) for a, b in zip(*(r.samples for r in results), strict=True))


def test_a_torn_cache_file_is_compiled_again(tmp_path, monkeypatch):
    """A cached model that was cut short costs a compilation, not a failure."""
    monkeypatch.setattr(backend, "cache_folder", lambda: tmp_path / "cache")
    with open_("planes", PICTURE):
        pass
    (blob,) = (tmp_path / "cache").glob("*.blob")
    whole = blob.read_bytes()
    blob.write_bytes(whole[: len(whole) // 2])
    source = random_planes(PICTURE, 1)
    with open_("planes", PICTURE) as engine:
        engine.submit(source, strength=0)
        assert np.array_equal(engine.collect().planes.samples[0], source.samples[0])


def test_without_a_place_for_the_cache_it_runs(tmp_path, monkeypatch):
    """A home that cannot be written costs a compilation each time, not a failure."""
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setattr(backend, "cache_folder", lambda: tmp_path / "file" / "cache")
    source = random_planes(PICTURE, 1)
    with open_("planes", PICTURE) as engine:
        engine.submit(source, strength=0)
        assert np.array_equal(engine.collect().planes.samples[0], source.samples[0])


COMES_AND_GOES = """
import gc, os, signal
from deblurvid.choose import open_engine
from deblurvid.frames import PictureFormat

signal.signal(signal.SIGUSR1, lambda *_: print("handled", flush=True))
picture = PictureFormat(source="yuv420", depth=8)
engines = [open_engine("identity", size=(64, side), picture=picture) for side in (48, 64)]
while engines:
    engines.pop(0).close()
    gc.collect()
os.kill(os.getpid(), signal.SIGUSR1)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="no such signal here")
def test_signals_arrive_after_engines_have_gone():
    """Ctrl-C after several engines, freed first come first gone, is no segmentation fault."""
    done = subprocess.run([sys.executable, "-c", COMES_AND_GOES], capture_output=True, check=False)

    assert (done.returncode, done.stdout) == (0, b"handled\n")
