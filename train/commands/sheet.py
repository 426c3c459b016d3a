"""`python -m train sheet`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - tyro reads the annotations when it runs
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """Draw what a generator makes of 24 crops that it should leave alone, and measure by how much."""

    weights: Path
    """A checkpoint (torch, float32) or an .onnx file (OpenVINO)."""
    out: Path
    """Where to write the sheet, a PNG."""
    precision: Literal["f32", "bf16"] = "f32"
    """What OpenVINO computes in."""
    json: Path | None = None
    """Where to write the figures as JSON."""

    def __call__(self) -> None:
        """Restore, measure, draw."""
        import json

        import cv2
        from rich.console import Console

        from train.evaluate.crops import all_crops
        from train.evaluate.sheet import draw_sheet, figures_of, restore_crops, show_figures
        from train.evaluate.weights import open_weights

        restore, _ = open_weights(self.weights, self.precision)
        kept = restore_crops(restore, all_crops())
        figures = figures_of(kept)
        show_figures(self.weights.name, figures, Console(width=max(Console().width, 92)))
        data = cv2.imencode(".png", draw_sheet(kept)[:, :, ::-1])[1]
        self.out.write_bytes(data.tobytes())
        if self.json:
            self.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
