"""How each data set lies on disk, and how to tell which one a folder holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from train.synthesis.photos import SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from train.data.options import DataOptions, Layout, Split

VIDEO_SUFFIXES = (".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpg", ".mts", ".ts", ".webm")
PAIR_FOLDERS = (("blur", "sharp"), ("input", "target"), ("blur", "gt"), ("A", "B"))
"""Names of the two folders of flat pairs, the blurred one first."""
_SPLITS: dict[Split, tuple[str, ...]] = {
    "train": ("train",),
    "val": ("val", "valid"),
    "test": ("test",),
}
_REDS = ("train", "val", "test")
_TREES: dict[Layout, str] = {
    "gopro": """GOPRO_Large/
  {train,test}/
    GOPR0372_07_00/
      {blur,blur_gamma,sharp}/000047.png ...""",
    "gopro-all": """GOPRO_Large_all/
  {train,test}/
    GOPR0372_07_00/000323.png ...""",
    "reds": """REDS/
  {train,val}/
    {train,val}_{blur,blur_comp,sharp ...}/
      000/00000000.png ...""",
    "bsd": """BSD_1ms8ms/
  {train,valid,test}/
    000/
      {Blur,Sharp}/RGB/00000000.png ...""",
    "pairs": """FOLDER/            (or FOLDER/{train,test}/)
  {blur,sharp}/      (or {input,target}/, {blur,gt}/, {A,B}/)
    [SEQUENCE/]NAME.png, the same names in both""",
    "kadid": """kadid10k/
  images/I01.png ... I81.png""",
    "photos": f"""FOLDER/
  NAME{{{",".join(SUFFIXES)}}}""",
    "videos": f"""FOLDER/
  NAME{{{",".join(VIDEO_SUFFIXES)}}}""",
}


_SIGNS: tuple[tuple[Layout, tuple[str, ...]], ...] = (
    ("bsd", tuple(f"{p}{side}/RGB" for p in ("SPLIT/*/", "*/*/*/") for side in ("Blur", "Sharp"))),
    ("gopro", tuple(f"SPLIT/*/{side}/" for side in ("blur", "blur_gamma", "sharp"))),
    ("reds", tuple(f"{p}{s}_{k}*/" for p in ("", "*/") for s in _REDS for k in ("blur", "sharp"))),
    ("kadid", tuple(f"{p}[Ii][0-9][0-9].png" for p in ("", "images/", "kadid10k/images/"))),
    (
        "pairs",
        tuple(f"{p}{side}/" for p in ("", "SPLIT/") for pair in PAIR_FOLDERS for side in pair),
    ),
    ("gopro-all", ("SPLIT/*/*.png",)),
)
"""What gives a layout away, the most telling first."""


def bad_tree(layout: Layout, what: str) -> ValueError:
    """Make the error that says what is wrong with a folder and how its tree should look."""
    return ValueError(f"{what} The layout {layout!r} looks like this:\n{_TREES[layout]}")


def folders_in(folder: Path) -> list[Path]:
    """List a folder's folders in name order, hidden ones left out; none where it is missing."""
    return (
        sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
        if folder.is_dir()
        else []
    )


def files_in(folder: Path, suffixes: tuple[str, ...]) -> list[Path]:
    """List a folder's files of some kinds in name order, hidden ones left out."""
    return sorted(
        p for p in folder.iterdir() if p.suffix.lower() in suffixes and not p.name.startswith(".")
    )


def split_names(split: Split) -> tuple[str, ...]:
    """Names that the folder of a split may have."""
    return _SPLITS[split]


def find_split(root: Path, layout: Layout, split: Split) -> Path:
    """Find the folder of a split: below `root`, or `root` itself where that is its name.

    Raises:
        ValueError: `root` has no such folder.
    """
    for folder in (*(root / name for name in _SPLITS[split]), root):
        if folder.is_dir() and folder.name in _SPLITS[split]:
            return folder
    if any(root.name in names for names in _SPLITS.values()):
        raise bad_tree(
            layout,
            f"{root} is the {root.name} split, but {split} is wanted: give {root.parent}.",
        )
    raise bad_tree(layout, f"{root / split} is missing.")


def layout_of(root: Path, options: DataOptions) -> Layout:
    """Say the layout of one of the folders: as the options have it, or found.

    Raises:
        ValueError: no layout is given, and none fits.
        NotADirectoryError: there is no such folder.
    """
    if not root.is_dir():
        raise NotADirectoryError(f"{root} is no folder. Give the folder of a data set.")
    return _detect_layout(root) if options.layout == "auto" else options.layout


def _detect_layout(root: Path) -> Layout:
    """Say which layout a folder has, by the names of what lies in it, whole or not.

    Raises:
        ValueError: none fits.
    """
    for layout, patterns in _SIGNS:
        if any(next(root.glob(pattern), None) for pattern in _anchored(root, patterns)):
            return layout
    if files_in(root, VIDEO_SUFFIXES):
        return "videos"
    if files_in(root, SUFFIXES):
        return "photos"
    raise ValueError(
        f"{root} holds no data set that is known here. Known are:\n" + "\n".join(_TREES.values())
    )


def _anchored(root: Path, patterns: Iterable[str]) -> Iterator[str]:
    """Patterns that start with SPLIT/ for each split, and without it where `root` is one."""
    names = [name for names in _SPLITS.values() for name in names]
    for pattern in patterns:
        if not pattern.startswith("SPLIT/"):
            yield pattern
            continue
        yield from (pattern.replace("SPLIT", name, 1) for name in names)
        if root.name in names:
            yield pattern.removeprefix("SPLIT/")
