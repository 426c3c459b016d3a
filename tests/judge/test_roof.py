"""Peaks, against what NVIDIA publishes for its cards."""

import pytest

from deblurvid.backends.cuda import DeviceFacts
from deblurvid.judge.roof import peak_operations_per_second


def facts(capability, multiprocessors, boost_mhz) -> DeviceFacts:
    return DeviceFacts(
        name="a card",
        compute_capability=capability,
        multiprocessors=multiprocessors,
        memory_gib=1,
        clock_hz=boost_mhz * 1_000_000,
        memory_bytes_per_second=1,
    )


@pytest.mark.parametrize(
    ("capability", "multiprocessors", "boost_mhz", "half", "single"),
    [
        ((7, 5), 72, 1770, 130.5, 16.3),  # Quadro RTX 6000
        ((8, 0), 108, 1410, 312, 19.5),  # A100
        ((8, 6), 82, 1695, 142, 35.6),  # GeForce RTX 3090
        ((8, 9), 128, 2520, 330, 82.6),  # GeForce RTX 4090
        ((9, 0), 132, 1830, 989.4, 61.8),  # H100 SXM
        ((12, 0), 170, 2407, 419, 104.8),  # GeForce RTX 5090
    ],
)
def test_peaks_are_the_published_ones(capability, multiprocessors, boost_mhz, half, single):
    """TFLOP/s of the tensor cores in half precision, dense, and of the CUDA cores in float32."""
    card = facts(capability, multiprocessors, boost_mhz)

    for precision, published in (("fp16", half), ("bf16", half), ("fp32", single)):
        found = peak_operations_per_second(card, precision)
        assert found == pytest.approx(published * 1e12, rel=0.01)


def test_an_unknown_architecture_has_no_peak():
    """Rather none than a guess."""
    assert peak_operations_per_second(facts((99, 0), 1, 1), "fp16") is None
