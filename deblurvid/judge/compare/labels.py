"""Words -> grey pictures, in the font that Pillow carries: no font of the system is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.ImageFont import FreeTypeFont

SMALLEST_FONT = 9
ELLIPSIS = "..."


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
    font = _font(size)
    while font.getlength(text) + size > room and size > SMALLEST_FONT:
        size -= 1
        font = _font(size)
    shown = text
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


def _font(size: int) -> FreeTypeFont:
    from PIL import ImageFont

    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)  # noqa: S101 - with a size it is one
    return font


def _even(length: float) -> int:
    return 2 * -int(-length // 2)
