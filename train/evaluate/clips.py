"""Flicker of a generator on clips: of every sequence, and as a table."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from rich.table import Table

from train.data.files import read_image
from train.evaluate.flicker import Flicker, Frames, flicker_between, mean_flicker

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console

    from train.data.pairs import Pair
    from train.evaluate.restore import Restorer


def evaluate_clips(restore: Restorer, pairs: Iterable[Pair]) -> dict[str, Flicker]:
    """Restore each sequence and measure how it flickers: means over its steps, by its name.

    Raises:
        ValueError: no sequence has two frames.
    """
    sequences: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        sequences[pair.sequence].append(pair)
    clips = {name: frames for name, frames in sequences.items() if name and len(frames) > 1}
    if not clips:
        raise ValueError("These pairs are no clips: no sequence has two frames. Leave out --clips.")
    return {name: _clip_flicker(restore, frames) for name, frames in clips.items()}


def _clip_flicker(restore: Restorer, pairs: Sequence[Pair]) -> Flicker:
    frames = (_frames(restore, pair) for pair in pairs)
    return mean_flicker([flicker_between(before, now) for before, now in pairwise(frames)])


def _frames(restore: Restorer, pair: Pair) -> Frames:
    blurred = read_image(pair.blurred)
    return Frames(blurred=blurred, restored=restore(blurred), sharp=read_image(pair.sharp))


def clips_table(restore: Restorer, pairs: Iterable[Pair]) -> dict[str, dict[str, float]]:
    """Evaluate clips as plain values: the mean of all under `all`, then each by its name."""
    clips = evaluate_clips(restore, pairs)
    every = {"all": mean_flicker([*clips.values()])} | clips
    return {name: asdict(flicker) for name, flicker in every.items()}


def show_clips(clips: dict[str, Any], console: Console) -> None:
    """Print what `clips_table` gave."""
    table = Table(title="Flicker: what changes from frame to frame beyond what moves")
    table.add_column("clip", no_wrap=True)
    for heading in ("warp blurred", "restored", "sharp", "tOF blurred", "restored"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, figures in clips.items():
        warps = [f"{1e3 * v:.3f}" for k, v in figures.items() if k.startswith("warp")]
        tofs = [f"{v:.3f}" for k, v in figures.items() if k.startswith("tof")]
        table.add_row(name, *warps, *tofs)
    console.print(table)
    console.print(
        "warp: warping error in 1e-3 (code / 255)^2 along the sharp clip's optical flow, where both"
        " frames show the same; tOF: difference of the optical flow from the sharp clip's, in px."
        " Pictures without detail do well in both: read restored beside blurred and sharp.",
        soft_wrap=True,
    )
