"""Labels in letters that are there: no silent boxes."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from deblurvid.judge.compare import labels
from deblurvid.judge.compare.asked import Asked
from deblurvid.judge.compare.labels import label, lettering, remarks
from deblurvid.judge.compare.stills import compare_pictures
from deblurvid.judge.compare.video import compare_video
from tests.judge.compare.clips import noise, write_clip

PANE = 1280, 720


@pytest.fixture(autouse=True)
def _fresh():
    lettering.cache_clear()
    yield
    lettering.cache_clear()


@pytest.fixture
def bare(monkeypatch):
    """A system without fonts: Pillow's own only."""
    monkeypatch.setattr(labels, "FONTS", ("", "no-such-font.ttf"))


def test_a_font_of_the_system_is_used_for_what_pillow_s_lacks():
    """The picture is what Pillow draws in DejaVu Sans, at the size that fits the pane."""
    try:
        font = ImageFont.truetype("DejaVuSans.ttf", round(PANE[1] / 22))
    except OSError:
        pytest.skip("DejaVu Sans is not installed")

    found = label("größer", PANE)

    image = Image.new("L", found.shape[::-1])
    middle = found.shape[1] / 2, found.shape[0] / 2
    ImageDraw.Draw(image).text(middle, "größer", fill=255, font=font, anchor="mm")
    np.testing.assert_allclose(np.asarray(image) / 255, found, atol=1e-6)
    assert remarks(("größer", "é ñ")) == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("before", "before"),
        ("größer", "grosser"),
        ("é ñ", "e n"),
        (unicodedata.normalize("NFD", "é"), "e"),
        ("a漢b", "a?b"),
    ],
)
@pytest.mark.usefixtures("bare")
def test_without_a_font_the_nearest_letters_are_shown(text, shown):
    """Those without accents; a question mark for what has none: never the box of what is missing."""
    np.testing.assert_array_equal(label(shown, PANE), label(text, PANE))


@pytest.mark.usefixtures("bare")
def test_what_is_not_shown_as_given_is_said():
    """Of each label what it becomes, and for want of what."""
    assert remarks(("größer", "after")) == [
        "label 'größer' is shown as 'grosser': no font that was found has ö ß"
    ]


@pytest.mark.parametrize(("write", "name"), [(compare_pictures, "c.png"), (compare_video, "c.mkv")])
@pytest.mark.usefixtures("bare")
def test_pictures_and_videos_say_it(tmp_path, write, name):
    """As a notice, once."""
    clip = write_clip(tmp_path / "a.mkv", noise(3, (64, 48)))
    said = []

    asked = Asked(first=clip, second=clip, labels=("é", "after"))
    write(asked, tmp_path / name, say=said.append)

    assert sum("'é' is shown as 'e'" in text for text in said) == 1
