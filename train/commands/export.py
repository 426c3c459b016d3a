"""`python -m train export`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - tyro reads the annotations when it runs

from train.commands.pair_folder import PairFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class Export(PairFolder):
    """Write a checkpoint's averaged weights as a checked ONNX generator."""

    weights: Path
    """A checkpoint that fit wrote."""
    out: Path
    """The .onnx file; its stem is the generator's name."""
    set: Path | None = None
    """Validation set whose blurred stills parity is measured on. Or else"""
    data: Path | None = None
    """a test folder of pairs: GOPRO_Large, REDS, BSD, or blur/ and sharp/."""
    cpu: str
    """What it was trained on, in words, for the file's papers."""

    def __call__(self) -> None:
        """Export."""
        from train.export.export import export

        parity = export(self.weights, self.out, self._pictures(), self.cpu)
        print(f"{self.out}: {parity.as_table()}")

    def _pictures(self) -> list[Path]:
        from train.data.pairs import read_pairs
        from train.evaluate.valset import read_stills

        if self.set is not None and self.data is None:
            return [still.blur for still in read_stills(self.set)]
        if self.data is not None and self.set is None:
            return [pair.blurred for pair in read_pairs(self.options(self.data))]
        raise ValueError("Give either --set (a validation set) or --data (a folder of pairs).")
