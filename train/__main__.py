"""`python -m train fit|mix|evaluate|export`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path  # noqa: TC003 - tyro reads the annotations when it runs
from typing import Any, Literal

import torch
import tyro

from train.fit import FitOptions, Length, fit_from_photos
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluate:
    """Measure a checkpoint or an ONNX file on a validation set."""

    weights: Path
    """A checkpoint (torch, float32) or an .onnx file (OpenVINO)."""
    set: Path
    """Folder with stills/{blur,sharp} and clips/."""
    precision: Literal["f32", "bf16"] = "f32"
    """What OpenVINO computes in."""
    json: Path | None = None
    """Where to write the figures as JSON."""

    def __call__(self) -> None:
        """Evaluate."""
        from rich.console import Console

        from train.evaluate import evaluate_file, show, write_json

        result = evaluate_file(self.weights, self.set, self.precision)
        show(result, Console(width=max(Console().width, 92)))
        if self.json:
            write_json(result, self.json)


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """Write a checkpoint's averaged weights as a checked ONNX generator."""

    weights: Path
    """A checkpoint that fit wrote."""
    out: Path
    """The .onnx file; its stem is the generator's name."""
    set: Path
    """Validation set whose stills parity is measured on."""
    cpu: str
    """What it was trained on, in words, for the file's papers."""

    def __call__(self) -> None:
        """Export."""
        from train.export import export

        parity = export(self.weights, self.out, self.set, self.cpu)
        print(f"{self.out}: {parity.as_table()}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """Write a checkpoint with weights between those of two."""

    first: Path
    second: Path
    """A checkpoint of the same architecture."""
    share: float
    """How much of the second, from 0 to 1."""
    out: Path

    def __call__(self) -> None:
        """Mix."""
        from train.checkpoint import mix_runs

        mix_runs(self.first, self.second, self.share, self.out)


COMMANDS: dict[str, Any] = {"fit": Fit, "mix": Mix, "evaluate": Evaluate, "export": Export}

if __name__ == "__main__":
    command = tyro.extras.subcommand_cli_from_dict(COMMANDS, prog="python -m train")
    try:
        command()
    except (ValueError, OSError, FloatingPointError) as error:
        raise SystemExit(f"train: {error}") from error
