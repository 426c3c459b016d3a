"""From folders to a source of scenes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from train.data.averaging import AveragingSource, FolderFrames, Frames
from train.data.files import picture_size, read_image
from train.data.gopro import check_frames_equal
from train.data.layouts import (
    VIDEO_SUFFIXES,
    bad_tree,
    files_in,
    find_split,
    folders_in,
    layout_of,
)
from train.data.paired import PairSource
from train.data.pairs import PAIRED, describe_pairs, read_pairs
from train.data.videos import index_frames, read_sharp_frames
from train.synthesis.photos import Photo, photo_from_image, read_photos
from train.synthesis.scene import SynthesisSource

if TYPE_CHECKING:
    from pathlib import Path

    from train.data.options import DataOptions, Layout
    from train.scene import Kind, SceneSource
    from train.synthesis.blur_recipe import BlurRecipe

GOPRO_AVERAGES = (7, 13)
"""Frames averaged by GOPRO_Large (Nah, Kim and Lee, CVPR 2017, section 2)."""
KADID_REFERENCES = tuple(f"I{number:02}.png" for number in range(1, 82))
"""Reference images of KADID-10k; distorted ones are named I01_01_01.png."""


def open_source(options: DataOptions, blur: BlurRecipe, kind: Kind, least: int) -> SceneSource:
    """Open data sets as a source of scenes, all pictures checked for what can be seen cheaply.

    Pairs are cut (`PairSource`), frames of GOPRO_Large_all and, with `options.average`, of videos
    are averaged (`AveragingSource`), all other sharp pictures are blurred on the fly by `blur`
    (`SynthesisSource`).

    Args:
        options: the folders.
        blur: how sharp pictures are blurred; they must be larger than a scene by its margin.
        kind: what the generator takes.
        least: side in pixels of the scenes that will be asked for.

    Raises:
        ValueError: a data set is wrong, incomplete, or too small; the message says which folder or
            file, and how the tree should look.
        NotADirectoryError: a folder does not exist.
    """
    layouts = [layout_of(root, options) for root in options.paths]
    uses = {_use(layout, options) for layout in layouts}
    if len(uses) > 1:
        raise ValueError(
            f"The folders hold data of different kinds ({', '.join(layouts)}). Give pairs, sharp"
            " pictures, or frames to average, and only one of them."
        )
    use = uses.pop()
    _refuse_unused(options, use, layouts)
    match use:
        case "pair":
            return _open_pairs(options, kind, least)
        case "average":
            return _open_frames(options, kind, least)
        case _:
            photos = _read_all_photos(options, least + 2 * blur.margin)
            return SynthesisSource(photos=photos, recipe=blur, kind=kind)


def _use(layout: Layout, options: DataOptions) -> str:
    if layout in PAIRED:
        return "pair"
    averaged = layout == "gopro-all" or (layout == "videos" and options.average is not None)
    return "average" if averaged else "blur"


def _refuse_unused(options: DataOptions, use: str, layouts: list[Layout]) -> None:
    """Refuse options that would do nothing with these folders."""
    idle = {
        "--average": options.average is not None and use != "average",
        "--gamma": options.gamma and use == "blur",
        "--variant": bool(options.variant) and not {"reds", "bsd"} & {*layouts},
        "--large": options.large is not None and "gopro-all" not in layouts,
        "--shrink": options.shrink is not None and "photos" not in layouts,
    }
    if given := [name for name, is_idle in idle.items() if is_idle]:
        raise ValueError(
            f"{', '.join(given)} would do nothing with layout {', '.join(layouts)}. Leave it out."
        )


def _open_pairs(options: DataOptions, kind: Kind, least: int) -> PairSource:
    pairs = read_pairs(options)
    for pair in pairs:
        _check_size(pair.sharp, least)
    return PairSource(pairs=tuple(pairs), kind=kind, description=describe_pairs(options, pairs))


def _check_size(path: Path, least: int) -> None:
    size = picture_size(path)
    if min(size) < least:
        raise ValueError(
            f"{path} is {size[0]}x{size[1]}: a scene of {least} pixels a side does not fit. Give a"
            " recipe with smaller scenes, or leave this picture out."
        )


def _open_frames(options: DataOptions, kind: Kind, least: int) -> AveragingSource:
    counts = options.average or GOPRO_AVERAGES
    runs: list[Frames] = []
    for root in options.paths:
        if layout_of(root, options) == "videos":
            runs += [index_frames(path, least) for path in files_in(root, VIDEO_SUFFIXES)]
        else:
            runs += _gopro_runs(root, options, least)
    if max((len(run) for run in runs), default=0) < counts[1]:
        raise ValueError(
            f"None of the {len(runs)} sequences has {counts[1]} frames, the most to average. Give"
            " longer ones, or fewer frames: average."
        )
    names = ", ".join(f"{root.name}" for root in options.paths)
    return AveragingSource(
        runs=tuple(runs),
        counts=counts,
        gamma=options.gamma,
        kind=kind,
        name=f"{names}, {options.split}",
    )


def _gopro_runs(root: Path, options: DataOptions, least: int) -> list[Frames]:
    if options.large is not None:
        check_frames_equal(options.large, root, options.split)
    runs: list[Frames] = []
    for folder in folders_in(find_split(root, "gopro-all", options.split)):
        files = files_in(folder, (".png",))
        if not files:
            raise bad_tree("gopro-all", f"{folder} holds no PNG files.")
        for file in files:
            _check_size(file, least)
        runs.append(FolderFrames(files=tuple(files)))
    if not runs:
        raise bad_tree("gopro-all", f"{root} holds no sequences.")
    return runs


def _read_all_photos(options: DataOptions, least: int) -> list[Photo]:
    photos = []
    for root in options.paths:
        match layout_of(root, options):
            case "videos":
                photos += read_sharp_frames(files_in(root, VIDEO_SUFFIXES), least)
            case "kadid":
                photos += _read_kadid(root, least)
            case _:
                photos += read_photos(root, options.shrink, least)
    return photos


def _read_kadid(root: Path, least: int) -> list[Photo]:
    """Read the reference images: sharp sources. The distorted ones have no use here."""
    folders = (root / "images", root / "kadid10k" / "images", root)
    folder = next((p for p in folders if p.is_dir()), root)
    files = {p.name.lower(): p for p in files_in(folder, (".png",))}
    missing = [name for name in KADID_REFERENCES if name.lower() not in files]
    if missing:
        raise bad_tree(
            "kadid",
            f"{folder} lacks {len(missing)} of the {len(KADID_REFERENCES)} reference images, the"
            f" first: {missing[0]}.",
        )
    paths = [files[name.lower()] for name in KADID_REFERENCES]
    for path in paths:
        _check_size(path, least)
    return [photo_from_image(path.name, read_image(path)) for path in paths]
