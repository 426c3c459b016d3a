"""What a step of each candidate costs on this machine, so that all may be given the same compute.

A run's clock is a bad measure where programs share a machine: one that was disturbed would seem
slow to learn. So every candidate's step is timed first, all in turn, the fastest of several rounds
kept, and a horizon of minutes becomes a number of steps.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import torch

from train.checkpoint import start_run
from train.loop.compute import open_compute
from train.loop.step import train_step
from train.loop.tools import Tools

if TYPE_CHECKING:
    from collections.abc import Sequence

    from train.data.samples import Batch
    from train.recipe import Recipe
    from train.search.candidates import Candidate

_ROUNDS = 5
_STEPS = 3


def seconds_a_step(candidates: Sequence[Candidate], threads: int) -> dict[str, float]:
    """Time the steps of all candidates in turn; give the fastest round's seconds a step by name."""
    runs = {c.name: (start_run(c.recipe, 0), random_batch(c.recipe)) for c in candidates}
    best = dict.fromkeys(runs, float("inf"))
    for _ in range(_ROUNDS + 1):  # the first warms up
        for name, (run, batch) in runs.items():
            with open_compute(run.recipe.compute, torch.device("cpu"), threads) as compute:
                tools = Tools(compute=compute)
                start = time.perf_counter()
                for _ in range(_STEPS):
                    train_step(run, batch, 1e-6, tools)
                if run.step > _STEPS:
                    best[name] = min(best[name], (time.perf_counter() - start) / _STEPS)
    return best


def random_batch(recipe: Recipe) -> Batch:
    """Noise in the shapes of a recipe's batch."""
    side, count = recipe.samples.crop, recipe.samples.batch
    shapes = [(count, 1, side, side)] + 2 * [(count, 1, side // 2, side // 2)]
    if recipe.architecture.picture == "rgb":
        shapes = [(count, 3, side, side)]
    return tuple(torch.randint(0, 256, shape, dtype=torch.uint8) for shape in 2 * shapes)
