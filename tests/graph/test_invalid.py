"""NaN and Inf in a residual leave the source as it is there, and are counted to the sample."""

from __future__ import annotations

import numpy as np
import pytest

from deblurvid.frames import PictureFormat, Source
from tests.graph import generators as gen
from tests.graph import reference as ref
from tests.graph.generators import node, weight
from tests.graph.running import ENGINES, Running

SIZE = (17, 19)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("depth", [8, 10])
def test_invalid_samples_keep_the_source(depth: int, engine: str):
    """A table with NaN, +Inf and -Inf: those samples stay, all others change, each is counted."""
    table = [np.full(s, 4 / 256) for s in ((18, 20), (9, 10), (9, 10))]
    table[0][3, 5], table[0][16, 18], table[0][0, 0] = np.nan, np.inf, -np.inf
    table[1][8, 9], table[2][0, :3] = np.nan, np.inf
    table[0][17, 19] = np.nan  # in the padding: nobody's sample
    model = gen.planes_model(tables=(table[0], table[1], table[2]))
    run = Running(gen.generator(model), PictureFormat(source="yuv420", depth=depth), engine)
    planes = ref.random_planes("yuv420", depth, SIZE, high=200)
    step = 4 * 2 ** (depth - 8)

    for got, plane, residual in zip(run(planes), planes, table, strict=True):
        bad = ~np.isfinite(residual[: plane.shape[0], : plane.shape[1]])
        np.testing.assert_array_equal(got, np.where(bad, plane, plane + step))
    assert run.invalid == 3 + 1 + 3


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("source", "rows", "columns"), [("yuv444", 4, 4), ("yuv422", 4, 1)])
def test_invalid_chroma_counts_as_zero(source: Source, rows: int, columns: int, engine: str):
    """Where chroma is doubled a NaN spreads as a zero does, and not as a NaN."""
    chroma = np.full((9, 10), 16 / 256)
    chroma[4, 5] = np.nan
    finite = [np.zeros((18, 20)), np.nan_to_num(chroma), np.nan_to_num(chroma)]
    model = gen.planes_model(tables=(np.zeros((18, 20)), chroma, chroma))
    run = Running(gen.generator(model), PictureFormat(source=source, depth=8), engine)
    planes = ref.random_planes(source, 8, SIZE, high=200)
    changes = ref.changes_by_planes(lambda *_: finite, planes, source, 8, multiple=2)
    expected = ref.codes_from([p + c for p, c in zip(planes, changes, strict=True)], 8)
    actual = run(planes)

    for want, got in zip(expected, actual, strict=True):
        np.testing.assert_array_equal(got, want)
    assert (actual[1] != planes[1] + 16).sum() == rows * columns
    assert run.invalid == 2


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("source", ["yuv420", "yuv444", "gray", "rgb"])
def test_invalid_rgb_keeps_the_source(source: Source, engine: str):
    """NaN and Inf in an RGB picture count as no change of that channel; the rest arrives."""
    change = np.zeros((3, 20, 20))
    change[:, 8:10, 8:10] = 0.125
    table = change.copy()
    for channel, value in enumerate((np.nan, np.inf, -np.inf)):
        table[channel, 2:4, 4:6] = value
    run = Running(
        gen.generator(gen.rgb_model(table=table)), PictureFormat(source=source, depth=10), engine
    )
    planes = ref.random_planes(source, 10, SIZE, low=400, high=600)
    clean = Running(
        gen.generator(gen.rgb_model(table=change)), PictureFormat(source=source, depth=10), engine
    )

    for got, want, plane in zip(run(planes), clean(planes), planes, strict=True):
        np.testing.assert_array_equal(got, want)
        np.testing.assert_array_equal(got[:3], plane[:3])
    assert run.invalid == 12
    assert clean.invalid == 0


@pytest.mark.filterwarnings("ignore:(divide by zero|invalid value) encountered in (log|multiply)")
@pytest.mark.parametrize("engine", ENGINES)
def test_invalid_made_by_the_network_is_counted(engine: str):
    """A logarithm behind a convolution: NaN below the middle, -Inf at it, change above it.

    8-bit codes over 256 are exact in bf16, so every engine meets the same places.
    """
    kernel = np.zeros((1, 1, 3, 3))
    kernel[0, 0, 1, 1] = 1
    nodes = [
        node("Conv", "y kernel", "same", pads=[1] * 4),
        node("Sub", "same half", "centred"),
        node("Log", "centred", "log"),
        node("Mul", "log none", "nothing"),  # 0 * log: zero, or NaN where log is not finite
        node("Add", "nothing step", "dy"),
        node("Mul", "u none", "du"),
        node("Mul", "v none", "dv"),
    ]
    weights = [
        weight("kernel", kernel), weight("half", 0.5), weight("none", 0.0), weight("step", 3 / 256)
    ]  # fmt: skip
    run = Running(
        gen.generator(gen.bare_planes(nodes, weights)),
        PictureFormat(source="yuv420", depth=8),
        engine,
    )
    planes = ref.random_planes("yuv420", 8, (61, 93), high=250)
    planes[0][5, 5] = 128
    y, u, v = run(planes)

    assert run.invalid == (planes[0] <= 128).sum()
    np.testing.assert_array_equal(y, np.where(planes[0] <= 128, planes[0], planes[0] + 3))
    np.testing.assert_array_equal(u, planes[1])
    np.testing.assert_array_equal(v, planes[2])


def test_invalid_chroma_of_gray_is_nobodys():
    """A gray picture has no use for a chroma residual: NaN in it is not counted."""
    nan = float("nan")
    run = Running(
        gen.generator(gen.constant_planes((1 / 256, nan, nan))),
        PictureFormat(source="gray", depth=8),
        "reference",
    )
    planes = ref.random_planes("gray", 8, SIZE, high=200)

    np.testing.assert_array_equal(run(planes)[0], planes[0] + 1)
    assert run.invalid == 0


@pytest.mark.parametrize("engine", ["f32", "bf16"])
def test_all_invalid_hd_frame_is_counted(engine: str):
    """A network of nothing but NaN: the frame comes back, every sample is counted."""
    nan = float("nan")
    model = gen.constant_planes((nan, nan, nan))
    size = (720, 1280)
    run = Running(gen.generator(model), PictureFormat(source="yuv420", depth=8), engine, size=size)
    planes = ref.random_planes("yuv420", 8, size)

    for want, got in zip(planes, run(planes), strict=True):
        np.testing.assert_array_equal(got, want)
    assert run.invalid == 720 * 1280 * 3 // 2
