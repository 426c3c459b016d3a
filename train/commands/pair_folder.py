"""Options that several commands share: which pairs of a test folder are meant."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - tyro reads the annotations when it runs
from typing import Literal

from train.data.options import DataOptions, Layout, Split


@dataclass(frozen=True, slots=True, kw_only=True)
class PairFolder:
    """How a folder of pairs is read."""

    layout: Literal[Layout, "auto"] = "auto"
    """How `data` is laid out: gopro, reds, bsd or pairs; auto looks."""
    split: Split = "test"
    """Which part of `data`."""
    gamma: bool = False
    """Of GOPRO_Large: blur_gamma instead of blur."""
    variant: str = ""
    """Of REDS: blur, blur_comp ...; of BSD: 1ms8ms, 2ms16ms or 3ms24ms."""

    def options(self, data: Path) -> DataOptions:
        """Name the pairs of `data`."""
        return DataOptions(
            paths=(data,),
            layout=self.layout,
            split=self.split,
            gamma=self.gamma,
            variant=self.variant,
        )
