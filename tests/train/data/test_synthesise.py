"""Trees in GOPRO_Large's layout, made from photos."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import cv2
import numpy as np
import pytest

from tests.train.data.trees import save
from train.commands.synthesise import Synthesise
from train.data import synthesise
from train.data.options import DataOptions
from train.data.pairs import describe_pairs, read_pairs
from train.data.synthesise import TreeOptions, write_tree
from train.synthesis.blur_recipe import BlurRecipe

RECIPE = BlurRecipe(sharp_share=0, short_share=0, middle=6, longest=8)
SIZE = (48, 32)
TINTS = (30, 70, 110, 150, 190, 230)


@pytest.fixture
def options(tmp_path):
    """Six photos of grain in red and green, each with a blue of its own; one is too small."""
    rng = np.random.default_rng(0)
    for number, tint in enumerate(TINTS):
        photo = np.full((SIZE[1] + 80, SIZE[0] + 80, 3), tint, np.uint8)
        photo[:, :, :2] = np.kron(rng.integers(0, 256, (28, 32, 2)), np.ones((4, 4, 1)))
        save(tmp_path / f"photos/{number}.png", photo)
    save(tmp_path / "photos/small.png", photo[:, :-40])
    return TreeOptions(
        photos=tmp_path / "photos",
        shrink=None,
        out=tmp_path / "trees" / "made",
        sequences=6,
        frames=3,
        size=SIZE,
        seed=4,
    )


def digest(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def tints(pairs):
    """The blue of each sequence's sharp pictures, which no noise has touched."""
    found = {}
    for pair in pairs:
        blue = cv2.imread(str(pair.sharp))[:, :, 0]
        found.setdefault(pair.sequence, set()).update(round(b / 40 - 0.75) for b in blue.flat)
    return found


def test_a_tree_reads_back_as_gopro_s_layout(options):
    """A third of the sequences for testing; every one has its frames, of the size asked for."""
    names = list(write_tree(options, RECIPE))
    train = DataOptions(paths=(options.out,))
    test = replace(train, split="test")

    assert describe_pairs(train, read_pairs(train)) == (
        "made (in GOPRO_Large's layout), blur, train: 12 pairs of 4 sequences"
    )
    assert describe_pairs(test, read_pairs(test)).endswith("test: 6 pairs of 2 sequences")
    assert len(names) == len(set(names)) == 6
    assert [pair.blurred.name for pair in read_pairs(test)[:3]] == [
        "000001.png",
        "000002.png",
        "000003.png",
    ]
    for pair in read_pairs(test):
        blurred, sharp = cv2.imread(str(pair.blurred)), cv2.imread(str(pair.sharp))
        assert blurred.shape == sharp.shape == (SIZE[1], SIZE[0], 3)
        edges = [cv2.Laplacian(image[:, :, 2], cv2.CV_64F).var() for image in (blurred, sharp)]
        assert edges[0] < edges[1]


def test_no_photo_serves_both_splits(options):
    """A sequence shows one photo; those of the test split are never trained on, nor left out."""
    list(write_tree(options, RECIPE))
    found = {
        split: tints(read_pairs(DataOptions(paths=(options.out,), split=split)))
        for split in ("train", "test")
    }
    shown = {split: set().union(*sequences.values()) for split, sequences in found.items()}

    assert all(len(photo) == 1 for sequences in found.values() for photo in sequences.values())
    assert shown["train"] & shown["test"] == set()
    assert shown["train"] | shown["test"] == set(range(6))


def test_the_same_seed_gives_the_same_bytes(options):
    """Another tree of the same options is the same to the byte; another seed's is not."""
    others = [
        replace(options, out=options.out.with_name("again")),
        replace(options, out=options.out.with_name("other"), seed=5),
    ]
    for each in (options, *others):
        list(write_tree(each, RECIPE))

    assert digest(options.out) == digest(others[0].out)
    assert digest(options.out) != digest(others[1].out)


def test_the_tree_says_that_it_is_synthetic(options):
    """README.txt: synthetic, the seed, the recipe, which photo each sequence shows."""
    list(write_tree(options, RECIPE))
    text = (options.out / "README.txt").read_text(encoding="utf-8")

    assert text.startswith("Synthetic")
    assert "seed 4, 3 frames of 48x32 each\ntrain: 4 sequences\ntest: 2 sequences\n" in text
    assert "longest = 8\n" in text
    assert sum(line.endswith(".png") for line in text.splitlines()) == 6
    assert "small.png" not in text


def test_nothing_is_left_when_a_sequence_fails(options, monkeypatch):
    """The third clip fails: neither a tree nor a part of one, and a second try may use the name."""
    make, calls = synthesise.make_clip, []

    def fail(*given, **named):
        calls.append(1)
        if len(calls) == 3:
            raise OSError("disk full")
        return make(*given, **named)

    monkeypatch.setattr(synthesise, "make_clip", fail)
    with pytest.raises(OSError, match="disk full"):
        list(write_tree(options, RECIPE))
    assert list(options.out.parent.iterdir()) == []

    assert len(list(write_tree(options, RECIPE))) == 6
    assert list(options.out.parent.iterdir()) == [options.out]


def test_a_tree_that_exists_is_left_alone(options):
    """Refused before anything is made."""
    options.out.mkdir(parents=True)

    with pytest.raises(FileExistsError, match="made exists"):
        list(write_tree(options, RECIPE))


def test_photos_too_small_are_left_out(options):
    """Sides, 2 x 32 pixels of margin and the longest blur's 8: 128 wide serve 56, not 58."""
    assert len(list(write_tree(replace(options, size=(56, 32)), RECIPE))) == 6

    wider = replace(options, size=(58, 32), out=options.out.with_name("wider"))
    with pytest.raises(ValueError, match="0 photos of at least 130x104 pixels, and two are needed"):
        list(write_tree(wider, RECIPE))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sequences": 1}, "1 sequences of 3 frames are no data set"),
        ({"frames": 0}, "6 sequences of 0 frames"),
        ({"size": (48, 33)}, "48x33: both sides must be even"),
    ],
)
def test_options_that_give_no_data_set_are_refused(options, change, message):
    """One sequence cannot be split; 4:2:0 has no odd sides."""
    with pytest.raises(ValueError, match=message):
        replace(options, **change)


def test_the_command_reads_recipe_and_size(options, capsys):
    """`python -m train synthesise` writes the tree that its options name."""
    recipe = options.photos / "r.toml"
    recipe.write_text("[blur]\nsharp_share = 0\nmiddle = 6\nlongest = 8\n")
    command = Synthesise(
        photos=options.photos,
        out=options.out,
        recipe=recipe,
        sequences=2,
        frames=1,
        size="48x32",
        seed=4,
    )
    command()

    assert len(digest(options.out)) == 2 * 2 * 1 + 1
    assert "2 sequences of 1 pairs" in capsys.readouterr().out
    with pytest.raises(ValueError, match="'48' is not WIDTHxHEIGHT"):
        replace(command, size="48")()
