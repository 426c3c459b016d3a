"""`deblurvid build-engine` builds on a machine without a GPU, and says what it cannot do there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deblurvid.build import cache, process
from deblurvid.build.process import BuiltPlan
from deblurvid.build.toolchain import Toolchain
from tests.build.conftest import (
    GPU,
    rtx,  # noqa: F401 - a fixture
)
from tests.build.test_process import antialiased
from tests.cli.conftest import ESCAPE, assert_refused
from tests.graph.generators import conv_planes, save

if TYPE_CHECKING:
    from deblurvid.build.ready import Wanted
    from tests.cli.conftest import Cli

ROOT = Path(__file__).parent.parent.parent
SMALL = ("--size", "64x48")


@pytest.fixture(autouse=True)
def _own_plans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test begins with an empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def net(tmp_path: Path) -> Path:
    """A tiny generator in a file."""
    return save(conv_planes(), tmp_path / "net.onnx")


@pytest.fixture
def no_build(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Nothing is built; gives the requests that would have been."""
    asked: list[object] = []

    def build(request: object, on_progress: object) -> BuiltPlan:
        asked.append(request)
        return BuiltPlan(plan=b"plan", trt_version="1", tensors={}, seconds=0.5, warnings=())

    monkeypatch.setattr("deblurvid.build.ready.build_in_process", build)
    return asked


@pytest.mark.parametrize("target", ["none/x.plan", "x.engine", "folder.plan"])
def test_a_plan_that_could_not_be_written_is_refused_at_once(
    cli: Cli, net: Path, tmp_path: Path, no_build: list[object], target: str
) -> None:
    """Exit 2 before anything is built: no folder, another suffix, a folder of that name."""
    (tmp_path / "folder.plan").mkdir()
    done = cli("build-engine", net, *SMALL, "-o", tmp_path / target, "--force")

    assert_refused(done, target)
    assert no_build == []


@pytest.mark.usefixtures("rtx")
def test_a_plan_in_the_cache(cli: Cli, net: Path) -> None:
    """One command builds; the same again finds it; --force builds anew; `engines` lists it."""
    first, again = (cli("build-engine", net, *SMALL) for _ in range(2))

    assert (first.code, again.code) == (0, 0)
    assert "building net in fp16 for 64x48: 0 %" in first.err
    assert "the plan cannot be run here: there is no NVIDIA driver" in first.err
    assert "not compared with float32" in first.err
    assert "from the cache, built in" in again.err
    assert "building" not in again.err
    assert ESCAPE not in first.err + first.out
    listed = json.loads(cli("engines", "--verify", "--json").out)
    (plan,) = listed["plans"]
    assert plan["settings"]["generator"] == "net"
    assert (plan["problem"], plan["stale"], plan["verified"]) == (None, None, True)


@pytest.mark.usefixtures("rtx")
def test_a_plan_at_a_path(cli: Cli, net: Path, tmp_path: Path) -> None:
    """-o writes the plan and its sidecar there, and never over another file unasked."""
    target = tmp_path / "out.plan"
    assert cli("build-engine", net, "-o", target, *SMALL, "--depth", "10").code == 0

    record = cache.read_plan(target).record
    assert record.facts["settings"]["depth"] == 10
    assert record.tensors["y"].startswith("uint8 [1, 2, ")
    assert cache.plan_paths() == []
    assert_refused(cli("build-engine", net, "-o", target, *SMALL), "exists; --force replaces it")


@pytest.mark.usefixtures("rtx", "no_build")
def test_programs_are_told_too(cli: Cli, net: Path) -> None:
    """--progress json: building and built, one object a line, the last with the plan's path."""
    result = cli("build-engine", net, "--progress", "json", *SMALL)
    events = [json.loads(line) for line in result.out.splitlines()]

    assert [event["event"] for event in events] == ["notice", "building", "built"]
    assert Path(events[-1]["path"]).exists()
    assert events[-1]["parity"] is None


@pytest.mark.usefixtures("rtx")
def test_every_setting_reaches_the_builder(cli: Cli, net: Path, no_build: list[object]) -> None:
    """What the words say is what is asked of TensorRT."""
    words = "--size 64x48 --size 128x96 --source yuv444 --depth 12 --precision bf16 --flavour rtx "
    words += "--compute-capability SM89 --compute-capability SM120 --optimization-level 1 "
    words += "--workspace 64"
    assert cli("build-engine", net, *words.split()).code == 0

    (request,) = no_build
    assert request.settings() == {  # type: ignore[attr-defined]
        "generator": "net",
        "source": "yuv444",
        "depth": 12,
        "precision": "bf16",
        "flavour": "rtx",
        "profile": [[64, 48], [64, 48], [128, 96]],
        "optimization_level": 1,
        "workspace_mib": 64,
        "targets": ["SM120", "SM89"],
        "gpu": None,
    }


