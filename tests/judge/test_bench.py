"""A benchmark runs, and tells what it says it tells. How fast is no test's business."""

import json
import os
import sys

import pytest

from deblurvid import deblur_video
from deblurvid.backends.isa import VARIABLE
from deblurvid.cli import main
from deblurvid.errors import EngineError, UsageError
from deblurvid.judge import bench as bench_module
from deblurvid.judge.bench import BenchOptions, bench, bench_growth
from deblurvid.judge.isa import within_isa
from deblurvid.judge.memory import MemoryUse
from tests.cuda import streaming
from tests.graph.generators import constant_planes, save
from tests.media import make_video

SMALL = {"size": (64, 48), "frames": 6, "cores": 2}
STAGES = ["demux, decode", "unpack", "deblur", "pack", "encode", "mux"]
COST = {"name": str, "frames": int, "wall_seconds": float, "cpu_seconds": float}
SCHEMA = {
    "schema": str,
    "command": str,
    "machine": {"cpu": dict, "load_average": (float, type(None))},
    "versions": dict,
    "input": (str, type(None)),
    "measured": [
        {
            "video": {"width": int, "height": int, "pixel_format": str, "frames": int},
            "generator": str,
            "precision": str,
            "isa": (str, type(None)),
            "engine": str,
            "encoder": str,
            "stages": [COST],
            "shares": {"decode": float, "engine": float, "encode": float},
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


def measured(words, folder, monkeypatch):
    """What the command writes as JSON and as Markdown; its words are those of the real program."""
    as_json, as_markdown = folder / "figures.json", folder / "figures.md"
    words = ["bench", *words, "--json", str(as_json), "--markdown", str(as_markdown)]
    monkeypatch.setattr(sys, "argv", ["deblurvid", *words])
    assert main(words) == 0
    return json.loads(as_json.read_text()), as_markdown.read_text()


def test_identity_from_end_to_end(tmp_path, capsys, monkeypatch):
    """The command prints its figures and writes them by the schema of its docstring."""
    words = ["--size", "64x48", "--size", "80x48", "--frames", "6", "--engine", "identity"]
    found, _ = measured([*words, "--crf", "30"], tmp_path, monkeypatch)

    assert mismatches(found, SCHEMA) == []
    assert [each["video"]["width"] for each in found["measured"]] == [64, 80]
    for each in found["measured"]:
        assert [stage["name"] for stage in each["stages"]] == STAGES
        assert {6} == {stage["frames"] for stage in each["stages"]} | {each["run"]["frames"]}
        assert sum(each["shares"].values()) == pytest.approx(1)
        assert "crf=30" in each["encoder"]
    assert found["command"].endswith("figures.md")
    assert "run / bound" in capsys.readouterr().out


@pytest.fixture
def no_memory(monkeypatch):
    """Without the process of its own that each run's memory is measured in, which takes seconds."""
    nothing = MemoryUse(peak_bytes=None, samples=())
    monkeypatch.setattr(bench_module, "memory_of_run", lambda *_, **__: nothing)


@pytest.mark.usefixtures("no_memory")
def test_all_combinations_are_measured(tmp_path, monkeypatch):
    """Of two generators and two precisions, and each is what it says; a row of the table each."""
    save(constant_planes((0.1, 0, 0)), tmp_path / "other.onnx")
    words = ["--size", "64x48", "--frames", "4", "--no-usual", "--device", "cpu"]
    words += ["--engine", "identity", "--engine", str(tmp_path / "other.onnx")]
    found, table = measured(
        [*words, "--precision", "auto", "--precision", "fp32"], tmp_path, monkeypatch
    )

    names = [(each["generator"], each["precision"]) for each in found["measured"]]
    assert names == [(name, "fp32") for name in ("identity", "identity", "other", "other")]
    lines = [line.split(" | ") for line in table.splitlines() if line.startswith("| 64x48")]
    assert [line[1] for line in lines] == [name for name, _ in names]
    for line, each in zip(lines, found["measured"], strict=True):
        fps = each["run"]["frames"] / each["run"]["wall_seconds"]
        assert float(line[4]) == pytest.approx(fps, abs=0.06)
        spent = sum(stage["cpu_seconds"] for stage in each["stages"]) / 4
        assert float(line[5]) == pytest.approx(1e3 * spent, abs=0.6)
        shares = [float(cell.rstrip("%")) / 100 for cell in line[6:9]]
        assert shares == pytest.approx(list(each["shares"].values()), abs=0.006)


def test_a_cpu_with_less_is_another_process(tmp_path, monkeypatch):
    """There oneDNN is told so, and asked for no precision that such a CPU lacks; here nothing is."""
    words = ["--size", "64x48", "--frames", "4", "--no-usual", "--device", "cpu"]
    words += ["--engine", "fast", "--isa", "AVX2"]
    monkeypatch.delenv(VARIABLE, raising=False)
    found, table = measured(words, tmp_path, monkeypatch)

    (each,) = found["measured"]
    assert (each["isa"], each["precision"]) == ("AVX2", "fp32")
    assert "| up to AVX2 |" in table
    assert VARIABLE not in os.environ
    assert within_isa("AVX2", os.getenv, VARIABLE) == "AVX2"


def test_what_was_measured_is_kept_when_the_next_fails(tmp_path, monkeypatch):
    """A sweep takes long: the second size cannot be restored, and the first is in the file."""
    target = tmp_path / "figures.json"
    words = ["--frames", "4", "--no-usual", "--device", "cpu", "--json", str(target)]
    once = iter([bench_module.bench(BenchOptions(**SMALL, wait_seconds=0.0), silent)])
    monkeypatch.setattr(bench_module, "bench", lambda *_: next(once, None) or fail())

    def fail():
        raise EngineError("no more")

    assert main(["bench", "--size", "64x48", "--size", "80x48", *words]) == 1
    assert len(json.loads(target.read_text())["measured"]) == 1


@pytest.mark.usefixtures("no_memory")
def test_images_and_interlaced_video_are_measured(tmp_path):
    """Images by their template; fields as one picture of each two. The usual loop reads neither."""
    list(deblur_video(make_video(tmp_path / "in.mp4"), tmp_path / "%03d.png", engine="identity"))
    fields = make_video(
        tmp_path / "fields.mkv", codec="mpeg2video", options={"flags": "+ildct+ilme"}
    )
    given = [{"source": tmp_path / "%03d.png"}, {"source": fields, "deinterlace": True}]
    for options in given:
        figures = bench(BenchOptions(**options, engine="identity", device="cpu", frames=5), silent)

        assert {5} == {stage.frames for stage in figures.stages} | {figures.run.frames}
        assert figures.usual is None
        assert figures.stages[0].cpu_seconds > 0


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
    source = make_video(tmp_path / "mine.mkv", frames=30)
    options = BenchOptions(source=source, frames=10, wait_seconds=0.0)

    assert bench(options, silent).run.frames == 10


def test_memory_is_watched_between_two_frames():
    """A repeated video of 100 frames is as long as is needed."""
    growth = bench_growth(BenchOptions(**SMALL, engine="identity"), silent, between=(100, 300))

    assert tuple(frame for frame, _ in growth.ends) == (100, 300)


def test_a_sweep_s_report_goes_to_standard_output_once(tmp_path, monkeypatch, capfd):
    """`-` is no name of a file, and what stands there cannot be replaced after each combination."""
    monkeypatch.chdir(tmp_path)
    small = ["--size", "64x48", "--size", "96x64", "--frames", "2", "--no-usual"]
    code = main(["bench", *small, "--engine", "identity", "--json", "-"])
    found = json.loads(capfd.readouterr().out)

    assert code == 0
    assert [each["video"]["width"] for each in found["measured"]] == [64, 96]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--size", "64"], "is no size"),
        (["--size", "63x48"], "even sides"),
        (["--frames", "1"], "too few"),
        (["--depth", "9"], "depth is 9"),
        (["--wait-ms", "-1"], "must not be negative"),
        (["--input", "missing.mp4"], "missing.mp4"),
        (["--isa", "SSE9"], "isa is 'SSE9'"),
        (["--isa", "AVX2", "--precision", "bf16"], "has no bf16"),
        (["--precision", "int3"], "int3"),
        (["--json", "nowhere/figures.json"], "cannot be written there"),
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
