"""`deblurvid engines` tells which plans there are, which are broken, and deletes those."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from deblurvid.build import cache
from deblurvid.build.process import BuiltPlan
from tests.build.conftest import request_for
from tests.build.conftest import rtx as rtx_fixture  # noqa: F401 - the fixture below needs it
from tests.cli.conftest import ESCAPE

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from tests.cli.conftest import Cli

PARITY = {"pictures": 3, "psnr_db": 61.25, "largest_error": 2, "invalid": 0}


@pytest.fixture(autouse=True)
def _own_plans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """TensorRT-RTX 1.7 is installed, and nothing else."""
    from deblurvid.backends import preflight
    from deblurvid.errors import EngineError

    def load(flavour: str) -> Any:
        if flavour != "rtx":
            raise EngineError(f"{flavour} is not installed")
        return type("Module", (), {"__version__": "1.7"})

    monkeypatch.setattr(preflight, "load_trt", load)


def stored(precision: str = "fp16", version: str = "1.7") -> Path:
    """A plan in the cache."""
    facts = cache.facts_of(request_for(precision=precision), version)
    built = BuiltPlan(plan=b"plan", trt_version=version, tensors={}, seconds=1.0, warnings=())
    with cache.locked(lambda: None):
        plan = cache.store(cache.path_of(facts), facts, built, driver_cuda=0)
    return cache.with_parity(plan, PARITY).path


def test_an_empty_cache(cli: Cli) -> None:
    """No folder, no plans, no error."""
    result = cli("engines", "--verify", "--prune")

    assert (result.code, result.err) == (0, "")
    assert result.out.endswith(": 0 files\n")


@pytest.mark.usefixtures("installed")
def test_the_list(cli: Cli) -> None:
    """Name, what it is for, by whom, how large, how close to float32."""
    path = stored()
    result = cli("engines")

    assert result.code == 0
    assert ESCAPE not in result.out
    for word in (path.name, "tiny in fp16 for yuv420 at 8 bits", "32x32 to 128x96, best at 64x48",
                 "rtx 1.7", "61.2 dB to float32"):  # fmt: skip
        assert word in result.out, result.out


@pytest.mark.usefixtures("installed")
def test_torn_plans_are_found_and_deleted(cli: Cli) -> None:
    """--verify finds what a glance at the sidecar does not; --prune deletes it and no other."""
    good, torn = stored("fp16"), stored("bf16")
    torn.write_bytes(b"pla")

    assert cli("engines").code == 0
    seen = cli("engines", "--verify")
    assert seen.code == 1
    assert "is not what was built" in seen.out
    pruned = cli("engines", "--prune")
    assert pruned.code == 0
    assert "deleted" in pruned.out
    assert [good] == cache.plan_paths()
    assert not cache.sidecar_of(torn).exists()


@pytest.mark.usefixtures("installed")
def test_a_plan_that_others_can_write_is_told(cli: Cli) -> None:
    """It is not trusted by a run, so it is a problem here."""
    stored().chmod(0o666)
    seen = cli("engines")

    assert seen.code == 1
    assert "others can write it, and a plan is executed" in seen.out


@pytest.mark.usefixtures("installed")
def test_what_nothing_here_can_use_is_deleted(cli: Cli) -> None:
    """Plans of another version, sidecars without a plan, parts of a write that was cut off."""
    good, old, lost = stored("fp16"), stored("bf16", version="1.6"), stored("fp32")
    lost.unlink()
    part = cache.cache_folder() / "x.plan.abc.part"
    part.write_bytes(b"half")
    listed = json.loads(cli("engines", "--verify", "--json").out)["plans"]
    told = {plan["name"]: plan["stale"] or plan["problem"] for plan in listed}

    assert told[good.name] is None
    assert told[old.name] == "1.7 of rtx is installed"
    assert "cannot be read" in told[lost.name]
    assert told[part.name] == "left by a build that was cut off"
    assert cli("engines", "--prune").code == 0
    assert sorted(path.name for path in cache.cache_folder().iterdir()) == sorted(
        [".lock", good.name, cache.sidecar_of(good).name]
    )


def test_the_home_folder_is_not_told(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """People see ~, programs the path."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))

    assert cli("engines").out.startswith("~/cache/")
    assert json.loads(cli("engines", "--json").out)["folder"].startswith(str(tmp_path))
