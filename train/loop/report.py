"""What a run tells: metrics.jsonl, TensorBoard, pictures, and a line or a bar on the screen."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import cv2
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from pathlib import Path

    from torch.utils.tensorboard import SummaryWriter

    from train.checkpoint import RunState
    from train.loop.step import Figures
    from train.loop.validate import Verdict

EVERY_SECONDS = 20
"""Time between two lines."""


@dataclass(slots=True)
class Tally:
    """What happened since the last line."""

    steps: int = 0
    samples: int = 0
    seconds: float = 0.0
    waited: float = 0.0
    """Seconds in which the network waited for samples."""
    sums: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def add(self, figures: Figures, *, samples: int, seconds: float, waited: float) -> None:
        """Count one step."""
        self.steps += 1
        self.samples += samples
        self.seconds += seconds
        self.waited += waited
        for name, value in figures.items():
            self.sums[name] += value

    def line(self, run: RunState, crop: int, peak: float) -> dict[str, float]:
        """Figures of the time since the last line; `peak` is the machine's, in TFLOP/s.

        Forward and backward of the generator count as three times its forward pass; critics and
        perceptual networks are not counted.
        """
        speed = self.samples / self.seconds
        tflop = 3 * run.recipe.architecture.count_flop(crop, crop) * speed / 1e12
        means = {name: round(total / self.steps, 4) for name, total in self.sums.items()}
        return {
            "step": run.step,
            "samples": run.samples,
            "minutes": round(run.seconds / 60, 2),
            **means,
            "samples_per_second": round(speed, 1),
            "tflop_per_second": round(tflop, 3),
            "peak_share": round(tflop / peak, 3),
            "waiting_share": round(self.waited / self.seconds, 3),
        }


class Reporter:
    """Tells of one run in its folder and on the console."""

    def __init__(self, folder: Path, step: int) -> None:
        """Open the folder; TensorBoard's curves after `step` are dropped."""
        from torch.utils.tensorboard import SummaryWriter

        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.console = Console()
        self._board: SummaryWriter = SummaryWriter(str(folder / "tensorboard"), purge_step=step)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:.1f} %"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self.console,
            disable=not self.console.is_terminal,
        )
        self._task = self._bar.add_task("training", total=1.0)
        self._bar.start()

    def close(self) -> None:
        """End the display and flush what was written."""
        self._bar.stop()
        self._board.close()

    def advance(self, progress: float) -> None:
        """Move the bar."""
        self._bar.update(self._task, completed=min(progress, 1.0))

    def say(self, text: str) -> None:
        """Print a line."""
        self.console.print(text, highlight=False, soft_wrap=True, markup=False)

    def figures(self, line: dict[str, float], tag: str = "train") -> None:
        """Print figures, append them to metrics.jsonl, and draw them."""
        self.say(" ".join(f"{name}={value}" for name, value in line.items()))
        with (self.folder / "metrics.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({"kind": tag, **line}) + "\n")
        step = int(line["step"])
        for name, value in line.items():
            if name != "step":
                self._board.add_scalar(f"{tag}/{name}", value, step)

    def verdict(self, verdict: Verdict, run: RunState) -> None:
        """Tell a validation's figures and keep its pictures: pictures/STEP.png."""
        minutes = round(run.seconds / 60, 2)
        line = {"step": run.step, "minutes": minutes, **verdict.as_figures()}
        self.figures(line, "validation")
        path = self.folder / "pictures" / f"{run.step:07}.png"
        path.parent.mkdir(exist_ok=True)
        cv2.imwrite(str(path), verdict.pictures[:, :, ::-1])
        self._board.add_image(
            "blurred | restored | sharp", verdict.pictures, run.step, dataformats="HWC"
        )
