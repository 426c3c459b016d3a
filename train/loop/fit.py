"""The training loop: batches in, a checkpoint and a line of figures out."""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2

from train.checkpoint import RunState, init_run, load_run, save_run, start_run
from train.data.samples import Batch, Samples, load_batches
from train.generators.planes import count_flop
from train.loop.step import open_threads, train_step
from train.synthesis.photos import read_photos
from train.synthesis.scene import SynthesisSource

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Executor
    from pathlib import Path

    from train.recipe import Recipe

SCENE_BORDER = 64
"""Pixels a photo must be larger than a scene."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Length:
    """How long a run lasts, in steps or in minutes; the cosine ends with it."""

    steps: int | None = None
    minutes: float | None = None

    def __post_init__(self) -> None:
        """Refuse none and both."""
        if (self.steps is None) == (self.minutes is None):
            raise ValueError(
                f"Give either steps or minutes, not steps={self.steps}, minutes={self.minutes}."
            )

    def progress(self, run: RunState) -> float:
        """Part of the run that is done: 0 at the start, 1 or more at the end."""
        if self.steps is not None:
            return run.step / self.steps
        return run.seconds / (60 * (self.minutes or 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class FitOptions:
    """Where a run takes its photos from, and where it leaves what it makes."""

    photos: Path
    """Folder of sharp photographs."""
    shrink: Path | None
    """Table of how far each must shrink to be sharp."""
    folder: Path
    """Folder of the run; a run that lies there is gone on with."""
    seed: int
    workers: int
    """Processes that make samples."""
    threads: int
    """Threads of the network; more than the recipe's parts are idle."""
    save_seconds: float
    """Time between checkpoints."""
    init: Path | None = None
    """Checkpoint whose averaged weights a fresh run begins from."""

    @property
    def checkpoint(self) -> Path:
        """The file of the run."""
        return self.folder / "checkpoint.safetensors"


@dataclass(slots=True)
class Tally:
    """What happened since the last report."""

    steps: int = 0
    loss: float = 0.0
    gain: float = 0.0
    seconds: float = 0.0
    waited: float = 0.0


def learning_rate(recipe: Recipe, step: int, progress: float) -> float:
    """Linear warm-up, then half a cosine to zero at progress 1."""
    options = recipe.optimiser
    warm = min(1.0, (step + 1) / options.warmup_steps)
    return options.peak_rate * warm * 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))


def fit(run: RunState, batches: Iterator[Batch], length: Length, options: FitOptions) -> None:
    """Train until `length` is reached, leaving a checkpoint and figures in the run's folder."""
    with open_threads(options.threads) as threads:
        _train(run, batches, length, options, threads)
    save_run(run, options.checkpoint)


def _train(
    run: RunState,
    batches: Iterator[Batch],
    length: Length,
    options: FitOptions,
    threads: Executor,
) -> None:
    tally, saved = Tally(), time.perf_counter()
    before = run.seconds
    start = time.perf_counter()
    while (progress := length.progress(run)) < 1:
        asked = time.perf_counter()
        batch = next(batches)
        tally.waited += time.perf_counter() - asked
        loss, gain = train_step(run, batch, learning_rate(run.recipe, run.step, progress), threads)
        tally.loss += loss
        tally.gain += gain
        tally.steps += 1
        tally.seconds += time.perf_counter() - asked
        run.seconds = before + time.perf_counter() - start
        if tally.seconds > 20:
            report(run, tally, options.folder)
            tally = Tally()
        if time.perf_counter() - saved > options.save_seconds:
            save_run(run, options.checkpoint)
            saved = time.perf_counter()
    if tally.steps:
        report(run, tally, options.folder)


def report(run: RunState, tally: Tally, folder: Path) -> None:
    """Print one line of figures and append them to `folder`/metrics.jsonl."""
    recipe = run.recipe
    speed = tally.steps * recipe.samples.batch / tally.seconds
    flop = 3 * count_flop(recipe.architecture, recipe.samples.crop, recipe.samples.crop)
    figures = {
        "step": run.step,
        "samples": run.samples,
        "minutes": round(run.seconds / 60, 2),
        "loss_db": round(tally.loss / tally.steps, 3),
        "gain_db": round(tally.gain / tally.steps, 3),
        "samples_per_second": round(speed, 1),
        "tflop_per_second": round(speed * flop / 1e12, 3),
        "waiting_share": round(tally.waited / tally.seconds, 3),
    }
    print(" ".join(f"{name}={value}" for name, value in figures.items()), flush=True)
    with (folder / "metrics.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(figures) + "\n")


def fit_from_photos(recipe: Recipe, length: Length, options: FitOptions) -> RunState:
    """Start or resume the run in `options.folder` and train it to its end."""
    path = options.checkpoint
    if path.exists():
        run = load_run(path)
    elif options.init is not None:
        run = init_run(recipe, options.seed, options.init)
    else:
        run = start_run(recipe, options.seed)
    if run.recipe != recipe:
        raise ValueError(
            f"{path} was trained by another recipe. Give another folder, or that recipe."
        )
    options.folder.mkdir(parents=True, exist_ok=True)
    # Before anything else of OpenCV runs: its thread pool does not survive the fork of the workers.
    cv2.setNumThreads(1)
    photos = read_photos(options.photos, options.shrink, recipe.samples.scene + SCENE_BORDER)
    print(f"{len(photos)} photos, step {run.step}", flush=True)
    samples = Samples(
        SynthesisSource(photos=photos, recipe=recipe.blur, kind="planes"), recipe.samples, run.seed
    )
    fit(run, load_batches(samples, run.step, options.workers), length, options)
    return run
