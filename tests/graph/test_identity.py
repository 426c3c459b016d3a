"""A graph whose generator changes nothing gives every sample back, in every engine precision."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deblurvid.frames import DEPTHS, SOURCES, ColourTags, PictureFormat, Source
from tests.graph import generators as gen
from tests.graph.reference import random_planes
from tests.graph.running import ENGINES, REFERENCE, Running, precision_run_for

ZEROS = {
    "planes": gen.zero_planes(),
    "rgb": gen.zero_rgb("0..1"),
    "rgb-signed": gen.zero_rgb("-1..1"),
}
CHANGING = {
    "planes": gen.conv_planes(1.0),
    "rgb": gen.conv_rgb(1.0, "0..1"),
    "rgb-signed": gen.conv_rgb(1.0, "-1..1"),
}
SMALL = [(16, 16), (17, 19)]
SIZES = [*SMALL, (61, 93)]
FULL_BT2020 = ColourTags(matrix="bt2020", full_range=True)


def assert_same(expected, actual) -> None:
    """The same planes, to the bit."""
    assert len(expected) == len(actual)
    for one, other in zip(expected, actual, strict=True):
        np.testing.assert_array_equal(other, one)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("kind", ZEROS)
def test_zero_residual_gives_every_sample_back(kind: str, source: Source, engine: str):
    """Convolutions that give zero change no sample, legal code or not, at 8 and 10 bits."""
    generator = gen.generator(ZEROS[kind])
    for depth in (8, 10):
        run = Running(generator, PictureFormat(source=source, depth=depth), engine)
        for size in SMALL if engine == REFERENCE else SIZES:
            planes = random_planes(source, depth, size)

            assert_same(planes, run(planes))
            assert_same(planes, run(planes, tags=FULL_BT2020))
            assert run.invalid == 0


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("kind", "source"), [("planes", "yuv422"), ("rgb-signed", "yuv420")])
@pytest.mark.parametrize("depth", [12, 16])
def test_deep_samples_come_back(kind: str, source: Source, depth: int, engine: str):
    """The same at 12 and 16 bits: float32 holds every code exactly."""
    run = Running(gen.generator(ZEROS[kind]), PictureFormat(source=source, depth=depth), engine)
    planes = random_planes(source, depth, (17, 19))

    assert_same(planes, run(planes))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("kind", "source"),
    [("planes", "yuv420"), ("planes", "rgb"), ("rgb", "yuv422"), ("rgb-signed", "rgb")],
)
def test_strength_zero_gives_every_sample_back(kind: str, source: Source, engine: str):
    """Strength 0 undoes a generator that changes much; strength 1 shows that it does."""
    generator = gen.generator(CHANGING[kind])
    for depth in (8, 10):
        run = Running(generator, PictureFormat(source=source, depth=depth), engine)
        planes = random_planes(source, depth, (17, 19))

        assert_same(planes, run(planes, strength=0.0))
        changed = run(planes)
        assert all((a != b).mean() > 0.5 for a, b in zip(planes, changed, strict=True))


@pytest.mark.parametrize("engine", ["f32", "bf16"])
@pytest.mark.parametrize(("kind", "depth"), [("planes", 8), ("planes", 10), ("rgb", 10)])
def test_hd_frame_comes_back(kind: str, depth: int, engine: str):
    """1280x720 with the sizes fixed, as a backend compiles it."""
    size = (720, 1280)
    picture = PictureFormat(source="yuv420", depth=depth)
    run = Running(gen.generator(ZEROS[kind]), picture, engine, size=size)
    planes = random_planes("yuv420", depth, size)

    assert_same(planes, run(planes))
    assert run.invalid == 0


@pytest.mark.parametrize("kind", ZEROS)
def test_f16_hint_gives_every_sample_back(kind: str, record_property):
    """The same under OpenVINO's f16 hint, which a CPU without FP16 runs in what it has."""
    record_property("f16_runs_as", precision_run_for("f16"))
    for depth in (8, 10):
        run = Running(
            gen.generator(ZEROS[kind]), PictureFormat(source="yuv420", depth=depth), "f16"
        )
        planes = random_planes("yuv420", depth, (61, 93))

        assert_same(planes, run(planes))


@pytest.mark.parametrize(
    ("model", "source"),
    [(gen.conv_planes(), "yuv420"), (gen.conv_rgb(), "rgb")],
    ids=["planes", "rgb"],
)
def test_bf16_is_really_low_precision(model, source: Source):
    """What the bf16 engine restores differs from f32 a little: proof that it computes in bf16."""
    picture = PictureFormat(source=source, depth=16)
    planes = random_planes(source, 16, (32, 32))
    exact, low = (Running(gen.generator(model), picture, e)(planes) for e in ("f32", "bf16"))

    for a, b in zip(exact, low, strict=True):
        assert (a != b).mean() > 0.5
        assert np.abs(a - b).mean() / 2**16 < 0.01


@settings(derandomize=True, deadline=None, database=None, max_examples=25)
@given(
    height=st.integers(16, 40),
    width=st.integers(16, 40),
    source=st.sampled_from(SOURCES),
    depth=st.sampled_from(DEPTHS),
    kind=st.sampled_from(list(ZEROS)),
    fold=st.sampled_from([2, 4]),
)
def test_any_size_comes_back(height, width, source: Source, depth, kind, fold):
    """Padding and crop are each other's inverse whatever the size, sampling and depth."""
    model = gen.zero_planes(fold=fold) if kind == "planes" else ZEROS[kind]
    run = Running(gen.generator(model), PictureFormat(source=source, depth=depth), REFERENCE)
    planes = random_planes(source, depth, (height, width))

    assert_same(planes, run(planes))
