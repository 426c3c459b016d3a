"""The DeblurGAN write-up's table of runs: how much fine detail restored pictures hold beside the sharp ones."""

from __future__ import annotations

import re
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

from rich.table import Table

from deblurvid.judge.metrics.sharpness import laplacian_variance
from train.checkpoint import load_generator, read_papers_of, read_recipe_of
from train.data.files import read_image
from train.evaluate.restore import restorer_from_generator

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from train.data.pairs import Pair
    from train.synthesis.light import Image8

SIZES = ((256, 256), (720, 1280))
"""Heights and widths that pictures are scored at."""

REMARK = "This is no measure of quality: noise, ringing and checkerboards raise the score as detail does."
METHOD = (
    "Score: mean over files of the variance of the Laplacian (3x3, four neighbours) of BT.601 grey,"
    " in float64, of pictures restored at the size of the file and then brought to the size"
    " bilinearly without low-pass. Ratio: restored / sharp."
)
HEADINGS = ("run", "epoch", "samples", "batch", "critic updates", "files")


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Average scores at one size: see `laplacian_variance`."""

    sharp: float
    blurred: float
    restored: float

    @property
    def ratio(self) -> float:
        """Of restored to sharp."""
        return self.restored / self.sharp


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One run of the table."""

    run: str
    epoch: float | None
    """Times that the run saw each pair of its data; None where that is not known."""
    samples: int
    batch: int
    critic_updates: int | None
    """Updates of the critic for one of the generator; None without a critic."""
    files: int
    scores: dict[str, Score]
    """By size, as WIDTHxHEIGHT."""


def measure_runs(checkpoints: Sequence[Path], pairs: Sequence[Pair]) -> list[Row]:
    """Restore the blurred pictures with the averaged weights of each checkpoint, and score.

    Raises:
        ValueError: there is no checkpoint.
    """
    if not checkpoints:
        raise ValueError("No runs: --weights is empty. Give one checkpoint or more.")
    sharp = average_scores([pair.sharp for pair in pairs], lambda image: image)
    blurred = average_scores([pair.blurred for pair in pairs], lambda image: image)
    rows = []
    for path in checkpoints:
        generator, counts = load_generator(path)
        recipe = read_recipe_of(path)
        samples = counts["samples"] + counts["earlier_samples"]
        trained_on = count_pairs(read_papers_of(path).get("data", ""))
        restore = restorer_from_generator(generator)
        restored = average_scores([pair.blurred for pair in pairs], restore)
        row = Row(
            run=f"{path.resolve().parent.name}/{path.stem}",
            epoch=samples / trained_on if trained_on else None,
            samples=samples,
            batch=recipe.samples.batch,
            critic_updates=recipe.adversarial.updates if recipe.adversarial else None,
            files=len(pairs),
            scores={
                size: Score(sharp=sharp[size], blurred=blurred[size], restored=restored[size])
                for size in restored
            },
        )
        rows.append(row)
    return rows


def count_pairs(data: str) -> int | None:
    """Read how many pairs a run was trained on from its data's description in its papers.

    None for data that are blurred on the fly, where no sample is ever seen again.
    """
    found = re.search(r"(\d+) pairs", data)
    return int(found[1]) if found else None


def average_scores(files: Sequence[Path], change: Callable[[Image8], Image8]) -> dict[str, float]:
    """Score pictures after `change`, at each of `SIZES`: the means over files."""
    scores: dict[str, list[float]] = {f"{width}x{height}": [] for height, width in SIZES}
    for file in files:
        image = change(read_image(file))
        for kept, size in zip(scores.values(), SIZES, strict=True):
            kept.append(laplacian_variance(image, size))
    return {size: fmean(kept) for size, kept in scores.items()}


def json_from_rows(rows: Sequence[Row], data: str) -> dict[str, Any]:
    """Turn the table into plain values; what is not known is null."""
    plain = [
        {name.replace(" ", "_"): getattr(row, name.replace(" ", "_")) for name in HEADINGS}
        | {
            "scores": {
                size: {
                    "sharp": s.sharp,
                    "blurred": s.blurred,
                    "restored": s.restored,
                    "ratio": s.ratio,
                }
                for size, s in row.scores.items()
            }
        }
        for row in rows
    ]
    return {"data": data, "method": METHOD, "remark": REMARK, "runs": plain}


def headings(rows: Sequence[Row]) -> list[str]:
    """Name the columns of the table."""
    return [*HEADINGS, *(f"{kind} {size}" for size in rows[0].scores for kind in _SHOWN)]


_SHOWN = ("sharp", "restored", "ratio")


def cells(row: Row) -> list[str]:
    """Write a row's values, a dash where one is not known."""
    epoch = "-" if row.epoch is None else f"{row.epoch:.2f}"
    critic = "-" if row.critic_updates is None else str(row.critic_updates)
    facts = [row.run, epoch, str(row.samples), str(row.batch), critic, str(row.files)]
    for score in row.scores.values():
        facts += [f"{score.sharp:.1f}", f"{score.restored:.1f}", f"{score.ratio:.3f}"]
    return facts


def notes(rows: Sequence[Row], data: str) -> list[str]:
    """Say below the table what it was measured on, how, and what it is worth."""
    blurred = ", ".join(f"{s.blurred:.1f} at {size}" for size, s in rows[0].scores.items())
    return [f"Data: {data}. The blurred files themselves score {blurred}.", METHOD, REMARK]


def table_from_rows(rows: Sequence[Row]) -> Table:
    """Draw the table for a terminal."""
    table = Table(title="Variance of the Laplacian")
    for number, heading in enumerate(headings(rows)):
        table.add_column(heading, justify="right" if number else "left", no_wrap=not number)
    for row in rows:
        table.add_row(*cells(row))
    return table


def markdown_from_rows(rows: Sequence[Row], data: str) -> str:
    """Write the table and what belongs below it as Markdown."""
    names = headings(rows)
    lines = [names, ["---", *["---:"] * (len(names) - 1)], *map(cells, rows)]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return "\n\n".join([table, *notes(rows, data)]) + "\n"
