"""While an engine is built, every display shows how far it is, and what came of it."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from deblurvid.events import Building, Built
from deblurvid.progress import make_display
from deblurvid.progress.ndjson import JsonDisplay
from deblurvid.progress.plain import PLAIN_SECONDS, PlainDisplay
from deblurvid.progress.terminal import RichDisplay
from tests.test_progress import STRANGE, Clock

BUILDING = Building(generator="fast in fp16 for 1280x720", phase="Optimizing [graph]", share=0.25)
BUILT = Built(
    path=Path("cache/fast.plan"),
    seconds=12.34,
    size_bytes=6_971_708,
    reused=False,
    parity="61.2 dB to float32 over 3 pictures, largest error 2 codes",
)


def test_plain_lines_are_few():
    """A line at once, then one every few seconds, and one for the plan."""
    clock, stream = Clock(), io.StringIO()
    display = PlainDisplay(stream, clock)
    for step in range(100):
        display.show(replace(BUILDING, share=step / 100))
        clock.seconds += PLAIN_SECONDS / 20 + 1e-9
    display.show(BUILT)
    *between, last = stream.getvalue().splitlines()

    assert between[0] == "building fast in fp16 for 1280x720: 0 %, Optimizing [graph]"
    assert between[1] == "building fast in fp16 for 1280x720: 20 %, Optimizing [graph]"
    assert len(between) == 5
    assert last == (
        "cache/fast.plan: 7.0 MB, built in 12.3 s; 61.2 dB to float32 over 3 pictures, largest "
        "error 2 codes"
    )


def test_json_objects():
    """One object for each, with plain values."""
    stream = io.StringIO()
    display = JsonDisplay(stream)
    display.show(BUILDING)
    display.show(replace(BUILT, reused=True, parity=None))

    assert [json.loads(line) for line in stream.getvalue().splitlines()] == [
        {
            "event": "building",
            "generator": "fast in fp16 for 1280x720",
            "phase": "Optimizing [graph]",
            "share": 0.25,
        },
        {
            "event": "built",
            "path": "cache/fast.plan",
            "seconds": 12.34,
            "size_bytes": 6_971_708,
            "reused": True,
            "parity": None,
        },
    ]


def test_a_bar_with_the_phase():
    """The bar stands while it is built, is gone afterwards, and comes again for a second build."""
    console = Console(file=io.StringIO(), force_terminal=True, width=120, record=True)
    display = RichDisplay(console)
    with display:
        bars = []
        for _ in range(2):
            display.show(BUILDING)
            with console.capture() as captured:
                console.print(display._work_bar.get_renderable())
            bars.append(captured.get())
            display.show(BUILT)
        assert display._work_bar.tasks == []

    for bar in bars:
        assert "building fast in fp16 for 1280x720" in bar
        assert "Optimizing [graph]" in bar
    assert "built in 12.3 s; 61.2 dB" in console.export_text()


@pytest.mark.parametrize(
    ("reused", "parity", "words"),
    [
        (True, "60 dB", "from the cache, built in 12.3 s; 60 dB"),
        (False, None, "built in 12.3 s; not compared with float32"),
    ],
)
def test_words_of_a_plan(reused, parity, words):
    """Where it came from, and whether anyone has looked at what it gives."""
    stream = io.StringIO()
    PlainDisplay(stream).show(replace(BUILT, reused=reused, parity=parity))

    assert words in stream.getvalue()


@pytest.mark.parametrize("style", ["plain", "auto", "json", "rich", "none"])
def test_strange_names(style, capsys):
    """No name of a generator or phase reaches the terminal as a command."""
    with make_display(style) as display:
        display.show(replace(BUILDING, generator=STRANGE, phase=STRANGE))
        display.show(replace(BUILT, path=Path(STRANGE), parity=STRANGE))

    shown = "".join(capsys.readouterr())
    assert "\x1b[31m" not in shown
    assert "\u202e" not in shown
