"""The manifest of a journal: which run it is of, and which segments are finished."""

from __future__ import annotations

import hashlib
import json
import os
from itertools import takewhile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

VERSION = 1
MANIFEST = "manifest.json"
BLOCK = 1 << 20
BLOCKS = 8
"""Parts of a source, from its first byte to its last, that tell it from others."""
SHOWN = 16
"""Characters of a long value that a message shows."""


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    """Replace the manifest as a whole, so that it lasts."""
    new = folder / "manifest.new"
    with new.open("w", encoding="utf-8") as file:
        json.dump(manifest | {"sha256": _seal(manifest)}, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    new.replace(folder / MANIFEST)
    _sync_folder(folder)


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """What the manifest of a journal says; {} if it cannot be read, None if there is none."""
    try:
        found = json.loads((folder / MANIFEST).read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(found, dict) or found.pop("sha256", None) != _seal(found):
        return {}
    return found


def _seal(manifest: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()


def misfit(found: dict[str, Any], fingerprint: dict[str, Any]) -> str:
    """Why a manifest is not of this run, in words; empty if it is."""
    if found.get("version") != VERSION:
        return "their manifest is damaged, or of another version"
    old = found["fingerprint"]
    for key in {**old, **fingerprint}:
        if old.get(key) != fingerprint.get(key):
            was, now = _shown(old.get(key), fingerprint.get(key))
            return f"{key} was {was}, and is {now}"
    return ""


def _shown(old: Any, new: Any) -> tuple[str, str]:
    """Both in words; of long ones where they differ."""
    texts = str(old), str(new)
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(*texts, strict=False)))
    begin = max(0, same - SHOWN) if max(map(len, texts)) > 2 * SHOWN else 0
    first, second = (f"{'...' if begin else ''}{text[begin:]}" for text in texts)
    return _short(first), _short(second)


def _short(text: str) -> str:
    return text if len(text) <= 2 * SHOWN else f"{text[: 2 * SHOWN]}..."


def source_identity(path: Path) -> dict[str, Any]:
    """What tells a source from another, and from itself after a change.

    Its blocks are hashed at even distances: all of it up to 8 MiB, a part of what is larger, whose
    size and time of change would have to stay the same too.
    """
    with path.open("rb") as file:
        facts = os.fstat(file.fileno())
        digest = hashlib.sha256()
        last = max(0, facts.st_size - BLOCK)
        for number in range(BLOCKS):
            file.seek(last * number // (BLOCKS - 1))
            digest.update(file.read(BLOCK))
    return {
        "size of the source": facts.st_size,
        "time of change of the source": facts.st_mtime_ns,
        "content of the source": digest.hexdigest(),
    }


def _sync_folder(folder: Path) -> None:
    """Make a new name last: where the system can open folders."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
