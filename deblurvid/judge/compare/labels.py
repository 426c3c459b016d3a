"""Words -> grey pictures, in the font that Pillow carries or one of the system that has more."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.ImageFont import FreeTypeFont

SMALLEST_FONT = 9
ELLIPSIS = "..."
CARRIED = ""
"""Pillow's own font: Latin letters without accents, and signs."""
FONTS = (
    CARRIED,
    "DejaVuSans.ttf",
    "LiberationSans-Regular.ttf",
    "NotoSans-Regular.ttf",
    "arial.ttf",
    "Arial.ttf",
    "Arial Unicode.ttf",
    "Helvetica.ttc",
)
"""In this order; Pillow looks for them where the system keeps its fonts."""
NO_CHARACTER = "\uffff"
"""For which no font has more than the sign that something is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lettering:
    """A text that can be written."""

    shown: str
    font: str
    """One of `FONTS`."""
    remark: str | None
    """What is not shown as it was given, in words."""


def remarks(labels: tuple[str, str]) -> list[str]:
    """What is not shown of labels as it was given, in words."""
    return [remark for text in labels if (remark := lettering(text).remark)]


@cache
def lettering(text: str) -> Lettering:
    """Choose the first font that has all of a text; without one, write what comes nearest.

    That is in Pillow's own font, letters without their accents (Unicode's compatibility
    decomposition, without marks) or as case folding spells them, or else question marks.
    """
    text = unicodedata.normalize("NFC", text)
    for font in FONTS:
        if not _missing(text, font):
            return Lettering(shown=text, font=font, remark=None)
    missing = _missing(text, CARRIED)
    shown = "".join(_nearest(c) if c in missing else c for c in text)
    remark = f"label {text!r} is shown as {shown!r}: no font that was found has {' '.join(missing)}"
    return Lettering(shown=shown, font=CARRIED, remark=remark)


def _nearest(character: str) -> str:
    parts = unicodedata.normalize("NFKD", character)
    plain = "".join(part for part in parts if not unicodedata.combining(part))
    for spelt in (plain, plain.casefold()):
        if spelt and not _missing(spelt, CARRIED):
            return spelt
    return "?"


def _missing(text: str, name: str) -> list[str]:
    """The characters that a font has no letter for: all of them where it is not there."""
    try:
        font = _font(name, 32)
    except OSError:
        return list(dict.fromkeys(text))
    box = _drawn(font, NO_CHARACTER)
    return [c for c in dict.fromkeys(text) if not c.isspace() and _drawn(font, c) == box]


def _drawn(font: FreeTypeFont, character: str) -> tuple[tuple[int, int], bytes]:
    mask = font.getmask(character)
    return mask.size, bytes(mask)


def label(text: str, pane: tuple[int, int]) -> NDArray[np.float32] | None:
    """White words on black, [height, width] from 0 to 1; both sides are even.

    Args:
        text: one line; what does not fit is left out.
        pane: width and height of the picture that it is put on: it takes a 22nd of the height, and
            less than half of the width.

    Returns:
        None of an empty text, and where the picture has no room for a letter.
    """
    from PIL import Image, ImageDraw

    room = pane[0] * 9 // 20
    size = max(SMALLEST_FONT, round(min(pane) / 22))
    letters = lettering(text)
    shown = letters.shown
    font = _font(letters.font, size)
    while font.getlength(shown) + size > room and size > SMALLEST_FONT:
        size -= 1
        font = _font(letters.font, size)
    while font.getlength(shown) + size > room and len(shown) > len(ELLIPSIS):
        shown = shown[: -len(ELLIPSIS) - 1] + ELLIPSIS
    width = _even(font.getlength(shown) + size)
    height = _even(1.6 * size)
    if not text or width + margin(pane) > pane[0] // 2 or height + margin(pane) > pane[1]:
        return None
    image = Image.new("L", (width, height))
    draw = ImageDraw.Draw(image)
    draw.text((width / 2, height / 2), shown, fill=255, font=font, anchor="mm")
    return np.asarray(image, np.float32) / np.float32(255)


def margin(pane: tuple[int, int]) -> int:
    """Pixels, even, that a label stands off the edges of a picture: a 60th of it."""
    return 2 * max(1, round(min(pane) / 120))


def _font(name: str, size: int) -> FreeTypeFont:
    from PIL import ImageFont

    if name:
        return ImageFont.truetype(name, size)
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)  # noqa: S101 - with a size it is one
    return font


def _even(length: float) -> int:
    return 2 * -int(-length // 2)
