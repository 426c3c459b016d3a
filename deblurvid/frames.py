"""The values that flow between stages: what a video is, and the samples of one frame.

Frozen, checked at birth, free of FFmpeg and of any engine.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

from deblurvid.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from fractions import Fraction
    from typing import Self

    import numpy as np
    from numpy.typing import NDArray

Source = Literal["yuv420", "yuv422", "yuv444", "gray", "rgb"]
"""How a frame samples its picture: which planes there are and how large."""

SOURCES: tuple[Source, ...] = get_args(Source)
DEPTHS = (8, 10, 12, 16)

SMALLEST_SIDE = 16
LARGEST_SIDE = 16384
MOST_PIXELS = 1 << 27
"""Of one picture: 15360x8640 fits. What a header claims costs memory before a sample is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFormat:
    """Sampling and bit depth of a frame's planes."""

    source: Source
    depth: int
    """Bits a sample, one of 8, 10, 12, 16. Above 8 a sample is two bytes, low byte first."""

    def __post_init__(self) -> None:
        if self.source not in SOURCES:
            raise ValueError(f"source is {self.source!r}; one of {', '.join(SOURCES)}")
        if self.depth not in DEPTHS:
            raise ValueError(f"depth is {self.depth}; one of {DEPTHS}")

    @property
    def bytes_per_sample(self) -> int:
        """1 for 8 bits, else 2."""
        return 1 if self.depth == 8 else 2

    def plane_sizes(self, width: int, height: int) -> tuple[tuple[int, int], ...]:
        """(height, width) of each plane in order; chroma sides are rounded up."""
        full = (height, width)
        half_width = -(-width // 2)
        match self.source:
            case "gray":
                return (full,)
            case "yuv420":
                return (full, *[(-(-height // 2), half_width)] * 2)
            case "yuv422":
                return (full, *[(height, half_width)] * 2)
            case _:
                return (full, full, full)


def check_size(what: str, width: int, height: int) -> None:
    """Raise InputError for pictures that are too small or too large to be restored.

    Args:
        what: names them in the message.
        width: of the picture.
        height: of the picture.
    """
    for name, side in (("width", width), ("height", height)):
        if not SMALLEST_SIDE <= side <= LARGEST_SIDE:
            raise InputError(
                f"the {what} is {width}x{height}: its {name} must be within {SMALLEST_SIDE} and "
                f"{LARGEST_SIDE}"
            )
    if width * height > MOST_PIXELS:
        raise InputError(f"the {what} is {width}x{height}: more than {MOST_PIXELS} pixels")


Matrix = Literal["bt601", "bt709", "bt2020"]
"""YCbCr coefficients by the recommendation that defines them (non-constant luminance)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColourTags:
    """What a frame says of its YCbCr coding; RGB frames leave it unused."""

    matrix: Matrix
    full_range: bool


@dataclass(frozen=True, slots=True)
class Planes:
    """Samples of one picture, as an engine takes and gives them.

    Each plane is uint8 of shape [C, height, width], C-contiguous: C is 1 at 8 bits, and above that
    2, low bytes then high bytes.
    """

    samples: tuple[NDArray[np.uint8], ...]
    colour: ColourTags

    @classmethod
    def from_codes(cls, codes: Iterable[NDArray[Any]], colour: ColourTags) -> Self:
        """Planes of code values: [height, width] each, uint8 at 8 bits and uint16 above.

        Raises:
            ValueError: a plane has another type or shape.
        """
        import numpy as np

        samples = []
        for plane in codes:
            if plane.ndim != 2 or plane.dtype not in (np.uint8, np.uint16):
                raise ValueError(
                    f"a plane is {plane.dtype} of shape {plane.shape}; codes are uint8 or uint16 "
                    "[height, width]"
                )
            halves = (plane,) if plane.dtype == np.uint8 else (plane & 255, plane >> 8)
            samples.append(np.stack(halves).astype(np.uint8, copy=False))
        return cls(tuple(samples), colour)

    def codes(self) -> tuple[NDArray[Any], ...]:
        """The inverse of `from_codes`: arrays of its own."""
        import numpy as np

        return tuple(
            plane[0].copy() if len(plane) == 1 else plane[1] * np.uint16(256) + plane[0]
            for plane in self.samples
        )


@dataclass(frozen=True, slots=True)
class Faults:
    """Pictures that the generator failed on, in order, by their number from 0."""

    invalid: dict[int, int] = field(default_factory=dict)
    """Samples that were NaN or Inf, by picture; they kept the source's value."""
    flat: list[int] = field(default_factory=list)
    """Came out as one flat colour though the source was none; the whole picture kept the source."""


@dataclass(frozen=True, slots=True)
class Damage:
    """What is not usual of the source's frames, in order, by their number from 0."""

    corrupt: array[int] = field(default_factory=lambda: array("q"))
    """Decoded, but the decoder says that parts are missing or made up."""
    undecodable: list[Fraction | None] = field(default_factory=list)
    """Seconds at which a packet gave no frame; None where it is not known."""
    interlaced: list[int] = field(default_factory=list)
    """The first that says that it is interlaced."""
    retagged: array[int] = field(default_factory=lambda: array("q"))
    """Tagged with another colour than the first frame."""


@dataclass(frozen=True, slots=True)
class MasteringDisplay:
    """The display that a video was graded on (SMPTE ST 2086)."""

    primaries: tuple[tuple[Fraction, Fraction], ...]
    """x and y (CIE 1931) of red, green, blue and the white point."""
    luminance: tuple[Fraction, Fraction]
    """Least and greatest, in cd/m2."""


@dataclass(frozen=True, slots=True)
class HdrMetadata:
    """HDR10's static metadata; what is not there is None."""

    display: MasteringDisplay | None
    light_level: tuple[int, int] | None
    """MaxCLL and MaxFALL (CTA-861.3), in cd/m2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoInfo:
    """A video stream as its container and its first frame describe it."""

    width: int
    height: int
    picture: PictureFormat
    pixel_format: str
    """FFmpeg's name, such as yuv420p10le."""
    colour: ColourTags
    codec: str
    time_base: Fraction
    """Seconds of one tick of the stream's timestamps."""
    frame_rate: Fraction | None
    """Average frames a second, where the container tells."""
    frame_count: int | None
    """Frames that will come, where it can be told; an estimate when `duration` was used."""
    duration: Fraction | None
    """Seconds, where the container tells."""
    hdr: HdrMetadata | None = None

    def __post_init__(self) -> None:
        check_size("video", self.width, self.height)
