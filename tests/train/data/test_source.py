"""From folders to scenes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import tyro

from tests.media import make_video
from tests.train.data.trees import place_coded, plant, save
from train.data.averaging import AveragingSource
from train.data.options import DataOptions
from train.data.paired import PairSource
from train.data.source import open_source
from train.synthesis.blur_recipe import BlurRecipe
from train.synthesis.scene import SynthesisSource

BLUR = BlurRecipe(middle=4, longest=8)
"""Its margin is the least there is, 32 pixels a side."""


def opened(*paths, least=32, **more):
    return open_source(DataOptions(paths=paths, **more), BLUR, "rgb", least)


def gopro_all(root, frames=13, count=7):
    """A sequence of frames that carry their number, and the pictures made of its middles."""
    for k in range(frames):
        save(root / f"all/train/GOPR1_{count:02}_00/{k:06}.png", place_coded(k))
    for k in range(frames // count):
        middle = place_coded(k * count + count // 2)
        for side in ("sharp", "blur"):
            save(root / f"large/train/GOPR1_{count:02}_00/{side}/{k:06}.png", middle)
    return root / "large", root / "all"


def test_the_blurred_variant_asked_for_is_cut(tmp_path):
    """B tells `blur` (0) from `blur_gamma` (1); the words agree."""
    sides = ("blur", "blur_gamma", "sharp")
    root = plant(tmp_path, [f"train/GOPR0372_07_00/{side}/1.png" for side in sides])
    plain, gamma = opened(root), opened(root, gamma=True)

    assert isinstance(plain, PairSource)
    assert plain.description == "GOPRO_Large, blur, train: 1 pairs of 1 sequences"
    assert gamma.description == "GOPRO_Large, blur_gamma, train: 1 pairs of 1 sequences"
    assert (plain(1, 0, 32).blurred[0][2] == 0).all()
    assert (gamma(1, 0, 32).blurred[0][2] == 1).all()
    assert (gamma(1, 0, 32).sharp[0][2] == 2).all()


def test_pictures_too_small_for_a_scene_are_found_when_a_set_is_opened(tmp_path):
    """The file and the sizes are named."""
    root = plant(tmp_path, ["blur/1.png", "sharp/1.png"])

    assert opened(root, least=64)(1, 0, 64).sharp[0].shape == (3, 64, 64)
    with pytest.raises(ValueError, match=r"sharp/1.png is 64x64: a scene of 66 pixels"):
        opened(root, least=66)


def test_all_frames_of_gopro_are_averaged_as_gopro_was(tmp_path):
    """7 to 13 unless said otherwise; 13 frames of a sequence have middles from 3 to 9."""
    _, root = gopro_all(tmp_path)
    source = opened(root)

    assert isinstance(source, AveragingSource)
    assert source.description == (
        "all, train: 13 frames of 1 sequences, 7 to 13 averaged as codes, as blur"
    )
    middles = {int(source(1, number, 32).sharp[0][2, 0, 0]) for number in range(100)}
    assert middles == set(range(3, 10))


def test_averaging_checks_both_copies_where_both_are_given(tmp_path):
    """Equal: opened. A frame lost: refused before anything is averaged."""
    large, root = gopro_all(tmp_path, frames=22)

    assert opened(root, large=large).description.startswith("all, train: 22 frames")
    (root / "train/GOPR1_07_00/000001.png").unlink()
    with pytest.raises(ValueError, match="not those that"):
        opened(root, large=large)


def test_too_few_frames_to_average_is_an_error(tmp_path):
    """How many were asked for."""
    _, root = gopro_all(tmp_path)

    with pytest.raises(ValueError, match="None of the 1 sequences has 15 frames"):
        opened(root, average=(3, 15))


def test_a_half_copied_gopro_all_is_named(tmp_path):
    """An empty sequence."""
    _, root = gopro_all(tmp_path)
    (root / "train/GOPR2_07_00").mkdir()

    with pytest.raises(ValueError, match=r"GOPR2_07_00 holds no PNG files"):
        opened(root)


def kadid(root, missing=()):
    grain = np.random.default_rng(0).integers(0, 256, (96, 98, 3), np.uint8)
    for number in range(1, 82):
        if number not in missing:
            grain[:8] = number
            save(root / f"images/I{number:02}.png", grain)
    save(root / "images/I01_01_01.png", np.zeros_like(grain))
    return root


def test_kadid_gives_its_references_alone(tmp_path):
    """81 sharp sources in order; none of the distorted images."""
    source = opened(kadid(tmp_path))

    assert isinstance(source, SynthesisSource)
    assert [photo.name for photo in source.photos] == [f"I{n:02}.png" for n in range(1, 82)]
    assert [int(photo.image[0, 0, 0]) for photo in source.photos] == list(range(1, 82))


def test_a_reference_missing_is_named(tmp_path):
    """How many lack, and the first."""
    with pytest.raises(ValueError, match=r"images lacks 2 of the 81 .* the first: I05\.png"):
        opened(kadid(tmp_path, missing=(5, 80)))


def test_photos_must_be_larger_than_a_scene_by_the_margin(tmp_path):
    """32 pixels of scene and 32 of margin on each side: 96 serve, 95 do not."""
    grain = np.random.default_rng(0).integers(0, 256, (96, 120, 3), np.uint8)
    save(tmp_path / "large.png", grain)
    save(tmp_path / "small.jpg", grain[:95])
    source = opened(tmp_path)

    assert isinstance(source, SynthesisSource)
    assert [photo.name for photo in source.photos] == ["large.png"]
    assert source(1, 0, 32).blurred[0].shape == (3, 32, 32)


def test_videos_give_photos_or_frames_to_average(tmp_path):
    """Without `average` their sharp frames are blurred; with it frames are averaged."""
    video = make_video(tmp_path / "a.mp4", size=(128, 96), frames=24, audio=False, bframes=2)
    blurred, averaged = opened(tmp_path), opened(tmp_path, average=(5, 5))
    assert isinstance(blurred, SynthesisSource)
    assert isinstance(averaged, AveragingSource)
    scene = averaged(1, 0, 96)
    capture = cv2.VideoCapture(str(video))
    frames = np.stack([capture.read()[1][:, :, 2] for _ in range(24)]).astype(np.float64)
    windows = np.stack([frames[k : k + 5].mean(0) for k in range(20)])

    assert len(blurred.photos) >= 1
    # The scene's rows are all of the video's; its red is the mean of one window of five frames.
    distances = [
        np.abs(windows[:, :, left : left + 96] - scene.blurred[0][0]).max((1, 2)).min()
        for left in range(0, 33, 2)
    ]
    assert min(distances) <= 2
    assert sorted(distances)[1] > 10


def test_data_of_two_kinds_are_not_mixed(tmp_path):
    """Pairs beside photos: both layouts are named."""
    pairs = plant(tmp_path / "pairs", ["blur/1.png", "sharp/1.png"])
    photos = plant(tmp_path / "photos", ["1.png"])

    with pytest.raises(ValueError, match=r"different kinds \(pairs, photos\)"):
        opened(pairs, photos)


@pytest.mark.parametrize("average", [(4, 8), (9, 7), (-1, 3)])
def test_numbers_of_frames_without_a_middle_are_refused(average, tmp_path):
    """Two odd numbers, the smaller first."""
    with pytest.raises(ValueError, match="give two odd numbers"):
        DataOptions(paths=(tmp_path,), average=average)


def test_options_are_what_the_command_line_says(tmp_path):
    """Several paths, a pair of numbers, a flag."""
    line = ["--data", "a", "b", "--average", "3", "9", "--gamma", "--layout", "gopro-all"]
    options = tyro.cli(DataOptions, args=line)

    assert [str(path) for path in options.paths] == ["a", "b"]
    assert options.average == (3, 9)
    assert (options.gamma, options.layout, options.split) == (True, "gopro-all", "train")
