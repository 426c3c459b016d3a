"""A folder restored: what is taken, what stands in the way, what happens to the rest if one fails."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pytest
from PIL import Image

from deblurvid import EncoderError, InputError, OutputError, UsageError, deblur_folder
from deblurvid.backends.base import Engine, EngineSpec, Restored
from deblurvid.events import FileEnded, FileStarted, Finished, FolderFinished, FolderStarted, Notice
from deblurvid.folder import plan
from deblurvid.folder.engines import Engines
from deblurvid.folder.search import search
from deblurvid.frames import PictureFormat
from tests.folders import image, lying_in, names
from tests.media import make_video, read_stamps
from tests.pictures import random_planes, same

if TYPE_CHECKING:
    from pathlib import Path

posix = pytest.mark.skipif(os.name != "posix", reason="links and modes are POSIX's")


class Idle(Engine):
    """Gives pictures back as they are; counts what is opened and closed."""

    slots = 3
    opened: ClassVar[Counter[tuple[int, int]]] = Counter()
    now = most = 0

    def __init__(self, size, picture):
        self.spec = EngineSpec(
            width=size[0], height=size[1], picture=picture, generator="idle", device="CPU",
            precision="fp32",
        )  # fmt: skip
        self.waiting = []
        Idle.opened[size] += 1
        Idle.now += 1
        Idle.most = max(Idle.most, Idle.now)

    def submit(self, planes, *, strength):
        """See Engine.submit."""
        self.waiting.append(planes)

    def collect(self):
        """See Engine.collect."""
        return Restored(self.waiting.pop(0), 0)

    def close(self):
        """See Engine.close."""
        Idle.now -= 1


@pytest.fixture(autouse=True)
def _fresh():
    Idle.opened, Idle.now, Idle.most = Counter(), 0, 0


def run(source, target, **options):
    return list(deblur_folder(source, target, **{"engine": Idle} | options))


def outcomes(events) -> dict[str, str]:
    return {str(event.file): event.outcome for event in events if isinstance(event, FileEnded)}


def notices(events) -> str:
    return "\n".join(event.text for event in events if isinstance(event, Notice))


def test_the_tree_is_mirrored(tmp_path):
    """Same folders, same names; an image keeps its kind, a video its suffix if it is written."""
    source = tmp_path / "in"
    for name in ("1.png", "a/2.JPG", "a/b c/3.tiff"):
        image(source / name)
    make_video(source / "a" / "clip.MOV", size=(32, 24), frames=3)
    make_video(source / "clip.ogv", size=(32, 24), frames=3, audio=False, container="matroska")
    events = run(source, tmp_path / "new" / "out", recursive=True)

    assert names(tmp_path / "new/out") == [
        "1.png",
        "a/2.JPG",
        "a/b c/3.tiff",
        "a/clip.MOV",
        "clip.mkv",
    ]
    assert (tmp_path / "new/out/a/2.JPG").read_bytes()[:3] == b"\xff\xd8\xff"
    assert len(read_stamps(tmp_path / "new/out/clip.mkv")) == 3
    assert isinstance(events[0], FolderStarted)
    last = events[-1]
    assert isinstance(last, FolderFinished)
    assert (last.done, last.skipped, last.failed, last.left, last.frames) == (5, 0, 0, 0, 9)


def test_subfolders_hidden_files_and_other_files_are_left_and_told(tmp_path):
    """Without recursive only the folder's own; hidden ones silently, for they are nobody's pictures."""
    source = tmp_path / "in"
    for name in (
        "1.png",
        ".2.png",
        ".git/3.png",
        "deep/4.png",
        ".1.0123abcd.part",
        ".5.png.journal/6.png",
    ):
        image(source / "x.png").rename(_made(source / name))
    for name in ("notes.txt", "10.doc", "9.doc", "deep/read.me", "texts/a.txt"):
        _made(source / name).write_text("text")
    events = run(source, tmp_path / "out")

    assert outcomes(events) == {"1.png": "done"}
    said = notices(events)
    assert (
        "3 files left out, neither an image nor a video by its name: 9.doc, 10.doc, notes.txt"
        in said
    )
    assert "1 subfolder of" in said
    assert "with images or videos (--recursive takes them): deep" in said
    assert names(tmp_path / "out") == ["1.png"]


def _made(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def test_patterns_fit_the_path(tmp_path):
    """From the folder on; one of them is enough."""
    source = tmp_path / "in"
    for name in ("a/blur/1.png", "a/sharp/1.png", "b/blur/2.png", "c.jpg"):
        image(source / name)
    run(source, tmp_path / "out", recursive=True, include=("*/blur/*", "*.jpg"))

    assert names(tmp_path / "out") == ["a/blur/1.png", "b/blur/2.png", "c.jpg"]
    with pytest.raises(InputError, match=r"none of 4 files fits --include \*\.webp"):
        run(source, tmp_path / "out2", recursive=True, include=("*.webp",))


@pytest.mark.parametrize("options", [{}, {"skip_existing": True}])
def test_ground_truth_is_never_touched(tmp_path, options):
    """`folder blur/ sharp/` of GoPro's layout: not one byte, name or time of sharp/ changes."""
    for number in range(3):
        image(tmp_path / "blur" / f"{number:06}.png", number)
        image(tmp_path / "sharp" / f"{number:06}.png", number + 100)
    image(tmp_path / "blur" / "000003.png")
    truth, blurred = lying_in(tmp_path / "sharp"), lying_in(tmp_path / "blur")
    if options:
        (tmp_path / "blur" / "000003.png").unlink()
        assert set(outcomes(run(tmp_path / "blur", tmp_path / "sharp", **options)).values()) == {
            "skipped"
        }
    else:
        with pytest.raises(UsageError, match="3 of 4 targets clash") as refusal:
            run(tmp_path / "blur", tmp_path / "sharp")
        assert all(f"{number:06}.png exists already" in str(refusal.value) for number in range(3))
        assert lying_in(tmp_path / "blur") == blurred

    assert lying_in(tmp_path / "sharp") == truth


