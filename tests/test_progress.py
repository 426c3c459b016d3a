"""Displays show what happened, in the way that each promises."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from deblurvid.events import Finished, FrameDone, Notice, Started
from deblurvid.frames import ColourTags, PictureFormat, VideoInfo
from deblurvid.progress import make_display
from deblurvid.progress.display import Failure, NoDisplay
from deblurvid.progress.ndjson import JsonDisplay
from deblurvid.progress.pace import WINDOW_SECONDS, Pace
from deblurvid.progress.plain import PLAIN_SECONDS, PlainDisplay
from deblurvid.progress.terminal import RichDisplay
from deblurvid.progress.words import duration_text, printable, size_text

if TYPE_CHECKING:
    from deblurvid.progress.display import Display

INFO = VideoInfo(
    width=1280,
    height=720,
    picture=PictureFormat(source="yuv420", depth=8),
    pixel_format="yuv420p",
    colour=ColourTags(matrix="bt709", full_range=False),
    codec="h264",
    time_base=Fraction(1, 90000),
    frame_rate=Fraction(30000, 1001),
    frame_count=100,
    duration=Fraction(1001, 300),
)
STARTED = Started(
    source=Path("in.mp4"),
    target=Path("out.mp4"),
    info=INFO,
    engine="fast on CPU (some) in bf16",
    generator="fast",
    device="CPU (some)",
    precision="bf16",
    engine_remark="not CUDA: none",
    encoder="libx264 preset=veryfast crf=16",
    frame_count=100,
    duration=Fraction(1001, 300),
)
FINISHED = Finished(
    target=Path("out.mp4"),
    frames=100,
    seconds=8.0,
    size_bytes=12_345_678,
    corrupt_frames=0,
    undecodable_packets=0,
    invalid_frames=0,
    flat_frames=0,
    busy_seconds={"decode": 1.0, "engine": 7.5, "encode": 2.0},
    verified="fast",
)
STRANGE = "a\x1b[31mb\r\nc\u202ed\udc80[red]"


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        """The time that the test has set."""
        return self.seconds


def _frame(index: int) -> FrameDone:
    return FrameDone(index=index, size_bytes=index * 1000, bottleneck="engine")


def _play(display: Display, clock: Clock, *, total: int | None = 100, fps: float = 10) -> None:
    with display:
        display.show(replace(STARTED, frame_count=total))
        for index in range(1, 101):
            clock.seconds += 1 / fps + 1e-9  # so that ten tenths are a second
            display.show(_frame(index))
        display.show(Notice(text="stream 2 (attachment) is left out: mp4 holds no attachments"))
        display.show(FINISHED)


def test_pace_is_recent() -> None:
    """Frames a second are those of the window: a slow start is forgotten, a stall shows."""
    clock = Clock()
    pace = Pace(1000, clock)
    clock.seconds += 60
    for done in range(1, 401):
        clock.seconds += 1 / 20
        pace.mark(done)

    assert pace.fps == pytest.approx(20, rel=0.05)
    assert pace.eta_seconds == pytest.approx(600 / 20, rel=0.05)
    clock.seconds += WINDOW_SECONDS / 2
    pace.mark(401)
    assert pace.fps is not None
    assert pace.fps < 15


def test_pace_of_a_resumed_run() -> None:
    """Frames that were there before the clock began say nothing of how fast the others come."""
    clock = Clock()
    pace = Pace(1000, clock, done=800)
    assert (pace.done, pace.fps) == (800, None)
    pace.mark(801)
    clock.seconds += 1
    pace.mark(811)

    assert pace.fps == pytest.approx(10)
    assert pace.eta_seconds == pytest.approx(18.9)


def test_nothing_is_foretold_by_the_first_frames() -> None:
    """The first waits for the engine; then 8 frames tell, or of slow ones 2 seconds of frames."""
    clock = Clock()
    fast, slow = Pace(84, clock), Pace(84, clock)
    clock.seconds += 5
    told = []
    for done in range(1, 12):
        fast.mark(done)
        told.append(fast.eta_seconds)
        clock.seconds += 0.1
    slow.mark(1)
    clock.seconds += 1.5
    slow.mark(2)
    assert slow.eta_seconds is None
    clock.seconds += 1.5
    slow.mark(3)

    assert told[:8] == [None] * 8
    assert told[8:] == pytest.approx([(84 - done) / 10 for done in (9, 10, 11)])
    assert slow.eta_seconds == pytest.approx(81 * 1.5)


def test_pace_holds_little() -> None:
    """However many frames come, only the window is remembered."""
    clock = Clock()
    pace = Pace(None, clock)
    for done in range(1, 20_001):
        clock.seconds += 1 / 500
        pace.mark(done)

    assert len(pace._recent) < 200
    assert pace.fps == pytest.approx(500, rel=0.05)


def test_pace_without_frames() -> None:
    """Before the first frame, and without a total, nothing is foretold."""
    clock = Clock()

    assert Pace(10, clock).fps is None
    assert Pace(10, clock).eta_seconds is None
    pace = Pace(None, clock)
    clock.seconds += 1
    pace.mark(1)
    assert pace.eta_seconds is None


def test_wrong_total() -> None:
    """A total that is passed was an estimate, and is dropped."""
    clock = Clock()
    pace = Pace(5, clock)
    clock.seconds += 1
    pace.mark(6)

    assert pace.total is None


def test_plain() -> None:
    """One line at the start, one every few seconds, notices, one at the end; no escape codes."""
    clock, stream = Clock(), io.StringIO()
    _play(PlainDisplay(stream, clock), clock)

    lines = stream.getvalue().splitlines()
    between = [line for line in lines if "slowest" in line]
    assert lines[0] == "in.mp4 (h264 1280x720 yuv420p, 29.97 fps, 100 frames) -> out.mp4"
    assert lines[1] == "fast on CPU (some) in bf16; encoder libx264 preset=veryfast crf=16"
    assert len(between) == 10 / PLAIN_SECONDS
    assert "50/100 frames (50 %), 10.0 fps, 0:00:05 left, 50.0 kB, engine is the slowest" in between
    assert "notice: stream 2" in lines[-2]
    assert "out.mp4: 100 frames in 8.0 s (12.5 fps), 12.3 MB" in lines[-1]
    assert "\x1b" not in stream.getvalue()


def test_json() -> None:
    """Frames are thinned to ten a second, rise, and end with the last; Fractions are numbers."""
    clock, stream = Clock(), io.StringIO()
    _play(JsonDisplay(stream, clock), clock, fps=100)

    objects = [json.loads(line) for line in stream.getvalue().splitlines()]
    frames = [o for o in objects if o["event"] == "frame"]
    indices = [o["index"] for o in frames]
    assert [objects[0]["event"], objects[-1]["event"]] == ["started", "finished"]
    assert objects[0]["frame_rate"] == pytest.approx(30000 / 1001, abs=1e-6)
    parts = [objects[0][name] for name in ("generator", "device", "precision", "engine_remark")]
    assert parts == ["fast", "CPU (some)", "bf16", "not CUDA: none"]
    assert 8 <= len(frames) <= 13
    assert indices == sorted(set(indices))
    assert indices[-1] == 100
    assert frames[-1]["fps"] == pytest.approx(100, rel=0.1)


@pytest.mark.parametrize("kind", ["error", "interrupted"])
def test_json_failure(kind) -> None:
    """A failure is the last object, after the last frame, with message, type and exit code."""
    clock, stream = Clock(), io.StringIO()
    display = JsonDisplay(stream, clock)
    with display:
        display.show(STARTED)
        display.show(_frame(1))
        display.show(_frame(2))
    display.fail(Failure(kind, "why", "InputError", 1))

    *_, frame, last = (json.loads(line) for line in stream.getvalue().splitlines())
    assert frame["index"] == 2
    assert last == {"event": kind, "message": "why", "type": "InputError", "exit_code": 1}


def test_rich() -> None:
    """The header, notices and the summary are lines that stay; the bar has every figure."""
    console = Console(file=io.StringIO(), force_terminal=True, width=120, record=True)
    display = RichDisplay(console)
    with display:
        display.show(STARTED)
        display.show(_frame(1))
        display.show(_frame(25))
        with console.capture() as captured:
            console.print(display._bar.get_renderable())
        bar = captured.get()
        display.show(Notice(text="stream 2 is left out [red]"))
        display.show(FINISHED)

    text = console.export_text()
    for figure in ("25/100", " fps", "ETA 0:", "25.0 kB", "slowest: engine"):
        assert figure in bar
    for words in ("in.mp4 (h264", "fast on CPU", "left out [red]", "100 frames in 8.0 s"):
        assert words in text


def test_rich_without_a_total() -> None:
    """Where the number of frames cannot be told, there is a count and no ETA."""
    console = Console(file=io.StringIO(), force_terminal=True, width=120)
    display = RichDisplay(console)
    with display:
        display.show(replace(STARTED, frame_count=None))
        display.show(_frame(25))
        with console.capture() as captured:
            console.print(display._bar.get_renderable())

    assert "25 frames" in captured.get()
    assert "ETA" not in captured.get()


@pytest.mark.parametrize("style", ["plain", "auto", "json", "rich", "none"])
def test_strange_names(style, capsys: pytest.CaptureFixture[str]) -> None:
    """No name of a file or stream reaches the terminal as a command."""
    with make_display(style) as display:
        display.show(replace(STARTED, source=Path(STRANGE), engine=STRANGE))
        display.show(Notice(text=STRANGE))

    shown = "".join(capsys.readouterr())
    assert "\x1b[31m" not in shown
    assert "\u202e" not in shown


def test_styles(capsys: pytest.CaptureFixture[str]) -> None:
    """Auto is plain where standard error is no terminal; none shows nothing."""
    assert isinstance(make_display("auto"), PlainDisplay)
    assert isinstance(make_display("rich"), RichDisplay)
    _play(make_display("none"), Clock())
    assert type(make_display("none")) is NoDisplay
    assert capsys.readouterr() == ("", "")


def test_no_standard_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process without standard streams runs all the same."""
    monkeypatch.setattr("sys.stderr", None)
    monkeypatch.setattr("sys.stdout", None)
    for style in ("plain", "auto", "json", "none"):
        _play(make_display(style), Clock())


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_960, "1.0 MB"),
        (12_345_678, "12.3 MB"),
        (10**9, "1.0 GB"),
        (5 * 10**12, "5.0 TB"),
    ],
)
def test_size(size: int, text: str) -> None:
    """Sizes have decimal units and one place."""
    assert text == size_text(size)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00:00"), (59.6, "0:01:00"), (3725, "1:02:05"), (360000, "100:00:00")],
)
def test_duration(seconds: float, text: str) -> None:
    """Durations are h:mm:ss."""
    assert text == duration_text(seconds)


def test_printable() -> None:
    """What is no printable character is shown by its escape; words in any script stay."""
    assert printable(STRANGE) == r"a\x1b[31mb\r\nc\u202ed\udc80[red]"
    assert printable("Grüße 映画 🎬") == "Grüße 映画 🎬"
