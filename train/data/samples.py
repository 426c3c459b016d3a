"""Batches of training crops: a step number in, tensors out, whatever the number of workers.

# Note: [Scene reuse] A scene (256 x 256 by default) costs more than a crop of it, so each serves
`uses` crops, at places and in flips of their own. Steps go in blocks of `BLOCK` x uses: within a
block the scenes of step t are those of step t + BLOCK, so the crops of one scene lie BLOCK steps
apart. A data loader deals steps to its workers in turn; as long as the number of workers divides
BLOCK, each worker finds its scenes in its own cache.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

if TYPE_CHECKING:
    from collections.abc import Iterator

    from train.scene import Codes, Scene, SceneSource

BLOCK = 16
Batch = tuple[torch.Tensor, ...]
"""The blurred picture, then the sharp one: uint8 codes. Planes: y, u, v, (N, 1, S, S) and
(N, 1, S/2, S/2), six tensors; rgb: (N, 3, S, S), two tensors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRecipe:
    """How crops are drawn from scenes."""

    crop: int = 128
    """Side of a crop in pixels, a multiple of the generator's `multiple_of`."""
    batch: int = 24
    scene: int = 256
    """Side of a scene in pixels, even, at least `crop`."""
    uses: int = 16
    """Crops taken from each scene. See [Scene reuse]."""

    def __post_init__(self) -> None:
        """Refuse a scene that no crop fits."""
        if self.scene % 2 or self.crop % 2 or self.scene < self.crop:
            raise ValueError(
                f"scene {self.scene} and crop {self.crop} must be even, scene >= crop."
            )


class Samples(Dataset[Batch]):
    """The batch of each step, as a pure function of (seed, step)."""

    def __init__(self, source: SceneSource, recipe: SampleRecipe, seed: int) -> None:
        """Keep the source; nothing is made before a step is asked for."""
        self.recipe = recipe
        self.seed = seed

        @lru_cache(maxsize=BLOCK * recipe.batch)
        def scene(number: int) -> Scene:
            return source(seed, number, recipe.scene)

        self._scene = scene

    def __getitem__(self, step: int) -> Batch:
        """Make the batch of one step."""
        crops = [self.crop(step, slot) for slot in range(self.recipe.batch)]
        return tuple(torch.from_numpy(np.stack(planes)) for planes in zip(*crops, strict=True))

    def crop(self, step: int, slot: int) -> tuple[Codes, ...]:
        """Cut one crop: the planes of the blurred picture, then of the sharp one."""
        block, place = divmod(step, BLOCK * self.recipe.uses)
        number = (block * BLOCK + place % BLOCK) * self.recipe.batch + slot
        scene = self._scene(number)
        rng = np.random.default_rng([self.seed, step, slot, 1])
        top, left = (
            2 * rng.integers(0, (self.recipe.scene - self.recipe.crop) // 2 + 1, 2)
        ).tolist()
        turns, mirrored = int(rng.integers(4)), bool(rng.integers(2))
        cut = []
        for plane in (*scene.blurred, *scene.sharp):
            scale = self.recipe.scene // plane.shape[1]
            side, y, x = self.recipe.crop // scale, top // scale, left // scale
            part = np.rot90(plane[:, y : y + side, x : x + side], turns, (1, 2))
            cut.append(part[:, :, ::-1] if mirrored else part)
        return tuple(cut)


def load_batches(samples: Samples, first_step: int, workers: int) -> Iterator[Batch]:
    """Yield batches from `first_step` on, made by `workers` processes (0: by this one)."""
    loader = DataLoader(
        samples,
        batch_size=None,
        sampler=range(first_step, 1 << 40),
        num_workers=workers,
        prefetch_factor=2 * BLOCK if workers else None,
        worker_init_fn=_start_worker,
    )
    return iter(loader)


def _start_worker(_: int) -> None:
    """One thread a worker: they are many."""
    torch.set_num_threads(1)
