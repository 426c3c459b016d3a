"""The candidates of a search: a base recipe and what each changes in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from train.recipe import Recipe, read_toml, recipe_from_table

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
    table = read_toml(path)
    if missing := {"base", "candidates"} - table.keys():
        raise ValueError(f"{path.name} has no {' and no '.join(sorted(missing))}.")
    base = read_toml(path.parent / table["base"])
    candidates = [_candidate(base, change, path.name) for change in table["candidates"]]
    names = [candidate.name for candidate in candidates]
    if len(set(names)) < len(names):
        raise ValueError(f"{path.name}: candidates of the same name among {names}.")
    return candidates


def _candidate(base: dict[str, Any], change: dict[str, Any], where: str) -> Candidate:
    name = change.get("name", "")
    if not name or "/" in name:
        raise ValueError(f"{where}: {name!r} is no name of a candidate; it becomes a folder's.")
    merged = dict(base)
    for section, keys in change.items():
        if section != "name":
            # Tables are merged; a list of phases or an architecture's name stands for itself.
            both = isinstance(keys, dict) and isinstance(merged.get(section), dict)
            merged[section] = merged[section] | keys if both else keys
    return Candidate(name=name, recipe=recipe_from_table(merged, f"{where}: {name}"))
