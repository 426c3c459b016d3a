"""`--device cuda` from end to end, over the real PyCUDA and the doubles of driver and TensorRT."""

from __future__ import annotations

import pytest

from deblurvid import open_engine
from deblurvid.events import Building, Built
from tests import pictures
from tests.build import on_the_fake
from tests.graph.generators import conv_planes, save


def on_the_cpu(net, size):
    """The same picture, restored in float32."""
    with open_engine(
        str(net), size=size, picture=on_the_fake.PICTURE, device="cpu", precision="fp32"
    ) as reference:
        reference.submit(pictures.random_planes(on_the_fake.PICTURE, 1, size), strength=1)
        return reference.collect().planes


@pytest.mark.parametrize("device", ["cuda", "auto"])
def test_a_picture_is_restored_on_the_device(cuda, tmp_path, device):
    """The GPU is found, the plan built and compared once, and the picture is that of the CPU."""
    net = save(conv_planes(0.5), tmp_path / "net.onnx")
    builds, told, spec, record, found = cuda.call(
        on_the_fake.restore, tmp_path / "cache", net, device
    )
    wanted = on_the_cpu(net, on_the_fake.SIZE)

    assert builds == ["fp16"]
    assert [type(event) for event in told] == [Building, Building, Built, Built]
    assert [event.reused for event in told[2:]] == [False, True]
    assert spec.device.startswith("cuda:0 (")
    assert (spec.precision, spec.remark) == ("fp16", "")
    assert record.parity["psnr_db"] > 50
    assert record.facts["settings"]["gpu"]["name"] in spec.device
    assert record.driver_cuda >= 13000
    for planes in found:
        for ours, theirs in zip(planes.samples, wanted.samples, strict=True):
            assert abs(ours.astype(int) - theirs).max() <= 1
    assert cuda.left_behind() == {}


def test_a_picture_too_large_to_build_for_is_restored_in_tiles(cuda, tmp_path):
    """Where no plan can be built for its size, the usual one restores it, and no cut shows."""
    size = (2048, 96)
    net = save(conv_planes(0.5), tmp_path / "net.onnx")
    builds, told, spec, record, found = cuda.call(
        on_the_fake.restore, tmp_path / "cache", net, "cuda", size, widest=1920
    )
    wanted = on_the_cpu(net, size)

    assert builds == ["fp16"] * 3  # for the picture, for tiles; for the picture when opened again
    assert [event.reused for event in told if isinstance(event, Built)] == [False, True]
    assert "tiles of" in spec.device
    assert record.facts["settings"]["profile"][2] == [1920, 1920]
    for planes in found:
        for ours, theirs in zip(planes.samples, wanted.samples, strict=True):
            assert abs(ours.astype(int) - theirs).max() <= 1
    assert cuda.left_behind() == {}


def test_the_selftest_of_a_device(cuda, tmp_path):
    """From the command to its verdict: parity, overlap and memory of the GPU's default generator."""
    code, said = cuda.call(on_the_fake.selftest, tmp_path / "cache")

    assert code == 0, said
    assert said.startswith("base on cuda:0 (Fake GPU) in fp16\n")
    assert "6 of 6 frames the same either way" in said
    assert said.endswith("passed\n")
    assert cuda.left_behind() == {}
