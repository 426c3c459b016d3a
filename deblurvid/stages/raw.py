"""Raw frames: nothing can be read off them, so that everything has to be said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from av.video.format import VideoFormat

from deblurvid.errors import InputError, UsageError
from deblurvid.stages.ffmpeg import READABLE_FORMATS
from deblurvid.stages.images import DEFAULT_RATE

if TYPE_CHECKING:
    from pathlib import Path

    from deblurvid.options import RunOptions

RAW = "rawvideo"
"""FFmpeg's name of the format."""


def format_options(options: RunOptions) -> dict[str, str]:
    """What FFmpeg has to be told of the source's format.

    Raises:
        UsageError: a format that is not read, or a part of rawvideo's description without the rest.
    """
    described = {"--size": options.size, "--pixel-format": options.pixel_format}
    if options.input_format != RAW:
        if options.input_format not in (None, *READABLE_FORMATS.split(",")):
            raise UsageError(
                f"--input-format {options.input_format}: not read; use {RAW} or one of "
                f"{READABLE_FORMATS.replace(',', ' ')}"
            )
        for name, value in described.items():
            if value is not None:
                raise UsageError(f"{name} describes rawvideo; add --input-format rawvideo")
        return {}
    for name, value in described.items():
        if value is None:
            raise UsageError(f"--input-format {RAW} needs {name}: raw frames do not say it")
    assert options.size is not None  # noqa: S101 - see above
    assert options.pixel_format is not None  # noqa: S101
    try:
        VideoFormat(options.pixel_format)
    except ValueError as exc:
        raise UsageError(
            f"--pixel-format {options.pixel_format}: FFmpeg has none of this name; "
            "ffmpeg -pix_fmts lists them"
        ) from exc
    rate = options.frame_rate or DEFAULT_RATE
    return {
        "format_whitelist": RAW,
        "video_size": "{}x{}".format(*options.size),
        "pixel_format": options.pixel_format,
        "framerate": f"{rate.numerator}/{rate.denominator}",
    }


def check_whole_frames(path: Path, options: RunOptions) -> None:
    """Refuse a raw file that the size and format given do not fit: it would come out as noise."""
    assert options.size is not None  # noqa: S101 - see format_options
    assert options.pixel_format is not None  # noqa: S101
    if not path.is_file():
        return
    frame = frame_bytes(options.pixel_format, *options.size)
    size = path.stat().st_size
    if size % frame:
        raise InputError(
            f"{path}: {size} bytes are no whole number of {options.pixel_format} frames of "
            f"{options.size[0]}x{options.size[1]}, which have {frame}; check --size and "
            "--pixel-format"
        )


def frame_bytes(pixel_format: str, width: int, height: int) -> int:
    """Bytes of a frame's samples, one after another."""
    kind = VideoFormat(pixel_format, width, height)
    samples = sum(part.width * part.height for part in kind.components)
    if samples == len(kind.components) * width * height:  # packed ones may have padding
        return kind.padded_bits_per_pixel * width * height // 8
    return samples * -(-kind.components[0].bits // 8)
