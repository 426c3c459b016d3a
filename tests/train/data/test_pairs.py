"""Data sets of pairs: every layout is found and read, every fault is named."""

from __future__ import annotations

import pytest

from tests.train.data.trees import place_coded, plant, save
from train.data.layouts import layout_of
from train.data.options import DataOptions
from train.data.pairs import describe_pairs, read_pairs

GOPRO = [
    f"{split}/{sequence}/{side}/{frame}.png"
    for split, sequence in (
        ("train", "GOPR0372_07_00"),
        ("train", "GOPR0374_11_01"),
        ("test", "GOPR0384_11_00"),
    )
    for side in ("blur", "blur_gamma", "sharp")
    for frame in ("000047", "000048")
]
REDS = [
    f"{split}/{split}_{kind}/{clip}/00000000.png"
    for split in ("train", "val")
    for kind in ("blur", "blur_comp", "sharp")
    for clip in ("000", "011")
]
BSD = [
    f"BSD_{variant}/{split}/024/{side}/RGB/00000000.png"
    for variant in ("1ms8ms", "2ms16ms")
    for split in ("train", "valid", "test")
    for side in ("Blur", "Sharp")
]
MIMO = [f"{split}/{side}/1.png" for split in ("train", "test") for side in ("blur", "sharp")]
MPRNET = [
    f"{split}/{side}/GOPR0384_11_00-00000{frame}.png"
    for split in ("train", "test")
    for side in ("input", "target")
    for frame in (1, 2)
]
VIDEO_NETS = [f"{side}/{clip}/7.png" for side in ("blur", "gt") for clip in ("a", "b")]
PIX2PIX = [f"{side}/GOPR0372_07_00_000047.png" for side in ("A", "B")]
CASES = {
    "gopro": (
        GOPRO,
        {},
        "gopro",
        "GOPRO_Large, blur, train: 4 pairs of 2 sequences",
        ("train/GOPR0374_11_01/blur/000048.png", "train/GOPR0374_11_01/sharp/000048.png"),
        "GOPR0374_11_01",
    ),
    "gopro gamma test": (
        GOPRO,
        {"gamma": True, "split": "test"},
        "gopro",
        "GOPRO_Large, blur_gamma, test: 2 pairs of 1 sequences",
        ("test/GOPR0384_11_00/blur_gamma/000048.png", "test/GOPR0384_11_00/sharp/000048.png"),
        "GOPR0384_11_00",
    ),
    "reds": (
        REDS,
        {},
        "reds",
        "REDS, blur, train: 2 pairs of 2 sequences",
        ("train/train_blur/011/00000000.png", "train/train_sharp/011/00000000.png"),
        "011",
    ),
    "reds val comp": (
        REDS,
        {"split": "val", "variant": "blur_comp"},
        "reds",
        "REDS, blur_comp, val: 2 pairs of 2 sequences",
        ("val/val_blur_comp/011/00000000.png", "val/val_sharp/011/00000000.png"),
        "011",
    ),
    "bsd": (
        BSD,
        {"split": "val", "variant": "2ms16ms"},
        "bsd",
        "BSD, 2ms16ms, val: 1 pairs of 1 sequences",
        (
            "BSD_2ms16ms/valid/024/Blur/RGB/00000000.png",
            "BSD_2ms16ms/valid/024/Sharp/RGB/00000000.png",
        ),
        "024",
    ),
    "blur sharp": (
        MIMO,
        {"split": "test"},
        "pairs",
        "pairs of DATA, test: 1 pairs",
        ("test/blur/1.png", "test/sharp/1.png"),
        "",
    ),
    "input target": (
        MPRNET,
        {},
        "pairs",
        "pairs of DATA, train: 2 pairs of 1 sequences",
        (
            "train/input/GOPR0384_11_00-000002.png",
            "train/target/GOPR0384_11_00-000002.png",
        ),
        "GOPR0384_11_00",
    ),
    "blur gt": (
        VIDEO_NETS,
        {"split": "test"},
        "pairs",
        "pairs of DATA, test: 2 pairs of 2 sequences",
        ("blur/b/7.png", "gt/b/7.png"),
        "b",
    ),
    "A B": (
        PIX2PIX,
        {},
        "pairs",
        "pairs of DATA, train: 1 pairs of 1 sequences",
        ("A/GOPR0372_07_00_000047.png", "B/GOPR0372_07_00_000047.png"),
        "GOPR0372_07_00",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_every_layout_is_found_and_read(case, tmp_path):
    """`auto` names the layout; the last pair and the description are those of the tree."""
    names, more, layout, description, last, sequence = case
    root = plant(tmp_path / "DATA", names)
    options = DataOptions(paths=(root,), **more)
    pairs = read_pairs(options)

    assert layout_of(root, options) == layout
    assert (pairs[-1].blurred, pairs[-1].sharp) == (root / last[0], root / last[1])
    assert pairs[-1].sequence == sequence
    assert describe_pairs(options, pairs) == description


def test_pairs_come_in_order_of_sequences_and_frames(tmp_path):
    """What is written last is read where its name belongs; hidden files are no pictures."""
    root = plant(tmp_path, list(reversed(GOPRO)))
    (root / "train/GOPR0372_07_00/blur/._000047.png").write_bytes(b"of a Mac")
    names = [pair.blurred.relative_to(root) for pair in read_pairs(DataOptions(paths=(root,)))]

    assert names == sorted(names)
    assert len(names) == 4


def test_a_tree_in_gopro_s_layout_does_not_pass_for_gopro(tmp_path):
    """Sequences that are not named as GoPro's are called by the name of their folder."""
    root = plant(tmp_path / "mine", ["train/walk/blur/1.png", "train/walk/sharp/1.png"])
    options = DataOptions(paths=(root,))

    assert describe_pairs(options, read_pairs(options)) == (
        "mine (in GOPRO_Large's layout), blur, train: 1 pairs of 1 sequences"
    )


def test_a_split_given_itself_is_that_split(tmp_path):
    """GOPRO_Large/train serves for train, and for test its parent is asked for."""
    root = plant(tmp_path, GOPRO)

    assert len(read_pairs(DataOptions(paths=(root / "train",)))) == 4
    with pytest.raises(ValueError, match=rf"is the train split.*test is wanted: give {root}\."):
        read_pairs(DataOptions(paths=(root / "train",), split="test"))


def test_two_folders_are_one_set(tmp_path):
    """Pairs of a second folder follow those of the first."""
    gopro, flat = plant(tmp_path / "GOPRO", GOPRO), plant(tmp_path / "mine", PIX2PIX)
    options = DataOptions(paths=(gopro, flat))
    pairs = read_pairs(options)

    assert [pair.blurred.is_relative_to(flat) for pair in pairs] == [False] * 4 + [True]
    assert describe_pairs(options, pairs) == (
        "GOPRO_Large, blur, pairs of mine, train: 5 pairs of 3 sequences"
    )


def without(names, *parts):
    """Names that contain none of the parts."""
    return [name for name in names if not any(part in name for part in parts)]


FAULTS = {
    "no sharp": (without(GOPRO, "00/sharp"), {}, "train/GOPR0372_07_00/sharp is missing"),
    "no gamma": (without(GOPRO, "blur_gamma"), {"gamma": True}, "blur_gamma is missing"),
    "no test": (without(GOPRO, "test/"), {"split": "test"}, "DATA/test is missing"),
    "half": (
        [*without(GOPRO, "7_00/sharp/0000"), "train/GOPR0372_07_00/sharp/9.png"],
        {},
        "2 of the 2 pictures of .*/blur have no twin in .*/sharp, the first: 000047.png",
    ),
    "half blur": (
        without(GOPRO, "7_00/blur/000048"),
        {},
        "1 of the 2 pictures of .*/sharp have no twin in .*/blur, the first: 000048.png",
    ),
    "reds test": (
        ["test/test_blur/000/00000000.png"],
        {"split": "test"},
        "test/test_sharp is missing; beside it: test_blur. REDS keeps .* take val",
    ),
    "reds variant": (
        without(REDS, "train_blur/"),
        {},
        "train/train_blur is missing; beside it: train_blur_comp, train_sharp",
    ),
    "bsd variant": (BSD, {}, "BSD_1ms8ms, BSD_2ms16ms, and variant = '' names none"),
    "bsd other": (BSD, {"variant": "3ms24ms"}, "variant = '3ms24ms' names none"),
    "bsd sharp": (
        without(BSD, "Sharp"),
        {"variant": "1ms8ms"},
        "BSD_1ms8ms/train/024/Sharp/RGB is missing",
    ),
    "flat": (["train/input/1.png"], {}, "DATA/train/target is missing"),
    "flat split": (without(MIMO, "test/"), {"split": "test"}, "DATA/test is missing"),
    "nothing": (["README/1.png"], {}, "holds no data set that is known here"),
}


@pytest.mark.parametrize("case", FAULTS.values(), ids=FAULTS)
def test_an_incomplete_set_names_what_is_missing(case, tmp_path):
    """The error names the folder or file; where a folder is missing it shows the tree."""
    names, more, message = case
    root = plant(tmp_path / "DATA", names)

    with pytest.raises(ValueError, match=message) as error:
        read_pairs(DataOptions(paths=(root,), **more))
    assert (
        "no twin" in str(error.value)
        or "GOPRO_Large/\n" in str(error.value)
        or ("looks like this:\n" in str(error.value))
    )


def test_sharp_pictures_are_no_pairs(tmp_path):
    """A folder of photos is refused where pairs are wanted."""
    root = plant(tmp_path, ["1.png", "2.png"])

    with pytest.raises(ValueError, match=r"sharp pictures only \(layout photos\)"):
        read_pairs(DataOptions(paths=(root,)))


def test_a_pair_of_two_sizes_is_refused(tmp_path):
    """Both pictures and both sizes are named."""
    root = plant(tmp_path, MIMO)
    save(root / "train/sharp/1.png", place_coded(0, 64, 62))

    with pytest.raises(ValueError, match=r"blur/1.png is 64x64, but .*sharp/1.png is 62x64"):
        read_pairs(DataOptions(paths=(root,)))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lambda _: b"", r"blur/1.png is empty \(0 bytes\)"),
        (lambda whole: whole[: len(whole) // 2], r"blur/1.png is no whole PNG"),
        (lambda _: b"<html>404</html>" * 9, r"blur/1.png is no whole PNG \(144 bytes\)"),
    ],
)
def test_a_broken_picture_is_found_when_the_set_is_opened(content, message, tmp_path):
    """Empty, cut off or no PNG: the file is named before any training."""
    file = plant(tmp_path, MIMO) / "train/blur/1.png"
    file.write_bytes(content(file.read_bytes()))

    with pytest.raises(ValueError, match=message):
        read_pairs(DataOptions(paths=(tmp_path,)))


def test_no_folder_is_an_error(tmp_path):
    """A wrong path is named, an empty list refused."""
    with pytest.raises(NotADirectoryError, match="nowhere is no folder"):
        read_pairs(DataOptions(paths=(tmp_path / "nowhere",)))
    with pytest.raises(ValueError, match="paths is empty"):
        DataOptions(paths=())
