"""HDR10's static metadata: read off a frame, and written as the encoders want it.

FFmpeg's encoders take it from their context, which PyAV does not reach, so it goes through their
own options.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from deblurvid.frames import HdrMetadata, MasteringDisplay
from deblurvid.stages.ffmpeg import side_data

if TYPE_CHECKING:
    from av.sidedata.sidedata import SideData
    from av.video.frame import VideoFrame

CHROMATICITY_STEPS = 50_000
"""A unit of x and y in H.265 (D.3.28) and H.264; FFmpeg reads them as fractions of it."""
LUMINANCE_STEPS = 10_000
"""A cd/m2 there."""


def hdr_metadata(frame: VideoFrame) -> HdrMetadata | None:
    """Mastering display and light level of a decoded frame, None without either."""
    found = side_data(frame)
    display = _display(found.get("MASTERING_DISPLAY_METADATA"))
    light_level = _light_level(found.get("CONTENT_LIGHT_LEVEL"))
    if display is None and light_level is None:
        return None
    return HdrMetadata(display, light_level)


def _display(data: SideData | None) -> MasteringDisplay | None:
    """AVMasteringDisplayMetadata: x, y of R, G, B and white, least and greatest luminance.

    Each a numerator and a denominator; then whether there are primaries and luminance. Encoders
    take both or nothing.
    """
    if data is None:
        return None
    numbers = np.frombuffer(data, np.int32).tolist()  # type: ignore[call-overload]
    *_, has_primaries, has_luminance = numbers[:22]
    if not (has_primaries and has_luminance):
        return None
    values = [
        Fraction(up, down or 1) for up, down in zip(numbers[0:20:2], numbers[1:20:2], strict=True)
    ]
    primaries = tuple(zip(values[0:8:2], values[1:8:2], strict=True))
    return MasteringDisplay(primaries, (values[8], values[9]))


def _light_level(data: SideData | None) -> tuple[int, int] | None:
    """AVContentLightMetadata: MaxCLL and MaxFALL."""
    if data is None:
        return None
    greatest, average = np.frombuffer(data, np.uint32)[:2].tolist()  # type: ignore[call-overload]
    return greatest, average


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """How an encoder wants it written."""

    option: str
    display: str
    light_level: str
    in_steps: bool = True
    """Whole steps of chromaticity and luminance; else the numbers themselves."""
    also: tuple[str, ...] = ()

    def __call__(self, hdr: HdrMetadata) -> str:
        """The option's value."""
        parts = [*self.also]
        if hdr.display:
            parts.append(f"{self.display}={self._written(hdr.display)}")
        if hdr.light_level:
            greatest, average = hdr.light_level
            parts.append(f"{self.light_level}={greatest},{average}")
        return ":".join(parts)

    def _written(self, display: MasteringDisplay) -> str:
        """G(x,y)B(x,y)R(x,y)WP(x,y)L(greatest,least), as x265, x264 and SVT-AV1 all read it."""
        red, green, blue, white = display.primaries
        least, greatest = (self._number(value, LUMINANCE_STEPS) for value in display.luminance)
        points = {"G": green, "B": blue, "R": red, "WP": white}
        text = "".join(
            f"{name}({','.join(self._number(value, CHROMATICITY_STEPS) for value in point)})"
            for name, point in points.items()
        )
        return f"{text}L({greatest},{least})"

    def _number(self, value: Fraction, steps: int) -> str:
        return str(round(value * steps)) if self.in_steps else f"{float(value):.10g}"


_FORMS = {
    "libx265": _Form(
        option="x265-params",
        display="master-display",
        light_level="max-cll",
        also=("repeat-headers=1",),
    ),
    "libx264": _Form(option="x264-params", display="mastering-display", light_level="cll"),
    "libsvtav1": _Form(
        option="svtav1-params",
        display="mastering-display",
        light_level="content-light",
        in_steps=False,
    ),
}


def hdr_parameters(encoder: str, hdr: HdrMetadata | None) -> dict[str, str]:
    """The option that makes an encoder write the metadata, by its name; none if it has none."""
    form = _FORMS.get(encoder)
    return {} if hdr is None or form is None else {form.option: form(hdr)}
