"""The sound videos that are damaged: small ones of many formats, the same bytes on every machine."""

from __future__ import annotations

import shutil
from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

import av
from av.packet import Packet

import deblurvid.stages.ffmpeg  # noqa: F401 - keeps SVT-AV1 quiet
from tests.media import make_frame, make_video

if TYPE_CHECKING:
    from pathlib import Path

    from av.video.stream import VideoStream

SIZE = (64, 48)
FRAMES = 6

VIDEOS: dict[str, dict[str, Any]] = {
    "h264.mp4": {"chapters": [(0, 80, "a"), (80, 240, "b")], "bframes": 2},
    "hevc10.mp4": {"codec": "libx265", "pixel_format": "yuv420p10le", "rotation": 90},
    "mpeg4.mp4": {"codec": "mpeg4", "audio": False},
    "h264.mkv": {"attachment": b"font" * 50, "bframes": 2, "metadata": {"title": "t"}},
    "ffv1.mkv": {"codec": "ffv1", "pixel_format": "yuv422p10le"},
    "mjpeg.mkv": {"codec": "mjpeg", "pixel_format": "yuvj420p"},
    "vp9.webm": {"codec": "libvpx-vp9"},
    "av1.webm": {"codec": "libsvtav1", "audio": False},
    "h264.ts": {},
    "mpeg2.ts": {"codec": "mpeg2video", "audio": False},
    "mpeg4.avi": {"codec": "mpeg4", "options": {"bf": "2"}},
    "ffv1.avi": {"codec": "ffv1", "audio": False},
    "prores.mov": {"codec": "prores_ks", "pixel_format": "yuv422p10le"},
    "h264.mov": {"rotation": 180},
    "raw.y4m": {"codec": "wrapped_avframe", "audio": False},
    "h264.flv": {},
    "mpeg2.mxf": {"codec": "mpeg2video", "audio": False},
    "mpeg4.nut": {"codec": "mpeg4", "audio": False},
    "h264.h264": {"audio": False},
    "vp9.ivf": {"codec": "libvpx-vp9", "audio": False},
}
IMAGES = {
    "png": ("png", "gray"),
    "jpg": ("mjpeg", "yuvj422p"),
    "tiff": ("tiff", "gray"),
    "webp": ("libwebp", "yuv420p"),
}
MUXERS = {".y4m": "yuv4mpegpipe", ".mkv": "matroska", ".ts": "mpegts", ".h264": "h264"}


def make_seeds(folder: Path) -> list[Path]:
    """Write all seeds; files, and folders of images."""
    made = []
    for name, facts in VIDEOS.items():
        raw = folder / f"raw-{name}"
        make_video(raw, size=SIZE, frames=FRAMES, container=MUXERS.get(raw.suffix), **facts)
        if raw.suffix in (".y4m", ".h264", ".ivf"):
            raw.rename(folder / name)
        else:
            _write_again(raw, folder / name, subtitles=raw.suffix == ".mkv")
            raw.unlink()
        made.append(folder / name)
    made += [_images(folder / kind, *facts) for kind, facts in IMAGES.items()]
    return made


def _write_again(source: Path, target: Path, *, subtitles: bool) -> None:
    """The same streams without what is random in a container, and with subtitles in Matroska."""
    options = {"fflags": "+bitexact"}
    with av.open(source) as old, av.open(target, "w", container_options=options) as new:
        new.metadata.update({k: v for k, v in old.metadata.items() if k == "title"})
        new.set_chapters(old.chapters())
        # A chapter's title is made anew from the chapters.
        kept = [stream for stream in old.streams if stream.type != "data"]
        copies = {s.index: new.add_stream_from_template(s, opaque=True) for s in kept}
        text = new.add_mux_stream("subrip") if subtitles else None
        new.start_encoding()
        if text is not None:
            packet = Packet(b"Hello")
            packet.pts = packet.dts = 0
            packet.duration, packet.time_base, packet.stream = 100, Fraction(1, 1000), text
            new.mux(packet)
        for packet in old.demux([s for s in kept if s.type != "attachment"]):
            if packet.size:
                packet.stream = copies[packet.stream_index]
                new.mux(packet)


def _images(folder: Path, codec: str, pixel_format: str) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    with av.open(f"{folder}/%d.{folder.name}", "w", format="image2") as target:
        stream = cast("VideoStream", target.add_stream(codec, rate=25))
        context = stream.codec_context
        (context.width, context.height), context.pix_fmt = SIZE, pixel_format
        for index in range(3):
            frame = make_frame(index, SIZE, pixel_format, index, Fraction(1, 25))
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return folder
