"""What a generator changes arrives in the picture as the standards say, and nothing else does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from deblurvid.frames import SOURCES, ColourTags, Matrix, PictureFormat, Source
from tests.graph import generators as gen
from tests.graph import reference as ref
from tests.graph.running import BT709, ENGINES, REFERENCE, Running
from tests.tolerance import rounding_slack

if TYPE_CHECKING:
    from deblurvid.graph.contract import Range

MATRICES: tuple[Matrix, ...] = ("bt601", "bt709", "bt2020")
ALL_TAGS = [ColourTags(matrix=m, full_range=f) for m in MATRICES for f in (False, True)]
SIZE = (17, 19)
PADDED = (20, 20)
SUBSAMPLED_OR_NOT: tuple[Source, ...] = ("yuv420", "yuv422", "yuv444", "gray")


def assert_rounds_to(expected, actual, depth: int) -> None:
    """Each code is a nearest one to the exact value, which may leave the range."""
    for value, code in zip(expected, actual, strict=True):
        wanted = np.clip(value, 0, 2**depth - 1)
        assert np.abs(code - wanted).max() <= 0.5 + rounding_slack(depth)


# Two codes of ten bits


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("source", SUBSAMPLED_OR_NOT)
def test_two_codes_arrive_from_planes(source: Source, engine: str):
    """A residual of (+2, +2, -2) / 1024 changes each sample by exactly that, up to the limits."""
    model = gen.constant_planes((2 / 1024, 2 / 1024, -2 / 1024))
    run = Running(gen.generator(model), PictureFormat(source=source, depth=10), engine)
    planes = ref.random_planes(source, 10, SIZE)
    expected = [p + change for p, change in zip(planes, (2, 2, -2), strict=False)]

    for actual, wanted in zip(run(planes), expected, strict=True):
        np.testing.assert_array_equal(actual, np.clip(wanted, 0, 1023))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("source", SUBSAMPLED_OR_NOT)
@pytest.mark.parametrize("value_range", ["0..1", "-1..1"])
def test_two_codes_arrive_from_rgb(value_range: Range, source: Source, engine: str):
    """The RGB residual that means (+2, +2, -2) codes arrives so, by every matrix and range."""
    picture = PictureFormat(source=source, depth=10)
    planes = ref.random_planes(source, 10, SIZE)
    codes = (2, 2, -2) if source != "gray" else (2, 0, 0)
    for tags in ALL_TAGS if (source, value_range) == ("yuv420", "0..1") else [BT709]:
        coding = ref.code_of_zero_and_one(tags, 10)
        units = [np.array(c / one) for c, (_, one) in zip(codes, coding, strict=True)]
        span = 2 if value_range == "-1..1" else 1
        bias = [span * float(change) for change in ref.rgb_from_ycbcr(tags.matrix, units)]
        model = gen.rgb_model(bias=(bias[0], bias[1], bias[2]), value_range=value_range)
        actual = Running(gen.generator(model), picture, engine)(planes, tags=tags)

        for got, plane, change in zip(actual, planes, codes, strict=False):
            np.testing.assert_array_equal(got, np.clip(plane + change, 0, 1023))


# Any residual


def tables(*, rough: bool) -> list[np.ndarray]:
    """Residuals in 1/64 codes of 10 bits, up to 8 codes: exact in float32, with many ties."""
    rng = np.random.default_rng(7)
    found = []
    for size in (PADDED, (10, 10), (10, 10)):
        if rough:
            codes = rng.integers(-512, 513, size) / 64
        else:
            rows, columns = np.mgrid[: size[0], : size[1]]
            codes = np.rint(64 * (6 * np.sin(rows / 4) + 2 * np.cos(columns / 3))) / 64
        found.append(codes / 1024)
    return found


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    ("rough", "engine"),
    [(False, REFERENCE), *((True, engine) for engine in ENGINES)],
    ids=["smooth-reference", *(f"rough-{engine}" for engine in ENGINES)],
)
def test_any_residual_from_planes(source: Source, engine: str, *, rough: bool):
    """Source plus strength times residual, rounded half to even: equal to the last tie.

    For RGB the matrix is not exact in float32, so there only values beside a tie are pinned.
    """
    table = tables(rough=rough)
    # Four-fold cells, so that padding is more than the odd row and column.
    model = gen.planes_model(tables=(table[0], table[1], table[2]), fold=4)
    for depth in (8, 10):
        run = Running(gen.generator(model), PictureFormat(source=source, depth=depth), engine)
        planes = ref.random_planes(source, depth, SIZE)
        changes = ref.changes_by_planes(lambda *_: table, planes, source, depth, multiple=4)
        for strength in (0, 0.25, 0.5, 1):
            expected = [p + strength * c for p, c in zip(planes, changes, strict=True)]
            actual = run(planes, strength=strength)

            if source == "rgb":
                assert_rounds_to(expected, actual, depth)
            else:
                for got, wanted in zip(actual, ref.codes_from(expected, depth), strict=True):
                    np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    ("value_range", "engine"),
    [("-1..1", REFERENCE), ("-1..1", "bf16"), ("0..1", REFERENCE), ("0..1", "f32")],
)
def test_any_residual_from_rgb(value_range: Range, source: Source, engine: str):
    """The same for an RGB picture plus a table, by matrices, chroma means and strengths."""
    signed = value_range == "-1..1"
    table = np.random.default_rng(8).normal(size=(3, *PADDED)) / 50
    model = gen.rgb_model(table=table, value_range=value_range)
    for depth, tags in ((8, ALL_TAGS[1]), (10, ALL_TAGS[4])):
        run = Running(gen.generator(model), PictureFormat(source=source, depth=depth), engine)
        planes = ref.random_planes(source, depth, SIZE)
        changes = ref.changes_by_rgb(
            lambda x: x + table, planes, source, depth, tags=tags, signed=signed, multiple=4
        )
        for strength in (0.25, 1):
            expected = [p + strength * c for p, c in zip(planes, changes, strict=True)]

            assert_rounds_to(expected, run(planes, strength=strength, tags=tags), depth)


@pytest.mark.parametrize("engine", [REFERENCE, "f32"])
@pytest.mark.parametrize("source", ["yuv444", "yuv422", "rgb", "gray"])
def test_what_a_planes_generator_sees(source: Source, engine: str):
    """Chroma is the mean of two or four neighbours, 4:2:0 of neutral colour for gray.

    The generator's residual is an eighth of what it was fed, so it shows in the picture.
    """
    nodes = [gen.node("Mul", f"{x} eighth", f"d{x}") for x in "yuv"]
    model = gen.bare_planes(nodes, [gen.weight("eighth", 0.125)])
    run = Running(gen.generator(model), PictureFormat(source=source, depth=10), engine)
    planes = ref.random_planes(source, 10, SIZE, high=800)
    changes = ref.changes_by_planes(lambda y, u, v: (y / 8, u / 8, v / 8), planes, source, 10)

    assert_rounds_to([p + c for p, c in zip(planes, changes, strict=True)], run(planes), 10)


@pytest.mark.parametrize("engine", [REFERENCE, "f32"])
@pytest.mark.parametrize("source", SOURCES)
def test_what_an_rgb_generator_sees(source: Source, engine: str):
    """The picture in RGB, colours outside the gamut limited to [0, 1]: here made darker by half."""
    nodes = [gen.node("Mul", "in half", "restored")]
    model = gen.model_of(
        nodes,
        [gen.tensor("in", 1, 3, "H", "W")],
        [gen.tensor("restored", 1, 3, "H", "W")],
        [gen.weight("half", 0.5)],
    )
    planes = ref.random_planes(source, 10, SIZE)
    run = Running(gen.generator(model), PictureFormat(source=source, depth=10), engine)
    for tags in ALL_TAGS:
        changes = ref.changes_by_rgb(lambda x: x / 2, planes, source, 10, tags=tags, multiple=32)
        expected = [p + c for p, c in zip(planes, changes, strict=True)]

        assert_rounds_to(expected, run(planes, tags=tags), 10)


@pytest.mark.parametrize("engine", ENGINES)
def test_huge_residual_saturates(engine: str):
    """Residuals of many times the range, still finite, end at the limits and not in overflow."""
    tables = (np.full((18, 20), 3e38), np.full((9, 10), -3e38), np.full((9, 10), 5.0))
    model = gen.planes_model(tables=tables)
    sources: tuple[tuple[Source, int], ...] = (("yuv420", 16), ("yuv444", 8))
    for source, depth in sources:
        run = Running(gen.generator(model), PictureFormat(source=source, depth=depth), engine)
        y, u, v = run(ref.random_planes(source, depth, SIZE))

        assert (y == 2**depth - 1).all()
        assert (u == 0).all()
        assert (v == 2**depth - 1).all()
        assert run.invalid == 0
