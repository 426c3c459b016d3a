"""What a run needs beside its state, and what no checkpoint holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from train.loop.ranks import Ranks

if TYPE_CHECKING:
    from train.loop.compute import Compute
    from train.losses.perceptual import PerceptualLoss


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """The device, the other processes, and the network of the perceptual loss."""

    compute: Compute
    ranks: Ranks = field(default_factory=Ranks)
    perceptual: PerceptualLoss | None = None
