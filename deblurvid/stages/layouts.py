"""How the samples of each pixel format lie in memory, so that rows can be copied out and in.

A format is written as the order of its samples: planes apart, and in each plane one letter a
sample until the order repeats. Letters are the graph's planes (y, u, v or r, g, b), `a` for alpha
and `x` for padding: "y u v" is planar, "y uv" semi-planar, "yuyv" and "bgra" are packed. All other
facts follow from that, from the bits of a sample, and from whether they lie at its upper end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from av.video.format import names  # type: ignore[attr-defined]

from deblurvid.frames import DEPTHS, PictureFormat

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.video.frame import VideoFrame
    from numpy.typing import NDArray

    from deblurvid.frames import Source


@dataclass(frozen=True, slots=True)
class Place:
    """Where the samples of one component lie, counted in samples."""

    plane: int
    """Of the frame's planes."""
    offset: int
    """Samples before the first one of each row."""
    step: int
    """From one to the next of the same component."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One pixel format."""

    name: str
    """FFmpeg's."""
    picture: PictureFormat
    places: tuple[Place, ...]
    """Of the graph's planes, in its order."""
    extra: Place | None
    """Of what is no picture: alpha or padding."""
    has_alpha: bool
    full_range: bool
    """The name itself says so."""
    low_zeros: int
    """Bits of a stored sample below those of its code."""
    big_endian: bool

    def rows(self, frame: VideoFrame) -> list[NDArray[np.unsignedinteger]]:
        """Views of the frame's memory, one a plane of the graph, [height, width] of stored samples.

        Without what a decoder adds to the ends of rows. Valid while the frame lives, and until
        `make_writable`.
        """
        sizes = self.picture.plane_sizes(frame.width, frame.height)
        return [
            self._view(frame, place, size) for place, size in zip(self.places, sizes, strict=True)
        ]

    def extra_rows(self, frame: VideoFrame) -> NDArray[np.unsignedinteger]:
        """The same of alpha or padding, which the format must have."""
        assert self.extra is not None  # noqa: S101 - the caller looks
        return self._view(frame, self.extra, (frame.height, frame.width))

    def _view(
        self, frame: VideoFrame, place: Place, size: tuple[int, int]
    ) -> NDArray[np.unsignedinteger]:
        plane = frame.planes[place.plane]
        memory = np.frombuffer(plane, np.uint8)  # type: ignore[call-overload]
        lines = memory.reshape(-1, abs(plane.line_size))
        if plane.line_size < 0:  # stored from the last row up, as AVI does; PyAV gives all of it
            lines = lines[::-1]
        height, width = size
        if self.picture.bytes_per_sample == 2:
            lines = lines.view(">u2" if self.big_endian else "<u2")
        first, behind = place.offset, place.offset + place.step * width
        return lines[:height, first : behind : place.step]  # type: ignore[no-any-return]


_ENDS = {"le": False, "be": True}

_PLANAR: tuple[tuple[str, Source, str], ...] = (
    ("yuv420p", "yuv420", "y u v"),
    ("yuv422p", "yuv422", "y u v"),
    ("yuv444p", "yuv444", "y u v"),
    ("yuva420p", "yuv420", "y u v a"),
    ("yuva422p", "yuv422", "y u v a"),
    ("yuva444p", "yuv444", "y u v a"),
    ("gray", "gray", "y"),
    ("gbrp", "rgb", "g b r"),
    ("gbrap", "rgb", "g b r a"),
)
"""Names that take the depth and the byte order as a suffix above 8 bits."""

_OTHERS_OF_8_BITS: tuple[tuple[str, Source, str], ...] = (
    ("yuvj420p", "yuv420", "y u v"),
    ("yuvj422p", "yuv422", "y u v"),
    ("yuvj444p", "yuv444", "y u v"),
    ("nv12", "yuv420", "y uv"),
    ("nv21", "yuv420", "y vu"),
    ("nv16", "yuv422", "y uv"),
    ("nv24", "yuv444", "y uv"),
    ("nv42", "yuv444", "y vu"),
    ("yuyv422", "yuv422", "yuyv"),
    ("uyvy422", "yuv422", "uyvy"),
    ("yvyu422", "yuv422", "yvyu"),
    ("vuya", "yuv444", "vuya"),
    ("vuyx", "yuv444", "vuyx"),
    ("ayuv", "yuv444", "ayuv"),
    ("uyva", "yuv444", "uyva"),
    ("vyu444", "yuv444", "vyu"),
    ("ya8", "gray", "ya"),
    ("rgb24", "rgb", "rgb"),
    ("bgr24", "rgb", "bgr"),
    ("rgb0", "rgb", "rgbx"),
    ("bgr0", "rgb", "bgrx"),
    ("0rgb", "rgb", "xrgb"),
    ("0bgr", "rgb", "xbgr"),
    ("rgba", "rgb", "rgba"),
    ("bgra", "rgb", "bgra"),
    ("argb", "rgb", "argb"),
    ("abgr", "rgb", "abgr"),
)

