"""Data sets of pairs: each blurred picture with the sharp one that belongs to it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from train.data.files import picture_size
from train.data.layouts import (
    PAIR_FOLDERS,
    bad_tree,
    files_in,
    find_split,
    folders_in,
    layout_of,
    split_names,
)
from train.synthesis.photos import SUFFIXES

if TYPE_CHECKING:
    from pathlib import Path

    from train.data.options import DataOptions, Layout

PAIRED: tuple[Layout, ...] = ("gopro", "reds", "bsd", "pairs")
"""Layouts that hold pairs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A blurred picture on disk and its sharp one, of the same size."""

    blurred: Path
    sharp: Path
    sequence: str
    """Name of the clip that they are a frame of; empty where the set does not say."""


def read_pairs(options: DataOptions) -> list[Pair]:
    """List the pairs of all folders, sequence by sequence and frame by frame.

    Raises:
        ValueError: a folder is missing, a picture has no twin, is unreadable or of another size
            than its twin, or a folder holds no pairs. The message shows how the tree should look.
        NotADirectoryError: there is no such folder.
    """
    return [pair for root in options.paths for pair in _read_root(root, options)]


def describe_pairs(options: DataOptions, pairs: list[Pair]) -> str:
    """Say which data set and variant the pairs are of, and how many: for logs and papers."""
    names = ", ".join(dict.fromkeys(_name(root, options) for root in options.paths))
    sequences = len({(pair.sharp.parent, pair.sequence) for pair in pairs if pair.sequence})
    clips = f" of {sequences} sequences" if sequences else ""
    return f"{names}, {options.split}: {len(pairs)} pairs{clips}"


def _name(root: Path, options: DataOptions) -> str:
    match layout_of(root, options):
        case "gopro":
            folder = find_split(root, "gopro", options.split)
            # A tree in its layout, as `synthesise` makes, must not pass for it in a table.
            theirs = all(p.name.startswith("GOPR") for p in folders_in(folder))
            name = "GOPRO_Large" if theirs else f"{folder.parent.name} (in GOPRO_Large's layout)"
            return f"{name}, {'blur_gamma' if options.gamma else 'blur'}"
        case "reds":
            return f"REDS, {options.variant or 'blur'}"
        case "bsd":
            return f"BSD, {_bsd_folder(root, options).name.removeprefix('BSD_')}"
        case _:
            return f"pairs of {root.name}"


def _read_root(root: Path, options: DataOptions) -> list[Pair]:
    layout = layout_of(root, options)
    match layout:
        case "gopro":
            clips = _gopro_clips(root, options)
        case "reds":
            clips = _reds_clips(root, options)
        case "bsd":
            clips = _bsd_clips(root, options)
        case "pairs":
            clips = _flat_clips(root, options)
        case _:
            raise ValueError(
                f"{root} holds sharp pictures only (layout {layout}), and pairs are wanted."
                f" Give a data set of one of the layouts {', '.join(PAIRED)}."
            )
    pairs = [pair for clip in clips for pair in _pair_up(layout, clip)]
    if not pairs:
        raise bad_tree(layout, f"{root} holds no pair of pictures.")
    _check_sizes(pairs)
    return pairs


@dataclass(frozen=True, slots=True, kw_only=True)
class _Clip:
    """Two folders of pictures with the same names."""

    blurred: Path
    sharp: Path
    sequence: str | None
    """None: the names of the pictures say it."""


def _gopro_clips(root: Path, options: DataOptions) -> list[_Clip]:
    blurred = "blur_gamma" if options.gamma else "blur"
    return [
        _Clip(blurred=folder / blurred, sharp=folder / "sharp", sequence=folder.name)
        for folder in folders_in(find_split(root, "gopro", options.split))
    ]


def _reds_clips(root: Path, options: DataOptions) -> list[_Clip]:
    variant = options.variant or "blur"
    base = root / options.split if (root / options.split).is_dir() else root
    # The bicubic variants are a quarter of the size, and have sharp frames of their own.
    kinds = (variant, "sharp_bicubic" if variant.endswith("_bicubic") else "sharp")
    blurred, sharp = (base / f"{options.split}_{kind}" for kind in kinds)
    for folder in (blurred, sharp):
        if not folder.is_dir():
            found = ", ".join(p.name for p in folders_in(base)) or "nothing"
            hint = " REDS keeps the test split's sharp frames to itself: take val."
            raise bad_tree(
                "reds",
                f"{folder} is missing; beside it: {found}."
                + (hint if options.split == "test" else ""),
            )
    return _clips_below(blurred, sharp)


def _bsd_folder(root: Path, options: DataOptions) -> Path:
    """Find the folder of an exposure: `root`, one with its name in it, or the split's parent."""
    if root.name in split_names(options.split):
        return root.parent
    names = (options.variant, f"BSD_{options.variant}")
    inside = [p for p in folders_in(root) if any((p / s).is_dir() for s in ("train", "test"))]
    if not inside:
        return root
    chosen = [p for p in inside if p.name in names]
    if len(chosen) != 1:
        raise bad_tree(
            "bsd",
            f"{root} holds {', '.join(p.name for p in inside)}, and variant ="
            f" {options.variant!r} names none of them: give one, such as 1ms8ms.",
        )
    return chosen[0]


