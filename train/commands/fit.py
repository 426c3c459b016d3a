"""`python -m train fit`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path  # noqa: TC003 - tyro reads the annotations when it runs

import torch

from train.data.options import DataOptions, Split


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Train a generator, or go on with the run that lies in the folder.

    Several processes train one run when torchrun starts them.
    """

    recipe: Path
    """TOML file; see train/recipes/."""
    data: DataOptions
    out: Path
    """Folder for checkpoints, metrics.jsonl, TensorBoard's curves and pictures."""
    steps: int | None = None
    """Length of the run; or"""
    minutes: float | None = None
    """its length on the clock, over all sittings."""
    validation: Path | None = None
    """Data set of pairs to judge the run by; best.safetensors is the checkpoint that gained most on
    it. Its variant and gamma are those of --data."""
    validation_split: Split = "test"
    """Its part, if it has parts."""
    init: Path | None = None
    """Checkpoint, or ONNX file that export wrote of a planes generator, whose averaged weights a
    fresh run begins from, by any recipe of the same architecture or of a larger U-Net, which begins
    as the smaller one; the optimiser and the schedule begin anew."""
    perceptual_weights: Path | None = None
    """VGG's weights for a perceptual loss: torchvision's state dict (.pth) or .safetensors."""
    seed: int = 1
    device: str = "auto"
    """cpu, cuda, cuda:1 ...; auto takes a GPU if there is one."""
    workers: int = 1
    """Processes that make samples."""
    threads: int = field(default_factory=torch.get_num_threads)
    """Threads of the network on a CPU."""
    save_seconds: float = 180
    """Time between checkpoints."""
    validate_seconds: float = 600
    """Time between validations."""

    def __call__(self) -> None:
        """Train."""
        from train.loop.fit import FitOptions, fit
        from train.loop.schedule import Length
        from train.recipe import read_recipe

        validation = None
        if self.validation is not None:
            validation = DataOptions(
                paths=(self.validation,),
                split=self.validation_split,
                gamma=self.data.gamma,
                variant=self.data.variant,
            )
        options = FitOptions(
            data=self.data,
            validation=validation,
            folder=self.out,
            init=self.init,
            perceptual_weights=self.perceptual_weights,
            seed=self.seed,
            device=self.device,
            workers=self.workers,
            threads=self.threads,
            save_seconds=self.save_seconds,
            validate_seconds=self.validate_seconds,
        )
        fit(read_recipe(self.recipe), Length(steps=self.steps, minutes=self.minutes), options)
