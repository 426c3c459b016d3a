"""Small trees of real images and videos, and what lies in a folder."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path

SIZE = (32, 24)


def image(path: Path, number: int = 0, *, size: tuple[int, int] = SIZE) -> Path:
    """A picture that no other number has; folders are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = (size[1], size[0], 3)
    codes = np.random.default_rng(number).integers(0, 256, shape, np.uint8)
    Image.fromarray(codes).save(path)
    return path


def lying_in(folder: Path) -> dict[str, tuple[int, int, str]]:
    """Everything below a folder: mode and time of each, and a hash of each file's bytes."""
    found = {}
    for path in (folder, *folder.rglob("*")):
        facts = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        found[str(path.relative_to(folder))] = (facts.st_mode, facts.st_mtime_ns, content)
    return found


def names(folder: Path) -> list[str]:
    """The files below a folder, hidden ones too, sorted."""
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if not p.is_dir())
