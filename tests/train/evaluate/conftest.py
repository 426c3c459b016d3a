"""A GoPro-shaped test split and a run that changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def gopro(tmp_path: Path) -> Path:
    """Two test sequences of two pairs of 40 x 48, blurred by a box, more in `blur_gamma`."""
    rng = np.random.default_rng(0)
    for sequence in ("GOPR0384_11_00", "GOPR0410_11_00"):
        for frame in ("000001", "000002"):
            sharp = cv2.GaussianBlur(rng.integers(0, 256, (40, 48, 3), np.uint8), (0, 0), 1)
            for name, image in (
                ("sharp", sharp),
                ("blur", cv2.blur(sharp, (5, 1))),
                ("blur_gamma", cv2.blur(sharp, (9, 1))),
            ):
                file = tmp_path / "GOPRO_Large" / "test" / sequence / name / f"{frame}.png"
                file.parent.mkdir(parents=True, exist_ok=True)
                cv2.imwrite(str(file), image)
    return tmp_path / "GOPRO_Large"


@pytest.fixture
def still_run(tmp_path: Path) -> Callable[..., Path]:
    """Save a run whose generator leaves every picture as it is; keywords are the run's own."""

    def save(name: str, **values: object) -> Path:
        from train.checkpoint import save_run, start_run
        from train.generators.planes import PlanesArchitecture
        from train.recipe import Recipe, SampleRecipe

        architecture = PlanesArchitecture(
            widths=(16, 32), encoder_blocks=(1, 1), decoder_blocks=(1,)
        )
        recipe = Recipe(architecture=architecture, samples=SampleRecipe(batch=6))
        run = start_run(recipe, 1)
        for key, value in values.items():
            setattr(run, key, value)
        path = tmp_path / name / "checkpoint.safetensors"
        save_run(run, path)
        return path

    return save
