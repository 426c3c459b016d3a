"""Which data set lies where, and which of its variants is meant."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - tyro reads the annotations when it runs
from typing import Annotated, Literal

import tyro

Layout = Literal["gopro", "gopro-all", "reds", "bsd", "pairs", "kadid", "photos", "videos"]
Split = Literal["train", "val", "test"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataOptions:
    """Folders of one kind of data: pairs, sharp pictures, or frames to average."""

    paths: Annotated[tuple[Path, ...], tyro.conf.arg(name="data")]
    """One folder or several, of any layouts that give the same kind of data."""
    layout: Literal[Layout, "auto"] = "auto"
    """How the folders are laid out; `auto` looks at each."""
    split: Split = "train"
    """Which part of a data set that has parts; `val` is known to REDS and BSD."""
    gamma: bool = False
    """gopro: `blur_gamma` instead of `blur`. Averaging: frames are averaged as signals, code^2.2,
    as `blur_gamma` was made; otherwise their codes are, as `blur` was."""
    variant: str = ""
    """REDS: blur (default), blur_comp, blur_bicubic ...; BSD: 1ms8ms, 2ms16ms or 3ms24ms. A folder
    must carry exactly that name."""
    average: tuple[int, int] | None = None
    """Least and most frames averaged to one exposure, odd numbers; gopro-all: 7 to 13 unless given;
    videos: without it their sharp frames are taken as photos."""
    large: Path | None = None
    """gopro-all: GOPRO_Large, to check that both copies hold the same frames before averaging."""
    shrink: Path | None = None
    """photos: tab-separated table of how far each must shrink to be sharp."""

    def __post_init__(self) -> None:
        """Refuse no folder, and numbers of frames that have no middle."""
        if not self.paths:
            raise ValueError("No data: paths is empty. Give the folder of a data set.")
        if self.average is not None:
            least, most = self.average
            if not 1 <= least <= most or least % 2 == 0 or most % 2 == 0:
                raise ValueError(
                    f"average = {least} {most}: give two odd numbers, the smaller first. The sharp"
                    " picture is the middle frame, and an even number has none."
                )
