"""The validation set on disk: pairs of stills, clips, and the hash that says which set it is."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from train.data.files import read_image
from train.data.pairs import Pair

if TYPE_CHECKING:
    from pathlib import Path


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


def read_clips(folder: Path) -> list[Pair]:
    """List the frames of a set's clips in order: DIR/clips/NN/{blur,sharp}/FFF.png."""
    return [
        Pair(blurred=blur, sharp=clip / "sharp" / blur.name, sequence=clip.name)
        for clip in sorted((folder / "clips").glob("*"))
        for blur in sorted((clip / "blur").glob("*.png"))
    ]


def hash_set(folder: Path) -> str:
    """SHA-256 over the BGR samples: stills, then clips' frames, the blurred before its sharp."""
    pairs = [(still.blur, still.sharp) for still in read_stills(folder)]
    pairs += [(frame.blurred, frame.sharp) for frame in read_clips(folder)]
    digest = hashlib.sha256()
    for pair in pairs:
        for path in pair:
            digest.update(np.ascontiguousarray(read_image(path)[:, :, ::-1]).tobytes())
    return digest.hexdigest()
