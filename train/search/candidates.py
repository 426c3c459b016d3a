"""The candidates of a search: a base recipe and what each changes in it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from train.recipe import Recipe, recipe_from_table

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One recipe of a search."""

    name: str
    recipe: Recipe


def read_candidates(path: Path) -> list[Candidate]:
    """Read a table of candidates.

    `base` names a recipe beside the table; each of `[[candidates]]` has a `name` and, by section,
    the keys that it changes.

    Raises:
        ValueError: a section, a key or a value that no recipe has, or a name given twice.
    """
    with path.open("rb") as file:
        table = tomllib.load(file)
    with (path.parent / table["base"]).open("rb") as file:
        base = tomllib.load(file)
    candidates = [_candidate(base, change, path.name) for change in table["candidates"]]
    names = [candidate.name for candidate in candidates]
    if len(set(names)) < len(names):
        raise ValueError(f"{path.name}: candidates of the same name among {names}.")
    return candidates


def _candidate(base: dict[str, Any], change: dict[str, Any], where: str) -> Candidate:
    name = change["name"]
    merged = {section: dict(keys) for section, keys in base.items()}
    for section, keys in change.items():
        if section != "name":
            merged[section] = merged.get(section, {}) | keys
    return Candidate(name=name, recipe=recipe_from_table(merged, f"{where}: {name}"))
