"""A cache that cannot lie: a plan is used only if it is what was asked for, whole."""

from __future__ import annotations

import json
import multiprocessing
import stat
import subprocess
import sys
from dataclasses import asdict, replace
from typing import Any

import pytest

from deblurvid.build import cache
from deblurvid.build.process import BuiltPlan
from deblurvid.build.request import Profile
from deblurvid.errors import EngineError, OutputError
from tests.build.conftest import GPU, SMALL, request_for, tiny
from tests.graph.generators import conv_planes, generator

BUILT = BuiltPlan(
    plan=b"plan" * 1000, trt_version="1.7", tensors={"y": "uint8"}, seconds=1.5, warnings=("w",)
)
VERSION = "1.7.1.116"


def facts(**changes):
    return cache.facts_of(request_for(**changes), VERSION)


def stored():
    """A plan in the cache."""
    stated = facts()
    with cache.locked(lambda: None):
        return cache.store(cache.path_of(stated), stated, BUILT, driver_cuda=0)


GPU_CHANGES: dict[str, Any] = {
    "name": "Other GPU",
    "compute_capability": (9, 0),
    "multiprocessors": 60,
    "memory_gib": 24,
}
CHANGES = {
    "precision": {"precision": "bf16"},
    "smallest size": {"profile": replace(SMALL, smallest=(16, 16))},
    "best size": {"profile": replace(SMALL, best=(96, 96))},
    "largest size": {"profile": Profile(smallest=(32, 32), best=(64, 48), largest=(130, 96))},
    "level": {"optimization_level": 4},
    "workspace": {"workspace_mib": 512},
    "targets": {"targets": ("SM89",)},
    "flavour": {"flavour": "tensorrt", "gpu": GPU},
    **{
        name: {"flavour": "tensorrt", "gpu": replace(GPU, **{name: value})}
        for name, value in GPU_CHANGES.items()
    },
}


def test_every_setting_changes_the_key():
    """Whatever makes another plan makes another key: no two of these are alike."""
    keys = {name: cache.key_of(facts(**changes)) for name, changes in CHANGES.items()}
    keys["as it was"] = cache.key_of(facts())
    keys["another TensorRT"] = cache.key_of(cache.facts_of(request_for(), "1.8"))

    assert len(set(keys.values())) == len(keys)


def test_a_weight_changes_the_key():
    """A generator that was trained on has another plan, under the same name and shape."""
    one, other = generator(conv_planes()), generator(conv_planes())
    weight = next(w for w in other.model.graph.initializer if w.name == "w1")
    raw = bytearray(weight.raw_data)
    raw[0] ^= 1
    weight.raw_data = bytes(raw)
    requests = [request_for(made, precision="fp32") for made in (one, other)]

    assert len({len(request.graph) for request in requests}) == 1
    assert len({cache.key_of(cache.facts_of(request, VERSION)) for request in requests}) == 2


def test_what_decides_nothing_leaves_the_key():
    """The device's number and the order of targets are no part of a plan."""
    assert cache.key_of(facts(device=1)) == cache.key_of(facts())
    several = [facts(targets=targets) for targets in (("SM80", "SM89"), ("SM89", "SM80"))]
    assert cache.key_of(several[0]) == cache.key_of(several[1])


KEY_PROBE = """
from deblurvid.build import cache
from tests.build.conftest import request_for
print(cache.key_of(cache.facts_of(request_for(), "1.7.1.116")))
"""


def test_the_key_is_the_same_in_every_process(monkeypatch):
    """Nothing in a graph depends on the order of sets or on addresses."""
    keys = set()
    for seed in ("1", "2"):
        monkeypatch.setenv("PYTHONHASHSEED", seed)
        done = subprocess.run(
            [sys.executable, "-c", KEY_PROBE], capture_output=True, text=True, check=True
        )
        keys.add(done.stdout.strip())

    assert keys == {cache.key_of(facts())}


def test_what_was_stored_is_read_back():
    """Bytes and record, and the folder is for this user alone."""
    plan = stored()
    again = cache.read_plan(plan.path)

    assert again.data == BUILT.plan
    assert again.record == plan.record
    assert again.record.warnings == ("w",)
    assert again.settings == request_for().settings()
    assert stat.S_IMODE(cache.cache_folder().stat().st_mode) == 0o700
    assert stat.S_IMODE(plan.path.stat().st_mode) == 0o600
    assert [plan.path] == cache.plan_paths()
    assert cache.leftovers() == []


def test_a_folder_open_to_others_is_closed():
    """A plan is code: nobody else may put one there, from the first time it is written or read."""
    folder = cache.cache_folder()
    folder.mkdir(parents=True, mode=0o777)
    folder.chmod(0o777)
    path = stored().path
    written = stat.S_IMODE(folder.stat().st_mode)
    folder.chmod(0o777)
    cache.read_cached(path, facts())

    assert (written, stat.S_IMODE(folder.stat().st_mode)) == (0o700, 0o700)