@pytest.mark.usefixtures("rtx")
def test_tensorrt_s_log_is_shown_on_request(cli: Cli, net: Path) -> None:
    """--debug shows every line that TensorRT logs, tactics too; without it there is none."""
    quiet = cli("build-engine", net, *SMALL)
    loud = cli("build-engine", net, *SMALL, "--force", "--debug")

    assert (quiet.code, loud.code) == (0, 0)
    assert "INFO: " not in quiet.err
    assert loud.err.count("INFO: ") > 5
    assert ", built in " in loud.err.splitlines()[-1]


@pytest.mark.usefixtures("rtx")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--size", "64"), "'64' is no size"),
        (("--size", "8x8"), "cannot be built for"),
        (("--depth", "9"), "depth is 9; use 8, 10, 12, 16"),
        (("--flavour", "tensorrt"), "TensorRT builds on the GPU only, but there is no NVIDIA"),
        (("--compute-capability", "89"), "does not build for '89'; it builds for SM75"),
        (("--compute-capability", "SM90"), "does not build for 'SM90'; it builds for SM75"),
        (("--optimization-level", "7"), "optimization level is 7"),
        (("--workspace", "0"), "workspace is 0 MiB"),
    ],
)
def test_what_is_refused(cli: Cli, net: Path, words: tuple[str, ...], said: str) -> None:
    """Exit code 2 and one line that names the value; nothing is built."""
    assert_refused(cli("build-engine", net, *words), said)

    assert cache.plan_paths() == []


@pytest.mark.usefixtures("rtx")
def test_a_video_to_check_by(
    cli: Cli, net: Path, clip: Path, monkeypatch: pytest.MonkeyPatch, no_build: list[object]
) -> None:
    """It needs a GPU and must be what the plan is for; then its pictures are compared by."""
    assert_refused(cli("build-engine", net, "--check", clip), "cannot be run here: there is no NV")

    tools = Toolchain(flavour="rtx", targets=(), gpu=GPU, remark=None)
    monkeypatch.setattr("deblurvid.build.toolchain.toolchain", lambda *_, **__: tools)
    seen: list[Wanted] = []
    monkeypatch.setattr("deblurvid.build.ready.ready", lambda wanted, *_, **__: seen.append(wanted))
    deep = cli("build-engine", net, "--check", clip, "--depth", "10")
    assert_refused(deep, "it is yuv420 at 8 bits", "add --source yuv420 --depth 8")
    assert cli("build-engine", net, "--check", clip).code == 0

    assert [planes.samples[0].shape for planes in seen[0].pictures] == [(1, 48, 64)] * 5
    assert no_build == []


def test_a_generator_that_is_none(cli: Cli, tmp_path: Path) -> None:
    """A missing file, and one that is no ONNX."""
    (tmp_path / "text.onnx").write_text("nothing")

    assert_refused(cli("build-engine", tmp_path / "no.onnx"), "no such generator file")
    assert_refused(cli("build-engine", tmp_path / "text.onnx"), "not a valid ONNX file")


@pytest.mark.usefixtures("rtx")
def test_a_build_that_fails(cli: Cli, tmp_path: Path) -> None:
    """An operator that TensorRT lacks: one build, exit code 1, and nothing is left."""
    net = save(antialiased(), tmp_path / "net.onnx")
    result = cli("build-engine", net, *SMALL)

    assert result.code == 1
    assert "node 'shrink' (Resize): Antialiasing is not" in result.last_line
    assert "going on with" not in result.err
    assert cache.plan_paths() == []


@pytest.mark.usefixtures("rtx")
def test_ctrl_c(tmp_path: Path) -> None:
    """130, one line, no plan, no folder of a build, and the worker is gone."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    # What started the tests may have chosen to ignore SIGINT, and then it stays ignored.
    ignored = signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    words = [sys.executable, "-m", "deblurvid", "build-engine", "fast", "--progress", "json"]
    with subprocess.Popen(
        words,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(scratch)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    ) as run:
        assert run.stdout is not None
        seen = 0
        for line in run.stdout:
            seen += json.loads(line)["event"] == "building"
            if seen == 2:  # the worker itself has told something
                break
        os.killpg(run.pid, signal.SIGTERM if ignored else signal.SIGINT)
        rest, told = run.communicate(timeout=process.STOP_SECONDS + 10)

    assert run.returncode == 130
    assert told.splitlines()[-1] == "deblurvid: interrupted"
    assert json.loads(rest.splitlines()[-1])["event"] == "interrupted"
    assert list(scratch.iterdir()) == []
    assert cache.plan_paths() == []
