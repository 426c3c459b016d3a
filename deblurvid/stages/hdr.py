"""HDR10's static metadata: read off a frame, and written as the encoders want it.

FFmpeg's encoders take it from their context, which PyAV does not reach, so it goes through their
own options.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, cast

import numpy as np

from deblurvid.frames import HdrMetadata, MasteringDisplay

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from av.sidedata.sidedata import SideData
    from av.video.frame import VideoFrame

CHROMATICITY_STEPS = 50_000
"""A unit of x and y in H.265 (D.3.28) and H.264; FFmpeg reads them as fractions of it."""
LUMINANCE_STEPS = 10_000
"""A cd/m2 there."""


def hdr_metadata(frame: VideoFrame) -> HdrMetadata | None:
    """Mastering display and light level of a decoded frame, None without either."""
    found = {data.type.name: data for data in cast("Iterable[SideData]", frame.side_data)}
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


def hdr_parameters(encoder: str, hdr: HdrMetadata | None) -> dict[str, str]:
    """The option that makes an encoder write the metadata, by its name; none if it has none."""
    if hdr is None or encoder not in _WRITERS:
        return {}
    option, write = _WRITERS[encoder]
    return {option: write(hdr)}


def _for_x265(hdr: HdrMetadata) -> str:
    parts = ["repeat-headers=1"]
    if hdr.display:
        parts.append(f"master-display={_in_steps(hdr.display)}")
    if hdr.light_level:
        parts.append("max-cll={},{}".format(*hdr.light_level))
    return ":".join(parts)


def _for_x264(hdr: HdrMetadata) -> str:
    parts = []
    if hdr.display:
        parts.append(f"mastering-display={_in_steps(hdr.display)}")
    if hdr.light_level:
        parts.append("cll={},{}".format(*hdr.light_level))
    return ":".join(parts)


def _for_svtav1(hdr: HdrMetadata) -> str:
    parts = []
    if hdr.display:
        text = _written(hdr.display, _decimal, _decimal)
        parts.append(f"mastering-display={text}")
    if hdr.light_level:
        parts.append("content-light={},{}".format(*hdr.light_level))
    return ":".join(parts)


def _decimal(value: Fraction) -> str:
    return f"{float(value):.10g}"


def _in_steps(display: MasteringDisplay) -> str:
    return _written(
        display,
        lambda value: str(round(value * CHROMATICITY_STEPS)),
        lambda value: str(round(value * LUMINANCE_STEPS)),
    )


def _written(
    display: MasteringDisplay,
    chromaticity: Callable[[Fraction], str],
    luminance: Callable[[Fraction], str],
) -> str:
    """G(x,y)B(x,y)R(x,y)WP(x,y)L(greatest,least), as x265, x264 and SVT-AV1 all read it."""
    red, green, blue, white = display.primaries
    least, greatest = display.luminance
    points = {"G": green, "B": blue, "R": red, "WP": white}
    text = "".join(
        f"{name}({chromaticity(x)},{chromaticity(y)})" for name, (x, y) in points.items()
    )
    return f"{text}L({luminance(greatest)},{luminance(least)})"


_WRITERS: dict[str, tuple[str, Callable[[HdrMetadata], str]]] = {
    "libx265": ("x265-params", _for_x265),
    "libx264": ("x264-params", _for_x264),
    "libsvtav1": ("svtav1-params", _for_svtav1),
}