def _bsd_clips(root: Path, options: DataOptions) -> list[_Clip]:
    folder = _bsd_folder(root, options)
    if options.variant and folder.name not in (options.variant, f"BSD_{options.variant}"):
        raise bad_tree("bsd", f"{folder} is not of variant {options.variant!r}, by its name.")
    return [
        _Clip(blurred=p / "Blur" / "RGB", sharp=p / "Sharp" / "RGB", sequence=p.name)
        for p in folders_in(find_split(folder, "bsd", options.split))
    ]


def _flat_clips(root: Path, options: DataOptions) -> list[_Clip]:
    # Without splits the folder is the set, whichever split is asked for.
    direct = any((root / side).is_dir() for pair in PAIR_FOLDERS for side in pair)
    base = root if direct else find_split(root, "pairs", options.split)
    whole = [pair for pair in PAIR_FOLDERS if all((base / side).is_dir() for side in pair)]
    if not whole:
        half = [
            base / other
            for pair in PAIR_FOLDERS
            for side, other in (pair, pair[::-1])
            if (base / side).is_dir()
        ]
        raise bad_tree(
            "pairs",
            f"{' or '.join(map(str, half)) or base / 'blur'} is missing.",
        )
    blurred, sharp = (base / side for side in whole[0])
    if files_in(blurred, SUFFIXES):
        return [_Clip(blurred=blurred, sharp=sharp, sequence=None)]
    return _clips_below(blurred, sharp)


def _clips_below(blurred: Path, sharp: Path) -> list[_Clip]:
    names = sorted({p.name for folder in (blurred, sharp) for p in folders_in(folder)})
    return [_Clip(blurred=blurred / n, sharp=sharp / n, sequence=n) for n in names]


def _pair_up(layout: Layout, clip: _Clip) -> list[Pair]:
    for folder in (clip.blurred, clip.sharp):
        if not folder.is_dir():
            raise bad_tree(layout, f"{folder} is missing.")
    names = {
        folder: {p.name for p in files_in(folder, SUFFIXES)}
        for folder in (clip.blurred, clip.sharp)
    }
    for one, other in ((clip.blurred, clip.sharp), (clip.sharp, clip.blurred)):
        alone = sorted(names[one] - names[other])
        if alone:
            raise ValueError(
                f"{len(alone)} of the {len(names[one])} pictures of {one} have no twin in {other},"
                f" the first: {alone[0]}. Fetch the data set again, or take them out."
            )
    return [
        Pair(
            blurred=clip.blurred / name,
            sharp=clip.sharp / name,
            sequence=_sequence_of(name) if clip.sequence is None else clip.sequence,
        )
        for name in sorted(names[clip.blurred])
    ]


def _sequence_of(name: str) -> str:
    """Take the sequence from a flattened name: GOPR0372_07_00-000047.png, SEQ_000047.png."""
    found = re.fullmatch(r"(.+)[-_]\d{4,}\.\w+", name)
    return found[1] if found else ""


def _check_sizes(pairs: list[Pair]) -> None:
    for pair in pairs:
        blurred, sharp = picture_size(pair.blurred), picture_size(pair.sharp)
        if blurred != sharp:
            raise ValueError(
                f"{pair.blurred} is {blurred[0]}x{blurred[1]}, but {pair.sharp} is"
                f" {sharp[0]}x{sharp[1]}. The two of a pair must have one size."
            )
