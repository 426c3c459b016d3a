"""The training loop: scenes in, checkpoints and figures out."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2

from train.checkpoint import init_run, load_run, start_run
from train.data.samples import Samples, load_batches
from train.data.source import open_source
from train.loop.compute import find_device, open_compute
from train.loop.keeper import Keeper
from train.loop.ranks import join_ranks
from train.loop.schedule import learning_rate, phases_of
from train.loop.stop import catch_stop
from train.loop.tools import Tools
from train.loop.validate import read_validation
from train.losses.perceptual import PerceptualLoss

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from threading import Event

    from train.checkpoint import RunState
    from train.data.options import DataOptions
    from train.loop.compute import Compute
    from train.loop.schedule import Length, Phase
    from train.recipe import Recipe
    from train.scene import SceneSource


@dataclass(frozen=True, slots=True, kw_only=True)
class FitOptions:
    """Where a run takes its data from, where it leaves what it makes, and on what it runs."""

    data: DataOptions
    folder: Path
    """Folder of the run; a checkpoint in it is gone on with."""
    seed: int
    validation: DataOptions | None = None
    """Pairs to judge the run by; without them there is no best.safetensors."""
    init: Path | None = None
    """Checkpoint whose averaged weights a fresh run begins from."""
    perceptual_weights: Path | None = None
    """VGG's weights, for recipes with a perceptual loss."""
    device: str = "cpu"
    threads: int = 2
    workers: int = 1
    """Processes that make samples."""
    save_seconds: float = 180
    validate_seconds: float = 600

    @property
    def last(self) -> Path:
        """The checkpoint that a run goes on from."""
        return self.folder / "last.safetensors"

    @property
    def best(self) -> Path:
        """The checkpoint that gained most in validation."""
        return self.folder / "best.safetensors"


def fit(recipe: Recipe, length: Length, options: FitOptions) -> RunState:
    """Start or resume the run in `options.folder` and train it to its end.

    Raises:
        ValueError: recipe, data and options do not go together.
        FloatingPointError: a loss was not finite; the batch is kept in the folder.
        KeyboardInterrupt: SIGINT or SIGTERM came; the run was saved between two steps.
    """
    # Before anything else of OpenCV runs: its thread pool does not survive the fork of the workers.
    cv2.setNumThreads(1)
    device = find_device(options.device)
    with (
        join_ranks(device) as ranks,
        open_compute(recipe.compute, device, options.threads) as compute,
    ):
        run = _open_run(recipe, options, compute)
        if run.scaler:
            compute.scaler.load_state_dict(run.scaler)
        tools = Tools(
            compute=compute, ranks=ranks, perceptual=_open_perceptual(recipe, options, compute)
        )
        images = read_validation(options.validation) if options.validation else []
        source = open_source(
            options.data, recipe.blur, recipe.architecture.picture, recipe.samples.scene
        )
        # All of them now: that the last cannot be shared out must not show at the end of a run.
        stages = [(phase, _samples(phase, source, run, tools)) for phase in phases_of(recipe)]
        _note_papers(run, source, tools)
        with closing(Keeper(run, options, tools, images)) as keeper, catch_stop() as stop:
            for phase, samples in stages:
                _train_phase(keeper, phase, samples, lambda: _progress(keeper, length, stop))
            if ranks.from_first(stop.is_set()):
                keeper.stop()
                raise KeyboardInterrupt
            keeper.finish()
    return run


def _progress(keeper: Keeper, length: Length, stop: Event) -> float:
    """Part of the run that is done, as its first process sees it; a run to be stopped is done."""
    progress = float("inf") if stop.is_set() else length.progress(keeper.run)
    return keeper.tools.ranks.from_first(progress)


def _open_run(recipe: Recipe, options: FitOptions, compute: Compute) -> RunState:
    if options.last.exists():
        run = load_run(options.last, compute.device)
        if run.recipe != recipe:
            raise ValueError(
                f"{options.last} was trained by another recipe. Give another folder, or that"
                " recipe."
            )
        if run.seed != options.seed:
            raise ValueError(
                f"{options.last} was begun with --seed {run.seed}, not {options.seed}. Give that,"
                " or another folder."
            )
        return run
    if options.init is not None:
        return init_run(recipe, options.seed, options.init, compute.device)
    return start_run(recipe, options.seed, compute.device)


def _open_perceptual(
    recipe: Recipe, options: FitOptions, compute: Compute
) -> PerceptualLoss | None:
    if recipe.perceptual is None:
        return None
    if options.perceptual_weights is None:
        raise ValueError(
            "The recipe has a perceptual loss and --perceptual-weights is not given. Give VGG's"
            " weights, see train/README.md."
        )
    loss = PerceptualLoss(
        network=recipe.perceptual.network,
        layer=recipe.perceptual.layer,
        weights=options.perceptual_weights,
    )
    return loss.to(compute.device)


def _samples(phase: Phase, source: SceneSource, run: RunState, tools: Tools) -> Samples:
    return Samples(
        source,
        phase.samples,
        run.seed,
        rank=tools.ranks.rank,
        ranks=tools.ranks.count,
        parts=tools.compute.parts,
    )


def _note_papers(run: RunState, source: SceneSource, tools: Tools) -> None:
    """Note what the weights are made of; data of an earlier sitting stay noted."""
    before = run.papers.get("data", "")
    if source.description not in before:
        run.papers["data"] = f"{before}; then {source.description}".removeprefix("; then ")
    if tools.perceptual is not None:
        run.papers["perceptual"] = tools.perceptual.source


def _train_phase(
    keeper: Keeper, phase: Phase, samples: Samples, progress: Callable[[], float]
) -> None:
    """Train until the phase's end; one that is over already is passed by."""
    run = keeper.run
    if progress() >= phase.end:
        return
    batches = load_batches(samples, run.step, keeper.options.workers)
    while (done := progress()) < phase.end:
        start = time.perf_counter()
        try:
            batch = next(batches)
        except (ValueError, OSError):
            keeper.save()
            raise
        waited = time.perf_counter() - start
        rate = learning_rate(run.recipe.optimiser, run.step, done)
        keeper.step(batch, rate, waited, phase.samples.crop)
        keeper.advance(done)