@pytest.mark.parametrize("part", ["plan", "sidecar"])
@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_what_others_may_have_written_is_not_read(part, mode):
    """Neither a plan nor what states its SHA-256."""
    path = stored().path
    {"plan": path, "sidecar": cache.sidecar_of(path)}[part].chmod(mode)
    with pytest.raises(EngineError, match="others can write it, and a plan is executed"):
        cache.read_cached(path, facts())


def test_another_user_s_cache_is_not_used(monkeypatch):
    """Neither read nor, by root, who could, written."""
    path, owner = stored().path, cache.os.getuid()
    monkeypatch.setattr(cache.os, "getuid", lambda: owner + 1)
    told = "cannot be used as a cache: it belongs to another user"
    with pytest.raises(OutputError, match=told):
        cache.read_cached(path, facts())
    with pytest.raises(OutputError, match=told):
        stored()
    with pytest.raises(EngineError, match="plans belongs to another user, or"):
        cache.check_owner(path)


def torn(path):
    path.write_bytes(path.read_bytes()[:-1])


def flipped(path):
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(bytes(data))


def without_sidecar(path):
    cache.sidecar_of(path).unlink()


def without_plan(path):
    path.unlink()


def torn_sidecar(path):
    torn(cache.sidecar_of(path))
    torn(cache.sidecar_of(path))


def changed_sidecar(path):
    side = cache.sidecar_of(path)
    stated = json.loads(side.read_text())
    stated["facts"]["settings"]["precision"] = "fp32"
    side.write_text(json.dumps(stated))


def newer_schema(path):
    side = cache.sidecar_of(path)
    side.write_text(json.dumps(json.loads(side.read_text()) | {"schema": 99}))


def strange_sidecar(path):
    cache.sidecar_of(path).write_text("[1, 2]")


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (torn, "not what was built"),
        (flipped, "not what was built"),
        (without_sidecar, "has no"),
        (without_plan, "cannot be read"),
        (torn_sidecar, "cannot be read"),
        (changed_sidecar, "was changed"),
        (newer_schema, "another version of deblurvid"),
        (strange_sidecar, "cannot be read"),
    ],
)
def test_a_harmed_plan_is_not_read(harm, words):
    """One byte less, one bit changed, another sidecar: the reason is told."""
    path = stored().path
    harm(path)
    with pytest.raises(EngineError, match=words):
        cache.read_plan(path)


def test_parity_is_kept():
    """What was measured is in the sidecar, and the plan stays valid."""
    parity = {"pictures": 3, "psnr_db": 61.5, "largest_error": 2, "invalid": 0}
    plan = cache.with_parity(stored(), parity)

    assert parity == cache.read_plan(plan.path).record.parity
    assert asdict(plan.record) == asdict(cache.read_plan(plan.path).record)


def test_a_write_that_fails_leaves_the_old_plan(monkeypatch):
    """A full disk while a plan is replaced: the old one is whole, and no part is left."""
    plan = stored()

    def full(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache.os, "fsync", full)
    with pytest.raises(OutputError, match="cannot be written: No space left"):
        stored()

    assert cache.read_plan(plan.path).data == BUILT.plan
    assert cache.leftovers() == []


def test_discard_takes_both():
    """Nothing is left of a plan, and to discard it twice is no error."""
    path = stored().path
    cache.discard(path)
    cache.discard(path)

    assert cache.plan_paths() == []


def test_a_name_from_outside_stays_in_the_folder():
    """A generator's name is part of the file's, whatever is in it."""
    path = cache.path_of(facts(generator="../../etc/x y\n"))

    assert path.parent == cache.cache_folder()
    assert path.name.startswith(".._.._etc_x_y_-yuv4208-fp16-rtx-")


def hold(folder, entered, release):
    """In another process: take the lock, say so, keep it until told."""
    import os

    os.environ["XDG_CACHE_HOME"] = folder
    with cache.locked(lambda: None):
        entered.set()
        release.wait(20)


def test_two_processes_do_not_build_at_once(tmp_path):
    """The second one is told that it waits, and goes on when the first has ended."""
    context = multiprocessing.get_context("spawn")
    entered, release = context.Event(), context.Event()
    other = context.Process(target=hold, args=(str(tmp_path / "cache"), entered, release))
    other.start()
    assert entered.wait(20)
    waited = []

    def on_wait():
        waited.append(True)
        release.set()

    with cache.locked(on_wait):
        assert waited
    other.join(20)

    assert other.exitcode == 0
    assert tiny().name in str(cache.path_of(facts()))
