"""Which files are compared with which."""

from __future__ import annotations

import pytest

from deblurvid.errors import InputError, UsageError
from deblurvid.judge.matching import find_items


@pytest.fixture
def tree(tmp_path):
    """Makes empty files by their paths; gives the folder of a first part."""

    def make(*names):
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()

    make.root = tmp_path
    return make


def found(tree, *, sequence=None, **folders):
    """{item: {kind: files below the root}}, and the notes."""
    result = find_items({kind: tree.root / f for kind, f in folders.items()}, sequence=sequence)
    items = {
        item.name: {
            kind: [str(file.relative_to(tree.root)) for file in clip.files]
            for kind, clip in item.clips.items()
        }
        for item in result.items
    }
    return items, result.notes


def test_two_files_are_partners_whatever_they_are_called(tree):
    """What is named itself is compared, a video under any suffix."""
    tree("out.mp4", "truth.bin")

    assert found(tree, restored="out.mp4", reference="truth.bin") == (
        {"out.mp4": {"restored": ["out.mp4"], "reference": ["truth.bin"]}},
        (),
    )


def test_folders_are_matched_by_path_without_suffix(tree):
    """Below folders too; other files and hidden ones are no pictures; what is left over is counted."""
    tree("r/a.mp4", "r/b/c.PNG", "r/.d.png", "r/.e/f.png", "r/notes.txt")
    tree("s/a.mkv", "s/b/c.png", "s/x.mkv", "s/y/z.png")

    items, notes = found(tree, restored="r", reference="s")
    assert items == {
        "a": {"restored": ["r/a.mp4"], "reference": ["s/a.mkv"]},
        "b/c": {"restored": ["r/b/c.PNG"], "reference": ["s/b/c.png"]},
    }
    (note,) = notes
    assert note.startswith("2 files")
    assert note.endswith("not restored: x, y/z")


def test_two_files_of_one_name_are_an_error(tree):
    """a.png and a.jpg could both be meant."""
    tree("r/a.png", "s/a.png", "s/a.jpg")

    with pytest.raises(InputError, match=r"a\.jpg and .*a\.png have the same name"):
        found(tree, restored="r", reference="s")


def test_a_restored_file_without_partner_is_an_error(tree):
    """It says how many, which, and where there is none."""
    tree("r/a.png", "r/b.png", "r/c.png", "s/b.png")

    with pytest.raises(InputError, match=r"2 of 3 files in .*r have no partner in .*s: a, c"):
        found(tree, restored="r", reference="s")


def test_gopro_is_matched_across_its_layers(tree):
    """SEQUENCE/sharp is the reference's, SEQUENCE/blur the others'; blur_gamma is nobody's."""
    for layer in ("blur", "blur_gamma", "sharp"):
        tree(*(f"g/S/{layer}/00000{n}.png" for n in (1, 2)))
    tree("r/S/000001.png", "r/S/000002.png")
    expected = {
        "S": {
            "restored": ["r/S/000001.png", "r/S/000002.png"],
            "reference": ["g/S/sharp/000001.png", "g/S/sharp/000002.png"],
            "blurred": ["g/S/blur/000001.png", "g/S/blur/000002.png"],
        }
    }

    assert found(tree, restored="r", reference="g", blurred="g")[0] == expected
    tree("q/S/blur/000001.png", "q/S/blur/000002.png", "q/S/sharp/000001.png")
    again = found(tree, restored="q", reference="g")[0]
    assert again["S"]["restored"] == ["q/S/blur/000001.png", "q/S/blur/000002.png"]


def test_images_numbered_in_a_row_are_a_clip(tree):
    """8, 9, 10 in this order; a note says so; --stills takes them one by one."""
    tree("r/f10.png", "r/f8.png", "r/f9.png")
    clip = ["r/f8.png", "r/f9.png", "r/f10.png"]

    items, notes = found(tree, restored="r")
    assert items == {".": {"restored": clip}}
    assert "--stills" in notes[0]
    assert list(found(tree, restored="r", sequence=False)[0]) == ["f8", "f9", "f10"]


@pytest.mark.parametrize("names", [("f1", "f3"), ("a1", "b2"), ("a", "b"), ("f1a", "f2a"), ("f1",)])
def test_other_images_are_stills(tree, names):
    """A gap, other letters, no number at the end, or one image; --sequence takes several all the same."""
    tree(*(f"r/{name}.png" for name in names))

    assert list(found(tree, restored="r")[0]) == list(names)
    together = found(tree, restored="r", sequence=True)[0]
    assert sum(len(kinds["restored"]) for kinds in together.values()) == len(names)
    assert len(together) == 1


def test_each_folder_is_its_own_clip(tree):
    """Images of one folder follow each other; a video beside them stays itself, whatever its name."""
    tree("r/a/1.png", "r/a/2.png", "r/b/1.png", "r/b/2.png", "r/c.mp4", "r/b.mp4")

    items = found(tree, restored="r")[0]
    assert list(items) == ["a", "b", "b/", "c"]
    assert [len(kinds["restored"]) for kinds in items.values()] == [2, 1, 2, 1]


@pytest.mark.parametrize(
    ("names", "error", "words"),
    [
        (("r/a.png", "s.png"), UsageError, "a file beside folders"),
        (("r/a.txt", "s/a.png"), InputError, "no image and no video"),
        (("r/a.png",), InputError, "No such file or folder"),
        (("r/a.png", "s/a.mp4"), InputError, "images with images"),
    ],
)
def test_what_cannot_be_compared_is_said(tree, names, error, words):
    """A file with a folder, an empty folder, nothing there, an image with a video."""
    tree(*names)
    reference = "s.png" if "s.png" in names else "s"

    with pytest.raises(error, match=words):
        found(tree, restored="r", reference=reference)
