"""`python -m train evaluate`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - tyro reads the annotations when it runs
from typing import Literal


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

        from train.evaluate.stills import evaluate_file, show, write_json

        result = evaluate_file(self.weights, self.set, self.precision)
        show(result, Console(width=max(Console().width, 92)))
        if self.json:
            write_json(result, self.json)
