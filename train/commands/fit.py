"""`python -m train fit`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path  # noqa: TC003 - tyro reads the annotations when it runs

import torch

from train.loop.fit import FitOptions, Length, fit_from_photos
from train.recipe import read_recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Train a generator on sharp photographs, or go on with the run that lies in the folder."""

    recipe: Path
    """TOML file; see train/recipes/."""
    photos: Path
    """Folder of sharp photographs."""
    run: Path
    """Folder for the checkpoint and metrics.jsonl."""
    init: Path | None = None
    """Checkpoint whose averaged weights a fresh run begins from, by any recipe of the same
    architecture; the optimiser and the schedule begin anew."""
    shrink: Path | None = None
    """Tab-separated table of how far each photo must shrink to be sharp."""
    steps: int | None = None
    """Length of the run; or"""
    minutes: float | None = None
    """its length on the clock, over all sittings."""
    seed: int = 1
    workers: int = 1
    """Processes that make samples."""
    threads: int = field(default_factory=torch.get_num_threads)
    """Threads of the network."""
    save_seconds: float = 180

    def __call__(self) -> None:
        """Train."""
        options = FitOptions(
            photos=self.photos,
            shrink=self.shrink,
            folder=self.run,
            init=self.init,
            seed=self.seed,
            workers=self.workers,
            threads=self.threads,
            save_seconds=self.save_seconds,
        )
        fit_from_photos(
            read_recipe(self.recipe), Length(steps=self.steps, minutes=self.minutes), options
        )
