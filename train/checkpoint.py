"""Checkpoints: one safetensors file with all that a run needs to go on or to be used.

Tensors are named after the generator's parameter X: `weight.X`, `average.X`, `optimiser.KEY.X`; its
buffers are `buffer.X`. The critic's are `critic.X` (parameters and buffers) and
`critic_optimiser.KEY.X`. What is no tensor is JSON in the file's metadata. Nothing is ever
unpickled.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from onnx.numpy_helper import to_array
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from deblurvid.errors import GeneratorError
from deblurvid.graph.contract import Key, read_generator
from train.critics import make_critic
from train.generators import Generator, make_generator
from train.growth import check_growth, grown
from train.optimisers import make_optimiser
from train.recipe import Recipe, recipe_from_table

if TYPE_CHECKING:
    from pathlib import Path

_COUNTS = ("seed", "step", "samples", "seconds", "earlier_samples", "earlier_seconds")


@dataclass(slots=True, kw_only=True)
class Adversary:
    """The critic of a run and its optimiser."""

    critic: nn.Module
    optimiser: torch.optim.Optimizer


@dataclass(slots=True, kw_only=True)
class RunState:
    """A run under way."""

    recipe: Recipe
    seed: int
    generator: Generator
    optimiser: torch.optim.Optimizer
    average: dict[str, Tensor]
    """The moving average of every parameter: what is evaluated and exported."""
    adversary: Adversary | None = None
    step: int = 0
    samples: int = 0
    seconds: float = 0.0
    """Time spent in training so far, over all sittings."""
    earlier_samples: int = 0
    """Samples of the run whose weights this one began from, and of those before it."""
    earlier_seconds: float = 0.0
    """Time spent in those."""
    best: float | None = None
    """Mean gain in dB of the best checkpoint so far; None before one was validated."""
    scaler: dict[str, Any] = field(default_factory=dict)
    """State of fp16's loss scale."""
    papers: dict[str, str] = field(default_factory=dict)
    """What else the weights are made of, in words: data, perceptual weights."""


def start_run(recipe: Recipe, seed: int, device: str | torch.device = "cpu") -> RunState:
    """Make a fresh run, its weights drawn from `seed`."""
    torch.manual_seed(seed)
    generator = _placed(make_generator(recipe.architecture), device)
    adversary = None
    if recipe.adversarial is not None:
        critic = make_critic(recipe.adversarial.critic, recipe.adversarial.end)
        critic = _placed(critic, device)
        adversary = Adversary(critic=critic, optimiser=make_optimiser(critic, recipe.optimiser))
    return RunState(
        recipe=recipe,
        seed=seed,
        generator=generator,
        optimiser=make_optimiser(generator, recipe.optimiser),
        average={name: p.detach().clone() for name, p in generator.named_parameters()},
        adversary=adversary,
    )


def _placed(module: Any, device: str | torch.device) -> Any:
    return module.to(device=device, memory_format=torch.channels_last)


def init_run(
    recipe: Recipe, seed: int, weights: Path, device: str | torch.device = "cpu"
) -> RunState:
    """Make a fresh run that begins from the averaged weights of another, and from nothing else.

    `weights` is a checkpoint, or what export made of one of a planes generator.

    Raises `ValueError` if the recipe's architecture neither is the other's nor holds it. See
    `train.growth`.
    """
    file = _read_exported(weights) if weights.suffix == ".onnx" else _read(weights)
    try:
        check_growth(file.recipe.architecture, recipe.architecture)
    except ValueError as error:
        raise ValueError(f"{weights}: {error}") from error
    run = start_run(recipe, seed, device)
    small = {
        n.removeprefix("average."): t for n, t in file.tensors.items() if n.startswith("average.")
    }
    begin = grown(dict(run.generator.named_parameters()), small)
    _fill(run.generator.named_parameters(), begin, "")
    _fill(_statistics(run.generator).items(), file.tensors, "buffer.")
    _fill(run.average.items(), begin, "")
    run.earlier_samples = file.counts["samples"] + file.counts["earlier_samples"]
    run.earlier_seconds = file.counts["seconds"] + file.counts["earlier_seconds"]
    run.papers = _earlier(file.papers)
    return run


def _earlier(papers: dict[str, str]) -> dict[str, str]:
    """Papers of what a run began from, for its own: whatever was trained with them says so, once."""
    told = _told(papers)
    return {"earlier": "; ".join(told)} if told else {}


