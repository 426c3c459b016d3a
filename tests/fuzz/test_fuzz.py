"""Whatever is damaged in a video, a run restores it or refuses it, and leaves nothing behind."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.fuzz import pool, worker
from tests.fuzz.mutants import DAMAGES, mutant
from tests.fuzz.pool import fuzz
from tests.fuzz.seeds import IMAGES, VIDEOS, make_seeds

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the worker looks into /proc")

QUICK = 504
"""Every seed 21 times."""
SLOW = 5040


@pytest.fixture(scope="module")
def seeds(tmp_path_factory) -> list[Path]:
    return sorted(make_seeds(tmp_path_factory.mktemp("seeds")))


@pytest.mark.timeout(170)
def test_damaged_videos_are_restored_or_refused(tmp_path):
    """No crash, no hang, no foreign error, nothing left: files, descriptors, threads, memory."""
    results = fuzz(range(QUICK), tmp_path)

    assert results.findings == []
    assert sum(results.outcomes.values()) == QUICK
    # Damage that nothing notices would be no test, nor would damage that always ends at the door.
    assert results.outcomes["ok"] > QUICK / 4
    assert results.outcomes["InputError"] > QUICK / 10


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_many_more_damaged_videos(tmp_path):
    """The same for ten times as many others."""
    results = fuzz(range(QUICK, QUICK + SLOW), tmp_path)

    assert results.findings == []


def test_seeds_are_sound(seeds, tmp_path):
    """Undamaged, every seed is restored: else its mutants would test little."""
    outcomes = {
        seeds[number].name: worker.run_one(number, seeds, tmp_path / "work", damaged=False)
        for number in range(len(seeds))
    }

    assert {*VIDEOS, *IMAGES} == outcomes.keys()
    assert {"ok"} == {report["outcome"] for report in outcomes.values()}


def test_a_number_is_always_the_same_damage(seeds, tmp_path):
    """So that a finding can be looked at again."""
    written = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        made = mutant(len(DAMAGES) * len(seeds) + 3, seeds, tmp_path / name)
        written.append(
            [p.read_bytes() for p in (sorted(made.iterdir()) if made.is_dir() else [made])]
        )

    assert written[0] == written[1]


def test_seeds_are_the_same_bytes_again(tmp_path):
    """What is random in a container is left out of them, and mutants are reproducible."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    first, second = make_seeds(tmp_path / "a"), make_seeds(tmp_path / "b")

    differing = [
        a.name
        for a, b in zip(first, second, strict=True)
        if a.is_file() and a.read_bytes() != b.read_bytes()
    ]
    assert differing == []


def test_a_worker_that_dies_or_hangs_is_a_finding_and_is_replaced(tmp_path, monkeypatch):
    """The runs after it go on in a new process."""
    monkeypatch.setattr(pool, "PATIENCE_SECONDS", 2)
    monkeypatch.setattr(pool, "make_seeds", lambda folder: [])
    results = fuzz([0, 1, 0, 2, 0, 3, 0], tmp_path, module="tests.fuzz.crashing")

    assert results.findings == [
        "1: died: SIGSEGV",
        "2: hangs for more than 2 s",
        "3: died: exit code 7",
    ]
    assert results.outcomes["ok"] == 4


@pytest.mark.parametrize(
    ("leak", "word"),
    [
        ("(folder / 'x.part').touch()", "files"),
        ("__import__('os').dup(0)", "descriptors"),
        ("1 / 0", "ZeroDivisionError"),
    ],
)
def test_what_a_run_leaves_is_a_finding(seeds, tmp_path, monkeypatch, leak, word):
    """A part file, a descriptor, an error that is not ours."""
    monkeypatch.setattr(worker, "LATEST_SECONDS", 0.1)
    whole = worker._attempt

    def leaking(source, folder, *, by_pipe):
        eval(leak, {"folder": folder})
        return whole(source, folder, by_pipe=by_pipe)

    monkeypatch.setattr(worker, "_attempt", leaking)
    report = worker.run_one(0, seeds, tmp_path / "work", damaged=False)

    assert [word in text for text in report["wrong"]] == [True]
