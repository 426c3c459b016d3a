"""A test folder of pairs evaluated: the result that is printed and written as JSON."""

from __future__ import annotations

from dataclasses import asdict
from statistics import fmean
from typing import TYPE_CHECKING, Any

from rich.table import Table

from deblurvid.judge.metrics.fidelity import ssim_settings
from train.data.pairs import describe_pairs, read_pairs
from train.evaluate.clips import clips_table
from train.evaluate.pairs import SMALL, Figures, PairFigures, evaluate_pairs, mean_figures
from train.evaluate.weights import open_weights

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rich.console import Console

    from train.data.options import DataOptions
    from train.data.pairs import Pair
    from train.evaluate.weights import Precision

SMALL_NAME = f"{SMALL[1]}x{SMALL[0]}"


def evaluate_data(
    weights: Path,
    options: DataOptions,
    precision: Precision,
    *,
    files: int | None = None,
    clips: bool = False,
) -> dict[str, Any]:
    """Evaluate a checkpoint (torch, f32) or an ONNX file (OpenVINO, f32 or bf16) on pairs.

    Args:
        weights: the generator.
        options: where the pairs lie, and which of them.
        precision: what OpenVINO computes in.
        files: so many pairs, evenly spread over all; all unless given.
        clips: also how the sequences flicker, whatever `files` says.
    """
    restore, flop = open_weights(weights, precision)
    pairs = read_pairs(options)
    chosen = spread(pairs, files)
    figures = list(evaluate_pairs(restore, chosen))
    flicker = {"clips": clips_table(restore, pairs)} if clips else {}
    return flicker | {
        "weights": weights.name,
        "precision": precision,
        "data": describe_pairs(options, pairs),
        "gflop_720p": flop / 1e9,
        "psnr": "RGB, 8 bit, mean of dB over pairs",
        "ssim": {"function": "skimage.metrics.structural_similarity", **ssim_settings()},
        SMALL_NAME: "restored at native size; blurred, restored and sharp then brought there"
        " bilinearly without low-pass, and rounded",
        "pairs": len(figures),
        "sharp_kept_db": fmean(f.sharp_kept_db for f in figures),
        "native": _plain(mean_figures([f.native for f in figures])),
        "small": _plain(mean_figures([f.small for f in figures])),
        "sequences": _sequences(figures),
    }


def spread(pairs: Sequence[Pair], files: int | None) -> list[Pair]:
    """Choose so many pairs, evenly spread over all; all where `files` is None.

    Raises:
        ValueError: `files` is below one or more than there are.
    """
    if files is None:
        return list(pairs)
    if not 1 <= files <= len(pairs):
        raise ValueError(f"--files {files}: there are {len(pairs)} pairs. Ask for 1 to that many.")
    return [pairs[number * len(pairs) // files] for number in range(files)]


def _plain(figures: Figures) -> dict[str, float]:
    return asdict(figures) | {"gain_db": figures.gain_db}


def _sequences(figures: Sequence[PairFigures]) -> dict[str, dict[str, float]]:
    """Means at native size of each sequence that has a name."""
    names = sorted({f.sequence for f in figures} - {""})
    groups = {name: [f.native for f in figures if f.sequence == name] for name in names}
    return {name: {"pairs": len(g)} | _plain(mean_figures(g)) for name, g in groups.items()}


def show_data(result: dict[str, Any], console: Console) -> None:
    """Print the figures as a table, what they were measured on and how below it."""
    cost = f"{result['gflop_720p']:.1f} GFLOP a 720p frame"
    table = Table(title=f"{result['weights']} ({result['precision']}), {cost}")
    table.add_column("pairs", no_wrap=True)
    for heading in ("n", "PSNR blurred", "restored", "gain", "SSIM blurred", "restored"):
        table.add_column(heading, justify="right", no_wrap=True)
    whole = {"pairs": result["pairs"]}
    rows = {"native size": whole | result["native"], f"at {SMALL_NAME}": whole | result["small"]}
    for name, row in (rows | result["sequences"]).items():
        dbs = (f"{row['blurred_db']:.2f}", f"{row['restored_db']:.2f}", f"{row['gain_db']:+.2f}")
        ssims = (f"{row['blurred_ssim']:.4f}", f"{row['restored_ssim']:.4f}")
        table.add_row(name, str(row["pairs"]), *dbs, *ssims)
    console.print(table)
    settings = ", ".join(f"{key}={value}" for key, value in ssim_settings().items())
    for line in (
        f"Data: {result['data']}.",
        f"Sharp pictures fed in come back with {result['sharp_kept_db']:.2f} dB.",
        f"PSNR in dB: {result['psnr']}. At {SMALL_NAME}: {result[SMALL_NAME]}.",
        f"SSIM: {result['ssim']['function']}({settings}).",
    ):
        console.print(line, soft_wrap=True, highlight=False)
