"""Small real videos, made with PyAV where a test needs them, and read back."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.video.stream import VideoStream
    from numpy.typing import NDArray

AUDIO_RATE = 48_000
AUDIO_BLOCK = 1024
AUDIO_CODECS = {".webm": "libopus", ".ts": "mp2"}
"""By suffix; AAC elsewhere."""


def make_video(
    path: Path,
    *,
    size: tuple[int, int] = (64, 48),
    frames: int = 12,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    rate: Fraction | int = 25,
    time_base: Fraction | None = None,
    stamps: Sequence[int] | None = None,
    audio: bool = True,
    bframes: int = 0,
    options: Mapping[str, str] | None = None,
    rotation: int = 0,
    sample_aspect_ratio: Fraction | None = None,
    colour: Mapping[str, int] | None = None,
    metadata: Mapping[str, str] | None = None,
    chapters: Sequence[tuple[int, int, str]] = (),
    attachment: bytes | None = None,
    container: str | None = None,
) -> Path:
    """Write a video whose every frame differs, and return its path.

    Args:
        path: where; the suffix decides the container unless `container` does.
        size: width and height.
        frames: how many pictures.
        codec: FFmpeg's name of the video encoder.
        pixel_format: FFmpeg's name; planar.
        rate: frames a second.
        time_base: seconds of a tick; 1 / rate unless given.
        stamps: timestamp of each frame in ticks, for a variable rate; 0, 1, 2 ... frames unless
            given.
        audio: also write a tone as long as the pictures.
        bframes: B-frames between two P-frames, for libx264 and libx265.
        options: more options of the encoder.
        rotation: degrees that a player turns the picture by, a multiple of 90.
        sample_aspect_ratio: shape of a sample.
        colour: fields of the encoder's context: color_range, color_primaries, color_trc,
            colorspace.
        metadata: tags of the file.
        chapters: (first, last + 1, title) in milliseconds.
        attachment: bytes of a font to attach; Matroska only.
        container: FFmpeg's muxer.
    """
    rate = Fraction(rate)
    base = time_base or 1 / rate
    with av.open(f"file:{path}", "w", format=container) as target:
        target.metadata.update(metadata or {})
        encoder = _options(codec, bframes, options)
        video = cast("VideoStream", target.add_stream(codec, rate=rate, options=encoder))
        context = video.codec_context
        context.width, context.height = size
        context.pix_fmt = pixel_format
        context.time_base = video.time_base = base
        context.sample_aspect_ratio = sample_aspect_ratio or Fraction(0, 1)
        for name, value in (colour or {}).items():
            setattr(context, name, value)
        if rotation:
            video.set_display_rotation(rotation)
        sound = _add_audio(target, path) if audio else None
        if attachment is not None:
            target.add_attachment("a.ttf", "application/x-truetype-font", attachment)
        target.set_chapters(_chapters(chapters))
        ticks = stamps or [round(index / rate / base) for index in range(frames)]
        for index, tick in enumerate(ticks):
            target.mux(video.encode(make_frame(index, size, pixel_format, tick, base)))
        target.mux(video.encode(None))
        if sound is not None:
            _write_tone(target, sound, float((ticks[-1] - ticks[0]) * base + 1 / rate))
    return path


def _options(codec: str, bframes: int, options: Mapping[str, str] | None) -> dict[str, str]:
    quiet = {
        "libx264": {"preset": "ultrafast", "bf": str(bframes)},
        "libx265": {
            "preset": "ultrafast",
            "x265-params": f"log-level=none:pools=1:bframes={bframes}",
        },
        "libsvtav1": {"preset": "12", "svtav1-params": "lp=1"},
        "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8"},
    }
    return quiet.get(codec, {}) | dict(options or {})


def _chapters(chapters: Sequence[tuple[int, int, str]]) -> list[Any]:
    return [
        {
            "id": number,
            "start": start,
            "end": end,
            "time_base": Fraction(1, 1000),
            "metadata": {"title": title},
        }
        for number, (start, end, title) in enumerate(chapters, 1)
    ]


def make_frame(
    index: int,
    size: tuple[int, int],
    pixel_format: str,
    pts: int,
    time_base: Fraction,
) -> VideoFrame:
    """A moving slope with a bright bar at column 2 * index, so that no two frames are alike."""
    frame = VideoFrame(*size, pixel_format)
    depth = frame.format.components[0].bits
    top = (1 << depth) - 1
    for number, view in enumerate(_views(frame)):
        rows, columns = np.indices(view.shape)
        slope = (rows * 3 + columns * 2 + index * 5 + number * 40) % 160 / 255 + 0.2
        view[:] = np.clip(slope * top, 0, top)
        if number == 0:
            view[:, (2 * index) % view.shape[1]] = round(0.9 * top)
    frame.pts, frame.time_base = pts, time_base
    return frame


def _views(frame: VideoFrame) -> list[NDArray[Any]]:
    """The planes' own memory, [height, width] each, without the padding of their rows."""
    kind = np.uint8 if frame.format.components[0].bits == 8 else np.uint16
    flat: list[NDArray[Any]] = [np.frombuffer(memoryview(plane), kind) for plane in frame.planes]
    return [
        view.reshape(plane.height, -1)[:, : plane.width]
        for view, plane in zip(flat, frame.planes, strict=True)
    ]


