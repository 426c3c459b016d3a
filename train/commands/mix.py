"""`python -m train mix`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - tyro reads the annotations when it runs


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
