"""`deblurvid doctor` tells what is true here."""

from __future__ import annotations

import json
import os
import platform
import re
import socket
from typing import TYPE_CHECKING, Any

import onnx
import pytest

import deblurvid.choose
from deblurvid.backends import preflight
from deblurvid.backends.identity import identity_generator
from deblurvid.stages import trial
from tests.cli.conftest import ESCAPE, assert_refused

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Cli


@pytest.fixture
def engines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the shipped generators that are a default, both of which work."""
    folder = tmp_path / "engines"
    folder.mkdir()
    for name in (deblurvid.choose.DEFAULT_GENERATOR, deblurvid.choose.CUDA_GENERATOR):
        onnx.save(identity_generator().model, folder / f"{name}.onnx")
    monkeypatch.setattr(deblurvid.choose, "engines_folder", lambda: folder)
    return folder


@pytest.fixture
def few_encoders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "ENCODERS", ("libx264", "h264_nvenc", "nosuch"))


def _report(cli: Cli) -> tuple[int, dict[str, Any]]:
    result = cli("doctor", "--json")
    return result.code, json.loads(result.out)


@pytest.mark.usefixtures("engines", "few_encoders")
def test_json(cli: Cli) -> None:
    """The JSON report holds versions, CPU, engines, encoders, generators and caches."""
    code, report = _report(cli)

    encoders = {entry["name"]: entry for entry in report["encoders"]}
    assert code == 0
    assert report["can_run"] is True
    assert {"deblurvid", "python", "av", "openvino", "ffmpeg"} <= report["versions"].keys()
    assert report["cpu"]["cores"] >= 1
    assert {"openvino", "tensorrt"} == {entry["engine"] for entry in report["engines"]}
    assert encoders["libx264"]["usable"]
    assert encoders["nosuch"]["reason"] == "not in this FFmpeg"
    assert [g["kind"] for g in report["generators"]] == ["planes", "planes"]
    assert [g["default"] for g in report["generators"]] == [True, False]
    assert [g["default_on_cuda"] for g in report["generators"]] == [False, True]
    assert report["caches"]


@pytest.mark.usefixtures("engines", "few_encoders")
def test_plain(cli: Cli) -> None:
    """For people the same is said in lines without escape codes; whatever fails has its reason."""
    result = cli("doctor")

    assert result.code == 0
    assert ESCAPE not in result.out
    assert "libx264            ok" in result.out
    assert f"  {deblurvid.choose.CUDA_GENERATOR}, the default on CUDA: planes" in result.out
    assert re.search(r"tensorrt cuda +no  there is no NVIDIA driver", result.out)
    assert "ready" in result.out.splitlines()[-1]


@pytest.mark.usefixtures("few_encoders")
def test_broken_generator(cli: Cli, engines: Path) -> None:
    """A default generator that cannot be read is a problem, and the exit code says so."""
    next(engines.glob("*.onnx")).write_bytes(b"rubbish")

    code, report = _report(cli)

    assert code == 1
    assert not report["can_run"]
    assert "default generator" in report["problems"][0]
    assert "not a valid ONNX file" in report["generators"][0]["reason"]


@pytest.mark.usefixtures("engines")
def test_encoders_are_tried() -> None:
    """The software encoders of PyAV's wheel truly encode; one that fails says why."""
    software = [name for name in trial.ENCODERS if name.startswith(("lib", "ffv1", "prores"))]
    failures = {name: trial.why_not(name) for name in trial.ENCODERS}

    assert [None] * len(software) == [failures[name] for name in software]
    assert all(reason is None or reason for reason in failures.values())


def test_selftest_without_a_gpu(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused in one line that says why."""
    monkeypatch.setattr(preflight, "DRIVER_LIBRARY", "libnosuchdriver.so.1")

    assert_refused(cli("doctor", "--selftest"), "there is no NVIDIA driver")


WHO, WHERE = "zaphod", "heartofgold"


@pytest.fixture
def named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user and a machine with names, which stand wherever they might; gives the home folder."""
    home = tmp_path / "homes" / WHO
    (home / "cache").mkdir(parents=True)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(home))
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, WHO)
    monkeypatch.setattr(platform, "node", lambda: WHERE)
    monkeypatch.setattr(socket, "gethostname", lambda: f"{WHERE}.example.org")
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
    monkeypatch.setenv("TMPDIR", f"/data/{WHERE}/{WHO.upper()}")
    monkeypatch.setenv("LD_LIBRARY_PATH", f"{home}/lib:/net/{WHERE}.example.org/lib:{home}")
    monkeypatch.setattr(preflight, "cuda_problem", lambda _: f"{WHO}@{WHERE} may not, see {home}/x")
    return home


@pytest.mark.usefixtures("engines", "few_encoders")
@pytest.mark.parametrize("words", [(), ("--report",), ("--json",)])
def test_it_names_neither_user_nor_machine(cli: Cli, named: Path, words: tuple[str, ...]) -> None:
    """Neither the home folder nor a name is in it, in any spelling; what stands for them is."""
    said = cli("doctor", *words).out

    for secret in (WHO, WHERE, str(named)):
        assert secret.lower() not in said.lower()
    for shown in ("USER@HOST may not, see ~/x", "/data/HOST/USER", "~/cache/deblurvid"):
        assert shown in said


@pytest.mark.usefixtures("engines", "few_encoders")
def test_what_is_part_of_a_word_stays(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user called av is not in "have", nor is everything at home for one whose home is /."""
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "av")
    monkeypatch.setenv("HOME", "/")
    monkeypatch.setattr(preflight, "cuda_problem", lambda _: "you have no /av/driver")

    report = json.loads(cli("doctor", "--json").out)

    assert report["engines"][-1]["reason"].startswith("you have no /USER/driver")
    assert not any(cache["path"].startswith("~") for cache in report["caches"])


@pytest.mark.usefixtures("engines", "few_encoders")
def test_a_report_is_one_block_of_markdown(cli: Cli) -> None:
    """Its lines are those for people, between two fences."""
    report, plain = cli("doctor", "--report"), cli("doctor")

    first, *lines, last = report.out.splitlines()
    assert (first, last) == ("```", "```")
    steady = [line for line in lines if "free" not in line]
    assert steady == [line for line in plain.out.splitlines() if "free" not in line]


@pytest.mark.usefixtures("engines", "few_encoders")
def test_machine_and_environment(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory as the system has it, the driver that is not there, and the variables that are set."""
    monkeypatch.setattr(preflight, "DRIVER_LIBRARY", "libnosuchdriver.so.1")
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    report = json.loads(cli("doctor", "--json").out)

    pages = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert report["memory"]["total_bytes"] == pytest.approx(pages, rel=0.01)
    assert 0 < report["memory"]["available_bytes"] < report["memory"]["total_bytes"]
    assert report["graphics"]["cuda"] is None
    assert report["environment"]["ONEDNN_MAX_CPU_ISA"] == "AVX2"
    assert "CUDA_VISIBLE_DEVICES" not in report["environment"]
    assert platform.release() in report["versions"]["system"]


@pytest.mark.usefixtures("engines", "few_encoders")
def test_the_lock_of_a_cache_is_no_file_of_it(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever looks for plans must not be told of one where there is none."""
    from deblurvid.build.cache import cache_folder, locked

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with locked(lambda: None):
        (cache_folder() / "a.plan").write_bytes(b"1234")
    _, report = _report(cli)

    (plans,) = (c for c in report["caches"] if c["name"] == "plans of TensorRT")
    assert (plans["files"], plans["size_bytes"]) == (1, 4)
