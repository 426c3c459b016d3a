"""`python -m train export`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - tyro reads the annotations when it runs


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
        from train.export.export import export

        parity = export(self.weights, self.out, self.set, self.cpu)
        print(f"{self.out}: {parity.as_table()}")