def test_ten_clashes_are_named(tmp_path):
    """And the others counted."""
    for number in range(12):
        image(tmp_path / "in" / f"{number}.png")
        image(tmp_path / "out" / f"{number}.png")
    with pytest.raises(UsageError, match=r"12 of 12 targets clash.*; and 2 more") as refusal:
        run(tmp_path / "in", tmp_path / "out")

    assert str(refusal.value).count("exists already") == 10


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("a.mov", "a.MOV"),
        ("a.flv", "a.mkv"),
        ("a.png", "A.PNG"),
        ("é.png", "e\u0301.png"),
        ("x/1.png", "X/1.png"),
    ],
)
def test_two_files_of_one_target_are_a_clash(tmp_path, first, second):
    """Also where only a system that does not tell capitals or accents apart would make them one."""
    for name in (first, second):
        _made(tmp_path / "in" / name).write_bytes(b"whatever")
    if len(list((tmp_path / "in").rglob("*.*"))) < 2:
        pytest.skip("this file system does not tell them apart")
    before = lying_in(tmp_path / "in")
    with pytest.raises(UsageError, match="would both become"):
        run(tmp_path / "in", tmp_path / "out", recursive=True, overwrite=True)

    assert lying_in(tmp_path / "in") == before
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("target", ["in", "in/", "link", "in/../in"])
def test_source_and_target_are_two(tmp_path, target):
    """By whatever name, and even with -y."""
    image(tmp_path / "in" / "1.png")
    (tmp_path / "link").symlink_to("in")
    before = lying_in(tmp_path / "in")
    with pytest.raises(UsageError, match="the same folder"):
        run(tmp_path / "in", f"{tmp_path}/{target}", overwrite=True)

    assert lying_in(tmp_path / "in") == before


