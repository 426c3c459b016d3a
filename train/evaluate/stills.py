"""Figures of a generator: what it gains on blurred stills, what it costs sharp ones."""

from __future__ import annotations

import json
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

import torch
from rich.table import Table

from train.checkpoint import load_generator
from train.evaluate.score import Plane, RunPlanes, psnr, psnr_shifted, restore_image
from train.evaluate.valset import Still, hash_set, read_image, read_stills
from train.export.onnx_file import open_onnx
from train.generators.planes import Generator, count_flop

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rich.console import Console

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


def runner_from_generator(generator: Generator) -> RunPlanes:
    """Let a torch generator run on numpy planes, in float32."""

    def run(y: Plane, u: Plane, v: Plane) -> tuple[Plane, Plane, Plane]:
        with torch.inference_mode():
            dy, du, dv = generator(*(torch.from_numpy(plane) for plane in (y, u, v)))
        return dy.numpy(), du.numpy(), dv.numpy()

    return run


def evaluate_stills(
    run: RunPlanes, multiple_of: int, stills: Sequence[Still]
) -> list[StillFigures]:
    """Restore every still, blurred and sharp, and measure."""
    figures = []
    for still in stills:
        blurred, sharp = read_image(still.blur), read_image(still.sharp)
        restored = restore_image(run, blurred, multiple_of)
        figures.append(
            StillFigures(
                still=still,
                blurred=psnr_shifted(blurred, sharp),
                restored=psnr_shifted(restored, sharp),
                blurred_unshifted=psnr(blurred, sharp),
                restored_unshifted=psnr(restored, sharp),
                sharp_kept=psnr(restore_image(run, sharp, multiple_of), sharp),
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


def evaluate_file(weights: Path, folder: Path, precision: str) -> dict[str, Any]:
    """Evaluate a checkpoint (torch, float32) or an ONNX file (OpenVINO, f32 or bf16) on a set."""
    if weights.suffix == ".onnx":
        generator = open_onnx(weights, precision)
        run, multiple, flop = generator.run, generator.multiple_of, generator.flop_720p
    else:
        model, _ = load_generator(weights)
        run, multiple = runner_from_generator(model), model.architecture.multiple_of
        flop = count_flop(model.architecture, 720, 1280)
    figures = evaluate_stills(run, multiple, read_stills(folder))
    return {
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


def write_json(result: dict[str, Any], path: Path) -> None:
    """Write the figures as JSON."""
    path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
