"""The search: candidates, equal compute, results that are not taken for others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.train.loop.recipes import RECIPE_TOML
from train.data.options import DataOptions
from train.search import run as search_module
from train.search.calibrate import random_batch, seconds_a_step
from train.search.candidates import read_candidates
from train.search.run import SearchOptions, markdown, read_results, search

if TYPE_CHECKING:
    from pathlib import Path


def write_table(folder: Path, text: str) -> Path:
    """A base recipe and a table of candidates."""
    (folder / "base.toml").write_text(RECIPE_TOML)
    path = folder / "table.toml"
    path.write_text(text)
    return path


def test_a_candidate_changes_what_it_names_and_nothing_else(tmp_path):
    """Tables are merged key by key; phases and a named architecture stand for themselves."""
    table = write_table(
        tmp_path,
        """
        base = "base.toml"
        [[candidates]]
        name = "as it is"
        [[candidates]]
        name = "one key"
        samples = { batch = 8 }
        [[candidates]]
        name = "phases"
        phases = [{ start = 0.5, crop = 64, batch = 2 }]
        [[candidates]]
        name = "by name"
        architecture = "small"
        """,
    )
    base, one, phases, named = (c.recipe for c in read_candidates(table))

    assert (one.samples.batch, one.samples.crop) == (8, 32)
    assert one.architecture == base.architecture
    assert phases.phases[0].crop == 64
    assert named.architecture.widths == (32, 64, 128)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[candidates]]\nname = 'a'", "has no base"),
        ("base = 'base.toml'", "has no candidates"),
        ("base = 'base.toml'\n[[candidates]]\nname = '../x'", "is no name"),
        ("base = 'base.toml'\n[[candidates]]\nname = 'a'\n[[candidates]]\nname = 'a'", "same name"),
        ("base = 'base.toml'\n[[candidates]]\nname = 'a'\nsamples = { crops = 1 }", "crops"),
    ],
)
def test_a_mistake_in_the_table_is_an_error(tmp_path, text, message):
    """What is wrong is named before anything is trained."""
    with pytest.raises(ValueError, match=message):
        read_candidates(write_table(tmp_path, text))


def test_a_dearer_step_costs_more(tmp_path):
    """Thirty-two times the samples in a step take longer; batches have the shapes asked."""
    table = write_table(
        tmp_path,
        """
        base = "base.toml"
        [[candidates]]
        name = "small"
        [[candidates]]
        name = "large"
        samples = { batch = 128 }
        """,
    )
    candidates = read_candidates(table)
    costs = seconds_a_step(candidates, 2)

    assert costs["large"] > costs["small"]
    assert [p.shape[0] for p in random_batch(candidates[1].recipe)] == [128] * 6


def test_results_are_kept_and_not_taken_for_those_of_another_recipe(tmp_path, monkeypatch):
    """A second search trains nothing anew; a changed candidate in the same folder is an error."""
    text = """
        base = "base.toml"
        [[candidates]]
        name = "a"
        optimiser = { peak_rate = 1e-3 }
        """
    trained = []

    def train(candidate, minutes, step_seconds, options):
        trained.append((candidate.name, round(60 * minutes / step_seconds)))
        figures = {"gain_db": 1.0, "worst_gain_db": 0.5, "sharp_kept_db": 50.0,
                   "sharp_kept_least_db": 45.0}  # fmt: skip
        return {
            "name": candidate.name, "made": search_module._made(candidate, options),
            "minutes": minutes, "gflop_720p": 1.0, "samples": 4,
            "groups": dict.fromkeys(("all", "straight", "shake"), figures),
        }  # fmt: skip

    monkeypatch.setattr(search_module, "_train", train)
    monkeypatch.setattr(
        search_module, "seconds_a_step", lambda chosen, _: {c.name: 2.0 for c in chosen}
    )
    options = SearchOptions(
        data=DataOptions(paths=(tmp_path,), layout="photos"), set=tmp_path,
        folder=tmp_path / "out", threads=1, workers=0, seed=1,
    )  # fmt: skip
    for _ in range(2):
        search(read_candidates(write_table(tmp_path, text)), 3, options)
    changed = read_candidates(write_table(tmp_path, text.replace("1e-3", "5e-2")))

    assert trained == [("a", 90)]
    assert "| a | 3 | 1 | 4 | +1.000 |" in markdown(read_results(options.folder))
    with pytest.raises(ValueError, match="by another recipe"):
        search(changed, 3, options)
