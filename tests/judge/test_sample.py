"""A sample lies where most moves, is what a run of that part gives, and says what the whole takes."""

from __future__ import annotations

import io
import json
import os
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame

from deblurvid import deblur_video
from deblurvid.cli import main
from deblurvid.errors import UsageError
from deblurvid.events import Comparing, Finished, FrameDone, Notice, Sampled, Started
from deblurvid.judge import alone, sample
from deblurvid.judge.sample import busiest, sample_video
from deblurvid.progress.plain import PlainDisplay
from deblurvid.stages.motion import PLACES, Motion
from tests.media import make_video, read_pictures, read_stamps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deblurvid.judge.compare.asked import Asked

RATE = 25
MOVING = range(150, 200)
"""Frames of the clip, of 300, in which something moves: from 6 to 8 s."""


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What was given to `page_steps`, its first video as pictures; no page is made."""
    given: list[dict[str, Any]] = []

    def page(asked: Asked, target: Path, *, facts: dict[str, str]) -> Iterator[float]:
        first = read_pictures(asked.first)
        given.append({"asked": asked, "first": first, "target": target, "facts": facts})
        yield 1.0

    monkeypatch.setattr(sample, "page_steps", page)
    return given


def make_calm_video(path: Path, *, key_every: int) -> Path:
    """300 frames that all but stand still, but for those of MOVING; the noise never rests."""
    rng = np.random.default_rng(5)
    scene = rng.integers(60, 200, (48, 400), np.uint8)
    options = {"g": str(key_every), "keyint_min": str(key_every), "sc_threshold": "0", "bf": "2"}
    with av.open(str(path), "w") as target:
        stream = target.add_stream("libx264", rate=RATE, options={"crf": "18", **options})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        place = 0
        for number in range(300):
            place += 5 if number in MOVING else 0
            luma = scene[:, place : place + 64] + rng.integers(0, 4, (48, 64), np.uint8)
            frame = VideoFrame.from_ndarray(
                np.vstack([luma, np.full((24, 64), 128, np.uint8)]), format="yuv420p"
            )
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return path


def take(source: Path, target: Path, seconds: Any, **options: Any) -> list[Any]:
    return list(sample_video(source, target, seconds=seconds, engine="identity", **options))


@pytest.mark.parametrize("key_every", [10, 1000], ids=["many key frames", "one key frame"])
@pytest.mark.parametrize("suffix", [".mp4", ".avi", ".h264"])
def test_the_sample_lies_where_it_moves(
    tmp_path: Path, pages: list[dict[str, Any]], key_every: int, suffix: str
) -> None:
    """One second of the two in which something moves, however the file can be searched.

    To within the distance of two places at which 12 s are looked at.
    """
    source = make_calm_video(tmp_path / f"in{suffix}", key_every=key_every)

    events = take(source, tmp_path / "out.mkv", 1)

    start, near = events[-1].start, 12 / PLACES
    assert start == pytest.approx((MOVING.start + MOVING.stop) / 2 / RATE - 0.5, abs=0.5 + near)
    where = next(event.text for event in events if isinstance(event, Notice))
    assert f"the sample is 1 s from {start:.3f} s on" in where


def test_the_sample_is_that_part_of_the_source(tmp_path: Path, pages: list[dict[str, Any]]) -> None:
    """Its pictures are the source's, counted from where it says it begins; so are the page's."""
    source = make_calm_video(tmp_path / "in.mp4", key_every=10)
    target = tmp_path / "out.mkv"

    sampled = take(source, target, Fraction(1, 2), codec="ffv1")[-1]

    first = round(sampled.start * RATE)
    wanted = read_pictures(source)[first : first + sampled.frames]
    assert sampled.frames in (12, 13)
    (page,) = pages
    for made in (read_pictures(target), page["first"]):
        assert len(made) == len(wanted)
        assert all(np.array_equal(x[0], y[0]) for x, y in zip(made, wanted, strict=True))
    asked = page["asked"]
    assert (asked.second, page["target"]) == (target, tmp_path / "out.html")
    where = f"{sampled.start:.3f} s"
    assert page["facts"]["from"] == where
    assert asked.first_is == f"in.mp4: excerpt from {where} on, encoded like the result"
    assert asked.times_from == f"{where} of in.mp4"


@pytest.mark.parametrize(
    ("suffix", "start"), [(".mkv", None), (".mkv", 2), (".mp4", 2), (".avi", 2)]
)
def test_what_is_foretold_is_what_a_run_of_the_whole_gives(
    tmp_path: Path, pages: list[dict[str, Any]], suffix: str, start: int | None
) -> None:
    """Frames exactly, also where they come unevenly; bytes nearly, for all of it moves alike."""
    uneven = [*range(0, 3000, 40), *range(3000, 8000, 200)]  # 75 in 3 s, then 25 in 5 s
    times: dict[str, Any] = (
        {} if suffix == ".avi" else {"stamps": uneven, "time_base": Fraction(1, 1000)}
    )
    source = make_video(tmp_path / f"in{suffix}", frames=100, bframes=2, size=(320, 240),
                        audio=False, **times)  # fmt: skip
    options = {"start": start, "encoder_options": {"g": "5"}}

    sampled = take(source, tmp_path / "out.mkv", 1, **options)[-1]

    list(deblur_video(source, tmp_path / "whole.mkv", engine="identity", **options))
    assert sampled.whole_frames == len(read_stamps(tmp_path / "whole.mkv"))
    assert sampled.whole_bytes == pytest.approx((tmp_path / "whole.mkv").stat().st_size, rel=0.25)
    times_over = sampled.whole_frames / sampled.frames
    assert sampled.whole_seconds == pytest.approx(sampled.frames / sampled.fps * times_over)


def test_the_whole_is_what_start_and_duration_choose(
    tmp_path: Path, pages: list[dict[str, Any]]
) -> None:
    """The sample lies within, even if more moves elsewhere; and the whole is counted so."""
    source = make_calm_video(tmp_path / "in.mp4", key_every=10)

    sampled = take(source, tmp_path / "out.mp4", 1, start=Fraction(1), duration=Fraction(3))[-1]

    assert sampled.start >= 1
    assert sampled.start + 1 <= 4
    assert sampled.whole_frames == 75


def test_a_short_video_is_restored_as_a_whole(tmp_path: Path, pages: list[dict[str, Any]]) -> None:
    """Ten seconds of half a second are that half; what was predicted is what it took."""
    source = make_video(tmp_path / "in.mp4")

    events = take(source, tmp_path / "out.mp4", 10)

    assert (events[-1].frames, events[-1].whole_frames) == (12, 12)
    assert read_stamps(tmp_path / "out.mp4") == read_stamps(source)
    assert events[-1].whole_bytes == (tmp_path / "out.mp4").stat().st_size


def test_the_first_frame_finds_a_warm_engine(
    tmp_path: Path, pages: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The very engine that is measured has restored pictures before; the page needs no such one."""
    seen: list[Any] = []

    def run(source: Path, target: Path, **options: Any) -> Any:
        seen.append(options["engine"])
        return deblur_video(source, target, **options)

    def warm_up(job: Any, picture: Any) -> None:
        alone.warm_up(job, picture)
        seen.append(job.engine)

    monkeypatch.setattr(sample, "deblur_video", run)
    monkeypatch.setattr(sample, "warm_up", warm_up)
    take(make_video(tmp_path / "in.mp4"), tmp_path / "out.mp4", 10)

    warmed, measured, of_the_page = seen
    assert measured is warmed
    assert of_the_page == "identity"