def test_a_target_within_its_source_is_no_source(tmp_path):
    """`folder . out`: what a run made is not restored again, nor replaced as it may be a source."""
    image(tmp_path / "1.png")
    image(tmp_path / "sub" / "2.png")
    run(tmp_path, tmp_path / "out", recursive=True)
    before = lying_in(tmp_path)
    again = run(tmp_path, tmp_path / "out", recursive=True, skip_existing=True)

    assert names(tmp_path) == ["1.png", "out/1.png", "out/sub/2.png", "sub/2.png"]
    assert outcomes(again) == {"1.png": "skipped", "sub/2.png": "skipped"}
    for options in ({}, {"overwrite": True}):
        with pytest.raises(UsageError, match=r"where nothing is replaced.* --skip-existing leaves"):
            run(tmp_path, tmp_path / "out", recursive=True, **options)
    assert lying_in(tmp_path) == before


def test_a_source_within_its_target_is_not_written_to(tmp_path):
    """blur/blur/1.png would go to blur/1.png, which is another source."""
    image(tmp_path / "blur" / "1.png", 1)
    image(tmp_path / "blur" / "blur" / "1.png", 2)
    before = lying_in(tmp_path)
    for options in ({}, {"overwrite": True}):
        with pytest.raises(UsageError, match=r"1 of 2 targets clash.*source folder itself"):
            run(tmp_path / "blur", tmp_path, recursive=True, **options)

    assert lying_in(tmp_path) == before


@posix
@pytest.mark.parametrize(
    "way", ["link", "hard link", "linked folder", "linked folder of a new name", "dangling"]
)
def test_no_way_leads_to_a_source(tmp_path, way):
    """A target that is a source by a link, even with -y."""
    first = image(tmp_path / "in" / "a" / "1.png")
    (tmp_path / "out").mkdir()
    place = tmp_path / "out" / "a" / "1.png"
    if way == "linked folder":
        (tmp_path / "out" / "a").symlink_to(first.parent)
    elif way == "linked folder of a new name":
        first.rename(first.with_suffix(".flv"))
        (tmp_path / "out" / "a").symlink_to(first.parent)
    elif way == "hard link":
        os.link(first, _made(place))
    else:
        _made(place).symlink_to(first if way == "link" else first.with_name("new.png"))
    before = lying_in(tmp_path)
    with pytest.raises(UsageError, match="source folder itself"):
        run(tmp_path / "in", tmp_path / "out", recursive=True, overwrite=True)

    assert lying_in(tmp_path) == before


def codes(path):
    return np.asarray(Image.open(path))


@posix
def test_a_percent_sign_in_a_name_is_one(tmp_path):
    """frame%03d.jpg is one file: not frame001.jpg, which here is a link to a source."""
    source = image(tmp_path / "in" / "frame%03d.png", 1)
    other = image(tmp_path / "elsewhere" / "5.png", 5)
    (tmp_path / "in" / "5.png").symlink_to(other)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "frame001.png").symlink_to(other)
    precious = other.read_bytes()
    events = run(tmp_path / "in", tmp_path / "out", overwrite=True)

    assert names(tmp_path / "out") == ["5.png", "frame%03d.png", "frame001.png"]
    assert other.read_bytes() == precious
    assert np.array_equal(codes(source), codes(tmp_path / "out" / "frame%03d.png"))
    finished = [str(event.target.name) for event in events if isinstance(event, Finished)]
    assert sorted(finished) == ["5.png", "frame%03d.png"]


@pytest.mark.parametrize("present", [{}, {"1.png": "skipped"}, {"%d.png": "skipped"}])
def test_a_number_and_its_sign_are_two_files(tmp_path, present):
    """1.png and %d.png, as 100%%.png; each is there or not by itself."""
    for number, name in enumerate(("1.png", "%d.png", "100%%.png")):
        image(tmp_path / "in" / name, number)
    for name in present:
        image(tmp_path / "out" / name, 7)
    events = run(tmp_path / "in", tmp_path / "out", skip_existing=True)

    wanted = dict.fromkeys(("1.png", "%d.png", "100%%.png"), "done") | present
    assert outcomes(events) == wanted
    assert names(tmp_path / "out") == sorted(wanted)
    for name in wanted.keys() - present.keys():
        assert np.array_equal(codes(tmp_path / "in" / name), codes(tmp_path / "out" / name))


