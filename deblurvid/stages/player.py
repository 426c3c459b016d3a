"""frames -> a video that browsers play, in memory."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import TYPE_CHECKING

import av
from av.video.reformatter import ColorRange

from deblurvid.errors import EncoderError
from deblurvid.stages.ffmpeg import colour_tags, translated
from deblurvid.stages.filters import FilterChain

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

    from deblurvid.stages.filters import Filter

TICKS = 90_000
"""A second; MPEG's own, which every usual rate divides."""
KEY_FRAME_EVERY = 12
"""Frames: browsers step and search by decoding from the key frame before."""
_BT709 = 1
"""Of matrix, primaries and transfer (ITU-T H.273)."""


class PlayerVideo:
    """An H.264 video of 8 bits and 4:2:0 in MP4, without sound or tags, made frame by frame."""

    def __init__(
        self, size: tuple[int, int], *, rate: Fraction, bits_a_second: int, aspect: Fraction
    ) -> None:
        """Open the encoder.

        Args:
            size: width and height that frames are scaled to; even.
            rate: frames a second, about; each frame has its own time.
            bits_a_second: what the encoder keeps to, where constant quality would take more.
            aspect: width over height of a sample.
        """
        self._file = io.BytesIO()
        self._container = av.open(self._file, "w", format="mp4")
        options = {
            "preset": "veryfast",
            "crf": "16",
            "bf": "0",
            "g": str(KEY_FRAME_EVERY),
            "maxrate": str(bits_a_second),
            "bufsize": str(2 * bits_a_second),
        }
        self._stream = self._container.add_stream("libx264", rate=rate, options=options)
        context = self._stream.codec_context
        context.width, context.height = size
        context.pix_fmt = "yuv420p"
        context.time_base = self._stream.time_base = Fraction(1, TICKS)
        context.sample_aspect_ratio = aspect
        # Where nothing is said, browsers guess the matrix each in its own way.
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        context.color_range = int(ColorRange.MPEG)
        self._size = size
        self._chain: FilterChain | None = None
        self._last = -1

    def add(self, frame: VideoFrame, seconds: Fraction) -> None:
        """Encode one frame, which is shown at `seconds`; the frame itself stays as it is."""
        self._chain = self._chain or FilterChain(*_to_bt709(frame, self._size))
        made = self._chain(frame)
        self._last = max(self._last + 1, round(seconds * TICKS))
        made.pts, made.time_base = self._last, Fraction(1, TICKS)
        made.pict_type = 0  # the source's choice of I, P or B is not the new encoder's
        with translated(EncoderError, "cannot encode for the page"):
            self._container.mux(self._stream.encode(made))

    def finish(self) -> bytes:
        """Write what is held back and the index; the whole file."""
        with translated(EncoderError, "cannot encode for the page"):
            self._container.mux(self._stream.encode(None))
            self._container.close()
        return self._file.getvalue()


def _to_bt709(frame: VideoFrame, size: tuple[int, int]) -> tuple[Filter, ...]:
    tags = colour_tags(frame)
    full = tags.full_range or frame.format.is_rgb
    scale = (
        f"{size[0]}:{size[1]}:flags=bicubic+accurate_rnd+full_chroma_int"
        f":in_color_matrix={tags.matrix}:in_range={'pc' if full else 'tv'}"
        ":out_color_matrix=bt709:out_range=tv"
    )
    return ("scale", scale), ("format", "yuv420p")
