"""`python -m train search`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path  # noqa: TC003 - tyro reads the annotations when it runs

import torch

from train.data.options import DataOptions  # noqa: TC001 - as above


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Train candidates for equal compute and rank them on a validation set."""

    table: Path
    """TOML file of candidates; see train/search/*.toml."""
    data: DataOptions
    set: Path
    """Validation set that ranks them."""
    out: Path
    """Folder for runs and results; a search that was stopped goes on."""
    minutes: float
    """Compute for each, in minutes of this machine undisturbed."""
    only: tuple[str, ...] = ()
    """Names of the candidates to take; all if none is given."""
    seed: int = 1
    workers: int = 1
    """Processes that make samples."""
    threads: int = field(default_factory=torch.get_num_threads)
    """Threads of the network."""

    def __call__(self) -> None:
        """Search, then print the table of all results in the folder."""
        from train.search.candidates import read_candidates
        from train.search.run import SearchOptions, markdown, read_results, search

        candidates = read_candidates(self.table)
        if unknown := set(self.only) - {c.name for c in candidates}:
            raise ValueError(f"{self.table} has no candidates {sorted(unknown)}.")
        chosen = [c for c in candidates if not self.only or c.name in self.only]
        options = SearchOptions(
            data=self.data,
            set=self.set,
            folder=self.out,
            threads=self.threads,
            workers=self.workers,
            seed=self.seed,
        )
        search(chosen, self.minutes, options)
        print(markdown(read_results(self.out)))
