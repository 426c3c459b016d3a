"""Checkpoints: one safetensors file with all that a run needs to go on or to be used.

Tensors are named `weight.X`, `average.X`, `moment1.X`, `moment2.X` after the generator's parameter
X; what is no tensor is JSON in the file's metadata. Nothing is ever unpickled.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from train.generators.planes import Generator
from train.recipe import Recipe, recipe_from_table

if TYPE_CHECKING:
    from pathlib import Path

_COUNTS = ("seed", "step", "samples", "seconds", "earlier_samples", "earlier_seconds")


@dataclass(slots=True, kw_only=True)
class RunState:
    """A run under way."""

    recipe: Recipe
    seed: int
    generator: Generator
    optimiser: torch.optim.AdamW
    average: dict[str, Tensor]
    """The moving average of every parameter: what is evaluated and exported."""
    step: int = 0
    samples: int = 0
    seconds: float = 0.0
    """Time spent in training so far, over all sittings."""
    earlier_samples: int = 0
    """Samples of the run whose weights this one began from, and of those before it."""
    earlier_seconds: float = 0.0
    """Time spent in those."""


def start_run(recipe: Recipe, seed: int) -> RunState:
    """Make a fresh run, its weights drawn from `seed`."""
    torch.manual_seed(seed)
    generator = Generator(recipe.architecture)
    generator = generator.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    options = recipe.optimiser
    optimiser = torch.optim.AdamW(
        generator.parameters(),
        lr=options.peak_rate,
        betas=options.betas,
        weight_decay=options.weight_decay,
        fused=True,
    )
    average = {name: p.detach().clone() for name, p in generator.named_parameters()}
    return RunState(
        recipe=recipe, seed=seed, generator=generator, optimiser=optimiser, average=average
    )


def init_run(recipe: Recipe, seed: int, weights: Path) -> RunState:
    """Make a fresh run that begins from the averaged weights of another, and from nothing else.

    Raises `ValueError` if the other's architecture is not the recipe's.
    """
    tensors, other, counts = _read(weights)
    if other.architecture != recipe.architecture:
        raise ValueError(
            f"{weights} holds {other.architecture}, the recipe asks for {recipe.architecture}."
        )
    run = start_run(recipe, seed)
    with torch.no_grad():
        for name, parameter in run.generator.named_parameters():
            parameter.copy_(tensors[f"average.{name}"])
            run.average[name].copy_(tensors[f"average.{name}"])
    run.earlier_samples = counts["samples"] + counts["earlier_samples"]
    run.earlier_seconds = counts["seconds"] + counts["earlier_seconds"]
    return run


def save_run(run: RunState, path: Path) -> None:
    """Write a run to `path`: beside it, then renamed, so that a kill leaves the old file whole."""
    tensors: dict[str, Tensor] = {}
    for name, parameter in run.generator.named_parameters():
        moments = run.optimiser.state.get(parameter, {})
        tensors[f"weight.{name}"] = parameter.detach()
        tensors[f"average.{name}"] = run.average[name]
        if moments:
            tensors[f"moment1.{name}"] = moments["exp_avg"]
            tensors[f"moment2.{name}"] = moments["exp_avg_sq"]
    counts = {name: getattr(run, name) for name in _COUNTS}
    metadata = {"recipe": json.dumps(dataclasses.asdict(run.recipe)), "counts": json.dumps(counts)}
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part")
    save_file({name: t.contiguous() for name, t in tensors.items()}, beside, metadata)
    beside.replace(path)


def load_run(path: Path) -> RunState:
    """Read a run back, ready to go on as if it had never stopped."""
    tensors, recipe, counts = _read(path)
    run = start_run(recipe, counts["seed"])
    for name in _COUNTS:
        setattr(run, name, counts[name])
    with torch.no_grad():
        for name, parameter in run.generator.named_parameters():
            parameter.copy_(tensors[f"weight.{name}"])
            run.average[name].copy_(tensors[f"average.{name}"])
            if f"moment1.{name}" in tensors:
                run.optimiser.state[parameter] = {
                    "step": torch.tensor(float(run.step)),
                    "exp_avg": torch.empty_like(parameter).copy_(tensors[f"moment1.{name}"]),
                    "exp_avg_sq": torch.empty_like(parameter).copy_(tensors[f"moment2.{name}"]),
                }
    return run


def mix_runs(first: Path, second: Path, share: float, out: Path) -> None:
    """Write a checkpoint whose averaged weights lie between those of two runs.

    Runs that began from the same weights usually lie in one valley, and what lies between them
    trades what one is better at for what the other is (Wortsman et al., arXiv 2109.01903).

    Args:
        first: a checkpoint.
        second: another of the same architecture; the result is this run with other weights.
        share: how much of the second, from 0 to 1.
        out: where the result goes; fit's `--init` and export take it.

    Raises:
        ValueError: the architectures differ, or the share is out of range.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"The share is {share}; it must be within 0 and 1.")
    tensors, recipe, _ = _read(first)
    run = load_run(second)
    if recipe.architecture != run.recipe.architecture:
        raise ValueError(f"{first} and {second} hold different architectures.")
    for name, average in run.average.items():
        average.lerp_(tensors[f"average.{name}"], 1 - share)
    save_run(run, out)


def load_generator(path: Path) -> tuple[Generator, dict[str, Any]]:
    """Read the averaged weights, for use, and the run's counts by the names of RunState."""
    tensors, recipe, counts = _read(path)
    generator = Generator(recipe.architecture)
    prefix = "average."
    generator.load_state_dict(
        {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}
    )
    return generator.eval().requires_grad_(requires_grad=False), counts


def read_recipe_of(path: Path) -> Recipe:
    """Read the recipe that a checkpoint was trained by."""
    return _read(path)[1]


def _read(path: Path) -> tuple[dict[str, Tensor], Recipe, dict[str, Any]]:
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata() or {}
        if "recipe" not in metadata:
            raise ValueError(
                f"{path} is no checkpoint of this trainer: no recipe inside. Give one of fit's."
            )
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    recipe = recipe_from_table(json.loads(metadata["recipe"]), path.name)
    counts = dict.fromkeys(_COUNTS, 0) | json.loads(metadata["counts"])
    return tensors, recipe, counts
