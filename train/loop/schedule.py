"""How long a run lasts, how its rate falls, and when its crops grow."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from train.checkpoint import RunState
    from train.optimisers import OptimiserRecipe
    from train.recipe import Recipe, SampleRecipe


@dataclass(frozen=True, slots=True, kw_only=True)
class Length:
    """How long a run lasts, in steps or in minutes; the schedule ends with it."""

    steps: int | None = None
    minutes: float | None = None

    def __post_init__(self) -> None:
        """Refuse none and both."""
        if (self.steps is None) == (self.minutes is None):
            raise ValueError(
                f"Give either steps or minutes, not steps={self.steps}, minutes={self.minutes}."
            )
        if (self.steps if self.steps is not None else self.minutes or 0) <= 0:
            raise ValueError(f"A run of steps={self.steps}, minutes={self.minutes} has no length.")

    def progress(self, run: RunState) -> float:
        """Part of the run that is done: 0 at the start, 1 or more at the end."""
        if self.steps is not None:
            return run.step / self.steps
        return run.seconds / (60 * (self.minutes or 0))


def learning_rate(recipe: OptimiserRecipe, step: int, progress: float) -> float:
    """Linear warm-up, then half a cosine to zero at progress 1, or none."""
    warm = min(1.0, (step + 1) / recipe.warmup_steps) if recipe.warmup_steps else 1.0
    if recipe.decay == "none":
        return recipe.peak_rate * warm
    return recipe.peak_rate * warm * 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A stretch of a run with crops of one size."""

    end: float
    """Part of the run at which it ends."""
    samples: SampleRecipe


def phases_of(recipe: Recipe) -> list[Phase]:
    """List the phases of a run in order; a recipe without any has one."""
    sizes = [recipe.samples]
    sizes += [replace(recipe.samples, crop=p.crop, batch=p.batch) for p in recipe.phases]
    ends = [*(phase.start for phase in recipe.phases), 1.0]
    return [Phase(end=end, samples=samples) for end, samples in zip(ends, sizes, strict=True)]