def test_most_movement_wins_not_a_single_leap() -> None:
    """A cut from one scene to the next is one pair of frames; movement lasts."""
    found = [
        Motion(Fraction(n), change) for n, change in enumerate([1, 1, 60, 1, 1, 30, 30, 30, 1])
    ]

    start = busiest(found, Fraction(3), begin=Fraction(0), length=Fraction(9))

    assert start == Fraction(9, 2)


def test_the_end_is_not_passed() -> None:
    """Movement in the last second is sampled by the last seconds."""
    found = [Motion(Fraction(n), float(n == 9)) for n in range(10)]

    assert busiest(found, Fraction(4), begin=Fraction(0), length=Fraction(10)) == 6


@pytest.mark.parametrize("way", ["name", "link", "hard link", "link to nothing yet", "own name"])
def test_the_page_replaces_neither_source_nor_sample(tmp_path: Path, way: str) -> None:
    """Even with overwrite, and by whatever link; nothing changes."""
    source, target, page = tmp_path / "in.mp4", tmp_path / "out.mp4", tmp_path / "out.html"
    options: dict[str, Any] = {}
    make_video(source)
    if way == "name":
        source = source.rename(page)
    elif way == "link":
        page.symlink_to(source.name)
    elif way == "hard link":
        os.link(source, page)
    elif way == "link to nothing yet":
        page.symlink_to(target.name)
    else:
        target, options = page, {"format": "matroska"}
    before = {path: path.read_bytes() for path in tmp_path.iterdir() if path.exists()}

    with pytest.raises(UsageError, match="it is the same file as"):
        take(source, target, 1, overwrite=True, **options)

    assert before == {path: path.read_bytes() for path in tmp_path.iterdir() if path.exists()}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"seconds": 0}, "must be above 0"),
        ({"resumable": True}, "leave --resumable out"),
        ({"target": "out%03d.png"}, "a sample is a video"),
        ({"target": "taken.mp4"}, "taken.html: exists already"),
        ({"source": "pipe"}, "not a pipe"),
        ({"source": "images"}, "these are images"),
    ],
)
def test_what_cannot_be_sampled_is_refused(
    tmp_path: Path, words: dict[str, Any], said: str
) -> None:
    """Before anything is written."""
    make_video(tmp_path / "in.mp4")
    (tmp_path / "taken.html").write_bytes(b"mine")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "images").mkdir()
    list(deblur_video(tmp_path / "in.mp4", tmp_path / "images/%03d.png", engine="identity"))
    given = {"source": "in.mp4", "target": "out.mp4", "seconds": 1, **words}
    source, target = tmp_path / given.pop("source"), tmp_path / given.pop("target")
    before = sorted(tmp_path.iterdir())

    with pytest.raises(UsageError, match=said):
        list(sample_video(source, target, engine="identity", **given))

    assert before == sorted(tmp_path.iterdir())