def _add_audio(target: OutputContainer, path: Path) -> AudioStream:
    codec = AUDIO_CODECS.get(path.suffix, "aac")
    sound = cast("AudioStream", target.add_stream(codec, rate=AUDIO_RATE))
    sound.codec_context.layout = "mono"
    return sound


def _write_tone(target: OutputContainer, sound: AudioStream, seconds: float) -> None:
    kind = sound.codec_context.format.name
    block = sound.codec_context.frame_size or AUDIO_BLOCK
    for first in range(0, int(seconds * AUDIO_RATE), block):
        wave = np.sin(np.arange(first, first + block) * (2 * np.pi * 440 / AUDIO_RATE)) / 4
        whole = kind.startswith("s16")
        samples = (wave * 32767).astype(np.int16) if whole else wave.astype(np.float32)
        frame = AudioFrame.from_ndarray(samples[None], format=kind, layout="mono")
        frame.sample_rate, frame.pts = AUDIO_RATE, first
        frame.time_base = Fraction(1, AUDIO_RATE)
        target.mux(sound.encode(frame))
    target.mux(sound.encode(None))


def make_audio(path: Path, *, seconds: float = 0.5) -> Path:
    """Write a file that holds a tone and no picture."""
    with av.open(f"file:{path}", "w") as target:
        _write_tone(target, _add_audio(target, path), seconds)
    return path


def read_stamps(path: Path) -> list[Fraction]:
    """Timestamps of all video frames in seconds, in the order of presentation."""
    with av.open(f"file:{path}") as source:
        video = source.streams.video[0]
        stamps = [(frame.pts, frame.time_base) for frame in source.decode(video)]
    return [pts * base for pts, base in stamps if pts is not None and base is not None]


def read_pictures(path: Path) -> list[list[NDArray[Any]]]:
    """The planes of all video frames, without the padding of their rows."""
    with av.open(f"file:{path}") as source:
        return [read_planes(frame) for frame in source.decode(source.streams.video[0])]


def read_planes(frame: VideoFrame) -> list[NDArray[Any]]:
    """A copy of a frame's planes, [height, width] each."""
    return [view.copy() for view in _views(frame)]


def read_packets(path: Path, kind: str) -> list[tuple[Fraction | None, bytes]]:
    """(timestamp in seconds, bytes) of every packet of the first stream of a kind."""
    with av.open(f"file:{path}") as source:
        stream = next(stream for stream in source.streams if stream.type == kind)
        return [
            (
                None if packet.pts is None else packet.pts * Fraction(packet.time_base),
                bytes(packet),
            )
            for packet in source.demux(stream)
            if packet.size
        ]
