"""What happens around a run's steps: figures, checkpoints, validation, and a batch that broke it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from safetensors.torch import save_file

from train.checkpoint import save_run
from train.loop.compute import measure_peak
from train.loop.report import EVERY_SECONDS, Reporter, Tally
from train.loop.step import train_step
from train.loop.validate import validate

if TYPE_CHECKING:
    from train.checkpoint import RunState
    from train.data.samples import Batch
    from train.loop.fit import FitOptions
    from train.loop.tools import Tools
    from train.loop.validate import Images


class Keeper:
    """Takes a run's steps and keeps its checkpoints, figures and pictures up to date."""

    def __init__(self, run: RunState, options: FitOptions, tools: Tools, images: Images) -> None:
        self.run = run
        self.options = options
        self.tools = tools
        self.images = images
        self.tally = Tally()
        self.crop = run.recipe.samples.crop
        self.peak = measure_peak(tools.compute)
        self.saved = self.validated = self.seen = time.perf_counter()
        self.reporter = Reporter(options.folder, run.step) if tools.ranks.is_first else None
        self._say(
            f"{run.papers['data']}; from step {run.step}, seed {run.seed}; {self.peak:.2f} TFLOP/s at most"
        )

    def step(self, batch: Batch, rate: float, waited: float, crop: int) -> None:
        """Take one step; a batch that breaks it is kept."""
        try:
            figures = train_step(self.run, batch, rate, self.tools)
        except FloatingPointError as error:
            rank = f"-{self.tools.ranks.rank}" if self.tools.ranks.count > 1 else ""
            path = self.options.folder / f"bad-batch-{self.run.step}{rank}.safetensors"
            save_file({str(i): tensor for i, tensor in enumerate(batch)}, path)
            raise FloatingPointError(f"{error} The batch is kept in {path}.") from error
        self.crop = crop
        now = time.perf_counter()
        self.run.seconds += now - self.seen
        count = len(batch[0]) * self.tools.ranks.count
        self.tally.add(figures, samples=count, seconds=now - self.seen, waited=waited)
        self.seen = now

    def advance(self, progress: float) -> None:
        """Report, save and validate when it is time; that is not training time."""
        if self.reporter is None:
            return
        self.reporter.advance(progress)
        if self.tally.seconds > EVERY_SECONDS:
            self._report()
        if self.seen - self.saved > self.options.save_seconds:
            self.save()
            self.saved = time.perf_counter()
        if self.seen - self.validated > self.options.validate_seconds:
            self._validate()
            self.validated = time.perf_counter()
        self.seen = time.perf_counter()

    def finish(self) -> None:
        """Leave the run as it ends."""
        if self.reporter is not None:
            self._report()
            self._validate()
            self.save()
        self.tools.ranks.wait()

    def save(self) -> None:
        """Save the run as it stands between two steps."""
        if self.reporter is not None:
            save_run(self.run, self.options.last)

    def stop(self) -> None:
        """Leave the run as it is, to be gone on with."""
        if self.reporter is not None:
            self._report()
            self.save()
            self.reporter.say(f"stopped at step {self.run.step}; the same command goes on")
        self.tools.ranks.wait()

    def close(self) -> None:
        """End the display."""
        if self.reporter is not None:
            self.reporter.close()

    def _say(self, text: str) -> None:
        if self.reporter is not None:
            self.reporter.say(text)

    def _report(self) -> None:
        if self.reporter is not None and self.tally.steps:
            self.reporter.figures(self.tally.line(self.run, self.crop, self.peak))
            self.tally = Tally()

    def _validate(self) -> None:
        if self.reporter is None or not self.images:
            return
        verdict = validate(self.run, self.images)
        self.reporter.verdict(verdict, self.run)
        if self.run.best is None or verdict.gain_db > self.run.best:
            self.run.best = verdict.gain_db
            # Last as well: a run that is killed must know its best when it goes on.
            self.save()
            save_run(self.run, self.options.best)
