"""Fixtures of the trainer's tests; all are skipped where torch is not installed."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    import torch

    from train.generators.planes import PlanesGenerator
    from train.synthesis.photos import Photo


class NeedsTorch(pytest.Module):
    """A test module that is skipped without being imported."""

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        """Skip."""
        pytest.skip("torch is missing: pip install 'deblurvid[train]'", allow_module_level=True)


def pytest_pycollect_makemodule(
    module_path: Path, parent: pytest.Collector
) -> pytest.Module | None:
    """Skip this folder's modules where torch is missing."""
    if find_spec("torch") is not None:
        return None
    return NeedsTorch.from_parent(parent, path=module_path)


@pytest.fixture(autouse=True)
def two_threads() -> None:
    """Torch shares the machine with the other tests."""
    import torch

    torch.set_num_threads(2)


@pytest.fixture(scope="session")
def photos() -> list[Photo]:
    """Two pictures of random rectangles and grain: edges at every angle are not needed here."""
    from train.synthesis.photos import photo_from_image

    pictures = []
    for seed in range(2):
        rng = np.random.default_rng(seed)
        image = np.full((224, 256, 3), 90, np.uint8)
        for _ in range(150):
            top, left = rng.integers(0, 200), rng.integers(0, 230)
            height, width = rng.integers(3, 40, 2)
            image[top : top + height, left : left + width] = rng.integers(20, 236, 3)
        pictures.append(photo_from_image(f"{seed}", image))
    return pictures


@pytest.fixture
def tiny_generator() -> PlanesGenerator:
    """A small generator whose last convolution is not zero, so that it has something to say."""
    import torch

    from train.generators.planes import PlanesArchitecture, PlanesGenerator

    torch.manual_seed(0)
    generator = PlanesGenerator(
        PlanesArchitecture(fold=4, widths=(16, 32), encoder_blocks=(1, 1), decoder_blocks=(1,))
    )
    for parameter in generator.tail.parameters():
        torch.nn.init.normal_(parameter, std=0.01)
    return generator.eval().requires_grad_(requires_grad=False)


@pytest.fixture
def random_planes() -> Callable[[int, int], list[torch.Tensor]]:
    """Make y, u, v of a picture of noise from its height and width."""
    import torch

    def make(height: int, width: int) -> list[torch.Tensor]:
        random = torch.Generator().manual_seed(0)
        return [
            torch.rand(1, 1, height // scale, width // scale, generator=random)
            for scale in (1, 2, 2)
        ]

    return make