def _told(papers: dict[str, str]) -> list[str]:
    """Give each paper in words, `NAME: WORDS`, those of earlier runs among them, once."""
    told: list[str] = []
    for name, words in papers.items():
        told += words.split("; ") if name in ("earlier", "mixed") else [f"{name}: {words}"]
    # Files of the first versions repeat the name before what they tell of earlier runs.
    return [*dict.fromkeys(one.replace("earlier: ", "") for one in told)]


def save_run(run: RunState, path: Path) -> None:
    """Write a run to `path`: beside it, then renamed, so that a kill leaves the old file whole."""
    tensors = {f"average.{name}": value for name, value in run.average.items()}
    tensors |= {f"weight.{name}": p.detach() for name, p in run.generator.named_parameters()}
    tensors |= {f"buffer.{name}": value for name, value in _statistics(run.generator).items()}
    tensors |= _moments("optimiser", run.generator, run.optimiser)
    if run.adversary:
        critic = run.adversary.critic
        tensors |= {f"critic.{name}": value for name, value in critic.state_dict().items()}
        tensors |= _moments("critic_optimiser", critic, run.adversary.optimiser)
    metadata = {
        "recipe": json.dumps(asdict(run.recipe)),
        "counts": json.dumps({name: getattr(run, name) for name in _COUNTS}),
        "best": json.dumps(run.best),
        "scaler": json.dumps(run.scaler),
        "papers": json.dumps(run.papers),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part")
    try:
        save_file({name: t.contiguous() for name, t in tensors.items()}, beside, metadata)
    except SafetensorError as error:
        raise OSError(f"{path} could not be written: {error}.") from error
    beside.replace(path)


def _statistics(module: nn.Module) -> dict[str, Tensor]:
    """Give the buffers that training moves; the others are constants, which the state leaves out."""
    kept = module.state_dict(keep_vars=True)
    return {name: buffer for name, buffer in module.named_buffers() if name in kept}


def _moments(prefix: str, module: nn.Module, optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    return {
        f"{prefix}.{key}.{name}": value
        for name, parameter in module.named_parameters()
        for key, value in optimiser.state.get(parameter, {}).items()
    }


def load_run(path: Path, device: str | torch.device = "cpu") -> RunState:
    """Read a run back, ready to go on as if it had never stopped."""
    file = _read(path)
    run = start_run(file.recipe, file.counts["seed"], device)
    for name in _COUNTS:
        setattr(run, name, file.counts[name])
    run.best, run.papers, run.scaler = file.best, file.papers, file.scaler
    _fill(run.generator.named_parameters(), file.tensors, "weight.")
    _fill(_statistics(run.generator).items(), file.tensors, "buffer.")
    _fill(run.average.items(), file.tensors, "average.")
    _load_moments("optimiser", run.generator, run.optimiser, file.tensors)
    if run.adversary:
        critic = run.adversary.critic
        _fill(critic.state_dict(keep_vars=True).items(), file.tensors, "critic.")
        _load_moments("critic_optimiser", critic, run.adversary.optimiser, file.tensors)
    return run


@torch.no_grad()
def _fill(named: Any, tensors: dict[str, Tensor], prefix: str) -> None:
    for name, value in named:
        held = tensors.get(prefix + name)
        if held is None or held.shape != value.shape:
            shape = "nothing" if held is None else f"the shape {tuple(held.shape)}"
            raise ValueError(
                f"The checkpoint holds {shape} for {name}, whose shape is {tuple(value.shape)}: the"
                " network has changed since. Begin a new run from it by fit's --init."
            )
        value.copy_(held)


def _load_moments(
    prefix: str,
    module: nn.Module,
    optimiser: torch.optim.Optimizer,
    tensors: dict[str, Tensor],
) -> None:
    keys = {name.split(".")[1] for name in tensors if name.startswith(f"{prefix}.")}
    for name, parameter in module.named_parameters():
        for key in keys:
            if (value := tensors.get(f"{prefix}.{key}.{name}")) is not None:
                # In the parameter's memory layout and on its device, as fused optimisers want it.
                like = parameter if value.shape == parameter.shape else value
                optimiser.state[parameter][key] = torch.empty_like(like).copy_(value)


def mix_runs(first: Path, second: Path, share: float, out: Path) -> None:
    """Write a checkpoint whose averaged weights and statistics lie between those of two runs.

    Runs that began from the same weights usually lie in one valley, and what lies between them
    trades what one is better at for what the other is (Wortsman et al., arXiv 2109.01903).

    Args:
        first: a checkpoint.
        second: another of the same architecture; the result is this run with other weights.
        share: how much of the second, from 0 to 1.
        out: where the result goes; fit's `--init` and export take it. Counts are the second's.

    Raises:
        ValueError: the architectures differ, or the share is out of range.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"The share is {share}; it must be within 0 and 1.")
    file = _read(first)
    run = load_run(second)
    if file.recipe.architecture != run.recipe.architecture:
        raise ValueError(f"{first} and {second} hold different architectures.")
    for name, average in run.average.items():
        average.lerp_(file.tensors[f"average.{name}"], 1 - share)
    for name, buffer in _statistics(run.generator).items():
        if buffer.is_floating_point():
            buffer.lerp_(file.tensors[f"buffer.{name}"], 1 - share)
    if new := [one for one in _told(file.papers) if one not in _told(run.papers)]:
        run.papers["mixed"] = "; ".join([*filter(None, [run.papers.get("mixed")]), *new])
    save_run(run, out)


def load_generator(path: Path) -> tuple[Generator, dict[str, Any]]:
    """Read the averaged weights, for use, and the run's counts by the names of RunState."""
    file = _read(path)
    generator = make_generator(file.recipe.architecture)
    _fill(generator.named_parameters(), file.tensors, "average.")
    _fill(_statistics(generator).items(), file.tensors, "buffer.")
    return generator.eval().requires_grad_(requires_grad=False), file.counts


def average_generator(run: RunState) -> Generator:
    """Make a copy of a run's generator with the averaged weights, on the CPU, for use."""
    generator = make_generator(run.recipe.architecture)
    _fill(generator.named_parameters(), {f".{k}": v for k, v in run.average.items()}, ".")
    _fill(
        _statistics(generator).items(),
        {f".{k}": v for k, v in _statistics(run.generator).items()},
        ".",
    )
    return generator.eval().requires_grad_(requires_grad=False)


def read_recipe_of(path: Path) -> Recipe:
    """Read the recipe that a checkpoint was trained by."""
    return _read(path).recipe


def read_papers_of(path: Path) -> dict[str, str]:
    """Read what else a checkpoint's weights are made of, in words. See `RunState.papers`."""
    return _read(path).papers


@dataclass(frozen=True, slots=True)
class _File:
    """What a checkpoint's file holds."""

    tensors: dict[str, Tensor]
    recipe: Recipe
    counts: dict[str, Any]
    best: float | None
    scaler: dict[str, Any]
    papers: dict[str, str]


def _read(path: Path) -> _File:
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise ValueError(f"{path} is no whole checkpoint: {error}.") from error
    if "recipe" not in metadata:
        raise ValueError(
            f"{path} is no checkpoint of this trainer: no recipe inside. Give one of fit's."
        )
    return _File(
        tensors=tensors,
        recipe=recipe_from_table(json.loads(metadata["recipe"]), path.name),
        counts=dict.fromkeys(_COUNTS, 0) | json.loads(metadata["counts"]),
        best=json.loads(metadata["best"]),
        scaler=json.loads(metadata.get("scaler", "{}")),
        papers=json.loads(metadata["papers"]),
    )


def _read_exported(path: Path) -> _File:
    """Read what export wrote; optimisers' moments and a spectrum's teacher are not in it."""
    try:
        generator = read_generator(path)
        training = json.loads(generator.metadata[Key.TRAINING])
        recipe = recipe_from_table(training["recipe"], path.name)
        counts = {"samples": training["samples"], "seconds": 3600 * training["hours"]}
    except (GeneratorError, KeyError, TypeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is no generator of this trainer: {error}.") from error
    if recipe.architecture.kind != "planes":
        raise ValueError(
            f"{path}: a {recipe.architecture.kind} generator is exported without what its batch norm"
            " needs to be trained. Give fit's checkpoint."
        )
    return _File(
        tensors={
            f"average.{weight.name.removesuffix('.fp16')}": torch.from_numpy(
                to_array(weight).copy()
            )
            for weight in generator.model.graph.initializer
        },
        recipe=recipe,
        counts=dict.fromkeys(_COUNTS, 0) | counts,
        best=None,
        scaler={},
        papers={
            n: training[n] for n in ("earlier", "data", "perceptual", "mixed") if n in training
        },
    )
