"""Batches of training crops: a step number in, tensors out, whatever the number of workers.

# Note: [Scene reuse] A scene (256 x 256 by default) costs more than a crop of it, so each serves
`uses` crops, at places and in flips of their own. Steps go in blocks of `BLOCK` x uses: within a
block the scenes of step t are those of step t + BLOCK, so the crops of one scene lie BLOCK steps
apart. A data loader deals steps to its workers in turn; as long as the number of workers divides
BLOCK, each worker finds its scenes in its own cache.
"""

from __future__ import annotations

import signal
from functools import lru_cache
from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

if TYPE_CHECKING:
    from collections.abc import Iterator

    from train.recipe import SampleRecipe
    from train.scene import Codes, Scene, SceneSource

BLOCK = 16
Batch = tuple[torch.Tensor, ...]
"""The blurred picture, then the sharp one: uint8 codes. Planes: y, u, v, (N, 1, S, S) and
(N, 1, S/2, S/2), six tensors; rgb: (N, 3, S, S), two tensors."""


class Samples(Dataset[Batch]):
    """The batch of each step, as a pure function of (seed, step)."""

    def __init__(
        self,
        source: SceneSource,
        recipe: SampleRecipe,
        seed: int,
        *,
        rank: int = 0,
        ranks: int = 1,
        parts: int = 1,
    ) -> None:
        """Keep the source; nothing is made before a step is asked for.

        Args:
            source: where scenes come from.
            recipe: how crops are drawn from them; `batch` is the global one.
            seed: of scenes and crops.
            rank: which of `ranks` processes this is; each makes an equal share of a batch.
            ranks: how many there are.
            parts: into how many equal parts a process divides its share.

        Raises:
            ValueError: the batch cannot be shared out.
        """
        if recipe.batch % ranks:
            raise ValueError(
                f"A batch of {recipe.batch} cannot be shared by {ranks} processes. Change"
                " samples.batch."
            )
        share = recipe.batch // ranks
        if share % parts:
            raise ValueError(
                f"A batch of {recipe.batch} shared by {ranks} processes cannot be worked off in"
                f" {parts} equal parts. Change samples.batch or compute.parts."
            )
        self.slots = range(rank * share, (rank + 1) * share)
        self.recipe = recipe
        self.seed = seed

        @lru_cache(maxsize=BLOCK * recipe.batch if recipe.uses > 1 else 0)
        def scene(number: int) -> Scene:
            return source(seed, number, recipe.scene)

        self._scene = scene

    def __getitem__(self, step: int) -> Batch:
        """Make the batch of one step."""
        crops = [self.crop(step, slot) for slot in self.slots]
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
    try:
        yield from loader
    except (ValueError, OSError) as error:
        # A worker's error carries its traceback as text; what it says stands in the last line.
        raise type(error)(
            str(error).strip().splitlines()[-1].removeprefix("ValueError: ")
        ) from error
    except RuntimeError as error:
        raise OSError(f"{error} Is the memory too small for so many workers?") from error


def _start_worker(_: int) -> None:
    """One thread a worker: they are many. Ctrl-C is for the process that they work for."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
