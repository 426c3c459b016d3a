"""A benchmark runs, and tells what it says it tells. How fast is no test's business."""

import json
import sys

import pytest

from deblurvid.cli import main
from deblurvid.errors import UsageError
from deblurvid.judge.bench import BenchOptions, bench, bench_growth
from tests.cuda import streaming

SMALL = {"size": (64, 48), "frames": 6, "cores": 2}
STAGES = ["demux, decode", "unpack", "deblur", "pack", "encode", "mux"]
COST = {"name": str, "frames": int, "wall_seconds": float, "cpu_seconds": float}
SCHEMA = {
    "schema": str,
    "command": str,
    "machine": {"cpu": dict, "load_average": (float, type(None))},
    "versions": dict,
    "input": (str, type(None)),
    "sizes": [
        {
            "video": {"width": int, "height": int, "pixel_format": str, "frames": int},
            "engine": str,
            "encoder": str,
            "stages": [COST],
            "run": COST,
            "busy_seconds": {"decode": float, "engine": float, "encode": float},
            "bound": {"seconds": float, "by": str},
            "run_over_bound": float,
            "usual": COST,
            "times_usual": float,
            "peak_rss_bytes": (int, type(None)),
            "device": type(None),
        }
    ],
}


@pytest.fixture(autouse=True, scope="module")
def _own_cache(tmp_path_factory):
    """Compiled models of these tests go to a folder of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


def mismatches(value, wanted, where="$"):
    """Paths at which `value` is not as `wanted` says, with exactly its keys."""
    if isinstance(wanted, dict):
        if not isinstance(value, dict) or set(value) != set(wanted):
            return [f"{where}: {value!r} has not the keys {sorted(wanted)}"]
        return [m for key in wanted for m in mismatches(value[key], wanted[key], f"{where}.{key}")]
    if isinstance(wanted, list):
        return [
            m for i, one in enumerate(value) for m in mismatches(one, wanted[0], f"{where}[{i}]")
        ]
    return [] if isinstance(value, wanted) else [f"{where}: {value!r}"]


def silent(text):
    """Takes what a benchmark tells."""


def test_identity_from_end_to_end(tmp_path, capsys, monkeypatch):
    """The command prints its figures and writes them by the schema of its docstring."""
    target = tmp_path / "figures.json"
    words = ["bench", "--size", "64x48", "--size", "80x48", "--frames", "6", "--engine", "identity"]
    words += ["--crf", "30", "--json", str(target)]
    monkeypatch.setattr(sys, "argv", ["deblurvid", *words])
    code = main(words)
    found = json.loads(target.read_text())

    assert code == 0
    assert mismatches(found, SCHEMA) == []
    assert [each["video"]["width"] for each in found["sizes"]] == [64, 80]
    for each in found["sizes"]:
        assert [stage["name"] for stage in each["stages"]] == STAGES
        assert {6} == {stage["frames"] for stage in each["stages"]} | {each["run"]["frames"]}
        assert "crf=30" in each["encoder"]
    assert found["command"].endswith(str(target))
    assert "run / bound" in capsys.readouterr().out


def test_a_waiting_engine_is_bound_by_the_slowest_stage():
    """With 20 ms a frame that is the engine, and there is nothing to compare with."""
    figures = bench(BenchOptions(**SMALL, wait_seconds=0.02), silent)

    assert figures.engine_waits
    assert figures.usual is None
    assert figures.bound_seconds == figures.stages[2].wall_seconds
    assert figures.bound_seconds >= 0.12


@pytest.mark.parametrize("depth", [8, 10])
def test_ten_bits_are_measured_as_ten_bits(depth):
    """The video that is made has the depth that was asked for."""
    figures = bench(BenchOptions(**SMALL, depth=depth, engine="identity", with_usual=False), silent)

    assert figures.pixel_format == {8: "yuv420p", 10: "yuv420p10le"}[depth]


def test_a_source_of_ones_own_is_read_from_its_beginning(tmp_path):
    """Only the frames that were asked for, with its sound copied."""
    from tests.media import make_video

    source = make_video(tmp_path / "mine.mkv", frames=30)
    options = BenchOptions(source=source, frames=10, wait_seconds=0.0)

    assert bench(options, silent).run.frames == 10


def test_memory_is_watched_between_two_frames():
    """A repeated video of 100 frames is as long as is needed."""
    growth = bench_growth(BenchOptions(**SMALL, engine="identity"), silent, between=(100, 300))

    assert tuple(frame for frame, _ in growth.ends) == (100, 300)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--size", "64"], "is no size"),
        (["--size", "63x48"], "even sides"),
        (["--frames", "1"], "too few"),
        (["--depth", "9"], "depth is 9"),
        (["--wait-ms", "-1"], "must not be negative"),
        (["--input", "missing.mp4"], "missing.mp4"),
        (["--engine", "nobody"], "nobody"),
    ],
)
def test_refuses_what_cannot_be_measured(words, said, capsys):
    """In one line, with the exit code of a refusal."""
    small = [] if "--size" in words else ["--size", "64x48"]
    code = main(["bench", *words, *small])
    last = capsys.readouterr().err.splitlines()[-1]

    assert code == 2
    assert last.startswith("deblurvid: error: ")
    assert said in last


def test_options_are_checked_at_birth():
    """A library user hears of it as well."""
    with pytest.raises(UsageError, match="too few"):
        BenchOptions(frames=0)


def test_a_gpu_is_told_by_its_own_clock(cuda):
    """Each step of a frame, the operations of its generator, and the share of the device's peak."""
    figures, words = cuda.call(streaming.benchmark)
    device = figures["device"]

    assert figures["video"]["frames"] == 6
    assert figures["bound"]["by"] == "slowest stage"
    assert (device["name"], device["operations"]) == ("Fake GPU", 64 * 48 * (8 * 27 + 3 * 72) * 2)
    # 128 multiprocessors x 256 operations x 2.52 GHz in float32
    assert device["peak_operations_per_second"] == pytest.approx(82.6e12, rel=1e-3)
    assert device["share_of_roof"] > 0
    for name in ("to the GPU", "infer", "from the GPU", "share of roof", "TFLOP/s"):
        assert name in words
