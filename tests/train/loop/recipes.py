"""Tiny recipes and data for the tests of the loop."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import torch

from train.critics import CriticRecipe
from train.data.samples import Samples, load_batches
from train.generators.deblurgan import DeblurganArchitecture
from train.generators.planes import PlanesArchitecture
from train.loop.compute import open_compute
from train.loop.schedule import learning_rate
from train.loop.step import train_step
from train.loop.tools import Tools
from train.losses.adversarial import AdversarialRecipe
from train.optimisers import OptimiserRecipe
from train.recipe import ComputeRecipe, Recipe, SampleRecipe
from train.synthesis.scene import BlurRecipe, SynthesisSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from train.checkpoint import RunState
    from train.data.samples import Batch
    from train.loop.step import Figures

PLANES = Recipe(
    architecture=PlanesArchitecture(widths=(16, 32), encoder_blocks=(1, 1), decoder_blocks=(1,)),
    blur=BlurRecipe(sharp_share=0, shortest=3, middle=4, longest=5),
    samples=SampleRecipe(crop=32, batch=4, scene=96, uses=2),
    optimiser=OptimiserRecipe(warmup_steps=5, peak_rate=3e-3),
)
ADVERSARIAL = Recipe(
    architecture=DeblurganArchitecture(norm="batch", up="resize", dropout=0.5, blocks=1, width=8),
    blur=PLANES.blur,
    samples=SampleRecipe(crop=72, batch=2, scene=72, uses=2),
    adversarial=AdversarialRecipe(
        loss="wasserstein",
        critic=CriticRecipe(kind="patch", norm="instance"),
        lipschitz="gradient-penalty",
        updates=1,
    ),
    optimiser=OptimiserRecipe(warmup_steps=5, peak_rate=1e-3, kind="adam"),
    compute=ComputeRecipe(parts=1),
)

RECIPE_TOML = """
[architecture]
kind = "planes"
widths = [16, 32]
encoder_blocks = [1, 1]
decoder_blocks = [1]
[samples]
crop = 32
batch = 4
scene = 64
uses = 2
"""
"""A tiny recipe for commands."""


def batches_of(recipe: Recipe, photos, step: int) -> Iterator[Batch]:
    """Batches of a recipe's samples, made in this process."""
    source = SynthesisSource(photos=photos, recipe=recipe.blur, kind=recipe.architecture.picture)
    return load_batches(Samples(source, recipe.samples, 1), step, 0)


def take_steps(
    run: RunState, photos, count: int, *, of: int = 6, threads: int = 2
) -> list[Figures]:
    """Take `count` steps of a run of `of`; give the figures of each."""
    figures = []
    with open_compute(run.recipe.compute, torch.device("cpu"), threads) as compute:
        for batch in islice(batches_of(run.recipe, photos, run.step), count):
            rate = learning_rate(run.recipe.optimiser, run.step, run.step / of)
            figures.append(train_step(run, batch, rate, Tools(compute=compute)))
    return figures