def test_existing_targets_are_replaced_if_asked_for(tmp_path):
    """And nothing else that lies there."""
    image(tmp_path / "in" / "1.png", 1)
    image(tmp_path / "out" / "1.png", 2)
    image(tmp_path / "out" / "other.png", 3)
    other = (tmp_path / "out" / "other.png").read_bytes()
    run(tmp_path / "in", tmp_path / "out", overwrite=True)

    assert np.array_equal(*(np.asarray(Image.open(tmp_path / d / "1.png")) for d in ("in", "out")))
    assert (tmp_path / "out" / "other.png").read_bytes() == other


@posix
@pytest.mark.parametrize(
    "what", ["folder at the name", "circle", "file for a folder", "not writable"]
)
def test_places_that_cannot_be_written_are_found_before_work(tmp_path, monkeypatch, what):
    """The first file could be restored, and is not."""
    image(tmp_path / "in" / "0.png")
    image(tmp_path / "in" / "sub" / "1.png")
    out = tmp_path / "out"
    if what == "folder at the name":
        (out / "sub" / "1.png").mkdir(parents=True)
    elif what == "circle":
        _made(out / "sub" / "1.png").symlink_to("1.png")
    elif what == "file for a folder":
        _made(out / "sub").write_text("a file")
    else:
        out.mkdir()
        monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write anywhere
    before = lying_in(out)
    with pytest.raises((UsageError, OutputError)):
        run(tmp_path / "in", out, recursive=True, overwrite=True)

    assert lying_in(out) == before


@posix
def test_links_are_followed_but_not_in_circles(tmp_path):
    """To files and to folders; a folder that is on the way already is not entered again."""
    image(tmp_path / "far" / "1.png")
    source = tmp_path / "in"
    source.mkdir()
    (source / "file.png").symlink_to(tmp_path / "far" / "1.png")
    (source / "gone.png").symlink_to(tmp_path / "nowhere.png")
    (source / "loop.png").symlink_to("loop.png")
    (source / "folder").symlink_to(tmp_path / "far")
    (tmp_path / "far" / "back").symlink_to(source)
    (source / "self").symlink_to(source)
    events = run(source, tmp_path / "out", recursive=True)

    assert outcomes(events) == {"file.png": "done", "folder/1.png": "done"}
    assert not (tmp_path / "out" / "file.png").is_symlink()
    assert "2 files left out" in notices(events)
    assert "gone.png, loop.png" in notices(events)


