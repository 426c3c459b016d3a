"""Figures of a generator: what it gains on blurred stills, what it costs sharp ones."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

from rich.table import Table

from deblurvid.judge.metrics.fidelity import psnr
from train.data.files import read_image
from train.evaluate.clips import clips_table
from train.evaluate.shifted import psnr_shifted
from train.evaluate.valset import Still, hash_set, read_clips, read_stills
from train.evaluate.weights import open_weights

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rich.console import Console

    from train.evaluate.restore import Restorer
    from train.evaluate.weights import Precision

BINS = ((8, 12), (12, 17), (17, 23))
"""Blur lengths in pixels, from .. to (exclusive), that the table tells apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StillFigures:
    """PSNR in dB of one still."""

    still: Still
    blurred: float
    restored: float
    blurred_unshifted: float
    restored_unshifted: float
    sharp_kept: float
    """Of the sharp still, fed in and compared with itself."""

    @property
    def gain(self) -> float:
        """What restoring adds."""
        return self.restored - self.blurred


def evaluate_stills(restore: Restorer, stills: Sequence[Still]) -> list[StillFigures]:
    """Restore every still, blurred and sharp, and measure."""
    figures = []
    for still in stills:
        blurred, sharp = read_image(still.blur), read_image(still.sharp)
        restored = restore(blurred)
        figures.append(
            StillFigures(
                still=still,
                blurred=psnr_shifted(blurred, sharp),
                restored=psnr_shifted(restored, sharp),
                blurred_unshifted=psnr(blurred, sharp),
                restored_unshifted=psnr(restored, sharp),
                sharp_kept=psnr(restore(sharp), sharp),
            )
        )
    return figures


def summarise(figures: Sequence[StillFigures]) -> dict[str, dict[str, float]]:
    """Mean figures of all stills, of either kind, and of each range of lengths."""
    groups = {"all": list(figures)}
    for kind in ("straight", "shake"):
        groups[kind] = [f for f in figures if f.still.kind == kind]
    for low, high in BINS:
        groups[f"{low}-{high - 1} px"] = [f for f in figures if low <= f.still.length < high]
    return {name: _mean_figures(chosen) for name, chosen in groups.items() if chosen}


def _mean_figures(figures: Sequence[StillFigures]) -> dict[str, float]:
    return {
        "stills": len(figures),
        "blurred_db": fmean(f.blurred for f in figures),
        "restored_db": fmean(f.restored for f in figures),
        "gain_db": fmean(f.gain for f in figures),
        "worst_gain_db": min(f.gain for f in figures),
        "unshifted_gain_db": fmean(f.restored_unshifted - f.blurred_unshifted for f in figures),
        "sharp_kept_db": fmean(f.sharp_kept for f in figures),
        "sharp_kept_least_db": min(f.sharp_kept for f in figures),
    }


def evaluate_file(
    weights: Path, folder: Path, precision: Precision, *, clips: bool = False
) -> dict[str, Any]:
    """Evaluate a checkpoint (torch, f32) or an ONNX file (OpenVINO, f32 or bf16) on a set.

    `clips` adds how the set's clips flicker, as `evaluate_data` does.
    """
    restore, flop = open_weights(weights, precision)
    figures = evaluate_stills(restore, read_stills(folder))
    flicker = {"clips": clips_table(restore, read_clips(folder))} if clips else {}
    return flicker | {
        "weights": weights.name,
        "precision": precision,
        "set_sha256": hash_set(folder),
        "gflop_720p": flop / 1e9,
        "groups": summarise(figures),
    }


def show(result: dict[str, Any], console: Console) -> None:
    """Print the figures as a table."""
    cost = f"{result['gflop_720p']:.1f} GFLOP a 720p frame"
    table = Table(title=f"{result['weights']} ({result['precision']}), {cost}")
    table.add_column("stills", no_wrap=True)
    headings = "n blurred restored gain worst unshifted sharp least"
    for heading in headings.split():
        table.add_column(heading, justify="right", no_wrap=True)
    for name, mean in result["groups"].items():
        count, *rest = mean.values()
        signed = ("gain_db", "worst_gain_db", "unshifted_gain_db")
        cells = [
            f"{v:+.2f}" if k in signed else f"{v:.2f}"
            for k, v in zip(list(mean)[1:], rest, strict=True)
        ]
        table.add_row(name, str(count), *cells)
    console.print(table)
    console.print(
        f"PSNR in dB, best of shifts up to 3 px; set sha256 {result['set_sha256']}", soft_wrap=True
    )
