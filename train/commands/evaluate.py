"""`python -m train evaluate`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - tyro reads the annotations when it runs
from typing import Any, Literal

from train.commands.pair_folder import PairFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluate(PairFolder):
    """Measure a checkpoint or an ONNX file on a validation set or on a test folder of pairs."""

    weights: Path
    """A checkpoint (torch, float32) or an .onnx file (OpenVINO)."""
    set: Path | None = None
    """Validation set: a folder with stills/{blur,sharp} and clips/. Or else"""
    data: Path | None = None
    """a test folder of pairs: GOPRO_Large, REDS, BSD, or blur/ and sharp/."""
    files: int | None = None
    """So many pairs of `data`, evenly spread; all unless given."""
    clips: bool = False
    """Also measure how clips flicker: those of the set, or the sequences of `data`; slow."""
    precision: Literal["f32", "bf16"] = "f32"
    """What OpenVINO computes in."""
    json: Path | None = None
    """Where to write the figures as JSON."""

    def __call__(self) -> None:
        """Evaluate."""
        import json

        from rich.console import Console

        from train.evaluate.clips import show_clips

        # The figures of a table do not fit a narrower terminal.
        console = Console(width=max(Console().width, 92))
        result = self._measure(console)
        if "clips" in result:
            show_clips(result["clips"], console)
        if self.json:
            self.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")

    def _measure(self, console: Any) -> dict[str, Any]:
        from train.evaluate.folder import evaluate_data, show_data
        from train.evaluate.stills import evaluate_file, show

        if self.set is not None and self.data is None and self.files is None:
            result = evaluate_file(self.weights, self.set, self.precision, clips=self.clips)
            show(result, console)
        elif self.data is not None and self.set is None:
            result = evaluate_data(
                self.weights,
                self.options(self.data),
                self.precision,
                files=self.files,
                clips=self.clips,
            )
            show_data(result, console)
        else:
            raise ValueError("Give --set (a validation set), or --data (pairs) and maybe --files.")
        return result