def test_a_file_that_fails_is_told_and_the_rest_goes_on(tmp_path):
    """Of what failed nothing is left, not even its folder."""
    source = tmp_path / "in"
    for number in range(3):
        image(source / f"{number}.png", number)
    whole = image(source / "bad" / "1.png").read_bytes()
    (source / "bad" / "1.png").write_bytes(whole[: len(whole) // 2])
    (source / "empty.mp4").touch()
    events = run(source, tmp_path / "out", recursive=True)

    ended = {str(e.file): e for e in events if isinstance(e, FileEnded)}
    assert outcomes(events) == {"0.png": "done", "1.png": "done", "2.png": "done",
                                "bad/1.png": "failed", "empty.mp4": "failed"}  # fmt: skip
    assert "cut off" in ended["bad/1.png"].why
    assert "empty" in ended["empty.mp4"].why
    assert sorted(str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*")) == [
        "0.png", "1.png", "2.png",
    ]  # fmt: skip


def test_fail_fast_stops_at_the_first(tmp_path):
    """What came before stays, what would have come is counted."""
    image(tmp_path / "in" / "1.png")
    for name in ("2.png", "3.png"):
        (tmp_path / "in" / name).write_bytes(b"no image")
    events = run(tmp_path / "in", tmp_path / "out", fail_fast=True)

    assert outcomes(events) == {"1.png": "done", "2.png": "failed"}
    assert (events[-1].done, events[-1].failed, events[-1].left) == (1, 1, 1)


def test_what_nobody_foresaw_ends_one_file_only(tmp_path, monkeypatch):
    """An error of a library, say; an interrupt that hides behind one ends all."""
    for number in (1, 2):
        image(tmp_path / "in" / f"{number}.png")
    whole = Idle.collect
    errors = [RuntimeError("out of luck")]
    monkeypatch.setattr(
        Idle, "collect", lambda self: _raise(errors.pop()) if errors else whole(self)
    )
    events = run(tmp_path / "in", tmp_path / "out")
    assert outcomes(events) == {"1.png": "failed", "2.png": "done"}
    whys = [event.why for event in events if isinstance(event, FileEnded)]
    assert whys == ["unexpected RuntimeError: out of luck", ""]

    hidden = ImportError("by an extension")
    hidden.__cause__ = KeyboardInterrupt()
    errors.append(hidden)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "in", tmp_path / "out2")
    assert not (tmp_path / "out2").exists()


def _raise(error):
    raise error


def test_an_engine_serves_all_files_of_its_size(tmp_path):
    """Whatever the order of names: as many are opened as there are sizes, and few at once."""
    sizes = [(32, 24), (24, 32), (48, 32), (40, 24)]
    for number in range(16):
        image(tmp_path / "in" / f"{number}.png", number, size=sizes[number % 4])
    events = run(tmp_path / "in", tmp_path / "out")

    assert Idle.opened == dict.fromkeys(sizes, 1)
    assert (Idle.most, Idle.now) == (2, 0)
    first = [str(e.file) for e in events if isinstance(e, FileStarted)][:5]
    assert first == ["0.png", "4.png", "8.png", "12.png", "1.png"]


def test_pictures_of_a_run_that_failed_do_not_come_out_in_the_next():
    """What is in flight when an engine is given back is taken from it."""
    picture = PictureFormat(source="rgb", depth=8)
    old, new = (random_planes(picture, seed, (32, 24)) for seed in (1, 2))
    with Engines(Idle) as engines:
        with engines((32, 24), picture) as lent:
            lent.submit(old, strength=1.0)
            lent.submit(old, strength=1.0)
        with engines((32, 24), picture) as lent:
            lent.submit(new, strength=1.0)
            assert same(new, lent.collect().planes)

    assert Idle.opened == {(32, 24): 1}


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"engine": "nonsense"}, UsageError),
        ({"engine": "identity", "device": "abacus"}, UsageError),
        ({"engine": "identity", "precision": "fp7"}, UsageError),
        ({"codec": "nonsense"}, EncoderError),
        ({"codec": "libx264", "encoder_options": {"nonsense": "1"}}, EncoderError),
        ({"start": 1}, UsageError),
        ({"strength": 2}, UsageError),
        ({"overwrite": True, "skip_existing": True}, UsageError),
    ],
)
def test_what_no_file_could_be_restored_with_is_refused(tmp_path, options, error):
    """Once, before work begins, and not once for each file."""
    image(tmp_path / "in" / "1.png")
    with pytest.raises(error):
        run(tmp_path / "in", tmp_path / "out", **options)

    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("suffixes", "options", "said"),
    [
        ((".mp4",), {"encoder_options": {"crf": "99"}}, r"\.mp4: crf is 99; encoder libx264"),
        ((".mp4",), {"encoder_options": {"preset": "nope"}}, r"\.mp4: preset.*libx264"),
        ((".mkv",), {"encoder_options": {"foo": "bar"}}, r"\.mkv: .*has no option 'foo'"),
        ((".mkv", ".webm"), {"encoder_options": {"preset": "veryfast"}}, r"\.webm: .*libsvtav1"),
        (
            (".mkv",),
            {"codec": "libx264", "encoder_options": {"x264-params": "no=1"}},
            "not take an option.*no = 1",
        ),
        ((".mkv",), {"codec": "prores_ks"}, "does not take yuv420p"),
    ],
)
def test_options_that_an_encoder_refuses(tmp_path, suffixes, options, said):
    """Before work begins, by the encoder that the videos will get; the images are not begun."""
    image(tmp_path / "in" / "1.png")
    for suffix in suffixes:
        codec = "libvpx-vp9" if suffix == ".webm" else "libx264"
        make_video(tmp_path / "in" / f"2{suffix}", codec=codec, frames=3, audio=False)
    with pytest.raises(EncoderError, match=said):
        run(tmp_path / "in", tmp_path / "out", **options)

    assert not (tmp_path / "out").exists()


