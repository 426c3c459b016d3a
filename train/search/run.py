"""The search itself: every candidate to every horizon, and the table that comes of it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from train.loop.fit import FitOptions, fit
from train.loop.schedule import Length
from train.search.calibrate import seconds_a_step

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from train.data.options import DataOptions
    from train.search.candidates import Candidate


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchOptions:
    """Where a search takes its data and leaves its results."""

    data: DataOptions
    set: Path
    """Validation set that ranks the candidates."""
    folder: Path
    """results.json and a folder for each run; what is there already is not done again."""
    threads: int
    workers: int
    seed: int


def search(candidates: Sequence[Candidate], minutes: float, options: SearchOptions) -> None:
    """Train and judge every candidate for `minutes` of this machine undisturbed."""
    costs = _costs(candidates, options)
    for candidate in candidates:
        results = read_results(options.folder)
        key = f"{candidate.name} {minutes:g}"
        made = _made(candidate, options)
        if key in results and results[key]["made"] != made:
            raise ValueError(
                f"{options.folder / 'results.json'} holds {candidate.name!r} by another recipe,"
                " seed or data. Give another folder."
            )
        if key not in results:
            results[key] = _train(candidate, minutes, costs[candidate.name], options)
            _write(options.folder / "results.json", results)


def _made(candidate: Candidate, options: SearchOptions) -> dict[str, Any]:
    """What a result is of: in JSON's own terms, as it is compared with what was read."""
    facts = {"recipe": asdict(candidate.recipe), "seed": options.seed, "data": options.data.paths}
    return dict(json.loads(json.dumps(facts, default=str)))


def read_results(folder: Path) -> dict[str, Any]:
    """Read the results so far: "NAME MINUTES" -> figures."""
    return _read(folder / "results.json")


def _costs(candidates: Sequence[Candidate], options: SearchOptions) -> dict[str, float]:
    path = options.folder / "seconds_a_step.json"
    costs: dict[str, float] = _read(path)
    if missing := [c for c in candidates if c.name not in costs]:
        costs |= seconds_a_step(missing, options.threads)
        _write(path, costs)
    return costs


def _train(
    candidate: Candidate, minutes: float, step_seconds: float, options: SearchOptions
) -> dict[str, Any]:
    from train.evaluate.stills import evaluate_file

    steps = max(1, round(60 * minutes / step_seconds))
    fit_options = FitOptions(
        data=options.data,
        folder=options.folder / f"{candidate.name}-{minutes:g}",
        seed=options.seed,
        workers=options.workers,
        threads=options.threads,
        save_seconds=120,
    )
    run = fit(candidate.recipe, Length(steps=steps), fit_options)
    judged = evaluate_file(fit_options.last, options.set, "f32")
    figures = {
        "name": candidate.name,
        "made": _made(candidate, options),
        "minutes": minutes,
        "gflop_720p": judged["gflop_720p"],
        "steps": run.step,
        "samples": run.samples,
        "set_sha256": judged["set_sha256"],
        "groups": judged["groups"],
    }
    print(json.dumps({k: v for k, v in figures.items() if k != "groups"}), flush=True)
    print(json.dumps(judged["groups"]["all"]), flush=True)
    return figures


def _read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


def _write(path: Path, values: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part")
    beside.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
    beside.replace(path)


def markdown(results: dict[str, Any]) -> str:
    """Write results as a Markdown table, each horizon by falling gain."""
    lines = [
        "| candidate | minutes | GFLOP | samples | gain | straight | shaken | worst | sharp kept |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    order = sorted(results.values(), key=lambda r: (r["minutes"], -r["groups"]["all"]["gain_db"]))
    for r in order:
        mean, straight, shaken = (r["groups"][name] for name in ("all", "straight", "shake"))
        lines.append(
            f"| {r['name']} | {r['minutes']:g} | {r['gflop_720p']:.0f} | {r['samples']:,} |"
            f" {mean['gain_db']:+.3f} | {straight['gain_db']:+.3f} | {shaken['gain_db']:+.3f} |"
            f" {mean['worst_gain_db']:+.2f} |"
            f" {mean['sharp_kept_db']:.1f} / {mean['sharp_kept_least_db']:.1f} |"
        )
    return "\n".join(lines) + "\n"
