"""Two frames -> one that shows both: rows are moved, no sample is computed but those of the marks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from av.packet import Packet
from av.video.frame import VideoFrame

from deblurvid.stages.clip import OnScreen, Pair, last_second, shown_at
from deblurvid.stages.ffmpeg import colour_tags
from deblurvid.stages.filters import FilterChain
from deblurvid.stages.layouts import LAYOUTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from fractions import Fraction

    from numpy.typing import NDArray

    from deblurvid.frames import ColourTags
    from deblurvid.stages.clip import Clip
    from deblurvid.stages.demux import Span
    from deblurvid.stages.ffmpeg import AnyPacket
    from deblurvid.stages.filters import Filter

Layout = Literal["split", "side", "wipe", "stack"]
Mark = tuple["NDArray[np.float32]", int, int]
"""A grey picture, [height, width] from 0 (black) to 1 (white), and its left and upper edge."""

WIPE_SECONDS = 4.0
"""The line takes so long over and back, or as long as the video lasts."""
_COLOUR_FIELDS = ("color_range", "color_primaries", "color_trc", "colorspace")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a composed frame is like."""

    layout: Layout
    part: tuple[int, int, int, int]
    """Left, top, width and height of what is seen of each picture."""
    zoom: int
    pixel_format: str
    """Of the composed frame."""
    colour: ColourTags
    """In which both clips are shown: the second one's."""
    period: float
    """Seconds that the line of a wipe takes over and back."""

    @property
    def pane(self) -> tuple[int, int]:
        """Width and height in which each picture is shown."""
        return self.part[2] * self.zoom, self.part[3] * self.zoom

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the whole."""
        width, height = self.pane
        wide, high = self.layout == "side", self.layout == "stack"
        return width * (1 + wide), height * (1 + high)

    @property
    def line(self) -> int:
        """Width of the line between the pictures: thin, and of whole samples of chroma."""
        return max(2, 2 * round(max(self.size) / 1200))

    def edge(self, seconds: float) -> int:
        """Where the second picture begins in a split or wipe, in whole samples of chroma."""
        share = 0.5
        if self.layout == "wipe":
            share = (1 - math.cos(2 * math.pi * seconds / self.period)) / 2
        return 2 * round(self.pane[0] * share / 2)


def whole_chroma(part: tuple[int, int, int, int], clip: Clip) -> tuple[int, int, int, int]:
    """`part` (left, top, width, height) with even sides and edges where chroma is subsampled."""
    if clip.info.picture.source not in ("yuv420", "yuv422"):
        return part
    x, y, width, height = (side - side % 2 for side in part)
    return x, y, width, height


class Composer:
    """Makes one frame of two."""

    def __init__(self, plan: Plan, marks: tuple[Mark, ...]) -> None:
        """Compose by `plan`, with labels or other `marks` over it, in pixels of the whole."""
        self._plan = plan
        self._marks = marks
        self._layout = LAYOUTS[plan.pixel_format]
        self._chains: list[FilterChain | None] = [None, None]

    def __call__(self, pair: Pair) -> VideoFrame:
        """A new frame with the second one's time and colour; both are left as they are."""
        shown = [self._seen(n, frame) for n, frame in enumerate((pair.first, pair.second))]
        whole = VideoFrame(*self._plan.size, self._plan.pixel_format)
        for field in _COLOUR_FIELDS:
            setattr(whole, field, getattr(pair.second, field))
        whole.pts, whole.time_base = pair.second.pts, pair.second.time_base
        planes = self._layout.rows(whole)
        if self._layout.extra is not None:
            self._layout.extra_rows(whole)[:] = np.iinfo(planes[0].dtype).max  # opaque
        edge = self._plan.edge(float(pair.seconds))
        rows = [self._layout.rows(frame) for frame in shown]
        for target, first, second in zip(planes, *rows, strict=True):
            self._place(target, first, second, edge)
        for mark in (*self._line(edge), *self._marks):
            self._draw(planes, mark)
        return whole

    def _seen(self, number: int, frame: VideoFrame) -> VideoFrame:
        """The part of a frame that is seen, at its size, in the samples of the whole."""
        chain = self._chains[number]
        if chain is None:
            chain = self._chains[number] = FilterChain(*filters_for(frame, self._plan))
        return chain(frame)

    def _place(self, target: Any, first: Any, second: Any, edge: int) -> None:
        """Put both into one plane; all are [height, width] of stored samples."""
        height, width = first.shape
        match self._plan.layout:
            case "side":
                target[:, :width], target[:, width:] = first, second
            case "stack":
                target[:height], target[height:] = first, second
            case _:
                at = edge * width // self._plan.pane[0]
                target[:, :at], target[:, at:] = first[:, :at], second[:, at:]

    def _line(self, edge: int) -> list[Mark]:
        """White, across the place where the pictures meet."""
        (width, height), (pane_width, pane_height), thick = (
            self._plan.size, self._plan.pane, self._plan.line,
        )  # fmt: skip
        if self._plan.layout == "stack":
            top = pane_height - thick // 2
            return [(np.ones((thick, width), np.float32), 0, top - top % 2)]
        middle = pane_width if self._plan.layout == "side" else edge
        left = min(max(0, middle - thick // 2), width - thick)
        return [(np.ones((height, thick), np.float32), left - left % 2, 0)]

    def _draw(self, planes: list[Any], mark: Mark) -> None:
        """Write a grey picture into the planes; its edges lie on whole samples of chroma."""
        grey, left, top = mark
        picture, zeros = self._layout.picture, self._layout.low_zeros
        full_height, full_width = planes[0].shape
        height, width = grey.shape
        for number, plane in enumerate(planes):
            across, down = full_width / plane.shape[1], full_height / plane.shape[0]
            place = (
                slice(round(top / down), math.ceil((top + height) / down)),
                slice(round(left / across), math.ceil((left + width) / across)),
            )
            if number and picture.source != "rgb":
                plane[place] = (1 << (picture.depth - 1)) << zeros  # no colour
            else:
                codes = self._codes(grey[: plane.shape[0] - top, : plane.shape[1] - left])
                plane[place] = codes.astype(plane.dtype) << zeros

    def _codes(self, grey: NDArray[np.float32]) -> NDArray[np.float32]:
        """Light from 0 to 1 -> codes (ITU-R BT.709-6, section 3.4)."""
        picture = self._layout.picture
        if picture.source == "rgb" or self._plan.colour.full_range:
            return np.rint(grey * ((1 << picture.depth) - 1))
        unit = 1 << (picture.depth - 8)
        return np.rint((16 + 219 * grey) * unit)


def composed(
    items: Iterable[VideoFrame | AnyPacket],
    clips: tuple[Clip, Clip],
    span: Span,
    compose: Composer,
) -> Iterator[VideoFrame | AnyPacket]:
    """Put the first clip's frame beside each of the second one, while both last.

    Args:
        items: the second clip's decoded frames, and packets, which are handed on.
        clips: both, from `look_at`.
        span: what of the second one is decoded.
        compose: makes one frame of two.
    """
    first, second = clips
    turned, beside = FilterChain(*second.turn), OnScreen(first, second)
    end = last_second(first, second)
    for item in items:
        if isinstance(item, Packet):
            yield item
            continue
        seconds = shown_at(second, item, span)
        frame = beside.at(seconds)
        if frame is not None and seconds < end:
            yield compose(Pair(first=frame, second=turned(item), seconds=seconds))


def filters_for(frame: VideoFrame, plan: Plan) -> tuple[Filter, ...]:
    """FFmpeg's filters that bring a frame into its pane; none where it is so already.

    Pixels are made larger, not interpolated: what a zoom shows is what is there.
    """
    steps: list[Filter] = []
    x, y, width, height = plan.part
    if (x, y, width, height) != (0, 0, frame.width, frame.height):
        steps.append(("crop", f"{width}:{height}:{x}:{y}"))
    tags = colour_tags(frame)
    is_rgb = LAYOUTS[frame.format.name].picture.source == "rgb"
    other = not is_rgb and (tags != plan.colour)
    if other or plan.zoom > 1 or frame.format.name != plan.pixel_format:
        full = tags.full_range or is_rgb
        wanted = plan.colour.full_range or LAYOUTS[plan.pixel_format].picture.source == "rgb"
        scale = (
            f"{plan.pane[0]}:{plan.pane[1]}:flags={'neighbor' if plan.zoom > 1 else 'bicubic'}"
            "+accurate_rnd+full_chroma_int+full_chroma_inp"
            f":in_color_matrix={tags.matrix}:in_range={'pc' if full else 'tv'}"
            f":out_color_matrix={plan.colour.matrix}:out_range={'pc' if wanted else 'tv'}"
        )
        steps.append(("scale", scale))
    if frame.format.name != plan.pixel_format:
        steps.append(("format", plan.pixel_format))
    return tuple(steps)


def period_of(length: Fraction) -> float:
    """Seconds that a wipe takes over and back in a video of `length` seconds."""
    return min(WIPE_SECONDS, float(length))