def test_a_video_that_does_not_fit_its_encoder_fails_alone(tmp_path):
    """Options are not to blame, and the other video is restored; images are no reason to try."""
    (tmp_path / "in").mkdir()
    make_video(tmp_path / "in" / "1.mkv", frames=3, audio=False)
    make_video(tmp_path / "in" / "2.mkv", codec="ffv1", pixel_format="yuv444p12le", frames=3,
               audio=False)  # fmt: skip
    (tmp_path / "in" / "3.mkv").write_bytes(b"no video")
    options = {"codec": "libx264", "encoder_options": {"crf": "20"}}
    events = run(tmp_path / "in", tmp_path / "out", **options)

    assert outcomes(events) == {"1.mkv": "done", "2.mkv": "failed", "3.mkv": "failed"}


def test_a_file_that_goes_meanwhile_fails_alone(tmp_path, monkeypatch):
    """Between the search and the plan; the others are restored."""
    for name in ("1.png", "2.png"):
        image(tmp_path / "in" / name)

    def search_and_lose(*args, **more):
        found = search(*args, **more)
        (tmp_path / "in" / "1.png").unlink()
        return found

    monkeypatch.setattr(plan, "search", search_and_lose)
    events = run(tmp_path / "in", tmp_path / "out")

    assert outcomes(events) == {"2.png": "done", "1.png": "failed"}
    assert "No such file" in next(e.why for e in events if isinstance(e, FileEnded) and e.why)


def test_an_animated_png_is_no_image(tmp_path):
    """It is told before it is restored, and without advice about names, which a folder chooses."""
    (tmp_path / "in").mkdir()
    first, second = (Image.fromarray(np.full((24, 32, 3), n, np.uint8)) for n in (60, 200))
    first.save(tmp_path / "in" / "1.png", save_all=True, append_images=[second])
    (ended,) = [e for e in run(tmp_path / "in", tmp_path / "out") if isinstance(e, FileEnded)]

    assert ended.outcome == "failed"
    assert "animated" in ended.why
    assert "deblurvid run" in ended.why
    assert Idle.opened == Counter()


def test_an_open_engine_is_refused(tmp_path):
    """It fits one size only."""
    image(tmp_path / "in" / "1.png")
    engine = Idle((32, 24), PictureFormat(source="rgb", depth=8))
    with pytest.raises(UsageError, match="an open engine"):
        run(tmp_path / "in", tmp_path / "out", engine=engine)


@pytest.mark.parametrize("name", ["in", "in/a.png", "gone"])
def test_a_source_without_pictures_is_refused(tmp_path, name):
    """No folder, a file, or nothing that is restored in it."""
    (tmp_path / "in").mkdir()
    if "/" in name:
        image(tmp_path / name)
    with pytest.raises(InputError):
        run(tmp_path / name, tmp_path / "out")

    assert not (tmp_path / "out").exists()


def test_options_of_videos_are_not_those_of_images(tmp_path):
    """An encoder is for the videos, and single pictures have no fields to join."""
    image(tmp_path / "in" / "1.png")
    make_video(tmp_path / "in" / "2.mkv", size=(32, 24), frames=2, audio=False)
    events = run(tmp_path / "in", tmp_path / "out", codec="ffv1", deinterlace=True)

    assert set(outcomes(events).values()) == {"done"}


def test_a_run_that_is_left_leaves_nothing_half_done(tmp_path):
    """Files that are done stay; of the one at work nothing does."""
    for number in (1, 2):
        image(tmp_path / "in" / f"{number}.png")
    run_ = deblur_folder(tmp_path / "in", tmp_path / "out", engine=Idle)
    while not (isinstance(event := next(run_), FileStarted) and event.number == 2):
        pass
    next(run_)
    run_.close()

    assert names(tmp_path / "out") == ["1.png"]
    assert Idle.now == 0


def test_the_folder_itself_may_be_a_link(tmp_path):
    """It is what it leads to."""
    image(tmp_path / "real" / "1.png")
    (tmp_path / "in").symlink_to("real")
    run(tmp_path / "in", tmp_path / "out")
    shutil.rmtree(tmp_path / "real")

    assert names(tmp_path / "out") == ["1.png"]
