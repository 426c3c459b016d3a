"""Small generators, and pictures to measure parity on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from train.generators.deblurgan import DeblurganGenerator


@pytest.fixture
def tiny_deblurgan() -> Callable[..., DeblurganGenerator]:
    """Make a small generator that has something to say, its batch norms with statistics."""
    import torch

    from train.generators.deblurgan import DeblurganArchitecture, DeblurganGenerator

    def make(
        norm: Literal["batch", "instance"], up: Literal["resize", "transposed"]
    ) -> DeblurganGenerator:
        torch.manual_seed(0)
        architecture = DeblurganArchitecture(norm=norm, up=up, blocks=2, width=8, dropout=0.5)
        generator = DeblurganGenerator(architecture)
        torch.nn.init.normal_(generator.tail.weight, std=0.02)
        for module in generator.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.momentum = 1.0  # one batch gives the statistics
        generator.train()(torch.rand(2, 3, 16, 24))
        return generator.eval().requires_grad_(requires_grad=False)

    return make


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    """Two pictures of noise."""
    rng = np.random.default_rng(0)
    files = [tmp_path / "pictures" / f"{number}.png" for number in range(2)]
    for file in files:
        file.parent.mkdir(exist_ok=True)
        cv2.imwrite(str(file), rng.integers(0, 256, (70, 90, 3), np.uint8))
    return files