_OTHERS_OF_16_BITS: tuple[tuple[str, Source, str, int], ...] = (
    ("p010", "yuv420", "y uv", 10),
    ("p012", "yuv420", "y uv", 12),
    ("p016", "yuv420", "y uv", 16),
    ("p210", "yuv422", "y uv", 10),
    ("p212", "yuv422", "y uv", 12),
    ("p216", "yuv422", "y uv", 16),
    ("p410", "yuv444", "y uv", 10),
    ("p412", "yuv444", "y uv", 12),
    ("p416", "yuv444", "y uv", 16),
    ("y210", "yuv422", "yuyv", 10),
    ("y212", "yuv422", "yuyv", 12),
    ("y216", "yuv422", "yuyv", 16),
    ("xv36", "yuv444", "uyvx", 12),
    ("xv48", "yuv444", "uyvx", 16),
    ("ayuv64", "yuv444", "ayuv", 16),
    ("ya16", "gray", "ya", 16),
    ("rgb48", "rgb", "rgb", 16),
    ("bgr48", "rgb", "bgr", 16),
    ("rgba64", "rgb", "rgba", 16),
    ("bgra64", "rgb", "bgra", 16),
)
"""Names that take the byte order as a suffix; the codes lie at the upper end of 16 bits."""


def _all_layouts() -> Iterator[Layout]:
    for name, source, order in (*_PLANAR, *_OTHERS_OF_8_BITS):
        yield _layout(name, source, order)
    for end, big in _ENDS.items():
        for name, source, order in _PLANAR:
            for depth in DEPTHS[1:]:
                yield _layout(f"{name}{depth}{end}", source, order, depth=depth, big_endian=big)
        yield _layout(f"nv20{end}", "yuv422", "y uv", depth=10, big_endian=big)
        for name, source, order, depth in _OTHERS_OF_16_BITS:
            zeros = 16 - depth
            yield _layout(name + end, source, order, depth=depth, big_endian=big, low_zeros=zeros)


def _layout(
    name: str,
    source: Source,
    order: str,
    *,
    depth: int = 8,
    big_endian: bool = False,
    low_zeros: int = 0,
) -> Layout:
    places = {
        letter: Place(plane, group.index(letter), len(group) // group.count(letter))
        for plane, group in enumerate(order.split())
        for letter in group
    }
    extra = places.pop("a", None) or places.pop("x", None)
    graph_order = "rgb" if source == "rgb" else "yuv"
    return Layout(
        name=name,
        picture=PictureFormat(source=source, depth=depth),
        places=tuple(places[letter] for letter in graph_order if letter in places),
        extra=extra,
        has_alpha="a" in order,
        full_range=name.startswith("yuvj"),
        low_zeros=low_zeros,
        big_endian=big_endian,
    )


_UNUSED = frozenset({"y210be", "y212be", "y216be"})
"""FFmpeg has the names, and neither a decoder that gives them nor a converter."""

LAYOUTS: dict[str, Layout] = {
    layout.name: layout for layout in _all_layouts() if layout.name in names - _UNUSED
}
"""Every pixel format that is restored, by FFmpeg's name."""


def layout_for(source: Layout, taken: list[str]) -> Layout | None:
    """Of an encoder's formats the one that holds the source's samples as they are, or None.

    The source's own comes first, then one with alpha if the source has it, else one without; then
    the encoder's order. A full-range source may lose its old name, never the other way round.
    """
    known = [LAYOUTS[name] for name in taken if name in LAYOUTS]
    fitting = [
        layout
        for layout in known
        if layout.picture == source.picture
        and (layout.full_range <= source.full_range)
        and (layout.has_alpha <= source.has_alpha)
    ]
    fitting.sort(key=lambda layout: (layout != source, layout.has_alpha != source.has_alpha))
    return fitting[0] if fitting else None
