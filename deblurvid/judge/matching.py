"""Paths -> what is compared with what: videos, images, and images that follow each other."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from deblurvid.errors import InputError, UsageError
from deblurvid.stages.ffmpeg import VIDEO_SUFFIXES
from deblurvid.stages.images import IMAGE_SUFFIXES, natural

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

Kind = Literal["reference", "blurred", "restored"]

IMAGES = frozenset((*IMAGE_SUFFIXES, ".bmp"))
"""What a folder is searched for, beside videos."""
GOPRO = {"reference": "sharp", "blurred": "blur", "restored": "blur"}
"""Folders of GoPro's layout, SEQUENCE/{sharp,blur}/NUMBER.png, and of all that are laid out so."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A video file, or images in their order; a single image is a clip of one frame."""

    files: tuple[Path, ...]

    @property
    def is_video(self) -> bool:
        """Whether it is decoded by FFmpeg."""
        return not is_image(self.files[0])

    def __str__(self) -> str:
        first = self.files[0]
        return str(first if len(self.files) == 1 else first.parent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What is compared."""

    name: str
    """Of the restored file without its suffix, or of its folder, from the folder given."""
    clips: Mapping[Kind, Clip]
    """Always the restored one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """All that is compared, in the order of names, and what is to be said of it."""

    items: tuple[Item, ...]
    notes: tuple[str, ...]


def is_image(path: Path) -> bool:
    """Whether a file is an image by its name."""
    return path.suffix.lower() in IMAGES


def find_items(paths: Mapping[Kind, Path], *, sequence: bool | None) -> Found:
    """Match the files of `paths` with each other.

    Folders are matched by the path of each file from them on, without its suffix. Where a folder is
    in GoPro's layout, only its `sharp` folders (for the reference) or its `blur` folders (for the
    others) are looked into, and these do not count as part of the path.

    Args:
        paths: a file each, or a folder each; the restored one is among them.
        sequence: take the images of a folder for the frames of a clip (True) or for stills (False);
            None: for a clip if they are numbered in a row.

    Raises:
        UsageError: a file is to be compared with a folder.
        InputError: nothing there, two files of one name, a restored file without a partner, or an
            image as the partner of a video.
    """
    for path in paths.values():
        if not path.exists():
            raise InputError(f"{path}: No such file or folder")
    folders = {kind for kind, path in paths.items() if path.is_dir()}
    if not folders:
        clips = {kind: Clip((path,)) for kind, path in paths.items()}
        return Found(items=(_item(paths["restored"].name, clips),), notes=())
    if folders != set(paths):
        files = ", ".join(str(path) for kind, path in paths.items() if kind not in folders)
        raise UsageError(f"{files}: a file beside folders; give files only, or folders only")
    found = {kind: _files_below(path, GOPRO[kind]) for kind, path in paths.items()}
    notes = _unmatched(found, paths)
    groups = _grouped(found["restored"], sequence=sequence)
    items = [
        _item(
            name,
            {kind: Clip(tuple(files[stem] for stem in stems)) for kind, files in found.items()},
        )
        for name, stems in groups.items()
    ]
    rows = [name for name, stems in groups.items() if len(stems) > 1]
    if rows and sequence is None:
        notes.append(
            f"images numbered in a row are taken for the frames of a clip, in {_listed(rows)} "
            "(--stills: for single images)"
        )
    return Found(items=tuple(items), notes=tuple(notes))


def _item(name: str, clips: Mapping[Kind, Clip]) -> Item:
    if len({is_image(file) for clip in clips.values() for file in clip.files}) > 1:
        kinds = [f"{c} is {'a video' if c.is_video else 'an image'}" for c in clips.values()]
        raise InputError(f"{', '.join(kinds)}: videos are compared with videos, images with images")
    return Item(name=name, clips=clips)


def _files_below(folder: Path, layer: str) -> dict[str, Path]:
    """Images and videos by their path below `folder` without suffix, and without `layer`."""
    kept = [p for p in sorted(folder.rglob("*")) if p.suffix.lower() in IMAGES | VIDEO_SUFFIXES]
    files = [p for p in kept if p.is_file() and not _hidden(p.relative_to(folder))]
    layered = [p for p in files if layer in p.relative_to(folder).parts[:-1]]
    named: dict[str, Path] = {}
    for path in layered or files:
        parts = path.relative_to(folder).with_suffix("").parts
        stem = "/".join([*(p for p in parts[:-1] if not (layered and p == layer)), parts[-1]])
        if stem in named:
            raise InputError(f"{named[stem]} and {path} have the same name but for the suffix")
        named[stem] = path
    if not named:
        raise InputError(f"{folder}: no image and no video in it")
    return named


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _unmatched(found: Mapping[Kind, Mapping[str, Path]], paths: Mapping[Kind, Path]) -> list[str]:
    """What is left over elsewhere; a restored file without a partner is an error."""
    notes = []
    restored = found["restored"]
    for kind, files in found.items():
        if missing := [stem for stem in restored if stem not in files]:
            raise InputError(
                f"{len(missing)} of {len(restored)} files in {paths['restored']} have no partner in "
                f"{paths[kind]}: {_listed(missing)}"
            )
        if more := [stem for stem in files if stem not in restored]:
            notes.append(f"{len(more)} files in {paths[kind]} are not restored: {_listed(more)}")
    return notes


def _listed(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _grouped(files: Mapping[str, Path], *, sequence: bool | None) -> dict[str, list[str]]:
    """Names of items -> stems of their files: a folder's images together, or each file alone."""
    folders: dict[str, list[str]] = defaultdict(list)
    for stem, path in files.items():
        if is_image(path):
            folders[stem.rpartition("/")[0]].append(stem)
    groups = {stem: [stem] for stem in files}
    for folder, stems in folders.items():
        ordered = sorted(stems, key=natural)
        if len(stems) > 1 and (_in_a_row(ordered) if sequence is None else sequence):
            for stem in stems:
                del groups[stem]
            name = folder or "."
            groups[f"{name}/" if name in groups else name] = ordered  # a video may be called alike
    return dict(sorted(groups.items(), key=lambda group: natural(group[0])))


def _in_a_row(stems: Iterable[str]) -> bool:
    """Whether names differ by nothing but a number at their end, which rises by one."""
    ends = [re.fullmatch(r"(.*?)(\d+)", stem, re.ASCII) for stem in stems]
    numbers = [(end[1], int(end[2])) for end in ends if end]
    return len(numbers) == len(ends) and all(a == (b[0], b[1] - 1) for a, b in pairwise(numbers))
