"""A training run in one value, read from TOML; an unknown key is an error, no silent default."""

from __future__ import annotations

import dataclasses
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, get_type_hints

from train.data.samples import SampleRecipe
from train.generators.planes import Architecture
from train.synthesis.scene import BlurRecipe

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimiserRecipe:
    """AdamW with warm-up, cosine decay to zero, gradient clipping and an average of the weights."""

    peak_rate: float = 1e-3
    warmup_steps: int = 200
    weight_decay: float = 1e-4
    betas: tuple[float, float] = (0.9, 0.99)
    clip_norm: float = 1.0
    """Largest norm of the gradient of the loss in dB."""
    error_floor: float = 1e-5
    """Squared error of code / 2^depth below which improving a picture stops paying: 50 dB."""
    parts: int = 2
    """Parts a batch is worked off in, each by one thread. See [Parts of a batch]."""
    average_decay: float = 0.998
    """Decay a step of the moving average that is kept as the result; less at the start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that decides a run, but its seed, its length and where the photos lie."""

    architecture: Architecture = field(default_factory=Architecture)
    blur: BlurRecipe = field(default_factory=BlurRecipe)
    samples: SampleRecipe = field(default_factory=SampleRecipe)
    optimiser: OptimiserRecipe = field(default_factory=OptimiserRecipe)

    def __post_init__(self) -> None:
        """Refuse a crop that the generator cannot take."""
        multiple = self.architecture.multiple_of
        if self.samples.crop % multiple:
            raise ValueError(
                f"samples.crop = {self.samples.crop} must be a multiple of {multiple}."
            )


def read_recipe(path: Path) -> Recipe:
    """Read a recipe from a TOML file."""
    with path.open("rb") as file:
        return recipe_from_table(tomllib.load(file), path.name)


def recipe_from_table(table: dict[str, Any], where: str) -> Recipe:
    """Turn nested tables into a recipe; `where` is what errors call them."""
    made: Recipe = _value_from_table(Recipe, table, where)
    return made


def _value_from_table(kind: type, table: dict[str, Any], where: str) -> Any:
    known = {f.name for f in dataclasses.fields(kind)}
    if unknown := sorted(set(table) - known):
        raise ValueError(f"{where} has unknown keys {unknown}. Known are {sorted(known)}.")
    types = get_type_hints(kind)
    values: dict[str, Any] = {}
    for name, value in table.items():
        if dataclasses.is_dataclass(types[name]):
            values[name] = _value_from_table(types[name], value, f"{where}: {name}")
        else:
            values[name] = tuple(value) if isinstance(value, list) else value
    return kind(**values)
