"""`python -m train statistics`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - tyro reads the annotations when it runs

from train.commands.pair_folder import PairFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics(PairFolder):
    """Score the detail that runs restore, one row a run: no measure of quality."""

    weights: tuple[Path, ...]
    """Checkpoints, one a run."""
    data: Path
    """Test folder of pairs: GOPRO_Large, REDS, BSD, or blur/ and sharp/."""
    files: int | None = None
    """So many pairs, evenly spread; all unless given."""
    markdown: Path | None = None
    """Where to write the table as Markdown."""
    json: Path | None = None
    """Where to write it as JSON."""

    def __call__(self) -> None:
        """Score."""
        import json

        from rich.console import Console

        from train.data.pairs import describe_pairs, read_pairs
        from train.evaluate.folder import spread
        from train.evaluate.statistics import (
            json_from_rows,
            markdown_from_rows,
            measure_runs,
            notes,
            table_from_rows,
        )

        options = self.options(self.data)
        pairs = read_pairs(options)
        data = describe_pairs(options, pairs)
        rows = measure_runs(self.weights, spread(pairs, self.files))
        console = Console(width=max(Console().width, 140))
        console.print(table_from_rows(rows))
        for line in notes(rows, data):
            console.print(line, soft_wrap=True, highlight=False)
        if self.markdown:
            self.markdown.write_text(markdown_from_rows(rows, data), encoding="utf-8")
        if self.json:
            text = json.dumps(json_from_rows(rows, data), indent=2)
            self.json.write_text(text + "\n", encoding="utf-8")
