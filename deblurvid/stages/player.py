"""A clip -> a video that browsers play, in memory: its own packets, or its frames encoded anew."""

from __future__ import annotations

import io
from contextlib import closing
from fractions import Fraction
from typing import TYPE_CHECKING

import av
from av.video.reformatter import ColorRange

from deblurvid.errors import EncoderError
from deblurvid.options import RunOptions
from deblurvid.stages.demux import Span, video_stream
from deblurvid.stages.ffmpeg import colour_tags, translated
from deblurvid.stages.filters import FilterChain
from deblurvid.stages.source import open_source
from deblurvid.stages.timeline import Timeline

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from deblurvid.stages.clip import Clip
    from deblurvid.stages.ffmpeg import AnyPacket
    from deblurvid.stages.filters import Filter
    from deblurvid.stages.source import Source

TICKS = 90_000
"""A second; MPEG's own, which every usual rate divides."""
KEY_FRAME_EVERY = 12
"""Frames: browsers step and search by decoding from the key frame before."""
_BT709 = 1
"""Of matrix, primaries and transfer (ITU-T H.273)."""


_WITH_HEADERS_APART = ("mov,", "matroska,")
"""Demuxers whose H.264 lies as it lies in MP4."""


def copied_video(clip: Clip, most_bytes: int) -> bytes | None:
    """Put the clip's own packets into MP4, from 0 on, without sound or tags.

    Gives None if browsers may not play them: other than H.264 of 8 bits and 4:2:0, turned, partly
    hidden by an edit list, or more than `most_bytes`.
    """
    info = clip.info
    plays = info.codec == "h264" and info.pixel_format == "yuv420p"
    if not plays or clip.turn or not clip.container.startswith(_WITH_HEADERS_APART):
        return None
    file = io.BytesIO()
    with (
        closing(open_source(clip.path, RunOptions())) as source,
        av.open(file, "w", format="mp4") as target,
    ):
        video = video_stream(source.container, clip.path)
        packets = _few_packets(source, video, most_bytes)
        if packets is None:
            return None
        copy = target.add_stream_from_template(video, opaque=True)
        copy.time_base = video.time_base
        for packet in packets:
            packet.stream = copy
            with translated(EncoderError, "cannot copy a video into the page"):
                target.mux(packet)
    return file.getvalue()


def _few_packets(source: Source, video: VideoStream, most_bytes: int) -> list[AnyPacket] | None:
    """All packets of a video, the first shown at 0; None if they are too many or not all shown."""
    packets: list[AnyPacket] = []
    size = 0
    for packet in source.packets(video, Span(), Timeline(video)):
        if packet.stream_index == video.index:
            packets.append(packet)
            size += packet.size
            if packet.is_discard or packet.pts is None or size > most_bytes:
                return None
    stamps = [packet.pts or 0 for packet in packets]
    ranks = sorted(stamps)
    # Matroska does not say when a packet is decoded: as late as none comes after it is shown.
    delay = max(rank - stamp for rank, stamp in zip(ranks, stamps, strict=True))
    for packet, rank, stamp in zip(packets, ranks, stamps, strict=True):
        packet.pts, packet.dts = stamp - ranks[0], rank - ranks[0] - delay
    return packets


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