def test_the_command_makes_video_and_page(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The page holds both videos; programs get `sampled` after `finished`."""
    source, target = make_video(tmp_path / "in.mp4", frames=50), tmp_path / "out.mp4"
    words = ["run", str(source), "-o", str(target), "--sample", "1s", "--engine", "identity"]

    code = main([*words, "--progress", "json"])

    objects = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    kinds = [found["event"] for found in objects if found["event"] != "frame"]
    assert code == 0
    assert list(dict.fromkeys(kinds)) == ["started", "notice", "finished", "comparing", "sampled"]
    assert objects[-1]["page"] == str(tmp_path / "out.html")
    assert objects[-1]["whole_frames"] == 50
    page = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert page.count("data:video/") == 2
    assert "identity on CPU" in page
    where = f"{objects[-1]['start']:.3f} s"
    assert page.count(f"in.mp4: excerpt from {where} on, encoded like the result") == 2
    assert f"Times on this page count from {where} of in.mp4" in page
    assert len(read_stamps(target)) == 25


def test_a_dry_run_is_not_sampled(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """One of them has to be chosen."""
    words = ["run", "in.mp4", "-o", "out.mp4", "--sample", "1s", "--dry-run"]

    assert main(words) == 2
    assert "leave --sample out" in capfd.readouterr().err


def test_the_order_of_events(tmp_path: Path, pages: list[dict[str, Any]]) -> None:
    """Started, where the sample lies, frames, Finished, how far the page is, Sampled."""
    events = take(make_video(tmp_path / "in.mp4"), tmp_path / "o.mp4", 9)
    kinds = [type(event) for event in events if not isinstance(event, Comparing)]
    shares = [event.share for event in events if isinstance(event, Comparing)]

    assert kinds[:2] == [Started, Notice]
    assert kinds[2:-2] == [FrameDone] * 12
    assert kinds[-2:] == [Finished, Sampled]
    assert shares == sorted(shares)
    assert len(set(shares)) == 13
    assert shares[-1] == 1
    assert type(events[-15]) is Finished


@pytest.mark.parametrize(
    ("whole", "said"),
    [
        (
            (1000, 100.4, 1_000_000),
            "the whole, 1000 frames, would take 0:01:40 and 1.0 MB, if this",
        ),
        ((None, None, None), "the source does not say how long it is, so nothing is predicted"),
        ((9, 1.0, 5), "the sample is the whole"),
    ],
)
def test_people_are_told_in_words(whole: tuple[Any, Any, Any], said: str) -> None:
    """What is predicted, or why nothing is; and where to look."""
    names = ("whole_frames", "whole_seconds", "whole_bytes")
    stream = io.StringIO()
    figures = dict(zip(names, whole, strict=True))
    PlainDisplay(stream).show(Sampled(page=Path("a.html"), start=0, frames=9, fps=9.0, **figures))

    first, second = stream.getvalue().splitlines()
    assert first.startswith(said)
    assert second == "a.html: the sample beside the source"
