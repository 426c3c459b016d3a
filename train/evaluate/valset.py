"""The validation set on disk: pairs of stills, clips, and the hash that says which set it is."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from train.synthesis.light import Image8


@dataclass(frozen=True, slots=True, kw_only=True)
class Still:
    """A blurred still and its sharp one: DIR/stills/{blur,sharp}/KIND_LEN_NNN.png."""

    kind: str
    """straight or shake."""
    length: int
    """Extent of the blur in pixels, rounded."""
    number: int
    """Number of the photo: a straight and a shaken still come from each."""
    blur: Path
    sharp: Path


def read_stills(folder: Path) -> list[Still]:
    """List the stills of a set, photo by photo, straight before shaken."""
    stills = []
    for blur in (folder / "stills" / "blur").glob("*.png"):
        kind, length, number = blur.stem.split("_")
        sharp = folder / "stills" / "sharp" / blur.name
        stills.append(
            Still(kind=kind, length=int(length), number=int(number), blur=blur, sharp=sharp)
        )
    if not stills:
        raise ValueError(
            f"{folder} holds no stills/blur/KIND_LEN_NNN.png. Give a validation set's folder."
        )
    return sorted(stills, key=lambda s: (s.number, s.kind != "straight"))


def read_image(path: Path) -> Image8:
    """Read a picture as RGB codes (H, W, 3)."""
    image = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    if image is None:
        raise FileNotFoundError(f"{path} is missing or no picture. Make the validation set again.")
    return np.asarray(image, dtype=np.uint8)


def hash_set(folder: Path) -> str:
    """SHA-256 over the BGR samples: stills, then clips' frames, the blurred before its sharp."""
    pairs = [(still.blur, still.sharp) for still in read_stills(folder)]
    for clip in sorted((folder / "clips").glob("*")):
        pairs += [
            (blur, clip / "sharp" / blur.name) for blur in sorted((clip / "blur").glob("*.png"))
        ]
    digest = hashlib.sha256()
    for pair in pairs:
        for path in pair:
            digest.update(np.ascontiguousarray(read_image(path)[:, :, ::-1]).tobytes())
    return digest.hexdigest()
