"""A file -> what its pictures are by its header; nothing is decoded that FFmpeg does not need."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from deblurvid.errors import DeblurvidError
from deblurvid.options import RunOptions
from deblurvid.stages.demux import video_stream
from deblurvid.stages.layouts import LAYOUTS
from deblurvid.stages.source import open_source

if TYPE_CHECKING:
    from pathlib import Path

    from deblurvid.frames import PictureFormat


def probe(path: Path) -> tuple[tuple[int, int], PictureFormat] | None:
    """(width, height) and format as the header has them; None where it cannot be read."""
    try:
        with closing(open_source(path, RunOptions())) as source:
            context = video_stream(source.container, path).codec_context
            layout = LAYOUTS.get(context.pix_fmt or "")
            size = context.width, context.height
    except (DeblurvidError, ValueError, OSError):  # its own run will tell why
        return None
    return (size, layout.picture) if layout else None
